import { internalsOf } from '../internal/algorithm.ts'
import { bytesArgument, isBytes } from '../internal/bytes.ts'
import type { KemParts } from '../internal/hpke/kem.ts'
import { fieldOf, knownOptions } from '../internal/options.ts'
import { publicKeyArgument } from '../internal/publicKey.ts'
import { type RemoteHalf, remoteKem } from './remoteKem.ts'
import type { CallOptions, Decapsulator, KemAlgorithm, KemPublicKey } from './types.ts'

/** A private key on P-256 or X25519 that lives elsewhere and does plain ECDH. */
export interface EcdhKey {
  /** Its public key: 65 bytes uncompressed (P-256), 32 bytes (X25519), or a key of `fromPem`, `fromJwk`, …. */
  readonly publicKey: Uint8Array | KemPublicKey
  /**
   * Takes a peer's public key, which was checked, in the form of {@link EcdhKey.publicKey}'s bytes, and
   * resolves to the raw shared secret, 32 bytes: the x coordinate (SP 800-56A §5.7.1.2) or the output of X25519
   * (RFC 7748 §6.1), without any key derivation. The answer is copied and overwritten.
   */
  ecdh(peerPublicKey: Uint8Array, options?: CallOptions): Promise<Uint8Array>
}

/** Options of {@link dhkem}. */
export interface DhkemOptions extends EcdhKey {
  /** `p256` or `x25519`. */
  readonly algorithm: KemAlgorithm
}

/**
 * A decryption key over plain ECDH, as HSMs (`CKM_ECDH1_DERIVE` with `CKD_NULL`), KMSs and Secure Enclaves do it.
 * The key derivation of the KEM runs here, the private key stays where it is.
 *
 * @param options - Algorithm, public key, and the function that asks the key's home.
 * @returns The key. It rejects with `EnvelopeOpenFailed` for an encapsulation that has no shared secret, without
 * asking the home, and with `KeyUnavailable` for whatever the home rejects with or answers wrongly.
 * @throws {@link TypeError} if an option is none, or `algorithm` is a hybrid: `hybridKem` takes those.
 * @throws {@link KeyMalformed} if the public key is none of that algorithm.
 * @example
 * A P-256 key whose home is `node:crypto` here, and an HSM with you.
 * ```ts
 * import { createECDH } from 'node:crypto'
 * import { open, seal } from 'careseal/envelope'
 * import { dhkem, p256 } from 'careseal/keys'
 *
 * const hsm = createECDH('prime256v1')
 * const publicKey = new Uint8Array(hsm.generateKeys())
 * const key = dhkem({ algorithm: p256, publicKey, ecdh: async (peer) => hsm.computeSecret(peer) })
 * const sealed = await seal(new Uint8Array([7]), { recipients: [key.publicKey] })
 * console.log((await open(sealed, { as: key })).content[0]) // 7
 * ```
 * @see RFC 9180 §4.1
 */
export function dhkem(options: DhkemOptions): Decapsulator {
  const { algorithm } = knownOptions(options, ['algorithm', 'publicKey', 'ecdh'])
  const { latticePublicSize } = partsOf(algorithm)
  if (latticePublicSize !== 0) {
    throw new TypeError(`algorithm must be p256 or x25519; for ${algorithm.name} use hybridKem`)
  }
  return remoteKem(algorithm, null, ecdhHalf(options, algorithm))
}

/** The parts of a KEM; a TypeError for what is none. */
export function partsOf(algorithm: KemAlgorithm): KemParts {
  if (fieldOf(algorithm, 'kind') !== 'kem') {
    throw new TypeError('algorithm must be a KEM of careseal/keys, such as p256 or xWing')
  }
  return internalsOf(algorithm).suite.kem.parts
}

/** Takes an {@link EcdhKey}; `whole` is the algorithm where the key is not half of a hybrid. */
export function ecdhHalf(key: EcdhKey, whole: KemAlgorithm | null): RemoteHalf {
  const given = fieldOf(key, 'publicKey')
  const ecdh = fieldOf(key, 'ecdh') as EcdhKey['ecdh']
  if (typeof ecdh !== 'function') {
    throw new TypeError('ecdh must be a function from a public key to the raw shared secret')
  }
  const ask = (peer: Uint8Array, options: CallOptions): Promise<Uint8Array> =>
    ecdh.call(key, peer, options)
  if (isBytes(given)) return { name: 'ecdh', publicKey: bytesArgument(given, 'publicKey'), ask }
  const known = publicKeyArgument(given as KemPublicKey, 'kem', 'publicKey')
  if (whole !== null && known.algorithm !== whole && known.algorithm.name !== whole.name) {
    throw new TypeError(`publicKey must be a key of ${whole.name}, not of ${known.algorithm.name}`)
  }
  return { name: 'ecdh', publicKey: known.bytes, ask }
}
