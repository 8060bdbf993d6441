import { expect, it } from 'vitest'
import {
  type CborValue,
  decodeForeign,
  decodeStrict,
  encodeCbor,
} from '../../src/internal/cbor/index.ts'
import { hex, toHex } from '../helpers/bytes.ts'
import { coseTags, RefusedCbor, refused } from '../helpers/cbor.ts'
import { describeVectors, vectorJson, vectorText } from '../helpers/vectors.ts'

interface AppendixA {
  readonly hex: string
  readonly roundtrip: boolean
  readonly decoded?: unknown
  readonly diagnostic?: string
}

/** JSON has no byte strings, no integer keys and no integers of 64 bits. */
const beyondJson = new Map<string, CborValue>([
  ['1bffffffffffffffff', 18446744073709551615n],
  ['3bffffffffffffffff', -18446744073709551616n],
  ['40', new Uint8Array(0)],
  ['4401020304', Uint8Array.of(1, 2, 3, 4)],
  [
    'a201020304',
    new Map([
      [1, 2],
      [3, 4],
    ]),
  ],
])

function fromJson(value: unknown): CborValue {
  if (Array.isArray(value)) return value.map(fromJson)
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.entries(value).map(([key, item]) => [key, fromJson(item)]))
  }
  return value as CborValue
}

/** Floats, undefined, simple values, tags and indefinite lengths: valid CBOR that the profile leaves out. */
const leftOut = ({ hex: bytes, roundtrip }: AppendixA): boolean =>
  !roundtrip || /^(f[0-37-9ab]|[cd])/.test(bytes)

describeVectors('RFC 8949 appendix A', () => {
  const load = (): AppendixA[] => vectorJson('crypto/cbor/rfc8949-appendix_a.json')

  it('encodes and decodes every value that the profile admits, in both modes', () => {
    const admitted = load().filter((vector) => !leftOut(vector))
    expect(admitted).toHaveLength(37)
    for (const vector of admitted) {
      const value = beyondJson.get(vector.hex) ?? fromJson(vector.decoded)
      expect(toHex(encodeCbor(value)), vector.hex).toBe(vector.hex)
      expect(decodeStrict(hex(vector.hex), refused), vector.hex).toEqual(value)
      expect(decodeForeign(hex(vector.hex), refused), vector.hex).toEqual(value)
    }
  })

  it('refuses every other value, in both modes', () => {
    const others = load().filter(leftOut)
    expect(others).toHaveLength(45)
    for (const vector of others) {
      const name = `${vector.hex} ${vector.diagnostic ?? ''}`
      expect(() => decodeStrict(hex(vector.hex), refused, coseTags), name).toThrow(RefusedCbor)
      expect(() => decodeForeign(hex(vector.hex), refused, coseTags), name).toThrow(RefusedCbor)
    }
  })
})

describeVectors('RFC 8949 §4.2.1 deterministic encoding', () => {
  interface Deterministic {
    readonly keyOrderEncoded: readonly string[]
    readonly lengthFirstOrderEncoded: readonly string[]
    readonly floats: readonly (readonly [string, string])[]
    readonly rejectNonDeterministic: readonly string[]
  }
  const load = (): Deterministic => vectorJson('crypto/cbor/rfc8949-deterministic.json')
  // Keys that are arrays or booleans have no place in our maps.
  const ours = (keys: readonly string[]): string[] => keys.filter((key) => !/^(8|f)/.test(key))
  const mapOf = (keys: readonly string[]): string =>
    `a${keys.length}${keys.map((key) => `${key}00`).join('')}`

  it('sorts keys bytewise, and refuses the older length-first order', () => {
    const { keyOrderEncoded, lengthFirstOrderEncoded } = load()
    const keys = ours(keyOrderEncoded)
    expect(keys).toHaveLength(5)
    const map = new Map(
      [...keys].reverse().map((key) => [decodeStrict(hex(key), refused) as string, 0]),
    )
    expect(toHex(encodeCbor(map))).toBe(mapOf(keys))
    expect(decodeStrict(hex(mapOf(keys)), refused)).toEqual(map)
    const lengthFirst = mapOf(ours(lengthFirstOrderEncoded))
    expect(() => decodeStrict(hex(lengthFirst), refused)).toThrow('map keys out of order')
    expect(decodeForeign(hex(lengthFirst), refused)).toEqual(map)
  })

  it('refuses floats, even in their shortest form', () => {
    const { floats } = load()
    expect(floats.length).toBeGreaterThan(8)
    for (const [name, bytes] of floats) {
      expect(() => decodeStrict(hex(bytes), refused), name).toThrow(RefusedCbor)
      expect(() => decodeForeign(hex(bytes), refused), name).toThrow(RefusedCbor)
    }
  })

  it('refuses every encoding that is not deterministic', () => {
    const { rejectNonDeterministic } = load()
    expect(rejectNonDeterministic.length).toBeGreaterThan(18)
    for (const bytes of rejectNonDeterministic) {
      expect(() => decodeStrict(hex(bytes), refused, coseTags), bytes).toThrow(RefusedCbor)
    }
  })
})

describeVectors('CBOR CDE, numbers that a wider profile would reduce', () => {
  it('integers of 64 bits are as they are; floats and bignums are refused, and nothing is reduced', () => {
    const rows = vectorText('crypto/cbor/cde-tab-wide1.md.txt').split('\n')
    const encodings = rows.flatMap((row) => /`([0-9A-F]+)` \|/.exec(row)?.[1]?.toLowerCase() ?? [])
    expect(encodings).toHaveLength(13)
    const admitted = encodings.filter((bytes) => !/^(f|c)/.test(bytes))
    expect(admitted).toHaveLength(8)
    for (const bytes of encodings) {
      const decode = (): CborValue => decodeStrict(hex(bytes), refused, coseTags)
      if (admitted.includes(bytes)) expect(toHex(encodeCbor(decode())), bytes).toBe(bytes)
      else expect(decode, bytes).toThrow(RefusedCbor)
    }
  })
})
