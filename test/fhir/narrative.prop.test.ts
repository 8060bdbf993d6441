import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalize } from '../../src/fhir/index.ts'
import { text } from '../helpers/bytes.ts'
import { built, runs } from './arbitrary.ts'
import { referenceXhtml } from './reference/xhtml.ts'
import { xhtmlText } from './xhtmlText.ts'

/** The narrative in the canonical form of a resource with this one. */
function narrativeOf(div: string): string {
  const { bytes } = canonicalize(JSON.stringify({ text: { div } }))
  return (JSON.parse(text(bytes)) as { text: { div: string } }).text.div
}

describe('narratives beside a second implementation', () => {
  it('are written alike, or stay strings alike', () => {
    let canonical = 0
    fc.assert(
      fc.property(built(xhtmlText), (div) => {
        const expected = referenceXhtml(div)
        if (expected !== null) canonical++
        expect(narrativeOf(div)).toBe(expected ?? div)
      }),
      { numRuns: runs(4000) },
    )
    expect(canonical).toBeGreaterThan(runs(1500))
  })

  it('are judged alike after one change', () => {
    fc.assert(
      fc.property(
        built(xhtmlText),
        fc.nat(),
        fc.constantFrom(...'<>&;"\'=/!-?[]: \t\r\nax#:'),
        (div, at, character) => {
          const characters = [...div]
          characters.splice(at % characters.length, at % 2, character)
          const changed = characters.join('')
          expect(narrativeOf(changed)).toBe(referenceXhtml(changed) ?? changed)
        },
      ),
      { numRuns: runs(4000) },
    )
  })

  it('stay as they are once they are canonical', () => {
    fc.assert(
      fc.property(built(xhtmlText), (div) => {
        const once = narrativeOf(div)
        expect(narrativeOf(once)).toBe(once)
      }),
      { numRuns: runs(1000) },
    )
  })
})
