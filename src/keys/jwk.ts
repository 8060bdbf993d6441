import { KeyMalformed } from '../errors.ts'
import { internalsOf } from '../internal/algorithm.ts'
import { fromBase64Url, toBase64Url } from '../internal/base64.ts'
import { concat, equalBytes, wipe } from '../internal/bytes.ts'
import { knownOptions, optionsOf } from '../internal/options.ts'
import { ed25519, xWing } from './algorithms.ts'
import { destroyKey, exportSeed, keyFromSeed } from './local.ts'
import { acceptAlgorithm, anyPublicKeyArgument, importPublicKey } from './publicKey.ts'
import type {
  AnyPublicKey,
  KemAlgorithm,
  LocalDecapsulator,
  LocalSigner,
  PublicKey,
  SignatureAlgorithm,
} from './types.ts'

/** A JSON Web Key (RFC 7517) as far as careseal reads and writes it; other members are ignored. */
export interface Jwk {
  /** `OKP` (RFC 8037), `EC` (RFC 7518) or `AKP` (RFC 9964). */
  readonly kty: string
  /** Curve of OKP and EC. */
  readonly crv?: string
  /** Algorithm; part of the key for AKP, and for OKP and EC one of the members that say what the key is for. */
  readonly alg?: string
  /** `sig` or `enc`: decides where one curve serves both. */
  readonly use?: string
  /** Operations, such as `verify` or `deriveBits`: says what the key is for, as `use` does. */
  readonly key_ops?: string[]
  /** Public key of OKP, x coordinate of EC; base64url. */
  readonly x?: string
  /** y coordinate of EC; base64url. */
  readonly y?: string
  /** Public key of AKP; base64url. */
  readonly pub?: string
  /** Private key of OKP and EC, base64url. Secret. */
  readonly d?: string
  /** Seed of AKP, base64url. Secret. */
  readonly priv?: string
}

/** Options of {@link fromJwk} for a public key. */
export interface FromJwkOptions<A> {
  /** Accepted algorithms, in order of preference; X-Wing and Ed25519 unless given. */
  readonly algorithms?: readonly A[] | undefined
  /** Without it a JWK that holds a secret is refused. */
  readonly secret?: false | undefined
}

/** Options of {@link fromJwk} for a private key. */
export interface FromSecretJwkOptions<A> {
  /** Accepted algorithms, in order of preference; X-Wing and Ed25519 unless given. */
  readonly algorithms?: readonly A[] | undefined
  /** Says that the JWK holds a secret. */
  readonly secret: true
}

/** RFC 7517 §4.3 names eight. */
const maximumOperations = 32
/** ML-DSA-65 has the longest, of 2603 characters. */
const maximumMember = 4096

const names = { 1: 'OKP', 2: 'EC', 7: 'AKP' } as const

/**
 * Writes a key as a JWK. A secret is written only with `{ secret: true }`.
 *
 * @param key - A public key; with `{ secret: true }` a local private key.
 * @param options - `{ secret: true }` for a private key.
 * @returns The JWK. X-Wing has `kty` AKP and `alg` HPKE-9-KE, MLKEM768-P256 HPKE-8-KE.
 * @throws {@link TypeError} if the key is not of the kind that the options say.
 * @example
 * A key for a JWK set.
 * ```ts
 * import { ed25519, generateKey, toJwk } from 'careseal/keys'
 *
 * const { publicKey } = await generateKey(ed25519)
 * console.log(toJwk(publicKey).crv) // Ed25519
 * ```
 * @see RFC 7517, RFC 8037, RFC 9964
 */
export function toJwk(key: AnyPublicKey, options?: { readonly secret?: false }): Jwk
export function toJwk(key: LocalDecapsulator | LocalSigner, options: { readonly secret: true }): Jwk
export function toJwk(
  key: AnyPublicKey | LocalDecapsulator | LocalSigner,
  options: { readonly secret?: boolean } = {},
): Jwk {
  if (knownOptions(options, ['secret']).secret === true) {
    const local = key as LocalDecapsulator
    const seed = exportSeed(local)
    const secret = toBase64Url(seed)
    wipe(seed)
    const jwk = toJwk(local.publicKey)
    return jwk.kty === 'AKP' ? { ...jwk, priv: secret } : { ...jwk, d: secret }
  }
  const { algorithm, bytes } = anyPublicKeyArgument(key as AnyPublicKey, 'key')
  const { shape } = internalsOf(algorithm)
  if (shape.kty === 7) return { kty: names[7], alg: shape.jwk, pub: toBase64Url(bytes) }
  if (shape.kty === 1) return { kty: names[1], crv: shape.jwk, x: toBase64Url(bytes) }
  const x = toBase64Url(bytes.subarray(1, 33))
  return { kty: names[2], crv: shape.jwk, x, y: toBase64Url(bytes.subarray(33)) }
}

/**
 * Takes a JWK. One that holds a secret is refused unless `{ secret: true }` says that this is meant, and the
 * other way round.
 *
 * @param jwk - The JWK.
 * @param options - Accepted algorithms; `{ secret: true }` for a private key.
 * @returns The public key, or a promise of the local private key.
 * @throws {@link KeyMalformed} if the JWK is no usable key, or its halves do not belong together.
 * @throws {@link AlgorithmUnsupported} if the algorithm is not accepted; names the constant to import.
 */
export function fromJwk<
  A extends KemAlgorithm | SignatureAlgorithm = KemAlgorithm | SignatureAlgorithm,
>(jwk: Jwk, options?: FromJwkOptions<A>): PublicKey<A>
export function fromJwk<
  A extends KemAlgorithm | SignatureAlgorithm = KemAlgorithm | SignatureAlgorithm,
>(
  jwk: Jwk,
  options: FromSecretJwkOptions<A>,
): Promise<A extends KemAlgorithm ? LocalDecapsulator : LocalSigner>
export function fromJwk<A extends KemAlgorithm | SignatureAlgorithm>(
  jwk: Jwk,
  options: FromJwkOptions<A> | FromSecretJwkOptions<A> = {},
): PublicKey<A> | Promise<LocalDecapsulator | LocalSigner> {
  if (typeof jwk !== 'object' || jwk === null) throw new TypeError('jwk must be an object')
  const {
    secret = false,
    algorithms,
  }: { secret?: boolean | undefined; algorithms?: readonly A[] | undefined } = knownOptions(
    options,
    ['algorithms', 'secret'],
  )
  if (algorithms !== undefined && !Array.isArray(algorithms)) {
    throw new TypeError('algorithms must be an array of constants of careseal/keys')
  }
  const members = optionsOf(jwk)
  if (secret) return secretFromJwk(members, algorithms)
  if (members.d !== undefined || members.priv !== undefined) {
    throw new KeyMalformed(
      'A JWK that holds a secret. Pass { secret: true } if that is what you want.',
    )
  }
  return publicFromJwk(members, algorithms)
}

function publicFromJwk<A extends KemAlgorithm | SignatureAlgorithm>(
  jwk: Jwk,
  accepted: readonly A[] | undefined,
): PublicKey<A> {
  const kty = ([1, 2, 7] as const).find((type) => names[type] === jwk.kty)
  const name = kty === 7 ? jwk.alg : jwk.crv
  if (kty === undefined || typeof name !== 'string') {
    throw new KeyMalformed('A JWK needs kty OKP or EC with crv, or AKP with alg')
  }
  const kind = statedKind(jwk)
  const algorithms = accepted ?? ([xWing, ed25519] as unknown as readonly A[])
  const one = name === 'X25519' ? 'kem' : name === 'Ed25519' ? 'signature' : null
  if (kind !== null && one !== null && kind !== one) {
    throw new KeyMalformed(
      `A JWK of ${name} that is said to be for something else than ${name} does`,
    )
  }
  const usable = algorithms.filter((algorithm) => kind === null || algorithm.kind === kind)
  const algorithm = acceptAlgorithm((shape) => shape.kty === kty && shape.jwk === name, usable)
  if (kty === 7) return importPublicKey<A>(algorithm, member(jwk, 'pub'))
  const x = member(jwk, 'x')
  if (kty === 1) return importPublicKey<A>(algorithm, x)
  const y = member(jwk, 'y')
  if (x.length !== 32 || y.length !== 32) {
    throw new KeyMalformed('An EC JWK needs x and y of 32 bytes each')
  }
  return importPublicKey<A>(algorithm, concat(Uint8Array.of(4), x, y))
}

/** What use, alg and key_ops say that the key is for; a key for signing must not become one for opening. */
function statedKind(jwk: Jwk): 'signature' | 'kem' | null {
  const {
    use,
    alg,
    key_ops: operations = [],
  }: { [name in 'use' | 'alg' | 'key_ops']?: unknown } = jwk
  for (const text of [use, alg]) {
    if (text !== undefined && typeof text !== 'string') {
      throw new KeyMalformed('A JWK whose use or alg is no text')
    }
  }
  if (
    !Array.isArray(operations) ||
    operations.length > maximumOperations ||
    !operations.every((one) => typeof one === 'string')
  ) {
    throw new KeyMalformed('A JWK whose key_ops are no list of at most 32 names')
  }
  const says = [`use ${use}`, `alg ${alg}`, ...operations.map((name) => `op ${name}`)]
  const some = (pattern: RegExp): boolean => says.some((word) => pattern.test(word))
  const signs = some(/^(use sig|alg (Ed|ES|ML-DSA).*|op (sign|verify))$/)
  const opens = some(/^(use enc|alg (ECDH|HPKE).*|op (derive|wrap|unwrap|encrypt|decrypt).*)$/)
  if (signs && opens) throw new KeyMalformed('A JWK that is said to be for signing and for opening')
  return signs ? 'signature' : opens ? 'kem' : null
}

async function secretFromJwk<A extends KemAlgorithm | SignatureAlgorithm>(
  jwk: Jwk,
  accepted: readonly A[] | undefined,
): Promise<LocalDecapsulator | LocalSigner> {
  const publicKey = publicFromJwk(jwk, accepted)
  const seed = member(jwk, jwk.kty === 'AKP' ? 'priv' : 'd')
  const { algorithm } = publicKey
  if (seed.length !== 32 || !internalsOf(algorithm).isSeed(seed)) {
    wipe(seed)
    throw new KeyMalformed(`A JWK whose secret is no private key of ${algorithm.name}`)
  }
  const key = await keyFromSeed(algorithm, seed)
  wipe(seed)
  if (!equalBytes(key.publicKey.id, publicKey.id)) {
    destroyKey(key)
    throw new KeyMalformed('A JWK whose public and private half do not belong together')
  }
  return key
}

function member(jwk: Jwk, name: 'x' | 'y' | 'pub' | 'd' | 'priv'): Uint8Array {
  const text: unknown = jwk[name]
  const fitting = typeof text === 'string' && text.length <= maximumMember
  const bytes = fitting ? fromBase64Url(text) : null
  if (bytes === null) throw new KeyMalformed(`A JWK whose ${name} is missing or no base64url`)
  return bytes
}
