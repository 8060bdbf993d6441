import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { toBase64, toBase64Url } from '../../src/internal/base64.ts'
import { decodeRadix64 } from '../../src/internal/radix64.ts'
import { type JsonValue, parseStrictJson } from '../../src/internal/strictJson.ts'

const parse = (text: string): JsonValue =>
  parseStrictJson(text, (problem, at) => new SyntaxError(`${problem} at ${at}`))
const isMap = (value: JsonValue): value is ReadonlyMap<string, JsonValue> => value instanceof Map

/** What JSON.parse would give. */
function plain(value: JsonValue): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (!isMap(value)) return value
  const entries = [...value].map(([name, item]) => [name, plain(item)])
  return Object.assign(Object.create(null), Object.fromEntries(entries))
}

describe('strict JSON', () => {
  test.prop([fc.json({ maxDepth: 5 }), fc.boolean()])('reads what is JSON', (json, spaced) => {
    const text = spaced ? JSON.stringify(JSON.parse(json), null, ' \t') : json
    expect(JSON.stringify(plain(parse(text)))).toBe(JSON.stringify(JSON.parse(text)))
  })

  test.prop([fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0-1.eEtrufalsn d\n') })])(
    'takes nothing that JSON.parse refuses',
    (text) => {
      let ours = true
      try {
        parse(text)
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError)
        ours = false
      }
      if (ours) expect(() => JSON.parse(text)).not.toThrow()
    },
  )

  it('refuses one name twice, however it is written, and says where', () => {
    expect(() => parse('{"a":1,"a":2}')).toThrow('twice in a JSON object at 7')
    expect(() => parse('{"a":1,"\\u0061":2}')).toThrow('twice')
    expect(() => parse('[{"a":{"b":1}},{"b":1,"c":[{"b":1,"b":1}]}]')).toThrow('twice')
    expect(plain(parse('{"__proto__":{"x":1},"constructor":2}'))).toBeTypeOf('object')
    expect(({} as { x?: number }).x).toBe(undefined)
  })

  it('refuses what is bent, with the place', () => {
    for (const text of [
      '',
      ' ',
      'nul',
      '01',
      '1.',
      '+1',
      '.5',
      'NaN',
      "'a'",
      '"\n"',
      '"\\x"',
      '"\\',
      '"a',
      '{"a"}',
      '{"a":}',
      '{,}',
      '{"a":1,}',
      '[1,]',
      '[1 2]',
      '[1]]',
      '\ufeff1',
    ]) {
      expect(() => parse(text), text).toThrow(SyntaxError)
    }
    expect(() => parse(`${'['.repeat(17)}`)).toThrow('16 levels')
    expect(parse(`${'['.repeat(16)}${']'.repeat(16)}`)).toBeTypeOf('object')
    expect(() => parse(`[${'1,'.repeat(65_536)}1]`)).toThrow('65,536')
  })
})

describe('base64 for long text', () => {
  test.prop([fc.uint8Array({ maxLength: 100 })])('reads what is written', (bytes) => {
    expect(decodeRadix64(toBase64Url(bytes), 'url')).toEqual(bytes)
    expect(decodeRadix64(toBase64(bytes).replace(/=+$/, ''), 'standard')).toEqual(bytes)
  })

  it('has one form for some bytes', () => {
    for (const text of [
      'A',
      'AB',
      'AAB',
      'AA=',
      'AA==',
      'A A',
      'AAA\n',
      'AA+A',
      'AAAé',
      'AAA\u0141',
    ]) {
      expect(decodeRadix64(text, 'url'), text).toBe(null)
    }
    expect(decodeRadix64('AA+/', 'standard')).toEqual(Uint8Array.of(0, 15, 191))
    expect(decodeRadix64('AA-_', 'standard')).toBe(null)
    expect(decodeRadix64('', 'url')).toEqual(new Uint8Array(0))
  })
})
