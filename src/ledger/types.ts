import type { Reason } from '../internal/reason.ts'
import type { Verified } from '../internal/verified.ts'
import type { LogPolicy } from '../log/index.ts'

/** What an anchor's evidence is checked against. */
export interface AnchoredCheckpoint {
  /** Origin of the log. */
  readonly origin: string
  /** Size of the tree. */
  readonly size: number
  /** Root of the tree, 32 bytes. */
  readonly root: Uint8Array
}

/** What the evidence of one ledger proves. */
export interface VerifiedAnchor {
  /** Which ledger, such as `rfc3161` or `evm:1`. */
  readonly ledger: string
  /** Who runs it; quorums count distinct operators. */
  readonly operator: string
  /** Before when the checkpoint existed; `null` where the ledger tells no time. */
  readonly time: Date | null
  /** What must still be trusted for that. */
  readonly trusts: readonly Reason[]
}

/** Verifies one kind of anchor evidence; pure, no I/O. */
export interface AnchorVerifier {
  /** Media type of the evidence that it verifies. */
  readonly mediaType: string
  /**
   * Verifies evidence for exactly this checkpoint; rejects if it does not hold.
   *
   * @param evidence - The bytes from the receipt; untrusted.
   * @param checkpoint - What must have been anchored.
   * @param options - The time to judge certificates by.
   * @returns What it proves.
   */
  verify(
    evidence: Uint8Array,
    checkpoint: AnchoredCheckpoint,
    options: { readonly now?: Date },
  ): Promise<VerifiedAnchor>
}

/** Whom a receipt must convince. An empty policy rejects everything. */
export interface TrustPolicy {
  /** Logs and witnesses, from `parseLogPolicy`. A quorum in it must be filled. */
  readonly logs: LogPolicy
  /** Verifiers of the ledgers that count. */
  readonly anchors?: readonly AnchorVerifier[] | undefined
  /** Anchors of distinct operators that are needed; 0 unless given. */
  readonly minimumAnchors?: number | undefined
  /** Witnesses on one checkpoint that are needed beside the policy's quorum; 0 unless given. */
  readonly minimumWitnesses?: number | undefined
  /** The time to judge certificates by; now unless given. */
  readonly at?: Date | undefined
}

/** A witness that cosigned. */
export interface VerifiedWitness {
  /** Its name in the policy. */
  readonly name: string
  /** When it says that it saw the checkpoint. */
  readonly time: Date
}

/** What a receipt proves. */
export interface VerifiedReceipt extends Verified<'receipt'> {
  /** Origin of the log. */
  readonly origin: string
  /** Index of the entry: order within one log is order in time. */
  readonly index: number
  /** Size of the largest tree that it was proven in. */
  readonly size: number
  /** Who stands behind it beside the log's operator. */
  readonly assurance: 'log-only' | 'witnessed' | 'anchored' | 'witnessed+anchored'
  /** The entry existed before this time; `null` where only claimed times are known. */
  readonly existedBefore: Date | null
  /** Witnesses whose cosignatures verified, on the checkpoint that filled the quorum first, else on the largest. */
  readonly witnesses: readonly VerifiedWitness[]
  /** Ledgers whose evidence verified. */
  readonly anchors: readonly VerifiedAnchor[]
  /** Media types of evidence that no verifier was given for; they count for nothing. */
  readonly unchecked: readonly string[]
}
