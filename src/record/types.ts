import type {
  Addressed,
  Author,
  KeyIdMode,
  Reader,
  Recipient,
  Security,
} from '../envelope/index.ts'
import type { Canonicalization } from '../fhir/index.ts'
import type { Reason } from '../internal/reason.ts'
import type { Verified } from '../internal/verified.ts'
import type { CallOptions, KeyDirectory, KeyRecord, SignatureAlgorithm } from '../keys/index.ts'
import type { TrustPolicy, VerifiedReceipt } from '../ledger/index.ts'
import type { Log } from '../log/index.ts'
import type { BlobStore } from '../store/index.ts'

/** Options of {@link sealRecord}. */
export interface SealRecordOptions extends CallOptions {
  /** Who signs the record. */
  readonly author?: Author | undefined
  /** Several who sign it together; give `author` or `authors`. */
  readonly authors?: readonly Author[] | undefined
  /** The readers: 1 to 1000, none twice. Each single one is enough to open. */
  readonly recipients: readonly Recipient[]
  /** Enters the record into this log at once; the result then has index and receipt. */
  readonly log?: Log | undefined
  /** Media type of the content; `application/fhir+json` unless given, or `null`. */
  readonly mediaType?: string | null | undefined
  /** Digest rule; `lossless1` for FHIR JSON, else `raw`. */
  readonly canonicalization?: Canonicalization | undefined
  /** The patient's random handle, 1 to 64 bytes, 32 advised; never a name or number of the patient. */
  readonly subject?: Uint8Array | null | undefined
  /** Security labels, such as FHIR's `R` or `PSY`. */
  readonly securityLabels?: readonly string[] | undefined
  /** Record id of the version that this one replaces. */
  readonly amends?: string | undefined
  /** Hides the exact length; on unless `false`. */
  readonly padding?: boolean | undefined
  /** Makes an error of content that the canonicalization refuses, instead of sealing it under `raw`. */
  readonly strict?: boolean | undefined
  /** How readers show: `hint` (default), `plain` or `none`. */
  readonly keyIds?: KeyIdMode | undefined
  /** The time of creation that the author claims; now unless given. */
  readonly now?: Date | undefined
}

/** Options of {@link sealRecordStream}. */
export interface SealRecordStreamOptions
  extends Omit<SealRecordOptions, 'canonicalization' | 'strict'> {
  /** Where the sealed stream goes. */
  readonly blobs: BlobStore
  /** Bytes of content in a segment: a power of two from 4096 to 4194304; 262144 unless given. */
  readonly segmentSize?: number | undefined
}

/** A sealed record with a stream. */
export interface SealedRecordStream extends SealedRecord {
  /** The key of its blob: `careseal-stream/` and the envelope id. */
  readonly blob: string
  /** Bytes of content. */
  readonly size: number
}

/** A sealed record with a stream, in a log. */
export interface LoggedRecordStream extends SealedRecordStream, LoggedRecord {}

/** Options of {@link openRecordStream}. */
export interface OpenRecordStreamOptions extends Omit<OpenRecordOptions, 'canonicalizations'> {
  /** Where the sealed stream lies. */
  readonly blobs: BlobStore
  /** The key of its blob, if it has been moved. */
  readonly blob?: string | undefined
}

/** One record of a batch. */
export interface RecordInput<K> {
  /** Yours; comes back with the result. */
  readonly key: K
  /** The content; text is sealed as UTF-8. */
  readonly content: Uint8Array | string
  /** Readers of this record, instead of those of the batch. */
  readonly recipients?: readonly Recipient[] | undefined
  /** The patient's random handle, instead of that of the batch. */
  readonly subject?: Uint8Array | null | undefined
  /** Media type, instead of that of the batch. */
  readonly mediaType?: string | null | undefined
  /** Digest rule, instead of that of the batch. */
  readonly canonicalization?: Canonicalization | undefined
  /** Security labels, instead of those of the batch. */
  readonly securityLabels?: readonly string[] | undefined
  /** Record id of the version that this one replaces. */
  readonly amends?: string | undefined
}

/** A sealed record. Store the envelope; log the commitment. */
export interface SealedRecord {
  /** The public id: a CID over the commitment. A name; no block is stored under it. */
  readonly id: string
  /** What goes into a log: 32 bytes that tell nothing. */
  readonly commitment: Uint8Array
  /** The envelope: what the host stores. */
  readonly envelope: Uint8Array
  /** What is worth knowing, such as why content was sealed under `raw`. */
  readonly notes: readonly Reason[]
}

/** A sealed record that is in a log. */
export interface LoggedRecord extends SealedRecord {
  /** Its index in the log. */
  readonly index: number
  /** The receipt: proves offline that the log has it. */
  readonly receipt: Uint8Array
}

/** Options of {@link openRecord}. */
export interface OpenRecordOptions extends CallOptions {
  /** Whose key opens. */
  readonly as: Reader
  /** Who vouches for authors' keys. */
  readonly authors: KeyDirectory
  /** Receipt and trust policy: proves that a log has the record, and since when. */
  readonly proof?: {
    /** A receipt of this record. */
    readonly receipt: Uint8Array
    /** The logs, anchors and witnesses that count. */
    readonly trust: TrustPolicy
  }
  /** Refuses envelopes that are weaker for this reader; `classical` unless given. */
  readonly minimumSecurity?: Security | undefined
  /** Algorithms, such as `[ed25519, mlDsa65]`: a record that an author did not sign with each of them is refused. */
  readonly requiredSignatures?: readonly SignatureAlgorithm[] | undefined
  /** Canonicalizations beside `raw` and `lossless1` that the record may use. */
  readonly canonicalizations?: readonly Canonicalization[] | undefined
}

/** What the authors say of a record; all of it is covered by their signatures and the commitment. */
export interface Manifest {
  /** Media type of the content. */
  readonly mediaType: string
  /** Name of the canonicalization of the digest. */
  readonly canonicalization: string
  /** Hash of the digest. */
  readonly hash: 'sha-256' | 'sha-512'
  /** Digest of the canonical content, 32 or 64 bytes. Guessable for clinical text: treat it as content. */
  readonly digest: Uint8Array
  /** When it was created, as the authors claim. */
  readonly createdAt: Date
  /** The patient's random handle; `null` if none was given. */
  readonly subject: Uint8Array | null
  /** Security labels, sorted. */
  readonly securityLabels: readonly string[]
  /** Record id of the version that this one replaces; `null` for a first version. */
  readonly amends: string | null
}

/** What was verified about an opened record. */
export interface RecordFacts {
  /** The public id. */
  readonly id: string
  /** The commitment, computed from what was opened. */
  readonly commitment: Uint8Array
  /** Media type of the content. */
  readonly mediaType: string
  /** What the directory says of each author; all their signatures verified. */
  readonly authors: readonly KeyRecord[]
  /** `original` if the authors addressed this reader, `shared` if another reader passed it on, `unstated` if readers are hidden. */
  readonly addressed: Addressed
  /** Post-quantum if every reader at sealing was and this reader's own entry is. */
  readonly security: Security
  /** What the authors say of it. */
  readonly manifest: Manifest
  /** What the receipt proves; `null` if no proof was given. */
  readonly logged: VerifiedReceipt | null
}

/** An opened record, and what was verified about it. */
export interface OpenedRecord extends RecordFacts, Verified<'record'> {
  /** The content: the bytes that went in. */
  readonly content: Uint8Array
}

/**
 * An opened record with a stream. Everything about it has been verified but the stream itself, which is verified as
 * it is read: each segment against the root that the authors signed, before any of it comes out.
 */
export interface OpenedStream extends RecordFacts, Verified<'record'> {
  /** Bytes of content. */
  readonly size: number
  /**
   * All of the content in pieces. At its end the digest is compared with the manifest's; an iteration that ends with an
   * error has given no whole content.
   *
   * @param options - A signal to abort.
   * @returns The pieces.
   */
  stream(options?: CallOptions): AsyncIterable<Uint8Array>
  /**
   * A part of the content.
   *
   * @param offset - First byte, from 0 to `size`.
   * @param length - How many bytes; fewer come where the content ends before.
   * @param options - A signal to abort.
   * @returns The pieces.
   */
  range(offset: number, length: number, options?: CallOptions): AsyncIterable<Uint8Array>
  /** Wipes the stream's key; nothing can be read afterwards. */
  close(): void
}
