import { describe, expect, it } from 'vitest'
import { FhirLossy } from '../../src/errors.ts'
import { canonicalize, parse, r4JsonLiteral, raw } from '../../src/fhir/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'

const form = (json: string) => canonicalize(json, { canonicalization: r4JsonLiteral })

describe('r4/json-literal', () => {
  it.each([
    ['{ "b" : 1.00 , "a" : -0e5 }', '{"a":-0e5,"b":1.00}', []],
    ['{"a":"x  y"}', '{"a":"x y"}', ['$.a']],
    ['{"a":" x "}', '{"a":" x "}', []],
    ['{"a":"  x  "}', '{"a":" x "}', ['$.a']],
    ['{"a":"\\t"}', '{"a":" "}', ['$.a']],
    ['{"a":"x\\r\\n\\ty"}', '{"a":"x y"}', ['$.a']],
    ['{"a":"x\\u000ay"}', '{"a":"x y"}', ['$.a']],
    ['{"a":"x\u00a0\u2003y"}', '{"a":"x\u00a0\u2003y"}', []],
    ['{"a":"\\u0041\\/\\u0001"}', '{"a":"A/\\u0001"}', []],
    ['{"a  b":"x"}', '{"a  b":"x"}', []],
    ['{"a":null,"b":[],"c":{},"d":""}', '{"a":null,"b":[],"c":{},"d":""}', []],
    [
      '{"z":["a  b",{"y":"c\\n","x":"d"}],"resourceType":"Basic"}',
      '{"resourceType":"Basic","z":["a b",{"x":"d","y":"c "}]}',
      ['Basic.z[0]', 'Basic.z[1].y'],
    ],
    [
      '{"text":{"div":"<div>\\n  <p/>\\n</div>"}}',
      '{"text":{"div":"<div> <p/> </div>"}}',
      ['$.text.div'],
    ],
  ])('%s becomes %s', (json, expected, paths) => {
    const { bytes, losses } = form(json)
    expect(text(bytes)).toBe(expected)
    expect(losses.map(({ path }) => path)).toEqual(paths)
    for (const { code } of losses) expect(code).toBe('white-space-changed')
    expect(form(expected)).toEqual({ canonicalization: 'r4/json-literal', bytes, losses: [] })
  })

  it('makes a loss an error in strict mode, and leaves the tree as it was', () => {
    const tree = parse('{"a":"x  y"}')
    expect(() => canonicalize(tree, { canonicalization: r4JsonLiteral, strict: true })).toThrow(
      FhirLossy,
    )
    expect(text(canonicalize(tree).bytes)).toBe('{"a":"x  y"}')
    expect(r4JsonLiteral).toMatchObject({ name: 'r4/json-literal', total: false })
  })
})

describe('raw', () => {
  it('gives every byte back, whatever it is, in a fresh array', () => {
    const input = Uint8Array.of(0xff, 0x00, 0x7b)
    const { bytes, canonicalization, losses } = canonicalize(input, { canonicalization: raw })
    expect([...bytes]).toEqual([...input])
    expect(bytes).not.toBe(input)
    bytes.fill(1)
    expect(input[0]).toBe(0xff)
    expect({ canonicalization, losses }).toEqual({ canonicalization: 'raw', losses: [] })
    expect(raw).toMatchObject({ name: 'raw', total: true })
  })

  it('takes strings and trees', () => {
    const json = ' {"a" : 1.0}'
    for (const input of [json, utf8(json), Buffer.from(json), parse(json)]) {
      const { bytes } = canonicalize(input, { canonicalization: raw })
      expect(text(bytes)).toBe(json)
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
    }
    const tree = parse(json)
    canonicalize(tree, { canonicalization: raw }).bytes.fill(0)
    expect(text(canonicalize(tree, { canonicalization: raw }).bytes)).toBe(json)
  })

  it('refuses a string that has no UTF-8 form', () => {
    expect(() => canonicalize('\ud800', { canonicalization: raw })).toThrow(/lone surrogate/)
  })
})
