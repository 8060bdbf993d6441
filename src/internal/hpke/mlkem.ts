import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { concat, wipe } from '../bytes.ts'
import { sha3, shake256 } from '../engine/sha3.ts'
import type { DhSecret } from '../engine/x25519.ts'
import { ascii } from '../utf8.ts'
import type { Kem } from './kem.ts'

const latticePublicSize = 1184
const latticeCiphertextSize = 1088
const latticeSeedSize = 64
const latticeRandomnessSize = 32

/** The classical half of a hybrid. */
export interface HybridGroup {
  /** HPKE identifier of the hybrid. */
  readonly id: number
  /** Domain label of the combiner. */
  readonly label: string
  readonly publicKeySize: number
  /** Bytes that a private key is drawn from. */
  readonly seedSize: number
  isPublicKey(bytes: Uint8Array): boolean
  /** A private key from `seedSize` uniform bytes. */
  secret(seed: Uint8Array): DhSecret
}

/**
 * ML-KEM-768 (FIPS 203) with a Diffie–Hellman group, combined by SHA3-256 over both shared secrets and the
 * group's half of ciphertext and public key (X-Wing; draft-irtf-cfrg-concrete-hybrid-kems). The private
 * key is a 32-byte seed. Safe as long as one half holds.
 */
export function hybridKem(group: HybridGroup): Kem {
  const combine = (
    lattice: Uint8Array,
    dh: Uint8Array,
    groupCiphertext: Uint8Array,
    groupPublic: Uint8Array,
  ): Uint8Array => {
    const shared = sha3(lattice, dh, groupCiphertext, groupPublic, ascii(group.label))
    wipe(lattice, dh)
    return shared
  }
  return {
    id: group.id,
    publicKeySize: latticePublicSize + group.publicKeySize,
    encapsulationSize: latticeCiphertextSize + group.publicKeySize,
    randomnessSize: latticeRandomnessSize + group.seedSize,
    isPublicKey: (bytes) =>
      isLatticeKey(bytes.subarray(0, latticePublicSize)) &&
      group.isPublicKey(bytes.subarray(latticePublicSize)),
    isEncapsulation: (bytes) => group.isPublicKey(bytes.subarray(latticeCiphertextSize)),
    isSeed: () => true,
    parts: { latticePublicSize, latticeCiphertextSize, combine },
    secret(seed) {
      const expanded = shake256(latticeSeedSize + group.seedSize, seed)
      const lattice = ml_kem768.keygen(expanded.subarray(0, latticeSeedSize))
      const own = group.secret(expanded.subarray(latticeSeedSize))
      return {
        publicKey: concat(lattice.publicKey, own.publicKey),
        wipe: () => wipe(expanded, lattice.secretKey),
        async decapsulate(encapsulation) {
          const groupCiphertext = encapsulation.subarray(latticeCiphertextSize)
          const dh = await own.agree(groupCiphertext)
          if (dh === null) return null
          const ciphertext = encapsulation.subarray(0, latticeCiphertextSize)
          const inner = ml_kem768.decapsulate(ciphertext, lattice.secretKey)
          return combine(inner, dh, groupCiphertext, own.publicKey)
        },
      }
    },
    encapsulator(publicKey) {
      const latticeKey = ml_kem768.prepare(publicKey.slice(0, latticePublicSize))
      const groupPublic = publicKey.slice(latticePublicSize)
      return {
        async encapsulate(randomness) {
          const ephemeral = group.secret(randomness.subarray(latticeRandomnessSize))
          const dh = await ephemeral.agree(groupPublic)
          if (dh === null) return null
          const { cipherText, sharedSecret } = latticeKey.encapsulate(
            randomness.subarray(0, latticeRandomnessSize),
          )
          wipe(randomness)
          return {
            encapsulation: concat(cipherText, ephemeral.publicKey),
            sharedSecret: combine(sharedSecret, dh, ephemeral.publicKey, groupPublic),
          }
        },
      }
    },
  }
}

/** The modulus check of FIPS 203 §7.2: 768 packed coefficients of 12 bits, each below 3329. */
function isLatticeKey(bytes: Uint8Array): boolean {
  for (let i = 0; i < latticePublicSize - 32; i += 3) {
    const middle = bytes[i + 1]!
    if ((bytes[i]! | ((middle & 15) << 8)) >= 3329) return false
    if (((middle >> 4) | (bytes[i + 2]! << 4)) >= 3329) return false
  }
  return true
}
