import { compareBytes } from '../bytes.ts'
import { decodeUtf8 } from '../utf8.ts'
import { type CborKey, type CborValue, Tagged } from './encode.ts'

/** Makes the error that a module throws for CBOR that it does not accept. */
export type MalformedCbor = (problem: string, offset: number) => Error

/** What the outer COSE_Encrypt of a foreign sender may look like, and what ours must look like. */
interface Rules {
  /** Deterministic encoding demanded: what re-encodes to other bytes is refused. */
  readonly strict: boolean
  readonly tags: readonly number[]
  readonly malformed: MalformedCbor
}

/** An item stands inside at most this many arrays, maps and tags; no structure of ours needs as many. */
const maximumDepth = 16
/**
 * Items of one input. A thousand readers in a batch take 13,000; sixteen million empty maps, which an
 * attacker fits into as many bytes, would take gigabytes of memory.
 */
const maximumItems = 131_072
const noTags: readonly number[] = []

/**
 * Decodes bytes of ours: RFC 8949 §4.2.1 deterministic encoding or nothing. What it accepts re-encodes
 * to the same bytes. Byte strings are copies, the input is never aliased.
 */
export function decodeStrict(
  bytes: Uint8Array,
  malformed: MalformedCbor,
  tags: readonly number[] = noTags,
): CborValue {
  return decodeAll(bytes, { strict: true, tags, malformed })
}

/**
 * Decodes foreign bytes: any valid encoding with definite lengths, but no duplicate keys, no trailing
 * bytes, no floats, valid UTF-8, depth ≤ 16.
 */
export function decodeForeign(
  bytes: Uint8Array,
  malformed: MalformedCbor,
  tags: readonly number[] = noTags,
): CborValue {
  return decodeAll(bytes, { strict: false, tags, malformed })
}

function decodeAll(bytes: Uint8Array, rules: Rules): CborValue {
  const reader = new Reader(bytes, rules)
  const value = reader.item(0)
  if (reader.offset !== bytes.length) throw reader.error('bytes after the end')
  return value
}

class Reader {
  offset = 0
  #items = 0
  readonly #bytes: Uint8Array
  readonly #rules: Rules

  constructor(bytes: Uint8Array, rules: Rules) {
    this.#bytes = bytes
    this.#rules = rules
  }

  error(problem: string, offset = this.offset): Error {
    return this.#rules.malformed(problem, offset)
  }

  item(depth: number): CborValue {
    if (depth > maximumDepth) throw this.error(`nested more than ${maximumDepth} deep`)
    if (++this.#items > maximumItems) throw this.error(`more than ${maximumItems} items`)
    const start = this.offset
    const head = this.#byte()
    const major = head >> 5
    if (major === 7) return this.#simple(head & 31, start)
    const argument = this.#argument(head & 31, start)
    switch (major) {
      case 0:
        return argument
      case 1:
        return typeof argument === 'number' && argument < Number.MAX_SAFE_INTEGER
          ? -1 - argument
          : -1n - BigInt(argument)
      case 2:
        // Not slice(): that of a Buffer is a view on the input.
        return new Uint8Array(this.#take(argument, start))
      case 3: {
        const text = decodeUtf8(this.#take(argument, start))
        if (text === null) throw this.error('text that is not UTF-8', start)
        return text
      }
      case 4:
        return this.#array(this.#count(argument, 1, start), depth)
      case 5:
        return this.#map(this.#count(argument, 2, start), depth)
      default:
        if (typeof argument === 'bigint' || !this.#rules.tags.includes(argument)) {
          throw this.error('a tag that has no place here', start)
        }
        return new Tagged(argument, this.item(depth + 1))
    }
  }

  #simple(info: number, start: number): CborValue {
    if (info === 20) return false
    if (info === 21) return true
    if (info === 22) return null
    throw this.error('a float, an undefined or an unassigned simple value', start)
  }

  #array(count: number, depth: number): CborValue[] {
    const items: CborValue[] = []
    for (let i = 0; i < count; i++) items.push(this.item(depth + 1))
    return items
  }

  #map(count: number, depth: number): Map<CborKey, CborValue> {
    const map = new Map<CborKey, CborValue>()
    let previous: Uint8Array | null = null
    for (let i = 0; i < count; i++) {
      const start = this.offset
      const key = this.item(depth + 1)
      if (typeof key !== 'number' && typeof key !== 'bigint' && typeof key !== 'string') {
        throw this.error('a map key that is neither integer nor text', start)
      }
      if (map.has(key)) throw this.error('a map key that stands twice', start)
      if (this.#rules.strict) {
        const encoded = this.#bytes.subarray(start, this.offset)
        if (previous !== null && compareBytes(previous, encoded) >= 0) {
          throw this.error('map keys out of order', start)
        }
        previous = encoded
      }
      map.set(key, this.item(depth + 1))
    }
    return map
  }

  /** Lengths are checked against the input before anything is allocated for them. */
  #count(argument: number | bigint, itemSize: number, start: number): number {
    const count = Number(argument)
    if (count * itemSize > this.#bytes.length - this.offset) {
      throw this.error('a length beyond the end, as where it was cut off: fetch it again', start)
    }
    return count
  }

  #take(argument: number | bigint, start: number): Uint8Array {
    const length = this.#count(argument, 1, start)
    this.offset += length
    return this.#bytes.subarray(this.offset - length, this.offset)
  }

  #byte(): number {
    const byte = this.#bytes[this.offset]
    if (byte === undefined)
      throw this.error('the end came too early, as where it was cut off: fetch it again')
    this.offset++
    return byte
  }

  #argument(info: number, start: number): number | bigint {
    if (info < 24) return info
    if (info > 27) throw this.error('an indefinite length or a reserved head', start)
    const width = 1 << (info - 24)
    let value = 0
    for (let i = 0; i < Math.min(width, 4); i++) value = value * 256 + this.#byte()
    let shortest = width === 1 ? value >= 24 : value >= 2 ** (4 * width)
    let argument: number | bigint = value
    if (width === 8) {
      let low = 0
      for (let i = 0; i < 4; i++) low = low * 256 + this.#byte()
      shortest = value > 0
      const wide = value * 0x100000000 + low
      argument = Number.isSafeInteger(wide) ? wide : (BigInt(value) << 32n) | BigInt(low)
    }
    if (this.#rules.strict && !shortest) throw this.error('a head longer than needed', start)
    return argument
  }
}
