import { isCaresealError, LedgerConflict, ReceiptInvalid, TrustInsufficient } from '../errors.ts'
import { equalBytes } from '../internal/bytes.ts'
import { type LogPolicy, type VerifiedInclusion, verifyInclusion } from '../log/index.ts'
import type { AnchorEvidence } from './format.ts'
import type { AnchorVerifier, TrustPolicy, VerifiedAnchor } from './types.ts'

/** Verifies one proof of a receipt; a bad one rejects the receipt. */
export async function inclusionOf(
  proof: string,
  commitment: Uint8Array,
  policy: LogPolicy,
): Promise<VerifiedInclusion> {
  try {
    return await verifyInclusion(proof, { commitment, policy, refuseExtra: true })
  } catch (error) {
    if (
      isCaresealError(error, 'ERR_PROOF_MALFORMED') ||
      isCaresealError(error, 'ERR_PROOF_INVALID')
    ) {
      throw new ReceiptInvalid(`A proof in the receipt does not hold: ${error.message}`)
    }
    throw error
  }
}

/** All proofs are of one entry of one log, and show one history. Returns the one in the largest tree. */
export function oneEntry(inclusions: readonly VerifiedInclusion[]): VerifiedInclusion {
  let largest = inclusions[0]!
  for (const inclusion of inclusions) {
    if (inclusion.origin !== largest.origin || inclusion.index !== largest.index) {
      throw new ReceiptInvalid('The proofs in the receipt are of different entries.')
    }
    for (const other of inclusions) {
      if (other.size === inclusion.size && !equalBytes(other.root, inclusion.root)) {
        throw new LedgerConflict(
          `The log ${inclusion.origin} signed two roots for the size ${inclusion.size}: it shows different histories. Keep this receipt as evidence.`,
        )
      }
    }
    if (inclusion.size > largest.size) largest = inclusion
  }
  return largest
}

/** Anchors that verified, and the media types that nobody could check. */
export interface CheckedAnchors {
  readonly anchors: readonly VerifiedAnchor[]
  readonly unchecked: readonly string[]
}

/** Verifies each evidence against exactly the checkpoint of its proof; a bad one rejects the receipt. */
export async function verifyAnchors(
  evidence: readonly AnchorEvidence[],
  inclusions: readonly VerifiedInclusion[],
  trust: TrustPolicy,
): Promise<CheckedAnchors> {
  const anchors: VerifiedAnchor[] = []
  const unchecked: string[] = []
  for (const item of evidence) {
    const verifier = trust.anchors?.find(({ mediaType }) => mediaType === item.mediaType)
    if (verifier === undefined) unchecked.push(item.mediaType)
    else anchors.push(await verifyAnchor(item, verifier, inclusions[item.proof]!, trust.at))
  }
  return { anchors, unchecked }
}

async function verifyAnchor(
  item: AnchorEvidence,
  verifier: AnchorVerifier,
  { origin, size, root }: VerifiedInclusion,
  at: Date | undefined,
): Promise<VerifiedAnchor> {
  try {
    const options = at === undefined ? {} : { now: at }
    return await verifier.verify(item.evidence, { origin, size, root }, options)
  } catch (error) {
    if (isCaresealError(error)) throw error
    throw new ReceiptInvalid('The evidence of an anchor in the receipt does not verify.', {
      cause: error,
    })
  }
}

/**
 * The inclusion whose checkpoint fills the policy's quorum, the earliest such; `null` where the policy has no
 * quorum: then cosignatures count for nothing.
 */
export function checkWitnesses(
  inclusions: readonly VerifiedInclusion[],
  trust: TrustPolicy,
): VerifiedInclusion | null {
  const { minimumWitnesses = 0, logs } = trust
  countArgument(minimumWitnesses, 'minimumWitnesses')
  const enough = inclusions.filter(
    ({ quorumMet, witnesses }) => quorumMet && witnesses.length >= minimumWitnesses,
  )
  if (enough.length === 0) {
    throw new TrustInsufficient(
      'No checkpoint in the receipt has the cosignatures that the trust policy demands. Get a newer receipt when the witnesses have signed.',
    )
  }
  if (logs.quorum === null) return null
  return enough.reduce((a, b) => (b.quorumAt! < a.quorumAt! ? b : a))
}

/** Anchors of distinct operators, as many as the policy demands. */
export function checkAnchors(anchors: readonly VerifiedAnchor[], trust: TrustPolicy): void {
  const { minimumAnchors = 0 } = trust
  countArgument(minimumAnchors, 'minimumAnchors')
  if (new Set(anchors.map(({ operator }) => operator)).size < minimumAnchors) {
    throw new TrustInsufficient(
      'The receipt has fewer anchors of distinct operators than the trust policy demands. Get a newer receipt when the ledgers have anchored.',
    )
  }
}

/** The smallest time by which anchors of enough distinct operators existed. */
export function anchoredBefore(
  anchors: readonly VerifiedAnchor[],
  trust: TrustPolicy,
): Date | null {
  const needed = Math.max(1, trust.minimumAnchors ?? 0)
  const timed = anchors.filter(
    (anchor): anchor is VerifiedAnchor & { time: Date } => anchor.time !== null,
  )
  timed.sort((a, b) => a.time.getTime() - b.time.getTime())
  const operators = new Set<string>()
  for (const { operator, time } of timed) {
    operators.add(operator)
    if (operators.size >= needed) return time
  }
  return null
}

/** The earliest of the times that are known. */
export function earliest(times: readonly (Date | null)[]): Date | null {
  const known = times.flatMap((time) => (time === null ? [] : [time.getTime()]))
  return known.length === 0 ? null : new Date(Math.min(...known))
}

function countArgument(count: number, name: string): void {
  if (!Number.isInteger(count) || count < 0)
    throw new RangeError(`${name} must be an integer from 0 on`)
}
