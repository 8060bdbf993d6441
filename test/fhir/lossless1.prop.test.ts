import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isCaresealError } from '../../src/errors.ts'
import { canonicalize, parse, r6Json } from '../../src/fhir/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { lexeme, memberName, nastyString, resourceText, runs } from './arbitrary.ts'
import { Refused } from './reference/json.ts'
import { referenceLossless, referenceNumber } from './reference/lossless.ts'

/** What a function makes of a text, or that it refuses it. */
function outcome(make: () => string): string {
  try {
    return make()
  } catch (error) {
    // TextDecoder reports invalid UTF-8 with a TypeError that has a code.
    if (isCaresealError(error) || error instanceof Refused || 'code' in (error as Error))
      return 'refused'
    throw error
  }
}

const ours = (json: string): string => outcome(() => text(canonicalize(json).bytes))
const theirs = (json: string): string => outcome(() => referenceLossless(utf8(json)))

describe('lossless/1 beside a second implementation', () => {
  it('gives the same bytes, and refuses the same', () => {
    let accepted = 0
    fc.assert(
      fc.property(resourceText(), (json) => {
        const expected = theirs(json)
        if (expected !== 'refused') accepted++
        expect(ours(json)).toBe(expected)
      }),
      { numRuns: runs(3000) },
    )
    expect(accepted).toBeGreaterThan(500)
  })

  it('judges one damaged byte alike', () => {
    fc.assert(
      fc.property(resourceText(), fc.nat(), fc.integer({ min: 0, max: 255 }), (json, at, byte) => {
        const bytes = utf8(json)
        bytes[at % bytes.length] = byte
        const expected = outcome(() => referenceLossless(bytes))
        expect(outcome(() => text(canonicalize(bytes).bytes))).toBe(expected)
      }),
      { numRuns: runs(3000) },
    )
  })

  it('writes numbers alike', () => {
    fc.assert(
      fc.property(lexeme, (number) => {
        const expected = outcome(() => `{"a":${referenceNumber(number)}}`)
        expect(ours(`{"a":${number}}`)).toBe(expected)
      }),
      { numRuns: runs(3000) },
    )
  })
})

describe('lossless/1', () => {
  it('leaves canonical bytes as they are', () => {
    fc.assert(
      fc.property(resourceText(), (json) => {
        const once = ours(json)
        fc.pre(once !== 'refused')
        expect(ours(once)).toBe(once)
      }),
      { numRuns: runs(1000) },
    )
  })

  it('gives a tree and its text the same bytes, again and again', () => {
    fc.assert(
      fc.property(resourceText(), (json) => {
        const expected = ours(json)
        fc.pre(expected !== 'refused')
        const tree = parse(json)
        expect(text(canonicalize(tree).bytes)).toBe(expected)
        outcome(() => text(canonicalize(tree, { canonicalization: r6Json }).bytes))
        expect(text(canonicalize(tree).bytes)).toBe(expected)
      }),
      { numRuns: runs(500) },
    )
  })

  it('does not depend on the order of members, for objects of any size', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.oneof(memberName, nastyString), { minLength: 1, maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        (names, random) => {
          const shuffled = [...names].sort(() => (random.next().value % 2 === 0 ? 1 : -1))
          const json = (list: string[]): string =>
            `{${list.map((name) => `${JSON.stringify(name)}:1`).join(',')}}`
          const expected = json([...names].sort((a, b) => (a < b ? -1 : 1)))
          expect(ours(json(names))).toBe(expected)
          expect(ours(json(shuffled))).toBe(expected)
        },
      ),
      { numRuns: runs(500) },
    )
  })
})
