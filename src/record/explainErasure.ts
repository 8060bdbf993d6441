import type { CopyKind, DestroyedCopy, RemainingCopy, VerifiedEvent } from '../consent/index.ts'
import { requireVerified } from '../internal/verified.ts'

/**
 * Says in plain words what an erasure certifies, and what it cannot.
 *
 * @param verified - A result of `verifyEvent`, as it was returned, of an event of the type `erasure`.
 * @returns A few sentences and lists, one item per line; the signer's own words in quotation marks.
 * @throws {@link TypeError} if `verified` did not come from `verifyEvent`, or is another event.
 * @example
 * What a patient is shown.
 * ```ts
 * import { eraseRecord, explainErasure, sealRecord } from 'careseal'
 * import { verifyEvent } from 'careseal/consent'
 * import { generateIdentity, keyDirectory } from 'careseal/keys'
 *
 * const chen = await generateIdentity()
 * const record = await sealRecord('{"resourceType":"Patient"}', {
 *   author: chen,
 *   recipients: [chen.public],
 * })
 * const { bytes } = await eraseRecord(record, {
 *   author: chen,
 *   destroyed: [{ what: 'envelope', where: 'main database' }],
 *   remaining: [],
 * })
 * const authors = keyDirectory([{ identity: chen.public, name: 'Example Hospital' }])
 * console.log(explainErasure(await verifyEvent(bytes, { authors })))
 * ```
 */
export function explainErasure(verified: VerifiedEvent): string {
  requireVerified('event', verified, 'verified')
  const { event, author, time } = verified
  if (event.type !== 'erasure') throw new TypeError('verified must be an event of the type erasure')
  const { record, destroyed, remaining } = event
  return [
    `${author.name ?? author.identity.did} certifies, as of ${time.toISOString()}, that these copies of the record ${record} were destroyed:`,
    ...destroyed.map(line),
    ...(remaining.length === 0
      ? ['No copy is known to remain.']
      : ['These copies are known to remain:', ...remaining.map(line)]),
    'This is what the signer states, not a proof of deletion: nobody can prove that no other copy exists.',
    'Readers may have kept what they read, and their keys still open any copy of the envelope that is left.',
    'The entry of the record in a log stays: the 32 bytes that this certificate names it by. Without the envelope and the opening they do not tell what the record said or whom it was about.',
  ].join('\n')
}

function line(copy: DestroyedCopy & RemainingCopy): string {
  const { what, where, note, until } = copy
  const end = until === undefined ? '' : `, until ${until.toISOString().slice(0, 10)}`
  // Quoted, so that the signer's words are not taken for ours.
  const remark = note === undefined ? '' : ` (${JSON.stringify(note)})`
  return `- ${words[what]}: ${JSON.stringify(where)}${end}${remark}`
}

const words: Readonly<Record<CopyKind, string>> = {
  envelope: 'the sealed record',
  body: 'the sealed content, without the keys to it',
  wraps: 'the wrapped keys to the sealed content',
  blob: 'the encrypted stream',
  key: 'a key that opens it',
  opening: 'the opening of its log entry',
  receipt: 'its receipt',
  event: 'a signed event about it',
  index: 'a search index',
  export: 'an export of the content',
  backup: 'a backup',
  other: 'another copy',
}
