import { base58btc } from 'multiformats/bases/base58'
import { KeyMalformed } from '../errors.ts'
import { internalsOf } from '../internal/algorithm.ts'
import { concat } from '../internal/bytes.ts'
import { optionsOf } from '../internal/options.ts'
import { strictDecode } from '../internal/strictDecode.ts'
import { decodeUtf8, encodeUtf8 } from '../internal/utf8.ts'
import { ed25519, xWing } from './algorithms.ts'
import { didPrefix, multikeyOf, varint } from './did.ts'
import { fromJwk, type Jwk, toJwk } from './jwk.ts'
import { acceptAlgorithm, anyPublicKeyArgument, importPublicKey } from './publicKey.ts'
import type { AnyPublicKey, KemAlgorithm, PublicKey, SignatureAlgorithm } from './types.ts'

/** Options wherever bytes become keys. */
export interface AcceptedAlgorithms<A = KemAlgorithm | SignatureAlgorithm> {
  /** Accepted algorithms, in order of preference; X-Wing and Ed25519 unless given. */
  readonly algorithms?: readonly A[]
}

/** `jwk_jcs-pub` of the multicodec table: a JWK in RFC 8785 form, for keys that have no code of their own. */
const jwkCodec = 0xeb51
/** An X-Wing key as a JWK in base58 has about 2,300 characters, ML-DSA-65 has 2,700; base58 takes quadratic time. */
const maximumText = 3072

/**
 * Encodes a public key as a Multikey: `z`, then base58btc of multicodec and raw key (compressed for
 * elliptic curves). X-Wing and MLKEM768-P256 have no code in the table and go as `jwk_jcs-pub`.
 *
 * @param key - A public key.
 * @returns The Multikey text.
 * @throws {@link TypeError} if `key` is no public key.
 * @example
 * A Multikey for a DID document.
 * ```ts
 * import { ed25519, fromMultikey, generateKey, toMultikey } from 'careseal/keys'
 *
 * const { publicKey } = await generateKey(ed25519)
 * const text = toMultikey(publicKey)
 * console.log(text.startsWith('z6Mk'), fromMultikey(text).algorithm.name) // true Ed25519
 * ```
 * @see W3C Controlled Identifiers 1.0, Multikey
 */
export function toMultikey(key: AnyPublicKey): string {
  const known = anyPublicKeyArgument(key, 'key')
  if (internalsOf(known.algorithm).shape.multicodec !== null) return multikeyOf(known)
  const { kty, ...rest } = toJwk(known)
  // RFC 8785: members in order of their names; all values are plain ASCII.
  const ordered = Object.entries({ ...rest, kty }).sort(([a], [b]) => (a < b ? -1 : 1))
  const json = JSON.stringify(Object.fromEntries(ordered))
  return base58btc.encode(concat(varint(jwkCodec), encodeUtf8(json)))
}

/**
 * Takes a Multikey.
 *
 * @param text - The Multikey text, beginning with `z`.
 * @param options - Accepted algorithms; X-Wing and Ed25519 unless given.
 * @returns The public key.
 * @throws {@link KeyMalformed} if the text is no Multikey or the key in it is unusable.
 * @throws {@link AlgorithmUnsupported} if the algorithm is not accepted; names the constant to import.
 */
export function fromMultikey<
  A extends KemAlgorithm | SignatureAlgorithm = KemAlgorithm | SignatureAlgorithm,
>(text: string, options: AcceptedAlgorithms<A> = {}): PublicKey<A> {
  if (typeof text !== 'string') throw new TypeError('text must be a string')
  const usable = text.length <= maximumText && text.startsWith('z')
  const bytes = usable ? strictDecode(base58btc, text.slice(1)) : null
  if (bytes === null) throw new KeyMalformed('No Multikey: it is z and base58btc')
  const algorithms = optionsOf(options).algorithms ?? ([xWing, ed25519] as unknown as readonly A[])
  const [multicodec, start] = readVarint(bytes)
  const body = bytes.slice(start)
  if (multicodec === jwkCodec) return fromJwkBytes(body, text, algorithms)
  const algorithm = acceptAlgorithm((shape) => shape.multicodec === multicodec, algorithms)
  const { points } = internalsOf(algorithm)
  const raw = points === null ? body : points.uncompress(body)
  if (raw === null)
    throw new KeyMalformed('A Multikey whose point is not on its curve, or not compressed')
  return importPublicKey<A>(algorithm, raw)
}

/**
 * Encodes a public key as a did:key.
 *
 * @param key - A public key.
 * @returns The DID.
 * @throws {@link TypeError} if `key` is no public key.
 * @see W3C CCG did:key
 */
export function toDidKey(key: AnyPublicKey): string {
  return didPrefix + toMultikey(key)
}

/**
 * Takes a did:key.
 *
 * @param did - The DID, without a fragment.
 * @param options - Accepted algorithms; X-Wing and Ed25519 unless given.
 * @returns The public key.
 * @throws {@link KeyMalformed} if the text is no did:key or the key in it is unusable.
 * @throws {@link AlgorithmUnsupported} if the algorithm is not accepted; names the constant to import.
 */
export function fromDidKey<
  A extends KemAlgorithm | SignatureAlgorithm = KemAlgorithm | SignatureAlgorithm,
>(did: string, options: AcceptedAlgorithms<A> = {}): PublicKey<A> {
  if (typeof did !== 'string') throw new TypeError('did must be a string')
  if (!did.startsWith(didPrefix)) throw new KeyMalformed('No did:key')
  return fromMultikey<A>(did.slice(didPrefix.length), options)
}

function fromJwkBytes<A extends KemAlgorithm | SignatureAlgorithm>(
  body: Uint8Array,
  text: string,
  algorithms: readonly A[],
): PublicKey<A> {
  const jwk = parseJson(decodeUtf8(body) ?? '')
  if (typeof jwk !== 'object' || jwk === null) {
    throw new KeyMalformed('A Multikey with a JWK that is no JSON object')
  }
  const key = fromJwk<A>(jwk as Jwk, { algorithms })
  // A JWK in another spelling would give one key two DIDs.
  if (toMultikey(key) !== text)
    throw new KeyMalformed('A Multikey with a JWK that is not in RFC 8785 form')
  return key
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** An unsigned LEB128 of at most three bytes, in its shortest form; all codes in use fit. */
function readVarint(bytes: Uint8Array): [number, number] {
  let value = 0
  for (let i = 0; i < Math.min(3, bytes.length); i++) {
    value |= (bytes[i]! & 0x7f) << (7 * i)
    if (bytes[i]! < 0x80 && (i === 0 || bytes[i] !== 0)) return [value, i + 1]
  }
  throw new KeyMalformed('A Multikey without a multicodec')
}
