import { LedgerConflict, ProofInvalid } from '../errors.ts'
import { bytesArgument, equalBytes } from '../internal/bytes.ts'
import { isConsistent } from '../internal/merkle/index.ts'
import { optionsOf } from '../internal/options.ts'
import { judgeCheckpoint } from './judge.ts'
import type { LogPolicy, VerifiedConsistency } from './types.ts'

/** Options of {@link verifyConsistency}. */
export interface VerifyConsistencyOptions {
  /** The checkpoint that was there first, as a signed note. */
  readonly older: string
  /** The checkpoint that should continue it, as a signed note. */
  readonly newer: string
  /** Whom you trust. */
  readonly policy: LogPolicy
}

/**
 * Verifies that a log only grew between two checkpoints: the newer begins with all entries of the older. The
 * empty log has nothing to be consistent with, so an older size of 0 is refused.
 *
 * @param proof - Hashes of 32 bytes, from an attacker; empty for equal sizes.
 * @param options - Both checkpoints and the policy.
 * @returns Both checkpoints, verified.
 * @throws {@link TypeError} if `policy` does not come from `parseLogPolicy`.
 * @throws {@link ProofMalformed} if a checkpoint does not parse.
 * @throws {@link ProofInvalid} if a signature by a key of the policy is bad, the checkpoints are of two logs or
 * the proof does not connect them.
 * @throws {@link LedgerConflict} if the log has signed two roots for one size. Keep both checkpoints: they are
 * the evidence.
 * @example
 * A log that grew.
 * ```ts
 * import { ed25519, generateKey } from 'careseal/keys'
 * import { openLog, parseLogPolicy, verifyConsistency } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const signer = await generateKey(ed25519)
 * const log = await openLog({ origin: 'clinic.example/log', signer, store: memoryStore() })
 * const older = await log.checkpoint()
 * await log.append([new Uint8Array(32), new Uint8Array(32)])
 * const newer = await log.checkpoint()
 * const policy = parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`)
 * const proof = await log.proveConsistency(1, 3)
 * const verified = await verifyConsistency(proof, { older, newer, policy })
 * console.log(verified.older.size, verified.newer.size) // 1 3
 * ```
 * @see RFC 9162 §2.1.4.2
 */
export async function verifyConsistency(
  proof: readonly Uint8Array[],
  options: VerifyConsistencyOptions,
): Promise<VerifiedConsistency> {
  const hashes = proof.map((hash) => bytesArgument(hash, 'proof').slice())
  const { policy, ...notes } = optionsOf(options)
  const older = Object.freeze(await judgeCheckpoint(notes.older, policy))
  const newer = Object.freeze(await judgeCheckpoint(notes.newer, policy))
  if (older.origin !== newer.origin) {
    throw new ProofInvalid('The checkpoints are of two logs. Compare checkpoints of one origin.')
  }
  if (older.size === newer.size && !equalBytes(older.root, newer.root)) {
    throw new LedgerConflict(
      `${older.origin} has signed two different roots for size ${older.size}. Keep both checkpoints as evidence and stop trusting this log.`,
    )
  }
  if (!isConsistent(older, newer, hashes)) {
    throw new ProofInvalid(
      'The proof does not show that the newer checkpoint continues the older one.',
    )
  }
  return Object.freeze({ older, newer }) as unknown as VerifiedConsistency
}
