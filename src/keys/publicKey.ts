import { AlgorithmUnsupported } from '../errors.ts'
import { internalsOf, type KeyShape } from '../internal/algorithm.ts'
import { checkPublicKey, publicKeyArgument } from '../internal/publicKey.ts'
import type {
  AnyPublicKey,
  KemAlgorithm,
  KemPublicKey,
  PublicKey,
  SignatureAlgorithm,
  SignaturePublicKey,
} from './types.ts'

/**
 * Takes raw public key bytes. Points are checked on every tier: P-256 and secp256k1 on the curve and
 * uncompressed, ML-KEM below the modulus, Ed25519 canonical, of prime order and not the identity.
 *
 * @param algorithm - The constant of the algorithm, such as `xWing`.
 * @param bytes - The raw key in the length that `PublicKey.bytes` names.
 * @returns The key with its id.
 * @throws {@link KeyMalformed} if the bytes are no usable key of that algorithm.
 * @example
 * A reader's key from its published bytes.
 * ```ts
 * import { generateKey, importPublicKey, xWing } from 'careseal/keys'
 *
 * const { publicKey } = await generateKey(xWing)
 * const again = importPublicKey(xWing, publicKey.bytes)
 * console.log(again.id.length) // 32
 * ```
 */
export function importPublicKey(algorithm: KemAlgorithm, bytes: Uint8Array): KemPublicKey
export function importPublicKey(
  algorithm: SignatureAlgorithm,
  bytes: Uint8Array,
): SignaturePublicKey
export function importPublicKey<A extends KemAlgorithm | SignatureAlgorithm>(
  algorithm: A,
  bytes: Uint8Array,
): PublicKey<A>
export function importPublicKey<A extends KemAlgorithm | SignatureAlgorithm>(
  algorithm: A,
  bytes: Uint8Array,
): PublicKey<A> {
  return checkPublicKey(algorithm, bytes)
}

/** A key of either kind that a caller passed. */
export function anyPublicKeyArgument(key: AnyPublicKey, name: string): AnyPublicKey {
  const kind = key?.algorithm?.kind === 'kem' ? 'kem' : 'signature'
  return publicKeyArgument(key, kind, name)
}

/** Picks the first accepted algorithm that fits what an encoding says of the kind of key it holds. */
export function acceptAlgorithm<A extends KemAlgorithm | SignatureAlgorithm>(
  fits: (shape: KeyShape) => boolean,
  algorithms: readonly A[],
): A {
  const fitting = algorithms.find((algorithm) => fits(internalsOf(algorithm).shape))
  if (fitting !== undefined) return fitting
  const shape = shapes().find(([candidate]) => fits(candidate))
  throw new AlgorithmUnsupported(
    shape === undefined
      ? 'A key of an algorithm that careseal does not have.'
      : `This key is not of an accepted algorithm. Import ${shape[1]} from careseal/keys and pass it in { algorithms }.`,
  )
}

/** The names of all constants, as text only: naming one must not put it into the bundle. */
function shapes(): [KeyShape, string][] {
  return [
    [{ kty: 1, curve: 4, jwk: 'X25519', multicodec: 0xec }, 'x25519'],
    [{ kty: 1, curve: 6, jwk: 'Ed25519', multicodec: 0xed }, 'ed25519'],
    [
      { kty: 2, curve: 1, jwk: 'P-256', multicodec: 0x1200 },
      'p256 (encryption) or es256 (signatures)',
    ],
    [{ kty: 2, curve: 8, jwk: 'secp256k1', multicodec: 0xe7 }, 'es256k'],
    [{ kty: 7, curve: 57, jwk: 'HPKE-9-KE', multicodec: null }, 'xWing'],
    [{ kty: 7, curve: 55, jwk: 'HPKE-8-KE', multicodec: null }, 'mlKem768P256'],
    [{ kty: 7, curve: -49, jwk: 'ML-DSA-65', multicodec: 0x1211 }, 'mlDsa65'],
  ]
}
