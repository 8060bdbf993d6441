import { bytesArgument, isSortedUnique, sortedUnique } from '../internal/bytes.ts'
import type { CborKey, CborMap, CborValue } from '../internal/cbor/index.ts'
import { maximumRecipients } from '../internal/registry.ts'
import { commitmentArgument, idOf, malformedEvent } from './members.ts'
import type { ShareEvent } from './types.ts'

/** What a share has beside type and time. */
export function shareMembers(event: ShareEvent): [CborKey, CborValue][] {
  const ids = event.recipients.map((id, i) => bytesArgument(id, `recipients[${i}]`, 32))
  if (ids.length === 0 || ids.length > maximumRecipients) {
    throw new RangeError(`recipients must hold 1 to ${maximumRecipients} key ids`)
  }
  const members: [CborKey, CborValue][] = [
    [3, commitmentArgument(event.record, 'record')],
    [4, sortedUnique(ids)],
  ]
  if (event.grant !== undefined) members.push([5, commitmentArgument(event.grant, 'grant')])
  return members
}

/** Reads a share; closed. */
export function shareOf(map: CborMap): ShareEvent {
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
