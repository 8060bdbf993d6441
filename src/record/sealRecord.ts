import { throwIfAborted } from '../internal/abort.ts'
import type { WrapContentKey } from '../internal/envelope/sealing.ts'
import { wrapSingly } from '../internal/envelope/sealing.ts'
import { signersOf } from '../internal/envelope/signers.ts'
import { knownOptions } from '../internal/options.ts'
import type { Log } from '../log/index.ts'
import { logRecords } from './logRecords.ts'
import { readersOf, type SealingContext, sealOne } from './sealOne.ts'
import type { LoggedRecord, SealedRecord, SealRecordOptions } from './types.ts'

/**
 * Seals one record: digests the content, commits to it, signs, and seals it to its readers, post-quantum
 * where their keys are. Without `log` there is no I/O: store the envelope in your transaction and log the
 * commitment afterwards with {@link logRecords}; a log that is down never stops clinical work.
 *
 * @param content - The content, at most 16 MiB; text is sealed as UTF-8.
 * @param options - Author, readers and details; with `log` the record is entered at once.
 * @returns The sealed record; with `log` also its index and receipt.
 * @throws {@link TypeError} if an argument has the wrong type, such as an identity put together by hand.
 * @throws {@link RangeError} if an argument is out of range, such as a subject of more than 64 bytes.
 * @throws {@link ContentTooLarge} if the content has more than 16 MiB.
 * @throws {@link FhirMalformed} with `strict`, if FHIR content is no JSON that all readers understand alike.
 * @throws {@link FhirRefused} with `strict`, if the canonicalization does not admit the content.
 * @throws {@link FhirLossy} if the canonicalization would lose something of the content.
 * @throws {@link IdentityInvalid} if a reader's identity card has expired.
 * @throws {@link KeyUnavailable} if the author's key did not answer.
 * @example
 * An observation for one reader, opened again.
 * ```ts
 * import { openRecord, sealRecord } from 'careseal'
 * import { generateIdentity, keyDirectory } from 'careseal/keys'
 *
 * const physician = await generateIdentity()
 * const { envelope } = await sealRecord('{"resourceType":"Observation","status":"final"}', {
 *   author: physician,
 *   recipients: [physician.public],
 * })
 * const authors = keyDirectory([physician.public])
 * const opened = await openRecord(envelope, { as: physician, authors })
 * console.log(new TextDecoder().decode(opened.content))
 * ```
 */
export function sealRecord(
  content: Uint8Array | string,
  options: SealRecordOptions & { readonly log: Log },
): Promise<LoggedRecord>
export function sealRecord(
  content: Uint8Array | string,
  options: SealRecordOptions,
): Promise<SealedRecord>
export async function sealRecord(
  content: Uint8Array | string,
  options: SealRecordOptions,
): Promise<SealedRecord | LoggedRecord> {
  const own = knownOptions(options, sealRecordOptions)
  const { log, signal, recipients } = own
  throwIfAborted(signal)
  const context = contextOf(own, wrapSingly(own.keyIds ?? 'hint'))
  const readers = readersOf(recipients, context)
  const { mediaType, canonicalization, subject, securityLabels, amends } = own
  const details = { mediaType, canonicalization, subject, securityLabels, amends }
  const record = await sealOne({ content, readers, ...details }, context)
  if (log === undefined) return record
  const [logged] = await logRecords([record], { log, signal })
  return { ...record, ...logged! }
}

/** The names of {@link SealRecordOptions}. */
export const sealRecordOptions: readonly (keyof SealRecordOptions)[] = [
  'author',
  'authors',
  'recipients',
  'log',
  'mediaType',
  'canonicalization',
  'subject',
  'securityLabels',
  'amends',
  'padding',
  'strict',
  'keyIds',
  'now',
  'signal',
]

/** What all records of a call share. */
export function contextOf(options: SealRecordOptions, wrap: WrapContentKey): SealingContext {
  const { padding = true, strict = false, keyIds = 'hint', signal, now = new Date() } = options
  if (keyIds !== 'plain' && keyIds !== 'hint' && keyIds !== 'none') {
    throw new TypeError("keyIds must be 'plain', 'hint' or 'none'")
  }
  const signers = signersOf(options)
  if (signers.length === 0) {
    throw new TypeError('author or authors must be given: a record is always signed')
  }
  return { signers, keyIds, wrap, padding, strict, now, signal }
}
