import type { KemAlgorithm, SignatureAlgorithm } from '../internal/algorithm.ts'

export type { KemAlgorithm, SignatureAlgorithm }

/** Options of every call that reaches a key or a port. */
export interface CallOptions {
  /** Aborts the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** A public key. Objects of this type come from this package only; see `importPublicKey`. */
export interface PublicKey<A extends KemAlgorithm | SignatureAlgorithm> {
  /** The algorithm that the key is for. */
  readonly algorithm: A
  /** The RFC 9679 SHA-256 thumbprint of its COSE_Key, 32 bytes. */
  readonly id: Uint8Array
  /** The raw key: 32 bytes (X25519, Ed25519), 65 (P-256, secp256k1), 1216 (X-Wing), 1249 (MLKEM768-P256), 1952 (ML-DSA-65). */
  readonly bytes: Uint8Array
}

/** A public key that content can be sealed to. */
export type KemPublicKey = PublicKey<KemAlgorithm>
/** A public key that signatures are verified with. */
export type SignaturePublicKey = PublicKey<SignatureAlgorithm>

/** A public key of either kind. */
export type AnyPublicKey = PublicKey<KemAlgorithm | SignatureAlgorithm>

/**
 * A private key that opens: local, in an HSM or KMS, a WebCrypto key, a Secure Enclave. It answers with the
 * raw shared secret of its KEM and never leaves its home.
 */
export interface Decapsulator {
  /** The public key that belongs to it. */
  readonly publicKey: KemPublicKey
  /**
   * Takes an encapsulation of the algorithm's exact length and resolves to the KEM's shared secret, 32
   * bytes; the caller wipes them. Rejects with `EnvelopeOpenFailed` for an encapsulation that has no shared
   * secret; whatever else it rejects with is reported as `KeyUnavailable`.
   */
  decapsulate(encapsulation: Uint8Array, options?: CallOptions): Promise<Uint8Array>
}

/** A private key that signs: local, in an HSM or KMS, a WebCrypto key. */
export interface Signer {
  /** The public key that belongs to it. */
  readonly publicKey: SignaturePublicKey
  /**
   * Signs the message itself (hashing, where the algorithm hashes, happens inside) and resolves to the raw
   * signature: 64 bytes (Ed25519, ECDSA as r ‖ s), 3309 bytes (ML-DSA-65).
   */
  sign(message: Uint8Array, options?: CallOptions): Promise<Uint8Array>
}

/**
 * Protects keys of 32 bytes with something that you keep: a secret, a passphrase, a key in a KMS. Ours are
 * `secretWrapper`, `passphraseWrapper` and `kmsWrapper`.
 */
export interface KeyWrapper {
  /** Which wrapper this is, and of what version: 1 to 512 bytes that stand in the clear beside what it wrapped. */
  readonly id: Uint8Array
  /** Takes a key of 32 bytes and resolves to its wrapped form, 1 to 8192 bytes. */
  wrap(key: Uint8Array, options?: CallOptions): Promise<Uint8Array>
  /**
   * Takes what `wrap` resolved to, from a source that nobody vouches for, and resolves to the key, 32 bytes; the
   * caller wipes them. Rejects with `KeyLocked` for what does not unwrap; whatever else it rejects with is
   * reported as `KeyUnavailable`.
   */
  unwrap(wrapped: Uint8Array, options?: CallOptions): Promise<Uint8Array>
}

/** A decapsulation key held in this process. Its seed can be exported with `exportSeed`. */
export interface LocalDecapsulator extends Decapsulator {
  /** @internal */
  readonly local: true
}

/** A signing key held in this process. Its seed can be exported with `exportSeed`. */
export interface LocalSigner extends Signer {
  /** @internal */
  readonly local: true
}

/** Who a person, device or organisation is to careseal: one signing key and one encryption key. */
export interface PublicIdentity {
  /** did:key of the signing key. */
  readonly did: string
  /** The key that verifies what this identity signs. */
  readonly signing: SignaturePublicKey
  /** The key that content for this identity is sealed to. */
  readonly encryption: KemPublicKey
  /** The signed identity card: what travels and what `decodePublicIdentity` takes. Empty if unverified. */
  readonly card: Uint8Array
  /** When the card was signed; `null` if unverified. */
  readonly issued: Date | null
  /** When the card ends; `null`: no end. */
  readonly expires: Date | null
}

/** An identity with its private keys. */
export interface Identity {
  /** What others see of it. */
  readonly public: PublicIdentity
  /** Its signing key. */
  readonly signer: Signer
  /** Its decryption key, or a ring with the keys it had before. */
  readonly decapsulator: Decapsulator | KeyRing
}

/** An identity whose private keys are held in this process; their seeds can be exported. */
export interface LocalIdentity extends Identity {
  /** Its signing key. */
  readonly signer: LocalSigner
  /** Its decryption key. */
  readonly decapsulator: LocalDecapsulator
}

/** What a key of a ring may still do. */
export type KeyStatus = 'active' | 'decrypt-only' | 'disabled' | 'destroyed'

/** One key of a ring. */
export interface KeyRingEntry {
  /** The public half: stays even when the private one is destroyed. */
  readonly publicKey: KemPublicKey
  /** What it may still do. */
  readonly status: KeyStatus
  /** The private half; `null` once destroyed. */
  readonly key: Decapsulator | null
}

/** The decryption keys of one reader over time; immutable. */
export interface KeyRing {
  /** The public key that new content is sealed to. */
  readonly publicKey: KemPublicKey
  /** All keys, the active one first. */
  readonly keys: readonly KeyRingEntry[]
}

/** Someone who vouches for people's keys. */
export interface KeyDirectory {
  /** Resolves to the record of a signing key id (32 bytes), or `null` if it holds none. */
  find(id: Uint8Array, options?: CallOptions): Promise<KeyRecord | null>
}

/** What a directory says of a signing key. */
export interface KeyRecord {
  /** The key. */
  readonly key: SignaturePublicKey
  /** Whose key it is; the same for both keys of a person who signs with two. */
  readonly identity: PublicIdentity
  /** Name for people, or `null`. */
  readonly name: string | null
  /** From when the key is good; `null`: from ever. */
  readonly validFrom: Date | null
  /** Until when the key is good; `null`: no end. */
  readonly validUntil: Date | null
  /** Since when others may hold the key; `null`: not known to be compromised. */
  readonly compromisedAt: Date | null
}
