import { KeyMalformed } from '../../errors.ts'
import { concat, wipe } from '../../internal/bytes.ts'
import { knownOptions } from '../../internal/options.ts'
import { ed25519, xWing } from '../algorithms.ts'
import type { FromJwkOptions, FromSecretJwkOptions } from '../jwk.ts'
import { exportSeed } from '../local.ts'
import { anyPublicKeyArgument, importPublicKey } from '../publicKey.ts'
import type {
  AnyPublicKey,
  KemAlgorithm,
  LocalDecapsulator,
  LocalSigner,
  PublicKey,
  SignatureAlgorithm,
} from '../types.ts'
import { armor, unarmor } from './armor.ts'
import { der, derBitString, derReader, derSequence } from './der.ts'
import { identifierOf, readIdentifier } from './forms.ts'
import { decodePkcs8, encodePkcs8, readBits, refuseCompressed } from './pkcs8.ts'

/**
 * Writes a key as PEM: SPKI for a public one, PKCS#8 for a private one. A secret is written only with
 * `{ secret: true }`, and never encrypted.
 *
 * @param key - A public key; with `{ secret: true }` a local private key. P-256, secp256k1, X25519, Ed25519 and
 * ML-DSA-65 have a registered form.
 * @param options - `{ secret: true }` for a private key.
 * @returns One block in lines of 64 characters, with a newline at the end.
 * @throws {@link TypeError} if the key is not of the kind that the options say.
 * @throws {@link AlgorithmUnsupported} if the algorithm has no registered form: X-Wing and MLKEM768-P256, which
 * `toJwk` and `toCoseKey` write.
 * @example
 * A signing key for OpenSSL and others.
 * ```ts
 * import { ed25519, fromPem, generateKey, toPem } from 'careseal/keys'
 *
 * const { publicKey } = await generateKey(ed25519)
 * const pem = toPem(publicKey)
 * console.log(pem.split('\n')[0]) // -----BEGIN PUBLIC KEY-----
 * console.log(fromPem(pem).id.join() === publicKey.id.join()) // true
 * ```
 * @see RFC 7468, RFC 5480, RFC 5958, RFC 8410, RFC 9881
 */
export function toPem(key: AnyPublicKey, options?: { readonly secret?: false }): string
export function toPem(
  key: LocalDecapsulator | LocalSigner,
  options: { readonly secret: true },
): string
export function toPem(
  key: AnyPublicKey | LocalDecapsulator | LocalSigner,
  options: { readonly secret?: boolean } = {},
): string {
  if (knownOptions(options, ['secret']).secret === true) {
    const local = key as LocalDecapsulator
    const seed = exportSeed(local)
    try {
      const bytes = encodePkcs8(local.publicKey, seed)
      const text = armor('PRIVATE KEY', bytes)
      wipe(bytes)
      return text
    } finally {
      wipe(seed)
    }
  }
  const { algorithm, bytes } = anyPublicKeyArgument(key as AnyPublicKey, 'key')
  const identifier = der(derSequence, identifierOf(algorithm))
  const bits = der(derBitString, concat(new Uint8Array(1), bytes))
  return armor('PUBLIC KEY', der(derSequence, identifier, bits))
}

/**
 * Takes a PEM with one block: PUBLIC KEY (SPKI) or, with `{ secret: true }`, PRIVATE KEY (PKCS#8, not encrypted). A
 * P-256 key becomes what the first accepted algorithm is for: nothing in the PEM says whether it signs or opens.
 *
 * @param text - The PEM: strict DER in canonical base64, lines of 64 characters ended by LF or CRLF, nothing but white
 * space around the block.
 * @param options - Accepted algorithms; `{ secret: true }` for a private key.
 * @returns The public key, or a promise of the local private key.
 * @throws {@link KeyMalformed} if the text is no such key, or says two things that do not belong together.
 * @throws {@link AlgorithmUnsupported} if the algorithm is not accepted; names the constant to import.
 * @example
 * A P-256 key that an HSM has given out.
 * ```ts
 * import { fromPem, p256 } from 'careseal/keys'
 *
 * const pem = `-----BEGIN PUBLIC KEY-----
 * MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
 * 6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
 * -----END PUBLIC KEY-----
 * `
 * console.log(fromPem(pem, { algorithms: [p256] }).algorithm.name) // P-256
 * ```
 */
export function fromPem<
  A extends KemAlgorithm | SignatureAlgorithm = KemAlgorithm | SignatureAlgorithm,
>(text: string, options?: FromJwkOptions<A>): PublicKey<A>
export function fromPem<
  A extends KemAlgorithm | SignatureAlgorithm = KemAlgorithm | SignatureAlgorithm,
>(
  text: string,
  options: FromSecretJwkOptions<A>,
): Promise<A extends KemAlgorithm ? LocalDecapsulator : LocalSigner>
export function fromPem<A extends KemAlgorithm | SignatureAlgorithm>(
  text: string,
  options: FromJwkOptions<A> | FromSecretJwkOptions<A> = {},
): PublicKey<A> | Promise<LocalDecapsulator | LocalSigner> {
  if (typeof text !== 'string') throw new TypeError('text must be a string')
  const known: { secret?: boolean | undefined; algorithms?: readonly A[] | undefined } =
    knownOptions(options, ['algorithms', 'secret'])
  const { secret = false, algorithms = [xWing, ed25519] as unknown as readonly A[] } = known
  if (!Array.isArray(algorithms)) {
    throw new TypeError('algorithms must be an array of constants of careseal/keys')
  }
  return secret ? readSecret(text, algorithms) : readPublic(text, algorithms)
}

function readPublic<A extends KemAlgorithm | SignatureAlgorithm>(
  text: string,
  algorithms: readonly A[],
): PublicKey<A> {
  const { label, bytes } = unarmor(text)
  if (label !== 'PUBLIC KEY') {
    wipe(bytes)
    throw new KeyMalformed(
      'A PEM that holds a secret. Pass { secret: true } if that is what you want.',
    )
  }
  const outer = derReader(bytes)
  const info = outer.enter(derSequence)
  outer.end()
  const algorithm = readIdentifier(info, algorithms)
  const raw = readBits(info)
  info.end()
  refuseCompressed(raw)
  return importPublicKey<A>(algorithm, raw)
}

/** Rejects where its public counterpart throws: whatever makes a private key is asynchronous. */
async function readSecret<A extends KemAlgorithm | SignatureAlgorithm>(
  text: string,
  algorithms: readonly A[],
): Promise<LocalDecapsulator | LocalSigner> {
  const { label, bytes } = unarmor(text)
  if (label !== 'PRIVATE KEY') throw new KeyMalformed('A PEM without a secret.')
  try {
    return await decodePkcs8(bytes, algorithms)
  } finally {
    wipe(bytes)
  }
}
