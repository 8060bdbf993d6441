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

/** What happens to records and who may see them, as plain objects. */
export type CareEvent = ShareEvent

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
export interface VerifyEventOptions extends CallOptions {
  /** Who vouches for authors' keys. */
  readonly authors: KeyDirectory
  /** Accepts events of this type only. */
  readonly type?: CareEvent['type'] | undefined
  /** The algorithm that the author must have signed with, as a list of one: an event has one signature. */
  readonly requiredSignatures?: readonly SignatureAlgorithm[] | undefined
  /** Before when the event provably existed, such as `existedBefore` of its receipt; counts where the author's key was compromised later. */
  readonly existedBefore?: Date | null | undefined
}

/** An event whose signature verified. */
export interface VerifiedEvent extends Verified<'event'> {
  /** The public id. */
  readonly id: string
  /** The commitment, computed from the bytes. */
  readonly commitment: Uint8Array
  /** What happened. */
  readonly event: CareEvent
  /** When, as the author claims. */
  readonly time: Date
  /** What the directory says of the author. */
  readonly author: KeyRecord
}
