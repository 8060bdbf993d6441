import { compareBytes } from '../bytes.ts'
import { utf8Length, writeUtf8 } from '../utf8.ts'

/** A CBOR tag with its content (RFC 8949 §3.4). */
export class Tagged {
  readonly tag: number
  readonly value: CborValue

  constructor(tag: number, value: CborValue) {
    this.tag = tag
    this.value = value
  }
}

/**
 * A byte string whose bytes are put in later: only its head is encoded. Large content then is not copied from one
 * structure into the next.
 */
export class Gap {
  readonly length: number
  /** Where its bytes belong, once it was encoded. */
  at = 0

  constructor(length: number) {
    this.length = length
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
  | Gap

/** Map keys of our own structures: integers and text. */
export type CborKey = number | bigint | string
/** A map, in any order: the encoder sorts. */
export type CborMap = ReadonlyMap<CborKey, CborValue>

/**
 * Encodes deterministically (RFC 8949 §4.2.1): shortest heads, definite lengths, map entries sorted
 * bytewise by their encoded keys. Always a fresh array. Two passes, so that nothing is allocated but it.
 */
export function encodeCbor(value: CborValue): Uint8Array {
  const out = new Uint8Array(cborLength(value))
  write(out, 0, value)
  return out
}

/** Encodes what stands before and behind a gap. */
export function encodeAround(value: CborValue, gap: Gap): [before: Uint8Array, behind: Uint8Array] {
  const bytes = encodeCbor(value)
  return [bytes.subarray(0, gap.at), bytes.subarray(gap.at)]
}

/** Bytes of the encoding; throws for what has none. */
export function cborLength(value: CborValue): number {
  switch (typeof value) {
    case 'number':
      if (!Number.isSafeInteger(value)) {
        throw new RangeError('CBOR: a number must be a safe integer')
      }
      return headLength(value < 0 ? -1 - value : value)
    case 'bigint':
      return headLength(value < 0n ? -1n - value : value)
    case 'string': {
      const length = utf8Length(value)
      if (length < 0) throw new RangeError('CBOR: text with a lone surrogate')
      return headLength(length) + length
    }
    case 'boolean':
      return 1
  }
  if (value === null) return 1
  if (value instanceof Uint8Array) return headLength(value.length) + value.length
  if (Array.isArray(value)) {
    let length = headLength(value.length)
    for (const item of value as readonly CborValue[]) length += cborLength(item)
    return length
  }
  if (value instanceof Tagged) return headLength(value.tag) + cborLength(value.value)
  if (value instanceof Gap) return headLength(value.length)
  if (value instanceof Map) {
    let length = headLength(value.size)
    for (const key of value.keys() as Iterable<CborKey>) {
      length += cborLength(keyOf(key)) + cborLength((value as CborMap).get(key)!)
    }
    return length
  }
  throw new TypeError('CBOR: a value of a type that has no encoding here')
}

/** Writes the encoding and returns where it ends. Lengths and types were checked by the first pass. */
function write(out: Uint8Array, offset: number, value: CborValue): number {
  switch (typeof value) {
    case 'number':
      return value < 0 ? writeHead(out, offset, 1, -1 - value) : writeHead(out, offset, 0, value)
    case 'bigint':
      return value < 0n ? writeHead(out, offset, 1, -1n - value) : writeHead(out, offset, 0, value)
    case 'string':
      return writeText(out, offset, value)
    case 'boolean':
      return writeHead(out, offset, 7, value ? 21 : 20)
  }
  if (value === null) return writeHead(out, offset, 7, 22)
  if (value instanceof Uint8Array) {
    const start = writeHead(out, offset, 2, value.length)
    out.set(value, start)
    return start + value.length
  }
  if (value instanceof Tagged) {
    return write(out, writeHead(out, offset, 6, value.tag), value.value)
  }
  if (value instanceof Map) return writeMap(out, offset, value)
  if (value instanceof Gap) {
    value.at = writeHead(out, offset, 2, value.length)
    return value.at
  }
  const items = value as readonly CborValue[]
  let end = writeHead(out, offset, 4, items.length)
  for (const item of items) end = write(out, end, item)
  return end
}

/** Its head has the place that text of as many ASCII characters needs; where that is too little, the text moves. */
function writeText(out: Uint8Array, offset: number, text: string): number {
  const start = offset + headLength(text.length)
  const end = writeUtf8(out, start, text)
  const head = headLength(end - start)
  if (offset + head !== start) out.copyWithin(offset + head, start, end)
  return writeHead(out, offset, 3, end - start) + end - start
}

function writeMap(out: Uint8Array, offset: number, map: CborMap): number {
  let end = writeHead(out, offset, 5, map.size)
  const keys = [...map.keys()]
  if (keys.some((key, i) => i > 0 && compareKeys(keys[i - 1]!, key) > 0)) keys.sort(compareKeys)
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    if (i > 0 && compareKeys(keys[i - 1]!, key) === 0) {
      throw new RangeError('CBOR: one key twice, as number and bigint')
    }
    end = write(out, write(out, end, key), map.get(key)!)
  }
  return end
}

/** The bytewise order of two encoded keys. Among small integers: 0, 1, 2, … and then -1, -2, -3, … */
function compareKeys(a: CborKey, b: CborKey): number {
  if (typeof a !== 'number' || typeof b !== 'number')
    return compareBytes(encodeCbor(a), encodeCbor(b))
  if (a < 0) return b < 0 ? b - a : 1
  return b < 0 ? -1 : a - b
}

/** What the decoder would refuse as a key is not written either. */
function keyOf(key: CborKey): CborKey {
  if (typeof key !== 'number' && typeof key !== 'bigint' && typeof key !== 'string') {
    throw new TypeError('CBOR: a map key must be an integer or text')
  }
  return key
}

/** Bytes of the shortest head (RFC 8949 §3). */
export function headLength(argument: number | bigint): number {
  if (argument < 24) return 1
  if (argument < 0x100) return 2
  if (argument < 0x10000) return 3
  if (argument < 0x100000000) return 5
  if (argument > 0xffffffffffffffffn) throw new RangeError('CBOR: an integer of more than 64 bits')
  return 9
}

function writeHead(
  out: Uint8Array,
  offset: number,
  major: number,
  argument: number | bigint,
): number {
  const type = major << 5
  if (argument < 24) {
    out[offset] = type | Number(argument)
    return offset + 1
  }
  const length = headLength(argument)
  out[offset] = type | (length === 2 ? 24 : length === 3 ? 25 : length === 5 ? 26 : 27)
  let rest = argument
  if (typeof rest === 'number') {
    for (let i = offset + length - 1; i > offset; i--) {
      out[i] = rest % 256
      rest = Math.floor(rest / 256)
    }
  } else {
    for (let i = offset + length - 1; i > offset; i--) {
      out[i] = Number(rest & 255n)
      rest >>= 8n
    }
  }
  return offset + length
}
