import type { CallOptions } from '../keys/index.ts'

/** Options of {@link LogReader.proveInclusion}. */
export interface ProveInclusionOptions extends CallOptions {
  /** Prove against the log as it was at this size; left out: as it is. */
  readonly size?: number | undefined
  /**
   * Prove against this signed checkpoint and put it into the proof as it is, such as one that was anchored or
   * cosigned. Its root is compared with the log's.
   */
  readonly checkpoint?: string | undefined
}

/** A log for those who read it: auditors, monitors, makers of proofs. */
export interface LogReader {
  /** The unique name of the log, the first line of its checkpoints. */
  readonly origin: string
  /** Entries in the log, as of the last checkpoint. */
  readonly size: number
  /** Resolves to the newest signed checkpoint. */
  checkpoint(options?: CallOptions): Promise<string>
  /** Resolves to the proof that an entry is in the log: a c2sp.org/tlog-proof@v1 text. */
  proveInclusion(index: number, options?: ProveInclusionOptions): Promise<string>
  /** Resolves to the hashes which prove that the log at size `to` continues the log at size `from`. */
  proveConsistency(from: number, to: number, options?: CallOptions): Promise<Uint8Array[]>
  /** The entries from index `from` to `to` (exclusive), in order. */
  read(from: number, to: number, options?: CallOptions): AsyncIterable<Uint8Array>
}

/** A log for the one who writes it. */
export interface Log extends LogReader {
  /** The public key of the log as a vkey, for policies. */
  readonly verifierKey: string
  /** Whether `openLog` was given a `floor`: without one a restored backup looks like a log. */
  readonly rollbackProtection: boolean
  /**
   * Appends commitments of 32 bytes. Resolves to their places once they and a signed checkpoint over them are
   * durable. Appends that come while one is being written share the next checkpoint. An append that rejects may
   * have been done in part or whole: append again, a commitment that stands twice is harmless.
   */
  append(
    commitments: readonly Uint8Array[],
    options?: CallOptions,
  ): Promise<{ readonly index: number }[]>
  /** Refuses further appends, waits for those that run, gives the log free for others. */
  close(): Promise<void>
}
