import { optionsOf } from '../internal/options.ts'
import { judgeCheckpoint } from './judge.ts'
import type { LogPolicy, VerifiedCheckpoint } from './types.ts'

/** Options of {@link verifyCheckpoint}. */
export interface VerifyCheckpointOptions {
  /** Whom you trust. */
  readonly policy: LogPolicy
}

/**
 * Verifies that a log of the policy has signed a checkpoint. It does not ask for witnesses: whoever needs their
 * quorum looks at `quorumMet`.
 *
 * @param note - The checkpoint, from an attacker.
 * @param options - The policy.
 * @returns The checkpoint, and which witnesses of the policy have cosigned it.
 * @throws {@link TypeError} if `policy` does not come from `parseLogPolicy`.
 * @throws {@link ProofMalformed} if it does not parse.
 * @throws {@link ProofInvalid} if a signature by a key of the policy is bad, or no log of the policy has signed.
 * @example
 * A checkpoint of a log that is trusted.
 * ```ts
 * import { ed25519, generateKey } from 'careseal/keys'
 * import { openLog, parseLogPolicy, verifyCheckpoint } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const signer = await generateKey(ed25519)
 * const log = await openLog({ origin: 'clinic.example/log', signer, store: memoryStore() })
 * const policy = parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`)
 * const verified = await verifyCheckpoint(await log.checkpoint(), { policy })
 * console.log(verified.origin, verified.size, verified.quorumMet) // clinic.example/log 1 true
 * ```
 * @see https://c2sp.org/tlog-checkpoint
 */
export async function verifyCheckpoint(
  note: string,
  options: VerifyCheckpointOptions,
): Promise<VerifiedCheckpoint> {
  return Object.freeze(await judgeCheckpoint(note, optionsOf(options).policy))
}
