import {
  type CborKey,
  type CborMap,
  type CborValue,
  decodeStrict,
  encodeCbor,
} from '../internal/cbor/index.ts'
import { optionsOf } from '../internal/options.ts'
import type { SignatureKind } from '../internal/registry.ts'
import { erasureMembers, erasureOf } from './erasurePayload.ts'
import { malformedEvent } from './members.ts'
import { shareMembers, shareOf } from './sharePayload.ts'
import type { CareEvent } from './types.ts'

/** Which kind of signature an event carries (docs/formats.md §0). */
export function kindOf(type: CareEvent['type']): SignatureKind {
  return type
}

/** Encodes the payload of an event: 1 type, 2 time, the rest per type. */
export function encodePayload(given: CareEvent, time: number): Uint8Array {
  const event = optionsOf(given)
  if (event.type !== 'share' && event.type !== 'erasure') {
    throw new TypeError(
      "event.type must be 'share' or 'erasure', the types that this version signs",
    )
  }
  const members = event.type === 'share' ? shareMembers(event) : erasureMembers(event, time)
  return encodeCbor(new Map<CborKey, CborValue>([[1, event.type], [2, time], ...members]))
}

/** Takes a payload apart; closed. */
export function decodePayload(payload: Uint8Array): { event: CareEvent; time: number } {
  const value = decodeStrict(payload, malformedEvent)
  if (!(value instanceof Map)) throw malformedEvent('its payload is no map')
  const map = value as CborMap
  const time = map.get(2)
  const type = map.get(1)
  if (type !== 'share' && type !== 'erasure') {
    throw malformedEvent('a type that this version does not know')
  }
  if (typeof time !== 'number' || time < 0) throw malformedEvent('without its time')
  return { event: type === 'share' ? shareOf(map) : erasureOf(map), time }
}
