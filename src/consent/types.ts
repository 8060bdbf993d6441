import type { Verified } from '../internal/verified.ts'
import type {
  CallOptions,
  Identity,
  KeyDirectory,
  KeyRecord,
  SignatureAlgorithm,
  Signer,
} from '../keys/index.ts'

/** A reader passed a record on to others. */
export interface ShareEvent {
  /** The type of the event. */
  readonly type: 'share'
  /** Id of the record. */
  readonly record: string
  /** Key ids (32 bytes each) of the readers who were added. */
  readonly recipients: readonly Uint8Array[]
  /** Id of the grant that permits it. */
  readonly grant?: string | undefined
}

/**
 * What a copy is of: the `envelope` whole, its `body` or `wraps` where they are kept apart, the `blob` of a stream, a
 * `key` that opens, the `opening` of the commitment shown or kept elsewhere, a `receipt`, a signed `event` about the
 * record, a search `index`, an `export` of the content, a `backup` of any of them, `other`.
 */
export type CopyKind =
  | 'envelope'
  | 'body'
  | 'wraps'
  | 'blob'
  | 'key'
  | 'opening'
  | 'receipt'
  | 'event'
  | 'index'
  | 'export'
  | 'backup'
  | 'other'

/** A copy that was destroyed. Its texts must not name the patient or show content: they outlive the record. */
export interface DestroyedCopy {
  /** What it was. */
  readonly what: CopyKind
  /** Where it was, in words of the host: 1 to 200 bytes. A system, not a person: `main database`, not a name. */
  readonly where: string
  /** A remark, 1 to 500 bytes. */
  readonly note?: string | undefined
}

/** A copy that is known to remain. Its texts must not name the patient or show content. */
export interface RemainingCopy extends DestroyedCopy {
  /** When it will be gone, such as the end of a backup's retention. */
  readonly until?: Date | undefined
}

/** The copies of a record that a host destroyed, and those it knows to remain. */
export interface ErasureEvent {
  /** The type of the event. */
  readonly type: 'erasure'
  /** Id of the record. */
  readonly record: string
  /** The copies that were destroyed, 1 to 256. */
  readonly destroyed: readonly DestroyedCopy[]
  /** The copies that are known to remain, up to 256. */
  readonly remaining: readonly RemainingCopy[]
}

/** What happens to records and who may see them, as plain objects. */
export type CareEvent = ShareEvent | ErasureEvent

/** The event of a type. */
export type EventOf<T extends CareEvent['type']> = Extract<
  CareEvent,
  {
    /** The type. */
    readonly type: T
  }
>

/** Options of {@link signEvent}. */
export interface SignEventOptions extends CallOptions {
  /** Who signs the event. */
  readonly author: Signer | Identity
  /** The time that the author claims; now unless given. */
  readonly now?: Date | undefined
}

/** A signed event. Store its bytes, log its commitment. */
export interface SignedEvent {
  /** The public id: a CID over the commitment. */
  readonly id: string
  /** What goes into a log: 32 bytes that tell nothing. */
  readonly commitment: Uint8Array
  /** The signed event itself. It names people's keys: show it only to whom it concerns. */
  readonly bytes: Uint8Array
}

/** Options of {@link verifyEvent}. */
export interface VerifyEventOptions<T extends CareEvent['type'] = CareEvent['type']>
  extends CallOptions {
  /** Who vouches for authors' keys. */
  readonly authors: KeyDirectory
  /** Accepts events of this type only. */
  readonly type?: T | undefined
  /** The algorithm that the author must have signed with, as a list of one: an event has one signature. */
  readonly requiredSignatures?: readonly SignatureAlgorithm[] | undefined
  /** Before when the event provably existed, such as `existedBefore` of its receipt; counts where the author's key was compromised later. */
  readonly existedBefore?: Date | null | undefined
}

/** An event whose signature verified. */
export interface VerifiedEvent<E extends CareEvent = CareEvent> extends Verified<'event'> {
  /** The public id. */
  readonly id: string
  /** The commitment, computed from the bytes. */
  readonly commitment: Uint8Array
  /** What happened. */
  readonly event: E
  /** When, as the author claims. */
  readonly time: Date
  /** What the directory says of the author. */
  readonly author: KeyRecord
}
