import { describe, expect, it } from 'vitest'
import { FhirLossy, FhirRefused } from '../../src/errors.ts'
import { canonicalize, parse, r6Json } from '../../src/fhir/index.ts'
import { text } from '../helpers/bytes.ts'

const form = (json: string) => canonicalize(json, { canonicalization: r6Json })

describe('r6/json', () => {
  it.each([
    ['null', 'null'],
    ['""', '""'],
    ['[]', '[]'],
    ['{}', '{}'],
    ['[[],{},null,""]', '[[],{},null,""]'],
    [' "\\u0061" ', '"a"'],
    ['{"b":null,"a":[null]}', '{"a":[null],"b":null}'],
    ['[1E3,0.5e-7,-0,1.0,1e21,1e-7,0.000001]', '[1000,5e-8,0,1,1e+21,1e-7,0.000001]'],
    [
      '[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001]',
      '[333333333.3333333,1e+30,4.5,0.002,1e-27]',
    ],
    [
      '{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7}',
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"\u{1f600}":5,"\ufb33":3}',
    ],
  ])('%s becomes %s', (json, expected) => {
    expect(text(form(json).bytes)).toBe(expected)
  })

  it('is named as its rule is, and is not total', () => {
    expect(r6Json).toMatchObject({ name: 'r6/json', total: false })
    expect(form('1').canonicalization).toBe('r6/json')
  })

  it.each([
    ['1', 0],
    ['-1', 0],
    ['1.5', 0],
    ['1e21', 0],
    ['1E+21', 0],
    ['1.5e-7', 0],
    ['0', 0],
    ['123456789012345', 0],
    ['9007199254740991', 0],
    ['0.1', 0],
    ['1.0', 1],
    ['1e0', 0],
    ['1e2', 1],
    ['-0', 1],
    ['0.0', 1],
    ['9007199254740993', 1],
    ['1e-400', 1],
    ['0.10', 1],
    ['66.899999999999991', 1],
    ['1000000000000000000000', 1],
    ['1e-7', 0],
    ['0.0000001', 0],
    ['0.00000010', 1],
    ['0e99999999999999999999', 1],
  ])('%s: %i losses', (lexeme, count) => {
    expect(form(`[${lexeme}]`).losses.length).toBe(count)
  })

  it('lists each number that changes, in the order of the text, without its value', () => {
    const { losses } = form(
      '{"component":[{"valueQuantity":{"value":7.10}},{"valueQuantity":{"value":7.1}}],"resourceType":"Observation","valueQuantity":{"value":2.00}}',
    )
    expect(losses.map(({ code, path }) => [code, path])).toEqual([
      ['number-changed', 'Observation.component[0].valueQuantity.value'],
      ['number-changed', 'Observation.valueQuantity.value'],
    ])
    for (const { text: words } of losses) expect(words).not.toMatch(/\d/)
  })

  it('in strict mode makes a loss an error that names the first and the remedy', () => {
    const json = '{"resourceType":"Observation","valueQuantity":{"value":2.00},"x":1.0}'
    const strict = (): unknown => canonicalize(json, { canonicalization: r6Json, strict: true })
    expect(strict).toThrow(FhirLossy)
    expect(strict).toThrow(
      /r6\/json would not keep 2 values, first Observation\.valueQuantity\.value: .*lossless1/,
    )
    expect(canonicalize('{"a":2}', { canonicalization: r6Json, strict: true }).losses).toEqual([])
  })

  it.each(['1e309', '-1e400', '[1,{"a":1e999999999999}]', `1${'0'.repeat(400)}`])(
    'refuses %s',
    (json) => {
      expect(() => form(json)).toThrow(FhirRefused)
    },
  )

  it('says where a number is beyond a double', () => {
    expect(() => form('{"a":[0,1e309]}')).toThrow(
      'A number is beyond the range of a double in $.a[1]',
    )
  })

  it('refuses a report without end', () => {
    expect(() => form(`[${'1.0,'.repeat(1_000_001)}1]`)).toThrow(/More than 1000000 values/)
    expect(form(`[${'1.0,'.repeat(100_000)}1]`).losses.length).toBe(100_000)
  })

  it('reports losses in deep places fast, and their paths short', () => {
    const json = `${'{"abcdefghijklmnopqrstuvwxyz":'.repeat(99)}[${'1.0,'.repeat(200_000)}1]${'}'.repeat(99)}`
    const start = performance.now()
    const { losses } = form(json)
    expect(losses.length).toBe(200_000)
    expect(losses[199_999]!.path!.length).toBeLessThan(500)
    expect(losses[199_999]!.path).toMatch(/…\[199999\]$/)
    expect((performance.now() - start) / 1000).toBeLessThan(10)
  })

  it('does not touch the tree', () => {
    const tree = parse('{"b":1.0,"a":2}')
    const one = canonicalize(tree, { canonicalization: r6Json })
    expect(canonicalize(tree, { canonicalization: r6Json })).toEqual(one)
  })
})
