import { ProofInvalid } from '../errors.ts'
import { bytesArgument, equalBytes } from '../internal/bytes.ts'
import { hashSize, inclusionRoot, leafHash } from '../internal/merkle/index.ts'
import { knownOptions } from '../internal/options.ts'
import { judgeCheckpoint } from './judge.ts'
import { parseTlogProof } from './tlogProof.ts'
import type { LogPolicy, VerifiedInclusion } from './types.ts'

/** Options of {@link verifyInclusion}. */
export interface VerifyInclusionOptions {
  /** The entry that should be in the log, 32 bytes. */
  readonly commitment: Uint8Array
  /** Whom you trust. */
  readonly policy: LogPolicy
  /** Refuses proofs that carry `extra` data, which nobody signs. */
  readonly refuseExtra?: boolean | undefined
}

/**
 * Verifies, without any network, that a commitment is in a log of the policy. It does not ask for witnesses:
 * whoever needs their quorum looks at `quorumMet`. A cosignature that is there and bad rejects the proof.
 *
 * @param proof - The tlog-proof, from an attacker.
 * @param options - The commitment and the policy.
 * @returns What is proven: where the entry is, in which log, under which checkpoint, who saw it and when.
 * @throws {@link TypeError} if `policy` does not come from `parseLogPolicy`.
 * @throws {@link RangeError} if `commitment` has not 32 bytes.
 * @throws {@link ProofMalformed} if the proof does not parse.
 * @throws {@link ProofInvalid} if the path or a signature by a key of the policy is bad, or no log of the policy
 * has signed.
 * @example
 * Proof and verification.
 * ```ts
 * import { ed25519, generateKey } from 'careseal/keys'
 * import { openLog, parseLogPolicy, verifyInclusion } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const signer = await generateKey(ed25519)
 * const log = await openLog({ origin: 'clinic.example/log', signer, store: memoryStore() })
 * const commitment = new Uint8Array(32).fill(7)
 * const [entry] = await log.append([commitment])
 * const proof = await log.proveInclusion(entry!.index)
 *
 * const policy = parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`)
 * const verified = await verifyInclusion(proof, { commitment, policy })
 * console.log(verified.index, verified.size) // 1 2
 * ```
 * @see RFC 9162 §2.1.3.2, https://c2sp.org/tlog-proof
 */
export async function verifyInclusion(
  proof: string,
  options: VerifyInclusionOptions,
): Promise<VerifiedInclusion> {
  const {
    policy,
    refuseExtra,
    commitment: given,
  } = knownOptions(options, ['commitment', 'policy', 'refuseExtra'])
  const commitment = bytesArgument(given, 'commitment', hashSize).slice()
  const { index, hashes, checkpoint: note, extra } = parseTlogProof(proof)
  if (extra !== null && refuseExtra === true) {
    throw new ProofInvalid('The proof carries extra data, which nobody has signed.')
  }
  const verified = await judgeCheckpoint(note, policy, ({ size, root }) => {
    const found = inclusionRoot(index, size, leafHash(commitment), hashes)
    if (found === null || !equalBytes(found, root)) {
      throw new ProofInvalid(
        'The proof does not lead from this commitment to the root of its checkpoint.',
      )
    }
  })
  return Object.freeze({ ...verified, index, commitment })
}
