import {
  type DestroyedCopy,
  type RemainingCopy,
  type SignedEvent,
  signEvent,
} from '../consent/index.ts'
import type { Author } from '../envelope/index.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument, equalBytes } from '../internal/bytes.ts'
import { fieldOf, knownOptions } from '../internal/options.ts'
import { commitmentId, idCommitment } from '../internal/record/opening.ts'
import type { CallOptions } from '../keys/index.ts'
import type { Log } from '../log/index.ts'
import { type LoggedEntry, logRecords } from './logRecords.ts'
import { refuseTelling } from './telling.ts'

/** Options of {@link eraseRecord}. */
export interface EraseRecordOptions extends CallOptions {
  /** Who certifies it. */
  readonly author: Author
  /** The copies that were destroyed, 1 to 256. */
  readonly destroyed: readonly DestroyedCopy[]
  /** The copies that are known to remain, up to 256; an empty list says that none is known. */
  readonly remaining: readonly RemainingCopy[]
  /** Enters the certificate into this log at once; the result then has index and receipt. */
  readonly log?: Log | undefined
  /** The time that the author claims; now unless given. */
  readonly now?: Date | undefined
}

/** A record to certify the erasure of: what `sealRecord` and `openRecord` give, or a row with its id. */
export type ErasedRecord =
  | {
      /** Its id. */
      readonly id: string
    }
  | {
      /** Its commitment, 32 bytes. */
      readonly commitment: Uint8Array
    }

const names: readonly (keyof EraseRecordOptions)[] = [
  'author',
  'destroyed',
  'remaining',
  'log',
  'now',
  'signal',
]

/**
 * Certifies that copies of a record were destroyed, and says which are known to remain: a signed event. It deletes
 * nothing; call it when the deletions have succeeded. The certificate names the record by its commitment alone and
 * holds no digest, no salt and no subject.
 *
 * The texts `where` and `note` are the host's, and outlive the record: name systems in them, never the patient. Of an
 * opened record the patient handle and the digest are known here, and texts that show them are refused; nothing else
 * can be noticed.
 *
 * @param record - A sealed or opened record, or an object with its `id` or `commitment`.
 * @param options - Who certifies what.
 * @returns The certificate: store its bytes; its commitment is in the log if `log` was given.
 * @throws {@link TypeError} if an argument has the wrong type, or `record` has neither id nor commitment.
 * @throws {@link RangeError} if `destroyed` is empty, a list is too long, one copy stands twice, a text is too long, not
 * plain, or shows what the certificate must not hold.
 * @throws {@link KeyUnavailable} if the author's key did not answer.
 * @throws {@link LogLocked} if another writer took the log over.
 * @throws {@link StoreFailed} if the log's storage failed; the certificate is lost then, ask for a new one.
 * @example
 * A record that a patient had erased.
 * ```ts
 * import { eraseRecord, explainErasure, sealRecord } from 'careseal'
 * import { verifyEvent } from 'careseal/consent'
 * import { generateIdentity, keyDirectory } from 'careseal/keys'
 *
 * const chen = await generateIdentity()
 * const { id } = await sealRecord('{"resourceType":"Patient"}', {
 *   author: chen,
 *   recipients: [chen.public],
 * })
 * const certificate = await eraseRecord(
 *   { id },
 *   {
 *     author: chen,
 *     destroyed: [{ what: 'envelope', where: 'main database' }],
 *     remaining: [{ what: 'backup', where: 'vault', until: new Date('2027-03-01') }],
 *   },
 * )
 * const authors = keyDirectory([chen.public])
 * const verified = await verifyEvent(certificate.bytes, { authors, type: 'erasure' })
 * console.log(verified.event.record === id) // true
 * console.log(explainErasure(verified))
 * ```
 * @see docs/erasure.md, docs/formats.md §3
 */
export function eraseRecord(
  record: ErasedRecord,
  options: EraseRecordOptions & { readonly log: Log },
): Promise<SignedEvent & LoggedEntry>
export function eraseRecord(record: ErasedRecord, options: EraseRecordOptions): Promise<SignedEvent>
export async function eraseRecord(
  record: ErasedRecord,
  options: EraseRecordOptions,
): Promise<SignedEvent | (SignedEvent & LoggedEntry)> {
  const own = knownOptions(options, names)
  const { author, destroyed, remaining, log, now, signal } = own
  throwIfAborted(signal)
  // A certificate that nothing can log should not have been signed.
  if (log !== undefined && typeof fieldOf(log, 'append') !== 'function') {
    throw new TypeError('log must be a log, as openLog gives it')
  }
  const id = idOf(record)
  refuseTelling(record, destroyed, 'destroyed')
  refuseTelling(record, remaining, 'remaining')
  const event = { type: 'erasure', record: id, destroyed, remaining } as const
  const signed = await signEvent(event, { author, now, signal })
  if (log === undefined) return signed
  const [entry] = await logRecords([signed], { log, signal })
  return { ...signed, ...entry! }
}

function idOf(record: ErasedRecord): string {
  const [id, commitment] = [fieldOf(record, 'id'), fieldOf(record, 'commitment')]
  if (id === undefined && commitment === undefined) {
    throw new TypeError('record must be a record, or an object with its id or commitment')
  }
  const bytes =
    commitment === undefined ? null : bytesArgument(commitment, 'record.commitment', 32).slice()
  if (id === undefined) return commitmentId(bytes!)
  const named = typeof id === 'string' ? idCommitment(id) : null
  if (named === null) throw new RangeError('record.id must be the id of a record')
  if (bytes !== null && !equalBytes(named, bytes)) {
    throw new RangeError('record.id and record.commitment must be of one record')
  }
  return id as string
}
