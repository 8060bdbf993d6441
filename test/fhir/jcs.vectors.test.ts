import { expect, it } from 'vitest'
import { canonicalize, r6Json } from '../../src/fhir/index.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'
import { describeVectors, vectorBytes, vectorText } from '../helpers/vectors.ts'

const canonical = (input: Uint8Array | string): Uint8Array =>
  canonicalize(input, { canonicalization: r6Json }).bytes

describeVectors('RFC 8785, the test data of its authors', () => {
  const names = ['arrays', 'french', 'structures', 'unicode', 'values', 'weird']

  it.each(names)('%s', (name) => {
    const bytes = canonical(vectorBytes(`fhir/jcs/testdata/input/${name}.json`))
    expect(text(bytes)).toBe(vectorText(`fhir/jcs/testdata/output/${name}.json`))
    const hex = vectorText(`fhir/jcs/testdata/outhex/${name}.txt`).replace(/\s/g, '')
    expect(toHex(bytes)).toBe(hex)
    expect(canonical(bytes)).toEqual(bytes)
  })

  it('writes 10,000 doubles as ECMAScript does', () => {
    const lines = vectorText('fhir/jcs/es6testfile10k.txt').trim().split('\n')
    expect(lines.length).toBe(10_000)
    const view = new DataView(new ArrayBuffer(8))
    const numbers: string[] = []
    const expected: string[] = []
    for (const line of lines) {
      const [hex, shortest] = line.split(',') as [string, string]
      view.setBigUint64(0, BigInt(`0x${hex}`))
      // 21 significant digits are more than enough to come back to the same double.
      numbers.push(
        view
          .getFloat64(0)
          .toPrecision(21)
          .replace(/^(-?\d+)e/, '$1.0e'),
      )
      expected.push(shortest)
    }
    expect(text(canonical(`[${numbers.join(',')}]`))).toBe(`[${expected.join(',')}]`)
    const shortest = utf8(`[${expected.join(',')}]`)
    expect(text(canonical(shortest))).toBe(text(shortest))
  })
})
