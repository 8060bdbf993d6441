import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FhirMalformed, FhirRefused, isCaresealError } from '../../src/errors.ts'
import { canonicalize, lossless1, parse } from '../../src/fhir/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { referenceLossless } from './reference/lossless.ts'

interface Vectors {
  accepted: { what: string; input: string; canonical: string; 'sha-256': string }[]
  refused: { what: string; input: string }[]
}

/** The vectors of the format's page, read from the page. */
const page = readFileSync(new URL('../../docs/formats/lossless-1.md', import.meta.url), 'utf8')
const { accepted, refused } = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)![1]!) as Vectors

const canonical = (json: string): string => text(canonicalize(json).bytes)

describe('the vectors of lossless/1', () => {
  it.each(accepted)('$what', ({ input, canonical: expected, ...rest }) => {
    const result = canonicalize(utf8(input))
    expect(text(result.bytes)).toBe(expected)
    expect(createHash('sha256').update(result.bytes).digest('hex')).toBe(rest['sha-256'])
    expect(result.canonicalization).toBe('lossless/1')
    expect(result.losses).toEqual([])
    expect(referenceLossless(utf8(input))).toBe(expected)
    expect(canonical(expected)).toBe(expected)
  })

  it.each(refused)('refused: $what', ({ input }) => {
    let code: string | null = null
    try {
      canonicalize(utf8(input))
    } catch (error) {
      code = isCaresealError(error) ? error.code : null
    }
    expect(code).toMatch(/^ERR_FHIR_(MALFORMED|REFUSED)$/)
    expect(() => referenceLossless(utf8(input))).toThrow()
  })
})

describe('numbers', () => {
  it.each([
    ['0', '0'],
    ['-0', '-0'],
    ['1', '1'],
    ['-12', '-12'],
    ['1.0', '1.0'],
    ['1.00', '1.00'],
    ['1e0', '1'],
    ['1.0e0', '1.0'],
    ['1.2E+2', '12E+1'],
    ['1.20E+2', '120'],
    ['120', '120'],
    ['1E-22', '0.0000000000000000000001'],
    ['0.00', '0.00'],
    ['-0.00', '-0.00'],
    ['0e5', '0E+5'],
    ['0E+05', '0E+5'],
    ['0.0e5', '0E+4'],
    ['0e-2', '0.00'],
    ['5e-1', '0.5'],
    ['50e-1', '5.0'],
    ['0.05e1', '0.5'],
    ['0.05e3', '5E+1'],
    ['12345678901234567890.10', '12345678901234567890.10'],
    ['1e245', '1E+245'],
    ['1e-3', '0.001'],
    ['-1.50e-2', '-0.0150'],
    ['1e1000', '1E+1000'],
    ['1.5e1001', '15E+1000'],
    ['100e998', '100E+998'],
    ['9007199254740993', '9007199254740993'],
    ['1e-0', '1'],
    ['0.1e+1', '1'],
    ['10e-1', '1.0'],
  ])('%s is written %s', (lexeme, expected) => {
    expect(canonical(`{"a":${lexeme}}`)).toBe(`{"a":${expected}}`)
  })

  it('with exponents to the border, both ways', () => {
    expect(canonical('{"a":1e-1000}')).toBe(`{"a":0.${'0'.repeat(999)}1}`)
    expect(canonical(`{"a":0.${'0'.repeat(999)}1}`)).toBe(`{"a":0.${'0'.repeat(999)}1}`)
    expect(canonical(`{"a":${'9'.repeat(5000)}}`)).toBe(`{"a":${'9'.repeat(5000)}}`)
    for (const lexeme of [
      '1e1001',
      '1e-1001',
      '0e1001',
      `0.${'0'.repeat(1001)}`,
      `1.${'5'.repeat(1001)}`,
      '0.1e-1000',
      '1e99999999999999999999',
    ]) {
      const error = outcome(`{"resourceType":"Observation","x":[${lexeme}]}`)
      expect(error).toBeInstanceOf(FhirRefused)
      expect((error as FhirRefused).path).toBe('Observation.x[0]')
      expect((error as FhirRefused).offset).toBe(35)
    }
    expect(canonical(`{"a":${'1'.repeat(1001)}.5e1}`)).toBe(`{"a":${'1'.repeat(1001)}5}`)
    expect(canonical(`{"a":1.${'5'.repeat(1001)}e1}`)).toBe(`{"a":15.${'5'.repeat(1000)}}`)
  })
})

describe('refusals name the place', () => {
  it.each([
    ['[]', null, 0],
    ['"a"', null, 0],
    ['{}', null, 0],
    ['{"resourceType":"Patient","a":null}', 'Patient.a', 30],
    ['{"resourceType":"Patient","a":[{"b":""}]}', 'Patient.a[0].b', 36],
    ['{"b":[1,[2]],"resourceType":"Patient"}', 'Patient.b[1]', 8],
    ['{"a":[1,{"b":[]}]}', '$.a[1].b', 13],
    ['{"a":[1,{"b":{}}]}', '$.a[1].b', 13],
    ['{"a":[null,{"b":1}]}', '$.a', 5],
    ['{"_a":[null,{"b":1}],"a":{"b":1}}', '$._a', 6],
    ['{"_a":[null,{"b":1}],"a":[1,{"b":1}]}', '$._a', 6],
    ['{"a":{"b":{"c":[null]}}}', '$.a.b', 10],
  ])('%s', (json, path, offset) => {
    const error = outcome(json)
    expect(error).toBeInstanceOf(FhirRefused)
    expect([(error as FhirRefused).path, (error as FhirRefused).offset]).toEqual([path, offset])
  })
})

describe('nulls', () => {
  it.each([
    ['{"a":["x",null]}', '{"a":["x"]}'],
    ['{"a":[null,"x"]}', '{"a":[null,"x"]}'],
    ['{"a":[null,null],"b":1}', '{"b":1}'],
    ['{"_a":[null,{"b":1},null]}', '{"_a":[null,{"b":1}]}'],
    ['{"_a":[null,{"b":1}],"a":["x","y"]}', '{"_a":[null,{"b":1}],"a":["x","y"]}'],
    ['{"_a":[null,{"b":1}],"a":[null,null]}', '{"_a":[null,{"b":1}]}'],
    ['{"_a":[{"b":1},null],"a":[null,true]}', '{"_a":[{"b":1}],"a":[null,true]}'],
    ['{"__a":[null,{"b":1}],"_a":[1]}', '{"__a":[null,{"b":1}],"_a":[1]}'],
    ['{"\\u005fa":[null,{"b":1}]}', '{"_a":[null,{"b":1}]}'],
    ['{"_":[null,{"b":1}],"":[1]}', '{"":[1],"_":[null,{"b":1}]}'],
    ['{"x":{"y":[{"given":[null],"z":[1,null]}]}}', '{"x":{"y":[{"z":[1]}]}}'],
    ['{"a":[1,{"b":2}]}', '{"a":[1,{"b":2}]}'],
  ])('%s becomes %s', (json, expected) => {
    expect(canonical(json)).toBe(expected)
  })

  it('drop from a copy: the tree stays as it was', () => {
    const tree = parse('{"a":["x",null],"b":[null]}')
    expect(text(canonicalize(tree).bytes)).toBe('{"a":["x"]}')
    expect(text(canonicalize(tree).bytes)).toBe('{"a":["x"]}')
  })
})

describe('lossless1', () => {
  it('is the default, total, and cannot be changed', () => {
    expect(lossless1).toMatchObject({ name: 'lossless/1', total: true })
    expect(Object.isFrozen(lossless1)).toBe(true)
    const json = '{"b":1.0,"a":2}'
    expect(canonicalize(json, { canonicalization: lossless1, strict: true })).toEqual(
      canonicalize(json),
    )
  })

  it('is not to be named by a string, nor made by hand', () => {
    for (const canonicalization of ['lossless/1', { name: 'lossless/1', total: true }, null, 1]) {
      expect(() =>
        canonicalize('{"a":1}', { canonicalization: canonicalization as never }),
      ).toThrow(TypeError)
    }
  })

  it('takes bytes, strings and trees alike', () => {
    const json = '{ "b": "é", "a": [1.0, 2] }'
    const expected = '{"a":[1.0,2],"b":"é"}'
    for (const input of [json, utf8(json), parse(json), Buffer.from(json)]) {
      expect(text(canonicalize(input).bytes)).toBe(expected)
    }
  })

  it('gives a fresh array, and leaves its input alone', () => {
    const input = utf8('{"a":1}')
    const { bytes } = canonicalize(input)
    bytes.fill(0)
    expect(text(input)).toBe('{"a":1}')
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
    expect(bytes.byteLength).toBe(bytes.buffer.byteLength)
  })

  it('reports what is no JSON as such, not as refused', () => {
    expect(outcome('{"a":1')).toBeInstanceOf(FhirMalformed)
  })
})

/** What a text is refused with. */
function outcome(json: string): unknown {
  try {
    canonicalize(json)
  } catch (error) {
    return error
  }
  return null
}
