import type { ByteSource } from '../../internal/stream/source.ts'
import type { Verified } from '../../internal/verified.ts'
import type {
  CallOptions,
  KeyDirectory,
  KeyRecord,
  SignatureAlgorithm,
  SignaturePublicKey,
} from '../../keys/index.ts'
import type {
  Addressed,
  Author,
  ContentCipher,
  KeyIdMode,
  Reader,
  Recipient,
  Security,
} from '../types.ts'

export type { ByteSource }

/** Options of {@link sealStream}. */
export interface SealStreamOptions extends CallOptions {
  /** The readers: 1 to 1000, none twice. Each single one is enough to open. */
  readonly recipients: readonly Recipient[]
  /** Who signs the whole stream, inside the encryption. */
  readonly author?: Author | undefined
  /** Media type of the content, at most 255 characters; `application/octet-stream` unless given, or `null`. */
  readonly mediaType?: string | null | undefined
  /** Bytes that are not stored but must be given again on opening, such as a database key. */
  readonly externalAad?: Uint8Array | undefined
  /** How readers show: `plain` by key id (default), `hint` to those who know their ids, `none` not at all. */
  readonly keyIds?: KeyIdMode | undefined
  /** Content cipher; AES-256-GCM where the platform has it, else ChaCha20-Poly1305. */
  readonly cipher?: ContentCipher | undefined
  /** Bytes of content in a segment: a power of two from 4096 to 4194304; 262144 unless given. */
  readonly segmentSize?: number | undefined
}

/** Options of {@link openStream}. */
export interface OpenStreamOptions extends CallOptions {
  /** Whose key opens. */
  readonly as: Reader
  /** Who vouches for authors' keys; needed if the stream is signed. */
  readonly authors?: KeyDirectory | undefined
  /** The bytes given on sealing, if any. */
  readonly externalAad?: Uint8Array | undefined
  /** Refuses streams that are weaker for this reader; `classical` unless given. */
  readonly minimumSecurity?: Security | undefined
  /** The algorithm that the author must have signed with, as a list of one: a stream has one signature. */
  readonly requiredSignatures?: readonly SignatureAlgorithm[] | undefined
}

/** Options of {@link openRange}. */
export interface OpenRangeOptions extends OpenStreamOptions {
  /** First byte of the content that is wanted, from 0. */
  readonly offset: number
  /** How many bytes; fewer come where the content ends before. To the end unless given. */
  readonly length?: number | undefined
}

/** A sealed stream that can be read at any place, such as a file or an object of a store. */
export interface RangeSource {
  /** Bytes of the whole sealed stream. */
  readonly size: number
  /** The bytes from `offset` on, exactly `length` of them, at once or in pieces. */
  read(
    offset: number,
    length: number,
    options?: CallOptions,
  ): Promise<Uint8Array> | AsyncIterable<Uint8Array>
}

/** What was verified of a stream. */
export interface VerifiedStream extends Verified<'stream'> {
  /** The envelope id, 32 bytes. */
  readonly envelopeId: Uint8Array
  /** Media type of the content. */
  readonly mediaType: string
  /** Bytes of the whole content. */
  readonly size: number
  /** The keys whose signatures verified; empty if nobody signed. */
  readonly signers: readonly SignaturePublicKey[]
  /** What the directory says of them, in the same order. */
  readonly authors: readonly KeyRecord[]
  /** `original` if the author addressed this reader, `shared` if another reader passed it on, `unstated` otherwise. */
  readonly addressed: Addressed
  /** Post-quantum if every reader at sealing was and this reader's own entry is. */
  readonly security: Security
}

/**
 * Content that is being opened. Iterate once, to the end: until then it is provisional. Every piece has been
 * decrypted and is where it belongs, but that the stream is whole and who wrote it shows only at its end; an iteration
 * that ends with an error has given nothing that counts.
 */
export interface ProvisionalStream extends AsyncIterable<Uint8Array> {
  /**
   * What was verified; callable once the iteration has ended without an error.
   *
   * @returns Author, media type, size, and how it was addressed.
   */
  verified(): VerifiedStream
}

/** A part of a stream. Its author and its place are verified before the first piece comes; iterate once. */
export interface VerifiedRange extends AsyncIterable<Uint8Array> {
  /**
   * What was verified; callable once the first piece has come, or the iteration has ended.
   *
   * @returns Author, media type, size of the whole content, and how it was addressed.
   */
  verified(): VerifiedStream
}
