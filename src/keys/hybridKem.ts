import { KeyMalformed } from '../errors.ts'
import { bytesArgument } from '../internal/bytes.ts'
import { fieldOf, knownOptions } from '../internal/options.ts'
import { type EcdhKey, ecdhHalf, partsOf } from './dhkem.ts'
import { type RemoteHalf, remoteKem } from './remoteKem.ts'
import type { CallOptions, Decapsulator, KemAlgorithm } from './types.ts'

/** A private key of ML-KEM-768 that lives elsewhere. */
export interface MlKemKey {
  /** Its public (encapsulation) key, 1184 bytes. */
  readonly publicKey: Uint8Array
  /**
   * Takes a ciphertext of 1088 bytes and resolves to the shared secret of FIPS 203, 32 bytes; it never fails
   * for a wrong ciphertext (implicit rejection). The answer is copied and overwritten.
   */
  decapsulate(ciphertext: Uint8Array, options?: CallOptions): Promise<Uint8Array>
}

/** Options of {@link hybridKem}. */
export interface HybridKemOptions {
  /** `xWing` or `mlKem768P256`. */
  readonly algorithm: KemAlgorithm
  /** The ML-KEM-768 half. */
  readonly postQuantum: MlKemKey
  /** The half on X25519 (X-Wing) or P-256 (MLKEM768-P256). */
  readonly ecdh: EcdhKey
}

/**
 * A hybrid decryption key out of two keys that live elsewhere, such as the P-256 and the ML-KEM-768 key of a Secure
 * Enclave. The two need not live in one place. Both are always asked; the results are combined here.
 *
 * @param options - Algorithm and the two halves.
 * @returns The key; its public key is the two halves', ML-KEM first. It rejects as `dhkem` says.
 * @throws {@link TypeError} if an option is none, or `algorithm` is no hybrid: `dhkem` takes those.
 * @throws {@link KeyMalformed} if a public key is none of its half.
 * @example
 * X-Wing with an X25519 key of WebCrypto that cannot be exported, and ML-KEM-768 from a library.
 * ```ts
 * import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
 * import { open, seal } from 'careseal/envelope'
 * import { hybridKem, xWing } from 'careseal/keys'
 *
 * const { subtle } = globalThis.crypto
 * const X25519 = { name: 'X25519' }
 * const pair = (await subtle.generateKey(X25519, false, ['deriveBits'])) as CryptoKeyPair
 * const lattice = ml_kem768.keygen()
 *
 * const key = hybridKem({
 *   algorithm: xWing,
 *   postQuantum: {
 *     publicKey: lattice.publicKey,
 *     decapsulate: async (ciphertext) => ml_kem768.decapsulate(ciphertext, lattice.secretKey),
 *   },
 *   ecdh: {
 *     publicKey: new Uint8Array(await subtle.exportKey('raw', pair.publicKey)),
 *     async ecdh(peer) {
 *       const theirs = await subtle.importKey('raw', new Uint8Array(peer), X25519, false, [])
 *       const how = { name: 'X25519', public: theirs }
 *       return new Uint8Array(await subtle.deriveBits(how, pair.privateKey, 256))
 *     },
 *   },
 * })
 * const sealed = await seal(new Uint8Array([7]), { recipients: [key.publicKey] })
 * console.log((await open(sealed, { as: key })).content[0]) // 7
 * ```
 * @see draft-connolly-cfrg-xwing-kem §5; draft-irtf-cfrg-concrete-hybrid-kems
 */
export function hybridKem(options: HybridKemOptions): Decapsulator {
  const { algorithm, postQuantum, ecdh } = knownOptions(options, [
    'algorithm',
    'postQuantum',
    'ecdh',
  ])
  const { latticePublicSize } = partsOf(algorithm)
  if (latticePublicSize === 0) {
    throw new TypeError(
      `algorithm must be xWing or mlKem768P256; for ${algorithm.name} alone use dhkem`,
    )
  }
  const publicKey = bytesArgument(fieldOf(postQuantum, 'publicKey'), 'postQuantum.publicKey')
  if (publicKey.length !== latticePublicSize) {
    throw new KeyMalformed(
      `The public key of ML-KEM-768 has ${latticePublicSize} bytes, these are ${publicKey.length}`,
    )
  }
  const decapsulate = fieldOf(postQuantum, 'decapsulate') as MlKemKey['decapsulate']
  if (typeof decapsulate !== 'function') {
    throw new TypeError('postQuantum.decapsulate must be a function')
  }
  const lattice: RemoteHalf = {
    name: 'postQuantum.decapsulate',
    publicKey,
    ask: (ciphertext, call) => decapsulate.call(postQuantum, ciphertext, call),
  }
  return remoteKem(algorithm, lattice, ecdhHalf(ecdh, null))
}
