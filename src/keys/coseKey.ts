import { KeyMalformed } from '../errors.ts'
import { internalsOf } from '../internal/algorithm.ts'
import { bytesArgument, equalBytes, wipe } from '../internal/bytes.ts'
import {
  type CborKey,
  type CborMap,
  type CborValue,
  decodeStrict,
  encodeCbor,
} from '../internal/cbor/index.ts'
import { coseKeyOf, readCoseKey } from '../internal/coseKey.ts'
import { optionsOf } from '../internal/options.ts'
import { keyAkpPriv, keyD, keyKty, ktyAkp } from '../internal/registry.ts'
import { ed25519, xWing } from './algorithms.ts'
import type { FromJwkOptions, FromSecretJwkOptions } from './jwk.ts'
import { exportSeed, keyFromSeed } from './local.ts'
import { acceptAlgorithm, anyPublicKeyArgument, importPublicKey } from './publicKey.ts'
import type {
  AnyPublicKey,
  KemAlgorithm,
  LocalDecapsulator,
  LocalSigner,
  PublicKey,
  SignatureAlgorithm,
} from './types.ts'

const malformed = (problem: string, offset: number): Error =>
  new KeyMalformed(`No COSE_Key: ${problem}`, { offset })

/**
 * Writes a key as a COSE_Key with the members of its RFC 9679 thumbprint, in deterministic CBOR. A secret is
 * written only with `{ secret: true }`.
 *
 * @param key - A public key; with `{ secret: true }` a local private key.
 * @param options - `{ secret: true }` for a private key.
 * @returns The encoded COSE_Key; the SHA-256 of a public one is the key's id.
 * @throws {@link TypeError} if the key is not of the kind that the options say.
 * @example
 * The key id of a COSE_Key.
 * ```ts
 * import { fromCoseKey, generateKey, toCoseKey, xWing } from 'careseal/keys'
 *
 * const { publicKey } = await generateKey(xWing)
 * console.log(fromCoseKey(toCoseKey(publicKey)).id.join() === publicKey.id.join()) // true
 * ```
 * @see RFC 9052 §7, RFC 9679, RFC 9964
 */
export function toCoseKey(key: AnyPublicKey, options?: { readonly secret?: false }): Uint8Array
export function toCoseKey(
  key: LocalDecapsulator | LocalSigner,
  options: { readonly secret: true },
): Uint8Array
export function toCoseKey(
  key: AnyPublicKey | LocalDecapsulator | LocalSigner,
  options: { readonly secret?: boolean } = {},
): Uint8Array {
  if (optionsOf(options).secret === true) {
    const local = key as LocalDecapsulator
    const seed = exportSeed(local)
    const map = new Map<CborKey, CborValue>(mapOf(local.publicKey))
    const encoded = encodeCbor(map.set(map.get(keyKty) === ktyAkp ? keyAkpPriv : keyD, seed))
    wipe(seed)
    return encoded
  }
  return encodeCbor(mapOf(key as AnyPublicKey))
}

/**
 * Takes a COSE_Key in deterministic CBOR with the members that {@link toCoseKey} writes and no others.
 *
 * @param bytes - The encoded COSE_Key.
 * @param options - Accepted algorithms; `{ secret: true }` for a private key.
 * @returns The public key, or a promise of the local private key.
 * @throws {@link KeyMalformed} if the bytes are no such key, or its halves do not belong together.
 * @throws {@link AlgorithmUnsupported} if the algorithm is not accepted; names the constant to import.
 */
export function fromCoseKey<
  A extends KemAlgorithm | SignatureAlgorithm = KemAlgorithm | SignatureAlgorithm,
>(bytes: Uint8Array, options?: FromJwkOptions<A>): PublicKey<A>
export function fromCoseKey<
  A extends KemAlgorithm | SignatureAlgorithm = KemAlgorithm | SignatureAlgorithm,
>(
  bytes: Uint8Array,
  options: FromSecretJwkOptions<A>,
): Promise<A extends KemAlgorithm ? LocalDecapsulator : LocalSigner>
export function fromCoseKey<A extends KemAlgorithm | SignatureAlgorithm>(
  bytes: Uint8Array,
  options: FromJwkOptions<A> | FromSecretJwkOptions<A> = {},
): PublicKey<A> | Promise<LocalDecapsulator | LocalSigner> {
  const { secret = false, algorithms = [xWing, ed25519] as unknown as readonly A[] } =
    optionsOf(options)
  const input = bytesArgument(bytes, 'bytes')
  return secret ? readSecret(input, algorithms) : readKey(input, algorithms, false).key
}

/** The public key of a COSE_Key, and its secret where one is expected. */
function readKey<A extends KemAlgorithm | SignatureAlgorithm>(
  bytes: Uint8Array,
  algorithms: readonly A[],
  secret: boolean,
): { key: PublicKey<A>; seed: CborValue | undefined } {
  const map = decodeStrict(bytes, malformed)
  if (!(map instanceof Map)) throw malformed('it is no map', 0)
  const members = map as CborMap
  const label = members.get(keyKty) === ktyAkp ? keyAkpPriv : keyD
  if (members.has(label) !== secret) {
    throw new KeyMalformed(
      secret
        ? 'A COSE_Key without a secret.'
        : 'A COSE_Key that holds a secret. Pass { secret: true } if that is what you want.',
    )
  }
  const raw = readCoseKey(members)
  const key = importPublicKey<A>(
    acceptAlgorithm(({ kty, curve }) => kty === raw.kty && curve === raw.curve, algorithms),
    raw.bytes,
  )
  if (members.size !== mapOf(key).size + (secret ? 1 : 0)) {
    throw new KeyMalformed('A COSE_Key with members beside those of its thumbprint')
  }
  return { key, seed: members.get(label) }
}

/** Rejects where its public counterpart throws: whatever makes a private key is asynchronous. */
async function readSecret<A extends KemAlgorithm | SignatureAlgorithm>(
  bytes: Uint8Array,
  algorithms: readonly A[],
): Promise<LocalDecapsulator | LocalSigner> {
  const { key: publicKey, seed } = readKey(bytes, algorithms, true)
  const { algorithm } = publicKey
  if (!(seed instanceof Uint8Array) || seed.length !== 32 || !internalsOf(algorithm).isSeed(seed)) {
    throw new KeyMalformed(`A COSE_Key whose secret is no private key of ${algorithm.name}`)
  }
  const key = await keyFromSeed(algorithm, seed)
  wipe(seed)
  if (!equalBytes(key.publicKey.id, publicKey.id)) {
    throw new KeyMalformed('A COSE_Key whose public and private half do not belong together')
  }
  return key
}

function mapOf(key: AnyPublicKey): CborMap {
  const { algorithm, bytes } = anyPublicKeyArgument(key as AnyPublicKey, 'key')
  return coseKeyOf(algorithm, bytes)
}
