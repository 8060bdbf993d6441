import {
  type CborValue,
  cborLength,
  decodeStrict,
  encodeCbor,
  headLength,
  Tagged,
} from '../internal/cbor/index.ts'
import { recordDomain } from '../internal/envelope/content.ts'
import { tagSign, tagSign1 } from '../internal/registry.ts'
import { malformedRecord } from './manifest.ts'

/** The parts of a record inside its envelope (docs/formats.md §4). */
export interface RecordParts {
  readonly manifest: Uint8Array
  /** The COSE_Sign1 or COSE_Sign, tagged. */
  readonly signature: Uint8Array
  /** `null` where the record has a stream. */
  readonly content: Uint8Array | null
}

const tags: readonly number[] = [tagSign1, tagSign]
const empty = new Uint8Array(0)

/** Encodes a record, padded so that its length tells little about the content's. */
export function encodeRecord(parts: RecordParts, padded: boolean): Uint8Array {
  const { manifest, signature, content } = parts
  const items: CborValue[] = [recordDomain, manifest, signature, content]
  const zeros = padded ? paddingFor(cborLength([...items, empty])) : 0
  return encodeCbor([...items, new Uint8Array(zeros)])
}

/** Takes a record apart; the padding is checked to be zeros and dropped. */
export function decodeRecord(plaintext: Uint8Array): RecordParts & { signed: CborValue } {
  const value = decodeStrict(plaintext, malformedRecord, tags)
  if (value instanceof Tagged || !Array.isArray(value)) {
    throw malformedRecord('the envelope holds other content, use open of careseal/envelope')
  }
  const [domain, manifest, signature, content, padding] = value as readonly CborValue[]
  if (domain !== recordDomain) {
    throw malformedRecord('the envelope holds other content, use open of careseal/envelope')
  }
  if (
    value.length !== 5 ||
    !(manifest instanceof Uint8Array) ||
    !(signature instanceof Uint8Array)
  ) {
    throw malformedRecord('its parts are not those of a record')
  }
  if (content !== null && !(content instanceof Uint8Array)) {
    throw malformedRecord('its content is of the wrong type')
  }
  if (!(padding instanceof Uint8Array) || padding.some((byte) => byte !== 0)) {
    throw malformedRecord('its padding is not zeros')
  }
  const signed = decodeStrict(signature, malformedRecord, tags)
  return { manifest, signature, content: content ?? null, signed }
}

/**
 * The least number of zeros that brings the item to a length that Padmé leaves as it is. `length` is that
 * of the item with empty padding, whose head is one byte.
 */
export function paddingFor(length: number): number {
  for (let target = padme(length); ; target = padme(target + 1)) {
    const room = target - length
    // The head of the padding grows with it: 1, 2, 3 or 5 bytes instead of 1.
    for (let head = 1; head <= 5; head++) {
      const zeros = room - (head - 1)
      if (zeros >= 0 && headLength(zeros) === head) return zeros
    }
  }
}

/**
 * Padmé (Nikitin et al., PETS 2019): the next length of which only the leading bits are set, so that at most
 * O(log log n) bits of the length show, for at most 12 % more bytes.
 */
export function padme(length: number): number {
  if (length < 2) return length
  const exponent = Math.floor(Math.log2(length))
  const significant = Math.floor(Math.log2(exponent)) + 1
  const step = 2 ** Math.max(0, exponent - significant)
  return Math.ceil(length / step) * step
}
