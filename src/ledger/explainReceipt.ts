import { requireVerified } from '../internal/verified.ts'
import type { VerifiedReceipt } from './types.ts'

/**
 * Says in plain words what a receipt proves, and what it does not.
 *
 * @param verified - A result of {@link verifyReceipt}, as it was returned.
 * @returns A few sentences, one per line.
 * @throws {@link TypeError} if `verified` did not come from careseal's verification.
 */
export function explainReceipt(verified: VerifiedReceipt): string {
  requireVerified('receipt', verified, 'verified')
  const { origin, index, size, assurance, existedBefore, witnesses, anchors, unchecked } = verified
  const lines = [`Entry ${index} of the log ${origin}, proven in a tree of ${size} entries.`]
  if (assurance === 'log-only') {
    lines.push(
      'Only the operator of the log vouches for it: the log could have been rolled back or forked, and no time is proven.',
    )
  }
  if (assurance.startsWith('witnessed')) {
    lines.push(
      `Cosigned by ${witnesses.map(({ name }) => name).join(', ')}: they saw no other history of this log.`,
    )
  }
  for (const { ledger, operator, time, trusts } of anchors) {
    const when = time === null ? '' : ` before ${time.toISOString()}`
    const still = trusts.map(({ text }) => ` ${text}`).join('')
    lines.push(`Anchored on ${ledger}, run by ${operator}${when}.${still}`)
  }
  if (existedBefore !== null) lines.push(`It existed before ${existedBefore.toISOString()}.`)
  if (unchecked.length > 0) {
    lines.push(`Not checked, for want of a verifier: ${unchecked.join(', ')}.`)
  }
  return lines.join('\n')
}
