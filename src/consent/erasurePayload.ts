import { isSortedUnique, sortedUnique } from '../internal/bytes.ts'
import { type CborKey, type CborMap, type CborValue, encodeCbor } from '../internal/cbor/index.ts'
import { knownOptions } from '../internal/options.ts'
import { toSeconds, withTimes } from '../internal/time.ts'
import { utf8Length } from '../internal/utf8.ts'
import { commitmentArgument, idOf, malformedEvent } from './members.ts'
import type { CopyKind, DestroyedCopy, ErasureEvent, RemainingCopy } from './types.ts'

/** Copies of one list, and bytes of their texts (docs/formats.md §3). */
const maximumCopies = 256
const maximumWhere = 200
const maximumNote = 500

/** The last second of the year 9999: what people read as a date has four digits. */
const maximumTime = 253_402_300_799

/**
 * What people do not see in a text, or what changes how they read it: controls, separators, direction, and characters
 * without width. Joiners stay: words of Persian and Hindi need them.
 */
const unsafe =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are refused
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/
/** Nothing but white space and joiners. */
// biome-ignore lint/suspicious/noMisleadingCharacterClass: single code points are meant
const blank = /^[\u0020\u00a0\u1680\u2000-\u200a\u200c\u200d\u202f\u205f\u3000]*$/

const kinds: readonly CopyKind[] = [
  'envelope',
  'body',
  'wraps',
  'blob',
  'key',
  'opening',
  'receipt',
  'event',
  'index',
  'export',
  'backup',
  'other',
]

/** What an erasure has beside type and time. */
export function erasureMembers(event: ErasureEvent, time: number): [CborKey, CborValue][] {
  checkTime(time, 'now')
  const destroyed = copies(event.destroyed, 'destroyed')
  const remaining = copies(event.remaining, 'remaining')
  if (destroyed.length === 0) throw new RangeError('destroyed must name at least one copy')
  const places = [...destroyed, ...remaining].map(placeOf)
  if (new Set(places).size !== places.length) {
    throw new RangeError('destroyed and remaining name one copy twice')
  }
  return [
    [3, commitmentArgument(event.record, 'record')],
    [4, destroyed],
    [5, remaining],
  ]
}

/** Reads an erasure; closed. */
export function erasureOf(map: CborMap): ErasureEvent {
  if (map.size !== 5) throw malformedEvent('unknown members')
  const record = idOf(map.get(3))
  const lists = [mapsOf(map.get(4)), mapsOf(map.get(5))] as const
  if (lists[0].length === 0) throw malformedEvent('an erasure of nothing')
  if (!isTime(map.get(2))) throw malformedEvent('a time beyond the year 9999')
  const destroyed = Object.freeze(lists[0].map((copy) => copyOf(copy, false)))
  const remaining = Object.freeze(lists[1].map((copy) => copyOf(copy, true)))
  const places = lists.flat().map(placeOf)
  if (new Set(places).size !== places.length) throw malformedEvent('one copy twice')
  return Object.freeze({ type: 'erasure', record, destroyed, remaining })
}

/** The copies of one list in their one order; what is said twice stands once. */
function copies(list: readonly RemainingCopy[], name: 'destroyed' | 'remaining'): CborMap[] {
  if (!Array.isArray(list)) throw new TypeError(`${name} must be an array of copies`)
  if (list.length > maximumCopies) {
    throw new RangeError(`${name} must hold at most ${maximumCopies} copies`)
  }
  const maps = list.map((copy, i) => copyMap(copy, `${name}[${i}]`, name === 'remaining'))
  const encoded = new Map(maps.map((map) => [encodeCbor(map), map]))
  return sortedUnique(encoded.keys()).map((bytes) => encoded.get(bytes)!)
}

function copyMap(copy: RemainingCopy, name: string, remains: boolean): CborMap {
  if (typeof copy !== 'object' || copy === null) throw new TypeError(`${name} must be a copy`)
  const names: (keyof RemainingCopy)[] = ['what', 'where', 'note']
  const { what, where, note, until } = knownOptions(copy, remains ? [...names, 'until'] : names)
  if (!kinds.includes(what)) throw new RangeError(`${name}.what must be one of ${kinds.join(', ')}`)
  const map = new Map<CborKey, CborValue>([
    [1, what],
    [2, textArgument(where, `${name}.where`, maximumWhere)],
  ])
  if (note !== undefined) map.set(3, textArgument(note, `${name}.note`, maximumNote))
  if (until !== undefined) {
    map.set(4, checkTime(toSeconds(until, `${name}.until`), `${name}.until`))
  }
  return map
}

function textArgument(text: string, name: string, maximum: number): string {
  if (typeof text !== 'string') throw new TypeError(`${name} must be text`)
  if (!isPlain(text, maximum)) {
    throw new RangeError(
      `${name} must be 1 to ${maximum} UTF-8 bytes of text without control and invisible characters`,
    )
  }
  return text
}

function isPlain(text: string, maximum: number): boolean {
  const length = utf8Length(text)
  return length > 0 && length <= maximum && !unsafe.test(text) && !blank.test(text)
}

function checkTime(time: number, name: string): number {
  if (!isTime(time)) throw new RangeError(`${name} must not be later than the year 9999`)
  return time
}

function isTime(value: CborValue | undefined): value is number {
  return typeof value === 'number' && value >= 0 && value <= maximumTime
}

function mapsOf(list: CborValue | undefined): CborMap[] {
  const items = Array.isArray(list) ? (list as readonly CborValue[]) : []
  const maps = items.filter((item): item is CborMap => item instanceof Map)
  if (!Array.isArray(list) || maps.length !== items.length || items.length > maximumCopies) {
    throw malformedEvent('its copies are no list')
  }
  if (!isSortedUnique(maps.map(encodeCbor))) throw malformedEvent('its copies are out of order')
  return maps
}

function copyOf(map: CborMap, remains: boolean): DestroyedCopy & RemainingCopy {
  const [what, where, note, until] = [1, 2, 3, 4].map((label) => map.get(label))
  if (!kinds.includes(what as CopyKind)) throw malformedEvent('a copy of an unknown kind')
  if (typeof where !== 'string' || !isPlain(where, maximumWhere)) {
    throw malformedEvent('a copy without its place')
  }
  if (note !== undefined && !(typeof note === 'string' && isPlain(note, maximumNote))) {
    throw malformedEvent('a copy with a note that is no plain text')
  }
  if (until !== undefined && !(remains && isTime(until))) {
    throw malformedEvent('a copy with an end that is no time')
  }
  const copy = {
    what: what as CopyKind,
    where,
    ...(note !== undefined && { note }),
  }
  if (until !== undefined) withTimes(copy, { until })
  if (map.size !== Object.keys(copy).length) throw malformedEvent('a copy with unknown members')
  return Object.freeze(copy)
}

/** Which copy it is, whatever else is said of it; of a copy whose texts were checked. */
function placeOf(map: CborMap): string {
  return JSON.stringify([map.get(1), map.get(2)])
}
