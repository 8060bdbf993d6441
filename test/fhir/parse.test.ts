import { describe, expect, it } from 'vitest'
import { FhirMalformed, isCaresealError } from '../../src/errors.ts'
import { canonicalize, lossless1, parse, r6Json, select, toJson } from '../../src/fhir/index.ts'
import { hex, text, utf8 } from '../helpers/bytes.ts'

/** The error that a text is refused with. */
function refusal(input: Uint8Array | string, limits = {}): FhirMalformed {
  try {
    parse(input, { limits })
  } catch (error) {
    expect(error).toBeInstanceOf(FhirMalformed)
    return error as FhirMalformed
  }
  throw new Error('the text was accepted')
}

/** Where and why a text is refused, for a table. */
function verdict(
  input: Uint8Array | string,
): [problem: string, offset: number | null, path: string | null] {
  const { message, offset, path } = refusal(input)
  return [message.replace(/( in [^ ]+)?( \(at byte \d+\))?$/, ''), offset, path]
}

describe('parse accepts', () => {
  const texts = [
    '{}',
    ' \t\r\n{ }\n',
    '[]',
    '[[],{}]',
    'null',
    'true',
    'false',
    '0',
    '-0',
    '1.50',
    '1e5',
    '-1.5E+10',
    '""',
    '"\\u0000"',
    '"\\ud83d\\ude00"',
    '{"":1}',
    '{"a":{"a":{"a":[1,2,{"a":null}]}}}',
    '"\u2028\u2029\u007f\u0085"',
    '"\ufeff"',
    '"\uffff"',
    '{"\u{1f600}":"\u{10ffff}"}',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
    '123456789012345678901234567890',
    '{"a":1,"b":2,"A":3}',
  ]
  it.each(texts)('%j, and gives it back byte for byte', (json) => {
    expect(text(toJson(parse(json)))).toBe(json)
    expect(text(toJson(parse(utf8(json))))).toBe(json)
  })
})

describe('parse refuses', () => {
  it.each([
    ['', 'Expected a value', 0, null],
    [' ', 'Expected a value', 1, null],
    ['nul', 'Expected a value', 0, null],
    ['nulL', 'Expected a value', 0, null],
    ['tru}', 'Expected a value', 0, null],
    ['falsey', 'Expected the end of the text', 5, null],
    ['{} x', 'Expected the end of the text', 3, null],
    ['{}{}', 'Expected the end of the text', 2, null],
    ['{}\u00a0', 'Expected the end of the text', 2, null],
    ['1 2', 'Expected the end of the text', 2, null],
    ['{', 'Expected a quoted name', 1, null],
    ['{"a":1,}', 'Expected a quoted name', 7, null],
    ['{a:1}', 'Expected a quoted name', 1, null],
    ["{'a':1}", 'Expected a quoted name', 1, null],
    ['{1:1}', 'Expected a quoted name', 1, null],
    ['{"a" 1}', 'Expected a colon', 5, '$.a'],
    ['{"a"', 'Expected a colon', 4, '$.a'],
    ['{"a":}', 'Expected a value', 5, '$.a'],
    ['{"a":', 'Expected a value', 5, '$.a'],
    ['{"a":1', 'Expected a comma or }', 6, '$.a'],
    ['{"a":1]', 'Expected a comma or }', 6, '$.a'],
    ['{"a":1 "b":2}', 'Expected a comma or }', 7, '$.a'],
    ['[1 2]', 'Expected a comma or ]', 3, '$[0]'],
    ['[1}', 'Expected a comma or ]', 2, '$[0]'],
    ['[', 'Expected a value', 1, '$[0]'],
    ['[1,', 'Expected a value', 3, '$[1]'],
    ['[1,]', 'Expected a value', 3, '$[1]'],
    ['[,]', 'Expected a value', 1, '$[0]'],
    ['{,}', 'Expected a quoted name', 1, null],
    ['[1,,2]', 'Expected a value', 3, '$[1]'],
    ['{"a":1,"b":[{"c":x}]}', 'Expected a value', 17, '$.b[0].c'],
    ['// c\n{}', 'Expected a value', 0, null],
    ['NaN', 'Expected a value', 0, null],
    ['+1', 'Expected a value', 0, null],
    ['.5', 'Expected a value', 0, null],
    ['01', 'A number has a leading zero', 0, null],
    ['-01', 'A number has a leading zero', 1, null],
    ['00', 'A number has a leading zero', 0, null],
    ['1.', 'A digit is missing in a number', 2, null],
    ['1.e5', 'A digit is missing in a number', 2, null],
    ['[-]', 'A digit is missing in a number', 2, '$[0]'],
    ['-Infinity', 'A digit is missing in a number', 1, null],
    ['1e', 'A digit is missing in a number', 2, null],
    ['1e+', 'A digit is missing in a number', 3, null],
    ['1e+-1', 'A digit is missing in a number', 3, null],
    ['0x10', 'Expected the end of the text', 1, null],
    ['1_000', 'Expected the end of the text', 1, null],
    ['"a', 'A string is not closed', 2, null],
    ['{"a":"b\\"}', 'A string is not closed', 10, '$.a'],
    ['{"a', 'A string is not closed', 3, null],
    ['"\\', 'A string has an unknown escape', 1, null],
    ['"\\x41"', 'A string has an unknown escape', 1, null],
    ['"\\U0041"', 'A string has an unknown escape', 1, null],
    ['"\\u004g"', 'A string has an unknown escape', 1, null],
    ['"\\u00 1"', 'A string has an unknown escape', 1, null],
    ['"\\u', 'A string has an unknown escape', 1, null],
    ['"a\nb"', 'A control character stands in a string', 2, null],
    ['"a\tb"', 'A control character stands in a string', 2, null],
    ['"\u0000"', 'A control character stands in a string', 1, null],
    ['{"é\u001f":1}', 'A control character stands in a string', 4, null],
    ['"\\ud800"', 'A lone surrogate is no character', 1, null],
    ['"\\udc00"', 'A lone surrogate is no character', 1, null],
    ['"\\udc00\\ud800"', 'A lone surrogate is no character', 1, null],
    ['"\\ud800\\ud800\\udc00"', 'A lone surrogate is no character', 1, null],
    ['"\\ud800x"', 'A lone surrogate is no character', 1, null],
    ['"\\ud800\\n"', 'A lone surrogate is no character', 1, null],
    ['"\\ud800\\u0041"', 'A lone surrogate is no character', 1, null],
    ['{"a":"\\uDFFF"}', 'A lone surrogate is no character', 6, '$.a'],
    ['{"\\uD800":1}', 'A lone surrogate is no character', 2, null],
    ['{"a":1,"a":2}', 'An object has the same name twice', 7, '$.a'],
    ['{"a":1,"\\u0061":2}', 'An object has the same name twice', 7, '$.*'],
    ['{"\\u0061":1,"b":0,"a":2}', 'An object has the same name twice', 18, '$.a'],
    ['{"b":1,"a":1,"b":2}', 'An object has the same name twice', 13, '$.b'],
    ['{"":1,"":2}', 'An object has the same name twice', 6, '$.*'],
    ['{"__proto__":1,"__proto__":2}', 'An object has the same name twice', 15, '$.__proto__'],
    ['{"\\/":1,"/":2}', 'An object has the same name twice', 8, '$.*'],
    ['{"\u{1f600}":1,"\\ud83d\\ude00":2}', 'An object has the same name twice', 10, '$.*'],
    ['[{"x":{"a":1,"c":3,"b":2,"c":4}}]', 'An object has the same name twice', 25, '$[0].x.c'],
  ] as const)('%j: %s', (json, problem, offset, path) => {
    expect(verdict(json)).toEqual([problem, offset, path])
    expect(verdict(utf8(json))).toEqual([problem, offset, path])
  })

  it.each([
    ['22 80 22', 'a continuation byte alone'],
    ['22 c3 22', 'a sequence of two cut off by a quote'],
    ['22 c0 af 22', 'an overlong slash'],
    ['22 c1 bf 22', 'an overlong form of two'],
    ['22 e0 80 af 22', 'an overlong form of three'],
    ['22 e0 9f bf 22', 'the largest overlong form of three'],
    ['22 f0 80 80 af 22', 'an overlong form of four'],
    ['22 f0 8f bf bf 22', 'the largest overlong form of four'],
    ['22 ed a0 80 22', 'the first surrogate'],
    ['22 ed bf bf 22', 'the last surrogate'],
    ['22 ed a0 bd ed b8 80 22', 'a pair of surrogates (CESU-8)'],
    ['22 f4 90 80 80 22', 'a code point above U+10FFFF'],
    ['22 f5 80 80 80 22', 'a lead byte above F4'],
    ['22 f8 88 80 80 80 22', 'a form of five'],
    ['22 fe 22', 'FE'],
    ['22 ff 22', 'FF'],
    ['22 e2 82 22', 'a sequence of three cut off'],
    ['22 e2 82', 'a sequence of three at the end'],
    ['22 f0 9f 98 22', 'a sequence of four cut off'],
    ['22 f0', 'a lead byte at the end'],
    ['22 e2 28 a1 22', 'a bad second byte'],
    ['22 e2 82 28 22', 'a bad third byte'],
    ['22 f0 9f 98 28 22', 'a bad fourth byte'],
  ])('invalid UTF-8, %s: %s', (bytes) => {
    const json = hex(bytes.replaceAll(' ', ''))
    expect(verdict(json)).toEqual(['The text is not valid UTF-8', 1, null])
    const inside = new Uint8Array([...utf8('{"resourceType":"Patient","name":['), ...json])
    expect(verdict(inside)).toEqual(['The text is not valid UTF-8', 35, 'Patient.name[0]'])
  })

  it.each([
    [
      '22 c2 80 22',
      '22 df bf 22',
      '22 e0 a0 80 22',
      '22 ed 9f bf 22',
      '22 ee 80 80 22',
      '22 ef bf bf 22',
    ],
    [
      '22 f0 90 80 80 22',
      '22 f4 8f bf bf 22',
      '22 f1 80 80 80 22',
      '22 e1 80 80 22',
      '22 ec 80 80 22',
      '22 f3 bf bf bf 22',
    ],
  ])('no valid UTF-8 at its borders', (...list) => {
    for (const bytes of list) {
      const json = hex(bytes.replaceAll(' ', ''))
      expect(toJson(parse(json))).toEqual(json)
    }
  })

  it('a byte order mark of whatever encoding', () => {
    expect(verdict('\ufeff{}')).toEqual(['The text begins with a byte order mark', 0, null])
    expect(verdict(hex('fffe7b007d00'))).toEqual(['Expected a value', 0, null])
    expect(verdict(hex('feff007b007d'))).toEqual(['Expected a value', 0, null])
    expect(verdict('{}\ufeff')[0]).toBe('Expected the end of the text')
  })

  it('a JavaScript string with a lone surrogate, and says at which byte', () => {
    expect(verdict('"é\ud800"')).toEqual(['A lone surrogate is no character', 3, null])
    expect(verdict('"\ude00\ud83d"')).toEqual(['A lone surrogate is no character', 1, null])
  })

  it.each([[undefined], [null], [42], [{}], [[1]], [new Uint8Array(2).buffer]])(
    '%o with a TypeError',
    (input) => {
      expect(() => parse(input as unknown as string)).toThrow(TypeError)
    },
  )
})

describe('limits', () => {
  it('bound the depth, 100 unless said otherwise', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    expect(parse(nested(100)).size).toBe(200)
    expect(refusal(nested(101)).offset).toBe(100)
    expect(refusal('[[[]]]', { depth: 2 }).message).toBe(
      'Nested deeper than 2 levels in $[0][0] (at byte 2)',
    )
    expect(parse('[[[]]]', { limits: { depth: 3 } }).size).toBe(6)
    expect(parse('[[],[],{"a":[]}]', { limits: { depth: 3 } }).size).toBe(16)
  })

  it('are not about the stack: 10,000 levels parse and canonicalize', () => {
    const json = `${'{"a":['.repeat(5000)}1${']}'.repeat(5000)}`
    const tree = parse(json, { limits: { depth: 10_000 } })
    expect(text(canonicalize(tree).bytes)).toBe(json)
    expect(refusal('['.repeat(1_000_000)).offset).toBe(100)
    expect(refusal('{"a":'.repeat(1_000_000)).offset).toBe(500)
  })

  it('bound the size', () => {
    expect(refusal('[1,2]', { bytes: 4 }).message).toBe('The text is larger than 4 bytes')
    expect(parse('[1,2]', { limits: { bytes: 5 } }).size).toBe(5)
    expect(refusal(new Uint8Array(64 * 1024 * 1024 + 1)).message).toBe(
      'The text is larger than 67108864 bytes',
    )
  })

  it('bound what a short text may stand for', () => {
    const json = `{"a":[${'1e-1000,'.repeat(999)}0]}`
    expect(canonicalize(json).bytes.length).toBeGreaterThan(1_000_000)
    expect(() => canonicalize(json, { limits: { bytes: 1_000_000 } })).toThrow(
      /larger than 1000000 bytes/,
    )
  })

  it.each([
    { bytes: 0 },
    { bytes: -1 },
    { bytes: 1.5 },
    { bytes: 2 ** 28 + 1 },
    { depth: 0 },
    { depth: 10_001 },
    { depth: Number.NaN },
  ])('%o is a RangeError', (limits) => {
    expect(() => parse('{}', { limits })).toThrow(RangeError)
  })
})

describe('names', () => {
  it('never reach a prototype', () => {
    const json =
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1,"10":1,"2":2}'
    const tree = parse(json)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(select(tree, '__proto__.polluted')[0]?.text).toBe('1')
    expect(select(tree, 'toString')[0]?.text).toBe('1')
    expect(select(tree, 'hasOwnProperty')).toEqual([])
    expect(text(canonicalize(tree).bytes)).toBe(
      '{"10":1,"2":2,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1}',
    )
  })
})

describe('an error', () => {
  const secret = 'Jane Doe 1970-01-01'

  it('never shows a value, nor a name that is no element name', () => {
    const texts = [
      `{"resourceType":"Patient","birthDate":"${secret}\n"}`,
      `{"${secret}":{"${secret}":x}}`,
      `{"${secret}":1,"${secret}":2}`,
      `{"a":"${secret}`,
      `["${secret}",${secret}]`,
      `{"resourceType":"${secret}","a":x}`,
      `{"${'n'.repeat(65)}":x}`,
    ]
    for (const json of texts) {
      const { message, path } = refusal(json)
      for (const word of [...secret.split(' '), 'nnnnn']) {
        expect(message).not.toContain(word)
        expect(String(path)).not.toContain(word)
      }
    }
    expect(refusal(texts[1]!).path).toBe('$.*.*')
    expect(refusal(`{"${'n'.repeat(64)}":x}`).path).toBe(`$.${'n'.repeat(64)}`)
  })

  it('names the element by its path, with the type of the resource where it is known', () => {
    const json =
      '{"resourceType":"Bundle","entry":[{},{"resource":{"resourceType":"Patient","name":[{"given":["a",'
    expect(refusal(json).path).toBe('Bundle.entry[1].resource.name[0].given[1]')
    expect(refusal('{"a":[{"b":01}],"resourceType":"Patient"}').path).toBe('$.a[0].b')
  })

  it('keeps its path short', () => {
    const { path } = refusal(`{"${'n'.repeat(60)}":`.repeat(50))
    expect(path!.length).toBeLessThan(500)
    expect(path).toContain('…')
  })
})

describe('hostile texts take linear time', () => {
  /** Seconds for a text; generous, for the machine may be busy: what is quadratic takes minutes. */
  function seconds(json: string, run: (json: string) => unknown = parse): number {
    const start = performance.now()
    try {
      run(json)
    } catch (error) {
      if (!isCaresealError(error)) throw error
    }
    return (performance.now() - start) / 1000
  }
  const count = 200_000
  const list = (make: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => make(i)).join(',')

  it.each([
    ['members in order', `{${list((i) => `"k${String(i).padStart(7, '0')}":1`)}}`],
    ['members backwards', `{${list((i) => `"k${String(count - i).padStart(7, '0')}":1`)}}`],
    ['names that begin alike', `{${list((i) => `"${'x'.repeat(50)}${(i * 7919) % count}":1`)}}`],
    ['names with escapes', `{${list((i) => `"\\u0061${(i * 7919) % count}":1`)}}`],
    ['a name twice, far apart', `{"a":0,${list((i) => `"k${(i * 7919) % count}":1`)},"a":1}`],
    ['strings that are never closed', `[${list(() => '"\\"')}`],
    ['many companions', `{${list((i) => `"_a${i}":[null,{"b":1}]`)}}`],
    ['empty arrays', `[${list(() => '[]')}]`],
    ['escapes', `["${'\\u0041'.repeat(count * 5)}"]`],
    ['digits', `[${'1'.repeat(count * 20)}]`],
    ['a fraction', `[0.${'1'.repeat(count * 20)}]`],
    ['zeros in an exponent', `[1e${'0'.repeat(count * 20)}1]`],
    ['white space', `[${' '.repeat(count * 20)}]`],
  ])('%s', (_what, json) => {
    expect(seconds(json)).toBeLessThan(5)
    for (const canonicalization of [lossless1, r6Json]) {
      expect(seconds(json, () => canonicalize(json, { canonicalization }))).toBeLessThan(10)
    }
  })

  it('a string of 100 MB', () => {
    const json = new Uint8Array(100_000_010).fill(0x61)
    json.set(utf8('{"a":"'), 0)
    json.set(utf8('"}'), json.length - 2)
    const start = performance.now()
    const { bytes } = canonicalize(json, { limits: { bytes: 2 ** 28 } })
    expect(bytes.length).toBe(json.length)
    expect(performance.now() - start).toBeLessThan(20_000)
  })
})

describe('a tree', () => {
  it('knows its type and its size', () => {
    expect(parse('{"id":"a","resourceType":"Patient"}')).toEqual({
      resourceType: 'Patient',
      size: 35,
    })
    expect(parse('{"resource\\u0054ype":"Patient"}').resourceType).toBe('Patient')
    expect(parse('{"resourceType":1}').resourceType).toBeNull()
    expect(parse('{"resourceType":"Jane Doe"}').resourceType).toBeNull()
    expect(parse('{"resourceType":""}').resourceType).toBeNull()
    expect(parse('{"resourceType":"X"}').resourceType).toBe('X')
    expect(parse(`{"resourceType":"${'X'.repeat(64)}"}`).resourceType).toBe('X'.repeat(64))
    expect(parse(`{"resourceType":"${'X'.repeat(65)}"}`).resourceType).toBeNull()
    expect(parse('["resourceType"]').resourceType).toBeNull()
  })

  it('shows no content when it is logged or serialised', () => {
    const tree = parse('{"resourceType":"Patient","name":"Jane"}')
    expect(JSON.stringify(tree)).toBe('{"resourceType":"Patient","size":40}')
    expect(Reflect.ownKeys(tree)).toEqual(['resourceType', 'size'])
  })

  it('has a copy of its own, and gives copies', () => {
    const bytes = utf8('{"a":1}')
    const tree = parse(bytes)
    bytes.fill(0x20)
    toJson(tree).fill(0x20)
    canonicalize(tree).bytes.fill(0x20)
    expect(text(toJson(tree))).toBe('{"a":1}')
    expect(parse(tree)).not.toBe(tree)
    expect(text(toJson(parse(tree)))).toBe('{"a":1}')
  })

  it('cannot be made by hand', () => {
    const forged = { resourceType: 'Patient', size: 2 }
    expect(() => toJson(forged)).toThrow(TypeError)
    expect(() => canonicalize(forged)).toThrow(TypeError)
  })

  it('is made of a Buffer, a part of an array, and shared memory', () => {
    const whole = utf8('xx{"a":1}xx')
    const part = whole.subarray(2, 9)
    const shared = new Uint8Array(new SharedArrayBuffer(7))
    shared.set(part)
    for (const bytes of [part, Buffer.from(part), shared]) {
      const json = toJson(parse(bytes))
      expect(text(json)).toBe('{"a":1}')
      expect(Object.getPrototypeOf(json)).toBe(Uint8Array.prototype)
    }
  })
})
