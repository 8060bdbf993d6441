import { compareBytes } from '../bytes.ts'
import { encodeUtf8, isWellFormed } from '../utf8.ts'

/** A CBOR tag with its content (RFC 8949 §3.4). */
export class Tagged {
  readonly tag: number
  readonly value: CborValue

  constructor(tag: number, value: CborValue) {
    this.tag = tag
    this.value = value
  }
}

/** What our own structures are made of: no floats, no `undefined`, no tags but those named. */
export type CborValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | CborMap
  | Tagged

/** Map keys of our own structures: integers and text. */
export type CborKey = number | bigint | string
/** A map, in any order: the encoder sorts. */
export type CborMap = ReadonlyMap<CborKey, CborValue>

/**
 * Encodes deterministically (RFC 8949 §4.2.1): shortest heads, definite lengths, map entries sorted
 * bytewise by their encoded keys. Always a fresh array.
 */
export function encodeCbor(value: CborValue): Uint8Array {
  const parts: Uint8Array[] = []
  const length = push(parts, value)
  const out = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** Appends the encoding in pieces and returns its length; large byte strings are copied once, above. */
function push(parts: Uint8Array[], value: CborValue): number {
  switch (typeof value) {
    case 'number':
      if (!Number.isSafeInteger(value))
        throw new RangeError('CBOR: a number must be a safe integer')
      return pushHead(parts, value < 0 ? 1 : 0, value < 0 ? -1 - value : value)
    case 'bigint':
      return pushHead(parts, value < 0n ? 1 : 0, value < 0n ? -1n - value : value)
    case 'string': {
      if (!isWellFormed(value)) throw new RangeError('CBOR: text with a lone surrogate')
      const bytes = encodeUtf8(value)
      const length = pushHead(parts, 3, bytes.length)
      parts.push(bytes)
      return length + bytes.length
    }
    case 'boolean':
      return pushHead(parts, 7, value ? 21 : 20)
  }
  if (value === null) return pushHead(parts, 7, 22)
  if (value instanceof Uint8Array) {
    const length = pushHead(parts, 2, value.length)
    parts.push(value)
    return length + value.length
  }
  if (Array.isArray(value)) {
    let length = pushHead(parts, 4, value.length)
    for (const item of value as readonly CborValue[]) length += push(parts, item)
    return length
  }
  if (value instanceof Tagged) return pushHead(parts, 6, value.tag) + push(parts, value.value)
  if (value instanceof Map) return pushMap(parts, value)
  throw new TypeError('CBOR: a value of a type that has no encoding here')
}

function pushMap(parts: Uint8Array[], map: CborMap): number {
  const entries = [...map].map(([key, value]) => ({ key: encodeKey(key), value }))
  entries.sort((a, b) => compareBytes(a.key, b.key))
  let length = pushHead(parts, 5, entries.length)
  entries.forEach(({ key, value }, i) => {
    if (i > 0 && compareBytes(entries[i - 1]!.key, key) === 0) {
      throw new RangeError('CBOR: one key twice, as number and bigint')
    }
    parts.push(key)
    length += key.length + push(parts, value)
  })
  return length
}

/** What the decoder would refuse as a key is not written either. */
function encodeKey(key: CborKey): Uint8Array {
  if (typeof key !== 'number' && typeof key !== 'bigint' && typeof key !== 'string') {
    throw new TypeError('CBOR: a map key must be an integer or text')
  }
  return encodeCbor(key)
}

function pushHead(parts: Uint8Array[], major: number, argument: number | bigint): number {
  const head = encodeHead(major, argument)
  parts.push(head)
  return head.length
}

/** The shortest head of a major type and its argument (RFC 8949 §3). */
export function encodeHead(major: number, argument: number | bigint): Uint8Array {
  const type = major << 5
  if (argument < 24) return Uint8Array.of(type | Number(argument))
  if (argument < 0x100) return Uint8Array.of(type | 24, Number(argument))
  if (argument < 0x10000) return Uint8Array.of(type | 25, Number(argument) >> 8, Number(argument))
  if (argument < 0x100000000) {
    const n = Number(argument)
    return Uint8Array.of(type | 26, n >>> 24, n >>> 16, n >>> 8, n)
  }
  const wide = BigInt(argument)
  if (wide >> 64n !== 0n) throw new RangeError('CBOR: an integer of more than 64 bits')
  const head = new Uint8Array(9)
  head[0] = type | 27
  new DataView(head.buffer).setBigUint64(1, wide)
  return head
}
