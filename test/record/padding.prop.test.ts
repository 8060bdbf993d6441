import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { encodeRecord, paddingFor, padme } from '../../src/record/layout.ts'

/** Padmé as its paper words it (Nikitin et al., Algorithm 1), with shifts. */
function padmeOfPaper(length: number): number {
  const exponent = BigInt(Math.floor(Math.log2(length)))
  const significant = BigInt(Math.floor(Math.log2(Number(exponent))) + 1)
  const last = exponent - significant
  const mask = last > 0n ? (1n << last) - 1n : 0n
  return Number((BigInt(length) + mask) & ~mask)
}

/** The length of a byte string's head. */
const head = (n: number): number => (n < 24 ? 1 : n < 256 ? 2 : n < 65536 ? 3 : 5)

describe('padding', () => {
  test.prop([fc.integer({ min: 2, max: 2 ** 31 })])('is Padmé', (length) => {
    expect(padme(length)).toBe(padmeOfPaper(length))
    expect(padme(padme(length))).toBe(padme(length))
    expect(padme(length)).toBeLessThanOrEqual(length * 1.12 + 1)
  })

  test.prop([fc.integer({ min: 40, max: 200_000 })])(
    'takes the least number of zeros',
    (length) => {
      const zeros = paddingFor(length)
      const total = (n: number): number => length - 1 + head(n) + n
      expect(padme(total(zeros))).toBe(total(zeros))
      for (let fewer = 0; fewer < zeros; fewer++) expect(padme(total(fewer))).not.toBe(total(fewer))
    },
  )

  it('is on unless it is turned off, and hides nearby lengths', () => {
    const bytes = new Uint8Array(300)
    const lengthOf = (size: number, padded: boolean): number =>
      encodeRecord({ manifest: bytes, signature: bytes, content: new Uint8Array(size) }, padded)
        .length
    expect(lengthOf(5000, false)).not.toBe(lengthOf(5001, false))
    expect(
      new Set(Array.from({ length: 60 }, (_, i) => lengthOf(5000 + i, true))).size,
    ).toBeLessThan(3)
    for (let size = 0; size < 3000; size += 7)
      expect(padme(lengthOf(size, true))).toBe(lengthOf(size, true))
  })
})
