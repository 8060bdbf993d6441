import type { Verified } from '../internal/verified.ts'
import type { Checkpoint } from './checkpoint.ts'

declare const policyBrand: unique symbol

/** A log of a policy. */
export interface PolicyLog {
  /** The origin of its checkpoints, which is the name of its key. */
  readonly origin: string
  /** Its key as it stands in the policy. */
  readonly verifierKey: string
  /** Where it can be reached, or `null`. */
  readonly url: string | null
}

/** A witness of a policy. */
export interface PolicyWitness {
  /** Its name in the policy; means nothing elsewhere. */
  readonly name: string
  /** Its key as it stands in the policy. */
  readonly verifierKey: string
  /** Where it can be reached, or `null`. */
  readonly url: string | null
}

/** Whom a verifier trusts: logs, witnesses and how many of these it takes. Only `parseLogPolicy` makes one. */
export interface LogPolicy {
  /**
   * Only `parseLogPolicy` makes one.
   *
   * @internal
   */
  readonly [policyBrand]: true
  /** Logs whose checkpoints count, one of them is enough. */
  readonly logs: readonly PolicyLog[]
  /** Witnesses whose cosignatures count. */
  readonly witnesses: readonly PolicyWitness[]
  /** Name of the witness or group that must have cosigned; `null`: none. */
  readonly quorum: string | null
}

/** A signature of another type that is good. */
export interface NoteVerdict {
  /** The time that the cosigner states, `null` if it states none. */
  readonly time: Date | null
}

/** Verifies signatures of a type that is not built in, such as ML-DSA-44 cosignatures (6). */
export interface NoteVerifier {
  /** The type byte of its verifier keys. */
  readonly type: number
  /** Length of its raw public keys in bytes; others are refused when the policy is parsed. */
  readonly publicKeySize: number
  /**
   * Resolves to `null` if the signature is not by this key over this checkpoint. A cosignature without a time
   * fills no quorum.
   */
  verify(
    key: { readonly name: string; readonly publicKey: Uint8Array },
    checkpoint: Checkpoint,
    signature: Uint8Array,
  ): Promise<NoteVerdict | null>
}

/** A witness of the policy that has cosigned a checkpoint. */
export interface VerifiedWitness {
  /** Its name in the policy. */
  readonly name: string
  /** The time that it states; of several cosignatures the first. */
  readonly time: Date
}

/** A checkpoint that a log of the policy has signed. Comes from a verification only, never by hand. */
export interface VerifiedCheckpoint extends Verified<'checkpoint'> {
  /** Which log. */
  readonly origin: string
  /** Entries in the log. */
  readonly size: number
  /** Root of the tree of these entries, 32 bytes. */
  readonly root: Uint8Array
  /** The text that was signed, from the origin line through the newline before the empty line. */
  readonly checkpoint: string
  /** The text with all its signature lines, also those that nobody here knows. */
  readonly note: string
  /** The witnesses of the policy that have cosigned it, each once, in the order of the policy. */
  readonly witnesses: readonly VerifiedWitness[]
  /** Whether the quorum of the policy is filled; always where it is `none`. */
  readonly quorumMet: boolean
  /** The smallest time such that the cosignatures up to it fill the quorum; `null` if it is none or not filled. */
  readonly quorumAt: Date | null
}

/** An entry that is in a log. Comes from `verifyInclusion` only. */
export interface VerifiedInclusion extends VerifiedCheckpoint {
  /** Place of the entry in the log, from 0. */
  readonly index: number
  /** The entry, 32 bytes. */
  readonly commitment: Uint8Array
}

/** Two checkpoints of one log, the newer of which continues the older. Comes from `verifyConsistency` only. */
export interface VerifiedConsistency extends Verified<'consistency'> {
  /** The older checkpoint. */
  readonly older: VerifiedCheckpoint
  /** The newer checkpoint. */
  readonly newer: VerifiedCheckpoint
}
