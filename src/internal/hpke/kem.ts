import type { Aead } from '../engine/aead.ts'
import type { MaybePromise } from '../engine/tier.ts'
import type { DhSecret } from '../engine/x25519.ts'

/** What an encapsulation gives: the bytes to send and the shared secret of 32 bytes. */
export interface Encapsulated {
  readonly encapsulation: Uint8Array
  readonly sharedSecret: Uint8Array
}

/** A private key of a KEM, ready for use. */
export interface KemSecret {
  readonly publicKey: Uint8Array
  /** Overwrites what was derived from the seed and is held here. */
  wipe?(): void
  /** The shared secret, or `null` for an encapsulation that has none. The length was checked. */
  decapsulate(encapsulation: Uint8Array): MaybePromise<Uint8Array | null>
  /** The raw Diffie–Hellman below a DHKEM, for formats that are built on it; missing in hybrids. */
  agree?(peer: Uint8Array): MaybePromise<Uint8Array | null>
}

/** A public key of a KEM, parsed once for any number of encapsulations. */
export interface KemEncapsulator {
  /** `randomness` only in tests; its length is {@link Kem.randomnessSize}. `null`: the key is unusable. */
  encapsulate(randomness: Uint8Array): MaybePromise<Encapsulated | null>
}

/**
 * What a private key is put together from whose raw operations run elsewhere: plain ECDH and, in a hybrid, ML-KEM-768.
 * The ML-KEM half stands first in public keys and encapsulations, and the group's half after it.
 */
export interface KemParts {
  /** Bytes of the ML-KEM half of a public key; 0 where there is none. */
  readonly latticePublicSize: number
  /** Bytes of the ML-KEM half of an encapsulation; 0 where there is none. */
  readonly latticeCiphertextSize: number
  /** The KEM's shared secret out of the raw ones, which are overwritten. `lattice` is empty where there is none. */
  combine(
    lattice: Uint8Array,
    dh: Uint8Array,
    groupCiphertext: Uint8Array,
    groupPublic: Uint8Array,
  ): Uint8Array
}

/** A key encapsulation mechanism (RFC 9180 §4). */
export interface Kem {
  /** HPKE KEM identifier. */
  readonly id: number
  readonly publicKeySize: number
  readonly encapsulationSize: number
  readonly randomnessSize: number
  /** Whether bytes of the right length are a usable public key. */
  isPublicKey(bytes: Uint8Array): boolean
  /** Whether bytes of the right length can be an encapsulation; what an HSM would choke on is not sent there. */
  isEncapsulation(bytes: Uint8Array): boolean
  /** Whether 32 bytes are a private key. */
  isSeed(seed: Uint8Array): boolean
  secret(seed: Uint8Array): KemSecret
  readonly parts: KemParts
  encapsulator(publicKey: Uint8Array): KemEncapsulator
  /** A private key of the group below a DHKEM, for ephemeral keys of other formats; missing in hybrids. */
  ephemeral?(secret: Uint8Array): DhSecret
}

/** A key derivation function of HPKE: one- or two-stage. */
export interface Kdf {
  /** HPKE KDF identifier. */
  readonly id: number
  /** Key and base nonce of the base-mode key schedule with an empty psk. */
  schedule(
    suite: Uint8Array,
    sharedSecret: Uint8Array,
    info: Uint8Array,
    keySize?: number,
  ): { key: Uint8Array; nonce: Uint8Array }
}

/** One ciphersuite of HPKE. */
export interface HpkeSuite {
  readonly kem: Kem
  readonly kdf: Kdf
  readonly aead: Aead
  /** HPKE AEAD identifier: 1 = AES-128-GCM, 2 = AES-256-GCM, 3 = ChaCha20-Poly1305. */
  readonly aeadId: number
  /** Bytes of the AEAD's key where they are not 32. */
  readonly keySize?: number
}
