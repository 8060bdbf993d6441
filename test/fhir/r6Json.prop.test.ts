import npmCanonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isCaresealError } from '../../src/errors.ts'
import { canonicalize, r6Json } from '../../src/fhir/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { lexeme, nastyString, resourceText, runs } from './arbitrary.ts'
import { parseJson, Refused } from './reference/json.ts'

const form = (json: string) => canonicalize(json, { canonicalization: r6Json })

describe('r6/json beside the npm package canonicalize', () => {
  it('gives the same bytes for what JSON.parse understands', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false, maxDepth: 6 }), (value) => {
        const json = JSON.stringify(value)
        expect(text(form(json).bytes)).toBe(npmCanonicalize(JSON.parse(json)))
      }),
      { numRuns: runs(2000) },
    )
  })

  it('gives the same bytes in all spellings, and refuses names that are there twice', () => {
    let accepted = 0
    fc.assert(
      fc.property(resourceText(), (json) => {
        let isRefused = false
        try {
          parseJson(utf8(json))
        } catch (error) {
          if (!(error instanceof Refused)) throw error
          isRefused = true
        }
        try {
          // The package reads __proto__ as a prototype.
          if (json.includes('__proto__')) return
          expect(text(form(json).bytes)).toBe(npmCanonicalize(JSON.parse(json)))
          accepted++
        } catch (error) {
          if (!isCaresealError(error)) throw error
          // Beyond a double: 1e1000 and the like.
          expect(isRefused || /\d[eE]\+?\d{3}/.test(json)).toBe(true)
        }
      }),
      { numRuns: runs(2000) },
    )
    expect(accepted).toBeGreaterThan(runs(500))
  })

  it('writes numbers as ECMAScript does, and tells which of them change', () => {
    fc.assert(
      fc.property(lexeme, (number) => {
        const value = Number(number)
        fc.pre(Number.isFinite(value))
        const { bytes, losses } = form(`{"a":${number}}`)
        expect(text(bytes)).toBe(`{"a":${String(value)}}`)
        const same = lossOf(number) === lossOf(String(value))
        expect(losses.length).toBe(same ? 0 : 1)
      }),
      { numRuns: runs(5000) },
    )
  })

  it('keeps doubles that are written as ECMAScript writes them', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const json = `[${String(value)}]`
        expect(form(json)).toMatchObject({ losses: [] })
        expect(text(form(json).bytes)).toBe(json)
      }),
      { numRuns: runs(5000) },
    )
  })

  it('sorts names by UTF-16 code units', () => {
    fc.assert(
      fc.property(fc.uniqueArray(nastyString, { maxLength: 40 }), (names) => {
        const json = `{${names.map((name) => `${JSON.stringify(name)}:0`).join(',')}}`
        const expected = [...names].sort().map((name) => `${JSON.stringify(name)}:0`)
        expect(text(form(json).bytes)).toBe(`{${expected.join(',')}}`)
      }),
      { numRuns: runs(1000) },
    )
  })
})

/** Sign, coefficient and exponent, computed otherwise than in src. */
function lossOf(lexeme: string): string {
  const [, sign, whole, fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]\+?(-?\d+))?$/.exec(lexeme)!
  return `${sign} ${BigInt(`${whole}${fraction}`)} ${BigInt(exponent) - BigInt(fraction.length)}`
}
