import * as cborg from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CborValue,
  decodeForeign,
  decodeStrict,
  encodeCbor,
} from '../../src/internal/cbor/index.ts'
import { toHex } from '../helpers/bytes.ts'
import {
  anyCbor,
  coseTags,
  depthOf,
  oracleDecode,
  oracleEncode,
  RefusedCbor,
  refused,
} from '../helpers/cbor.ts'
import { mutated } from '../helpers/mutate.ts'

/** The value, or `null` wrapped away: a refusal. Any exception but a refusal fails the test. */
function attempt(decode: typeof decodeStrict, bytes: Uint8Array): { value: CborValue } | null {
  try {
    return { value: decode(bytes, refused, coseTags) }
  } catch (error) {
    if (!(error instanceof RefusedCbor)) throw error
    expect(error.offset).toBeGreaterThanOrEqual(0)
    expect(error.offset).toBeLessThanOrEqual(bytes.length)
    return null
  }
}

/** Whether bytes are deterministic CBOR of our profile, told by a codec that somebody else wrote. */
function isDeterministic(bytes: Uint8Array): boolean {
  try {
    const value = oracleDecode(bytes)
    return toHex(oracleEncode(value)) === toHex(bytes) && depthOf(value) <= 16
  } catch {
    return false
  }
}

/** Values of the other codec that our profile leaves out, though they encode deterministically. */
const leftOut = (value: CborValue): boolean => {
  try {
    encodeCbor(value)
    return false
  } catch {
    return true
  }
}

function checkStrict(bytes: Uint8Array): void {
  const decoded = attempt(decodeStrict, bytes)
  if (decoded !== null) {
    expect(toHex(encodeCbor(decoded.value))).toBe(toHex(bytes))
    expect(attempt(decodeForeign, bytes)).toEqual(decoded)
    return
  }
  // Refused: then either it is not deterministic, or it holds what the profile leaves out.
  expect(isDeterministic(bytes) && !leftOut(oracleDecode(bytes))).toBe(false)
}

describe('deterministic CBOR', () => {
  it('encodes like an independent codec', () => {
    fc.assert(
      fc.property(anyCbor, (value) => {
        expect(toHex(encodeCbor(value))).toBe(toHex(oracleEncode(value)))
      }),
      { numRuns: 1000 },
    )
  })

  it('reads back what it wrote, and so does an independent codec', () => {
    fc.assert(
      fc.property(anyCbor, (value) => {
        const bytes = encodeCbor(value)
        expect(decodeStrict(bytes, refused, coseTags)).toEqual(value)
        expect(decodeForeign(bytes, refused, coseTags)).toEqual(value)
        expect(oracleDecode(bytes)).toEqual(value)
      }),
      { numRuns: 1000 },
    )
  })

  it('accepts arbitrary bytes exactly when they re-encode to themselves', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 24 }), checkStrict), { numRuns: 4000 })
  })

  it('accepts valid bytes after a change exactly when they re-encode to themselves', () => {
    fc.assert(fc.property(mutated(anyCbor.map(encodeCbor)), checkStrict), { numRuns: 4000 })
  })

  it('reads in foreign mode what the other codec wrote in another order or a longer form', () => {
    const anyOrder = { ...cborg.rfc8949EncodeOptions, mapSorter: () => 0 }
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { maxLength: 8 }), (keys) => {
        const map = new Map<number, CborValue>(keys.map((key) => [key, 0]))
        const bytes = cborg.encode(map, anyOrder)
        expect(attempt(decodeForeign, bytes)).toEqual({ value: map })
        const sorted = toHex(bytes) === toHex(encodeCbor(map))
        expect(attempt(decodeStrict, bytes) !== null).toBe(sorted)
      }),
    )
  })

  it('answers hostile bytes with a refusal, never with another exception or an alias', () => {
    fc.assert(
      fc.property(mutated(anyCbor.map(encodeCbor)), (bytes) => {
        const copy = bytes.slice()
        attempt(decodeForeign, bytes)
        expect(toHex(bytes)).toBe(toHex(copy))
      }),
      { numRuns: 2000 },
    )
  })
})
