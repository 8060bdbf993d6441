import type { KeyIdMode } from '../internal/cose/keyId.ts'
import type { ContentCipher } from '../internal/envelope/cipher.ts'
import type { Addressed } from '../internal/envelope/content.ts'
import type { Security } from '../internal/envelope/opening.ts'
import type {
  CallOptions,
  Decapsulator,
  Identity,
  KemPublicKey,
  KeyDirectory,
  KeyRecord,
  KeyRing,
  PublicIdentity,
  SignatureAlgorithm,
  SignaturePublicKey,
  Signer,
} from '../keys/index.ts'

export type { Addressed, ContentCipher, KeyIdMode, Security }

/** Whoever content is sealed to: a public key, or an identity with a verified card. */
export type Recipient = KemPublicKey | PublicIdentity
/** Whoever opens: a private key, an identity, a key ring. */
export type Reader = Decapsulator | Identity | KeyRing
/** Whoever signs. */
export type Author = Signer | Identity

/** Options of {@link seal}. */
export interface SealOptions extends CallOptions {
  /** The readers: 1 to 1000, none twice. Each single one is enough to open. */
  readonly recipients: readonly Recipient[]
  /** Who signs the content, inside the encryption. */
  readonly author?: Author | undefined
  /** Several who sign; all their signatures must verify on opening. */
  readonly authors?: readonly Author[] | undefined
  /** Media type of the content; `application/octet-stream` unless given, or `null`. */
  readonly mediaType?: string | null | undefined
  /** Bytes that are not stored but must be given again on opening, such as a database key. */
  readonly externalAad?: Uint8Array | undefined
  /** How readers show: `plain` by key id (default), `hint` to those who know their ids, `none` not at all. */
  readonly keyIds?: KeyIdMode | undefined
  /** Content cipher; AES-256-GCM where the platform has it, else ChaCha20-Poly1305. */
  readonly cipher?: ContentCipher | undefined
}

/** Options of {@link open}. */
export interface OpenOptions extends CallOptions {
  /** Whose key opens. */
  readonly as: Reader
  /** Who vouches for authors' keys; needed if the content is signed. */
  readonly authors?: KeyDirectory | undefined
  /** The bytes given on sealing, if any. */
  readonly externalAad?: Uint8Array | undefined
  /** Refuses envelopes that are weaker for this reader; `classical` unless given. */
  readonly minimumSecurity?: Security | undefined
  /** Algorithms, such as `[ed25519, mlDsa65]`: content that an author did not sign with each of them is refused. */
  readonly requiredSignatures?: readonly SignatureAlgorithm[] | undefined
  /** `foreign` opens COSE_Encrypt messages with COSE-HPKE recipients of other senders. */
  readonly profile?: 'careseal' | 'foreign' | undefined
}

/** What an envelope held, and what was verified about it. */
export interface OpenedContent {
  /** The content. */
  readonly content: Uint8Array
  /** Its media type; `null` only in a foreign envelope that names none. */
  readonly mediaType: string | null
  /** The keys whose signatures verified; empty if nobody signed. */
  readonly signers: readonly SignaturePublicKey[]
  /** What the directory says of them, in the same order. */
  readonly authors: readonly KeyRecord[]
  /** `original` if the author addressed this reader, `shared` if another reader passed it on, `unstated` if nobody signed or readers are hidden. */
  readonly addressed: Addressed
  /** Post-quantum if every reader at sealing was and this reader's own entry is. */
  readonly security: Security
  /** Whether the envelope commits to its one content key; `false` only in a foreign envelope. */
  readonly committed: boolean
  /** The id of the envelope, 32 bytes; stays the same through sharing and rekeying. `null` in a foreign one. */
  readonly envelopeId: Uint8Array | null
}
