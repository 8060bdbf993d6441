import { ProofInvalid } from '../errors.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { policyInternals } from './policy.ts'
import type { LogPolicy, VerifiedCheckpoint, VerifiedWitness } from './types.ts'

/**
 * Verifies every signature of a checkpoint that is by a key of the policy. One bad one among them rejects all;
 * lines by others are ignored, they could be by anybody. `parsed` is told the checkpoint before any signature is
 * looked at.
 */
export async function judgeCheckpoint(
  note: string,
  policy: LogPolicy,
  parsed: (checkpoint: Checkpoint) => void = () => {},
): Promise<VerifiedCheckpoint> {
  const { keys, fills } = policyInternals(policy)
  const checkpoint = parseCheckpoint(note)
  parsed(checkpoint)
  const { origin, size, root, text, signatures } = checkpoint
  const times = new Map<string, Date>()
  let signed = false
  for (const { name, keyId, signature } of signatures) {
    const key = keys.find((known) => known.name === name && known.keyId === keyId)
    if (key === undefined) continue
    const verdict = await key.verify(checkpoint, signature)
    if (verdict === null) {
      throw new ProofInvalid(
        `The signature of ${name} does not fit the checkpoint. Do not trust where it came from.`,
      )
    }
    const { time } = verdict
    if (key.witness === null) signed ||= name === origin
    else if (time !== null) {
      const first = times.get(key.witness)
      if (first === undefined || time < first) times.set(key.witness, time)
    }
  }
  if (!signed) {
    throw new ProofInvalid(
      'No log of the policy has signed this checkpoint. Ask for a checkpoint of a log you trust, or add the log to the policy.',
    )
  }
  const witnesses: VerifiedWitness[] = policy.witnesses.flatMap(({ name }) => {
    const time = times.get(name)
    return time === undefined ? [] : [{ name, time }]
  })
  return {
    origin,
    size,
    root,
    checkpoint: text,
    note,
    witnesses,
    quorumMet: fills(new Set(times.keys())),
    quorumAt: policy.quorum === null ? null : filledAt(witnesses, fills),
  } as unknown as VerifiedCheckpoint
}

/** The time of the cosignature that fills the quorum, going by time. */
function filledAt(
  witnesses: readonly VerifiedWitness[],
  fills: (witnesses: ReadonlySet<string>) => boolean,
): Date | null {
  const so = new Set<string>()
  for (const { name, time } of [...witnesses].sort((a, b) => a.time.getTime() - b.time.getTime())) {
    so.add(name)
    if (fills(so)) return time
  }
  return null
}
