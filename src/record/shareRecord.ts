import { type SignedEvent, signEvent } from '../consent/index.ts'
import type { Recipient } from '../envelope/index.ts'
import type { Canonicalization } from '../fhir/index.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument, wipe } from '../internal/bytes.ts'
import { openPlaintext } from '../internal/envelope/opening.ts'
import { readerKeys } from '../internal/envelope/reader.ts'
import { recipientKeys } from '../internal/envelope/recipients.ts'
import { rewrapEnvelope } from '../internal/envelope/rewrapping.ts'
import { signerOf } from '../internal/envelope/signers.ts'
import { heldOptions } from '../internal/held.ts'
import { commitmentId } from '../internal/record/opening.ts'
import type { CallOptions, Identity } from '../keys/index.ts'
import { readRecord } from './readRecord.ts'

/** Options of {@link shareRecord}. */
export interface ShareRecordOptions extends CallOptions {
  /** The present reader who shares, and signs that it did. */
  readonly as: Identity
  /** The readers to add; who is one already stays one. */
  readonly recipients: readonly Recipient[]
  /** Id of the grant that permits it; stated in the event. */
  readonly grant?: string | undefined
  /** Lets a classical reader join a post-quantum record, which then is only as strong. */
  readonly allowClassical?: boolean | undefined
  /** Canonicalizations beside `raw` and `lossless1` that the record may use. */
  readonly canonicalizations?: readonly Canonicalization[] | undefined
  /** The time of sharing that the sharer claims; now unless given. */
  readonly now?: Date | undefined
}

/** A shared record, and the signed event that says so. */
export interface SharedRecord {
  /** The envelope with the new readers; its body is byte-identical. Replace the stored one with it. */
  readonly envelope: Uint8Array
  /** Who shared what with whom: store its bytes, log its commitment with `logRecords`. */
  readonly event: SignedEvent
}

const names: readonly (keyof ShareRecordOptions)[] = [
  'as',
  'recipients',
  'grant',
  'allowClassical',
  'canonicalizations',
  'now',
  'signal',
]

/**
 * Shares a record: wraps its content key for further readers; the body is not encrypted again. What was once
 * shared cannot be taken back: the new reader can keep a copy.
 *
 * @param envelope - The envelope's bytes.
 * @param options - Who shares, and with whom.
 * @returns The envelope with the new readers, and the event to log.
 * @throws {@link EnvelopeMalformed} if the bytes are no envelope of careseal's profile.
 * @throws {@link EnvelopeRecipientNotFound} if the sharer is not among the readers.
 * @throws {@link EnvelopeOpenFailed} if the envelope does not open.
 * @throws {@link EnvelopeDowngrade} if a classical reader would join a post-quantum record.
 * @throws {@link RecordMalformed} if the envelope holds no record of this version.
 * @throws {@link RecordInvalid} if content and manifest do not fit.
 * @throws {@link RangeError} if `recipients` is empty or `grant` is no id.
 * @example
 * A second opinion.
 * ```ts
 * import { openRecord, sealRecord, shareRecord } from 'careseal'
 * import { generateIdentity, keyDirectory } from 'careseal/keys'
 *
 * const chen = await generateIdentity()
 * const okafor = await generateIdentity()
 * const { envelope } = await sealRecord('{"resourceType":"Patient"}', {
 *   author: chen,
 *   recipients: [chen.public],
 * })
 * const shared = await shareRecord(envelope, { as: chen, recipients: [okafor.public] })
 * const authors = keyDirectory([chen.public])
 * console.log((await openRecord(shared.envelope, { as: okafor, authors })).addressed) // shared
 * ```
 */
export async function shareRecord(
  envelope: Uint8Array,
  options: ShareRecordOptions,
): Promise<SharedRecord> {
  const {
    as,
    recipients,
    grant,
    allowClassical = false,
    canonicalizations = [],
    signal,
    now = new Date(),
  } = heldOptions(options, names)
  throwIfAborted(signal)
  const bytes = bytesArgument(envelope, 'envelope').slice()
  const readers = readerKeys(as)
  const author = signerOf(as, 'as')
  const added = recipientKeys(recipients, 'plain', new Date())
  const opening = { externalAad: new Uint8Array(0), profile: 'careseal', signal } as const
  const { envelope: parsed, plaintext } = await openPlaintext(bytes, readers, opening)
  const { commitment, fields } = readRecord(plaintext, parsed.own!.envelopeId, canonicalizations)
  wipe(fields.stream?.contentKey)
  const changes = { add: added, remove: [], allowClassical, signal }
  const shared = await rewrapEnvelope(bytes, readers, changes)
  const record = commitmentId(commitment)
  const stated = { type: 'share', record, recipients: added.map(({ id }) => id) } as const
  const event = await signEvent(grant === undefined ? stated : { ...stated, grant }, {
    author,
    now,
    signal,
  })
  return { envelope: shared, event }
}
