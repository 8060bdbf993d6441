import { EventInvalid } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument } from '../internal/bytes.ts'
import { decodeStrict, Tagged } from '../internal/cbor/index.ts'
import { receiveSigned, verifySigned } from '../internal/cose/signed.ts'
import { findAuthors } from '../internal/envelope/authors.ts'
import { checkRequired, requiredArgument } from '../internal/envelope/required.ts'
import { heldOptions } from '../internal/held.ts'
import { commitmentId } from '../internal/record/opening.ts'
import { headerEventSalt, tagSign1 } from '../internal/registry.ts'
import { fromSeconds, withTimes } from '../internal/time.ts'
import { markVerified } from '../internal/verified.ts'
import { malformedEvent } from './members.ts'
import { decodePayload, kindOf } from './payload.ts'
import { eventCommitment } from './signEvent.ts'
import type { CareEvent, EventOf, VerifiedEvent, VerifyEventOptions } from './types.ts'

/** Bytes of an event; the largest that can be written have 400,000 (docs/formats.md §3). */
const maximumEvent = 512 * 1024
const tags: readonly number[] = [tagSign1]
const names: readonly (keyof VerifyEventOptions)[] = [
  'authors',
  'type',
  'existedBefore',
  'requiredSignatures',
  'signal',
]

/**
 * Verifies an event: its one form, its signature, and that the directory vouches for its author at that time.
 *
 * @param bytes - The signed event.
 * @param options - Who vouches for authors, and which type is expected.
 * @returns The event, its author and its commitment, computed from the bytes.
 * @throws {@link EventMalformed} if the bytes are no event.
 * @throws {@link EventInvalid} if the signature does not verify, or the event is of another type.
 * @throws {@link EnvelopeAuthorUntrusted} if the directory does not vouch for the author.
 * @throws {@link EnvelopeSignatureMissing} if the author signed with another algorithm than `requiredSignatures` names.
 * @throws {@link RangeError} if `requiredSignatures` does not name exactly one algorithm.
 * @example
 * Checking who shared a record.
 * ```ts
 * import { sealRecord, shareRecord } from 'careseal'
 * import { verifyEvent } from 'careseal/consent'
 * import { generateIdentity, keyDirectory } from 'careseal/keys'
 *
 * const chen = await generateIdentity()
 * const okafor = await generateIdentity()
 * const { envelope } = await sealRecord('{"resourceType":"Patient"}', {
 *   author: chen,
 *   recipients: [chen.public],
 * })
 * const { event } = await shareRecord(envelope, { as: chen, recipients: [okafor.public] })
 * const authors = keyDirectory([chen.public])
 * console.log((await verifyEvent(event.bytes, { authors, type: 'share' })).author.identity.did)
 * ```
 */
export async function verifyEvent<T extends CareEvent['type'] = CareEvent['type']>(
  bytes: Uint8Array,
  options: VerifyEventOptions<T>,
): Promise<VerifiedEvent<EventOf<T>>> {
  const {
    authors,
    type,
    existedBefore = null,
    requiredSignatures,
    signal,
  } = heldOptions(options, names)
  const required = requiredArgument(requiredSignatures, 'an event')
  throwIfAborted(signal)
  const given = bytesArgument(bytes, 'bytes')
  if (given.length > maximumEvent) throw malformedEvent('larger than 512 KiB')
  const raw = given.slice()
  const item = decodeStrict(raw, malformedEvent, tags)
  const { event, time } = decodePayload(payloadOf(item))
  const expected = { kind: kindOf(event.type), labels: [headerEventSalt] }
  const signed = receiveSigned(item, expected, malformedEvent)
  const salt = signed.headers.get(headerEventSalt)
  if (!(salt instanceof Uint8Array) || salt.length !== 32) throw malformedEvent('without its salt')
  if (type !== undefined && event.type !== type) {
    throw new EventInvalid(`This is an event of the type ${event.type}, not ${type}.`)
  }
  const claimed = fromSeconds(time)
  const [author] = await findAuthors(signed.kids, authors, { claimed, existedBefore }, signal)
  if (!(await verifySigned(signed, [author!.key]))) {
    throw new EventInvalid('The signature of this event does not verify.')
  }
  checkRequired(required, [author!])
  const commitment = eventCommitment(event.type, signed.kids[0]!, raw, salt)
  const result = {
    id: commitmentId(commitment),
    commitment,
    event: event as EventOf<T>,
    author: author!,
  }
  return markVerified('event', withTimes(result, { time })) as VerifiedEvent<EventOf<T>>
}

/** The payload tells the type, and the type the kind of signature that is then demanded. */
function payloadOf(item: unknown): Uint8Array {
  const parts = item instanceof Tagged && Array.isArray(item.value) ? item.value : []
  const payload = (parts as readonly unknown[])[2]
  if (!(payload instanceof Uint8Array)) throw malformedEvent('no signed object with its payload')
  return payload
}
