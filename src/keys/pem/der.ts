import { KeyMalformed } from '../../errors.ts'
import { concat } from '../../internal/bytes.ts'

/** Tags of the types that keys are made of (X.690 §8). */
export const derInteger = 0x02
export const derBitString = 0x03
export const derOctetString = 0x04
export const derSequence = 0x30

/** One DER item: tag, definite length in its shortest form (X.690 §10.1), content. */
export function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = concat(...content)
  const { length } = body
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  const item = concat(Uint8Array.of(tag, ...head), body)
  body.fill(0)
  return item
}

/** Takes the items of a DER encoding one after the other, and nothing that BER would allow beside DER. */
export interface DerReader {
  /** The content of the next item, which must have this tag. */
  take(tag: number): Uint8Array
  /** The same, read item by item. */
  enter(tag: number): DerReader
  /** Whether the next item has this tag. */
  has(tag: number): boolean
  /** Nothing may follow. */
  end(): void
}

/** A reader over attacker-controlled bytes; `start` is where they stand in the whole, for messages. */
export function derReader(bytes: Uint8Array, start = 0): DerReader {
  let at = 0
  const refuse = (problem: string): never => {
    throw new KeyMalformed(`No DER: ${problem}`, { offset: start + at })
  }
  /** Tag and length of the next item; what it claims never reaches past the bytes that are there. */
  const next = (tag: number): [from: number, to: number] => {
    if (bytes[at] !== tag) refuse('another type than belongs here')
    const first = bytes[at + 1] ?? refuse('it ends within an item')
    // Two bytes of length hold every key; one byte that says 0x80 is BER's indefinite length.
    const count = first < 0x80 ? 0 : first - 0x80
    if (first >= 0x80 && (count < 1 || count > 2)) refuse('a length that no key has')
    let length = count === 0 ? first : 0
    for (let i = 0; i < count; i++) length = (length << 8) | (bytes[at + 2 + i] ?? 0)
    const from = at + 2 + count
    if (from + length > bytes.length) refuse('it ends within an item')
    if (count > 0 && length < (count === 1 ? 0x80 : 0x100)) {
      refuse('a length that is not in its shortest form')
    }
    return [from, from + length]
  }
  const advance = (tag: number): [number, number] => {
    const [from, to] = next(tag)
    at = to
    return [from, to]
  }
  return {
    take: (tag) => bytes.subarray(...advance(tag)),
    enter(tag) {
      const [from, to] = advance(tag)
      return derReader(bytes.subarray(from, to), start + from)
    },
    has: (tag) => bytes[at] === tag,
    end() {
      if (at < bytes.length) refuse('something follows that does not belong here')
    },
  }
}
