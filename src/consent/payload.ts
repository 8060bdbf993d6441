import { EventMalformed } from '../errors.ts'
import { bytesArgument, isSortedUnique, sortedUnique } from '../internal/bytes.ts'
import {
  type CborKey,
  type CborMap,
  type CborValue,
  decodeStrict,
  encodeCbor,
} from '../internal/cbor/index.ts'
import { optionsOf } from '../internal/options.ts'
import { commitmentId, idCommitment } from '../internal/record/opening.ts'
import { maximumRecipients, type SignatureKind } from '../internal/registry.ts'
import type { CareEvent, ShareEvent } from './types.ts'

/** The error of everything in an event. */
export function malformedEvent(problem: string, offset?: number): EventMalformed {
  return new EventMalformed(`No event of this version: ${problem}`, { offset })
}

/** Which kind of signature an event carries (docs/formats.md §0). */
export function kindOf(type: CareEvent['type']): SignatureKind {
  return type
}

/** Encodes the payload of an event: 1 type, 2 time, the rest per type. */
export function encodePayload(given: CareEvent, time: number): Uint8Array {
  const event = optionsOf(given)
  if (event.type !== 'share') {
    throw new TypeError("event.type must be 'share', the one type that this version signs")
  }
  const ids = event.recipients.map((id, i) => bytesArgument(id, `recipients[${i}]`, 32))
  if (ids.length === 0 || ids.length > maximumRecipients) {
    throw new RangeError(`recipients must hold 1 to ${maximumRecipients} key ids`)
  }
  const map = new Map<CborKey, CborValue>([
    [1, event.type],
    [2, time],
    [3, commitmentArgument(event.record, 'record')],
    [4, sortedUnique(ids)],
  ])
  if (event.grant !== undefined) map.set(5, commitmentArgument(event.grant, 'grant'))
  return encodeCbor(map)
}

/** Takes a payload apart; closed. */
export function decodePayload(payload: Uint8Array): { event: CareEvent; time: number } {
  const value = decodeStrict(payload, malformedEvent)
  if (!(value instanceof Map)) throw malformedEvent('its payload is no map')
  const map = value as CborMap
  const time = map.get(2)
  if (map.get(1) !== 'share') throw malformedEvent('a type that this version does not know')
  if (typeof time !== 'number' || time < 0) throw malformedEvent('without its time')
  return { event: shareOf(map), time }
}

function shareOf(map: CborMap): ShareEvent {
  const list = map.get(4)
  const ids = Array.isArray(list) ? (list as readonly CborValue[]) : []
  const recipients = ids.filter(
    (id): id is Uint8Array => id instanceof Uint8Array && id.length === 32,
  )
  const complete = recipients.length === ids.length && ids.length > 0 && isSortedUnique(recipients)
  if (!complete || ids.length > maximumRecipients)
    throw malformedEvent('its readers are no sorted list of ids')
  if (map.size !== (map.has(5) ? 5 : 4)) throw malformedEvent('unknown members')
  const share = { type: 'share', record: idOf(map.get(3)), recipients } as const
  return map.has(5) ? { ...share, grant: idOf(map.get(5)) } : share
}

function idOf(commitment: CborValue | undefined): string {
  if (!(commitment instanceof Uint8Array) || commitment.length !== 32) {
    throw malformedEvent('a reference that is no commitment')
  }
  return commitmentId(commitment)
}

function commitmentArgument(id: string, name: string): Uint8Array {
  const commitment = idCommitment(id)
  if (commitment === null) throw new RangeError(`${name} must be the id of a record or event`)
  return commitment
}
