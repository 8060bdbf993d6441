import * as cborg from 'cborg'
import fc from 'fast-check'
import {
  type CborKey,
  type CborMap,
  type CborValue,
  type MalformedCbor,
  Tagged,
} from '../../src/internal/cbor/index.ts'

/** What the decoder throws in these tests: tells its refusals from every other exception. */
export class RefusedCbor extends Error {
  readonly offset: number

  constructor(problem: string, offset: number) {
    super(problem)
    this.offset = offset
  }
}

/** The error maker to hand to the decoder. */
export const refused: MalformedCbor = (problem, offset) => new RefusedCbor(problem, offset)

/** The tags that COSE messages of ours have. */
export const coseTags: readonly number[] = [18, 96, 98]

const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc
    .bigInt(-(2n ** 64n), 2n ** 64n - 1n)
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)),
  fc.constantFrom(23, 24, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
  fc.constantFrom(-24, -25, -256, -257, -65536, -65537, -(2 ** 32), -(2 ** 32) - 1),
)
// No lone surrogates: they have no UTF-8 form.
const words = fc.string({ unit: 'binary', maxLength: 80 })

/** Any value that our profile admits, up to four containers deep. */
export const anyCbor: fc.Arbitrary<CborValue> = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    integer,
    words,
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 80 }),
    fc.array(tie('value'), { maxLength: 6 }),
    fc
      .array(fc.tuple(fc.oneof(integer, words), tie('value')), { maxLength: 6 })
      .map((entries) => new Map<CborKey, CborValue>(entries)),
    fc
      .tuple(fc.constantFrom(...coseTags), tie('value'))
      .map(([tag, value]) => new Tagged(tag, value)),
  ),
})).value

/** The same value as the independent codec has it. */
export function toOracle(value: CborValue): unknown {
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
  if (value instanceof Tagged) return new cborg.Tagged(value.tag, toOracle(value.value))
  if (value instanceof Map) {
    return new Map([...(value as CborMap)].map(([key, item]) => [key, toOracle(item)]))
  }
  return (value as readonly CborValue[]).map(toOracle)
}

/** What the independent codec encodes: RFC 8949 core deterministic encoding. */
export function oracleEncode(value: CborValue): Uint8Array {
  return cborg.encode(toOracle(value), cborg.rfc8949EncodeOptions)
}

/**
 * What the independent codec makes of bytes when it is as tolerant as it can be: any length of head, any
 * order of keys, indefinite lengths, floats, undefined. Throws for what is no CBOR at all.
 */
export function oracleDecode(bytes: Uint8Array): CborValue {
  return fromOracle(
    cborg.decode(bytes, {
      useMaps: true,
      allowIndefinite: true,
      allowUndefined: true,
      tags: Object.fromEntries(
        coseTags.map((tag) => [tag, (decode: () => unknown) => new cborg.Tagged(tag, decode())]),
      ),
    }),
  )
}

function fromOracle(value: unknown): CborValue {
  if (value instanceof cborg.Tagged) return new Tagged(value.tag, fromOracle(value.value))
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [key as CborKey, fromOracle(item)]))
  }
  if (Array.isArray(value)) return value.map(fromOracle)
  return value as CborValue
}

/** How many arrays, maps and tags stand around the deepest item. */
export function depthOf(value: CborValue): number {
  const inner =
    value instanceof Tagged
      ? [value.value]
      : value instanceof Map
        ? [...(value as CborMap)].flat()
        : Array.isArray(value)
          ? (value as readonly CborValue[])
          : []
  return inner.length === 0 ? 0 : 1 + Math.max(...inner.map(depthOf))
}
