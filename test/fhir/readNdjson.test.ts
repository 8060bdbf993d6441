import { createReadStream } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FhirMalformed } from '../../src/errors.ts'
import { type NdjsonLine, readNdjson } from '../../src/fhir/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'

type Source = Parameters<typeof readNdjson>[0]
type Options = Parameters<typeof readNdjson>[1]

/** All lines, as numbers and text. */
async function lines(source: Source, options?: Options): Promise<[number, number, string][]> {
  const found: [number, number, string][] = []
  for await (const { line, offset, bytes } of readNdjson(source, options))
    found.push([line, offset, text(bytes)])
  return found
}

/** The bytes of a text in chunks of some sizes, over and over. */
function* chunked(content: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let i = 0, k = 0; i < content.length; k++) {
    const size = sizes[k % sizes.length]!
    yield content.subarray(i, i + size)
    i += size
  }
}

async function* later<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await Promise.resolve()
    yield item
  }
}

const content = '{"a":1}\n\n{"b":"é"}\r\n \t\r\n{"c":3}'
const expected: [number, number, string][] = [
  [1, 0, '{"a":1}'],
  [3, 9, '{"b":"é"}'],
  [5, 25, '{"c":3}'],
]

describe('readNdjson', () => {
  it('splits at LF and CRLF, passes over blank lines, needs no end of the last line', async () => {
    expect(await lines(utf8(content))).toEqual(expected)
    expect(await lines(utf8(`${content}\n`))).toEqual(expected)
    expect(await lines(utf8(`${content}\r\n\r\n`))).toEqual(expected)
  })

  it.each([
    ['', []],
    ['\n', []],
    ['\r\n', []],
    [' ', []],
    ['\n\n\n', []],
    ['a', [[1, 0, 'a']]],
    ['\na', [[2, 1, 'a']]],
    ['a\n', [[1, 0, 'a']]],
    ['a\r', [[1, 0, 'a']]],
    ['a\rb\n', [[1, 0, 'a\rb']]],
    ['a\r\r\n', [[1, 0, 'a\r']]],
    [' a \n', [[1, 0, ' a ']]],
    ['\u2028\n', [[1, 0, '\u2028']]],
    ['\f\n', [[1, 0, '\f']]],
  ])('%j', async (source, found) => {
    expect(await lines(utf8(source))).toEqual(found)
  })

  it('leaves a byte order mark to the parser', async () => {
    for await (const { bytes } of readNdjson(utf8('\ufeffa\n'))) expect(bytes.length).toBe(4)
  })

  it('takes every kind of source', async () => {
    const bytes = utf8(content)
    const sources: Source[] = [
      bytes,
      Buffer.from(bytes),
      [bytes],
      chunked(bytes, [3]),
      later(chunked(bytes, [4, 1])),
      new Set([bytes.subarray(0, 12), bytes.subarray(12)]),
      new Blob([bytes as Uint8Array<ArrayBuffer>]).stream() as unknown as AsyncIterable<Uint8Array>,
    ]
    for (const source of sources) expect(await lines(source)).toEqual(expected)
    const file = new URL('../../docs/formats/lossless-1.md', import.meta.url)
    const streamed = await lines(createReadStream(file, { highWaterMark: 100 }))
    expect(streamed.length).toBeGreaterThan(50)
  })

  it('does not depend on the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('\n', '\r', '\r\n', '{"a":1}', ' ', 'é', 'x'), { maxLength: 30 }),
        fc
          .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 5 })
          .filter((sizes) => sizes.some((size) => size > 0)),
        async (parts, sizes) => {
          const bytes = utf8(parts.join(''))
          const whole: [number, number, string][] = []
          let offset = 0
          for (const [i, line] of parts.join('').split('\n').entries()) {
            const bare = line.endsWith('\r') ? line.slice(0, -1) : line
            if (/[^ \t\r]/.test(bare)) whole.push([i + 1, offset, bare])
            offset += utf8(line).length + 1
          }
          expect(await lines(later(chunked(bytes, sizes)))).toEqual(whole)
          for (const [, begin] of whole) {
            const rest = whole.filter(([, at]) => at >= begin)
            expect(await lines(chunked(bytes, sizes), { offset: begin })).toEqual(rest)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('goes on at the offset of any line, with its number', async () => {
    for (const [k, [, offset]] of expected.entries()) {
      for (const sizes of [[1], [5], [100]]) {
        expect(await lines(chunked(utf8(content), sizes), { offset })).toEqual(expected.slice(k))
      }
    }
    // The end of the line before, a blank line, the end of the source.
    expect(await lines(utf8(content), { offset: 7 })).toEqual(expected.slice(1))
    expect(await lines(utf8(content), { offset: 8 })).toEqual(expected.slice(1))
    expect(await lines(utf8(content), { offset: 19 })).toEqual(expected.slice(2))
    expect(await lines(utf8(content), { offset: 20 })).toEqual(expected.slice(2))
    expect(await lines(utf8(`${content}\n`), { offset: 33 })).toEqual([])
  })

  it.each([1, 6, 12, 26, 31])('refuses offset %i, in the middle of a line', async (offset) => {
    for (const sizes of [[1], [5], [100]]) {
      await expect(lines(chunked(utf8(content), sizes), { offset })).rejects.toThrow(RangeError)
    }
  })

  it('refuses an offset behind the end', async () => {
    await expect(lines(utf8(content), { offset: 100 })).rejects.toThrow(RangeError)
  })

  it.each([
    { offset: -1 },
    { offset: 1.5 },
    { offset: Number.NaN },
    { maximumLine: 0 },
    { maximumLine: 1.5 },
  ])('refuses %o at once', (options) => {
    expect(() => readNdjson(utf8(content), options)).toThrow(RangeError)
  })

  it.each([
    ['text', ['a\nb']],
    ['numbers', [[1, 2, 3]]],
    ['a string', 'a\nb'],
    ['null', null],
    ['an object', {}],
  ])('refuses a source of %s', async (_what, source) => {
    await expect(lines(source as never)).rejects.toThrow(TypeError)
  })

  it('gives bytes of its own', async () => {
    const source = utf8('abc\ndef\n')
    const found: Uint8Array[] = []
    for await (const { bytes } of readNdjson([source, source])) found.push(bytes)
    source.fill(0)
    expect(found.map(text)).toEqual(['abc', 'def', 'abc', 'def'])
    for (const bytes of found) expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
  })

  it('reads no faster than it is asked, and lets go of the source', async () => {
    let given = 0
    let closed = false
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          given++
          yield utf8('x\n')
        }
      } finally {
        closed = true
      }
    }
    for await (const { line } of readNdjson(source())) if (line === 3) break
    expect(given).toBe(3)
    expect(closed).toBe(true)
  })

  it('passes on what the source throws', async () => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield utf8('x\n')
      throw new Error('the disk is gone')
    }
    await expect(lines(source())).rejects.toThrow('the disk is gone')
  })
})

describe('a line that is too long', () => {
  const source = 'short\n0123456789\nalso\n01234567890\nend'

  it('rejects with its offset, and the iteration can go on behind it', async () => {
    for (const sizes of [[1], [4], [100]]) {
      const iterator = readNdjson(chunked(utf8(source), sizes), { maximumLine: 9 })
      const found: string[] = []
      for (let more = true; more; ) {
        try {
          for await (const { line, bytes } of iterator) found.push(`${line} ${text(bytes)}`)
          more = false
        } catch (error) {
          expect(error).toBeInstanceOf(FhirMalformed)
          const { message, offset } = error as FhirMalformed
          expect(message).toMatch(/is longer than 9 bytes/)
          expect(message).not.toContain('0123')
          found.push(`error at ${offset}`)
        }
      }
      expect(found).toEqual(['1 short', 'error at 6', '3 also', 'error at 22', '5 end'])
    }
  })

  it('is measured without its end', async () => {
    expect(await lines(utf8('12345\n1'), { maximumLine: 5 })).toEqual([
      [1, 0, '12345'],
      [2, 6, '1'],
    ])
    await expect(lines(utf8('1\n123456'), { maximumLine: 5 })).rejects.toThrow(
      /Line 2 is longer than 5 bytes/,
    )
  })

  it('may be passed over by its offset', async () => {
    expect(await lines(utf8(source), { maximumLine: 9, offset: 34 })).toEqual([[5, 34, 'end']])
  })

  it('does not fill the memory, nor do many small chunks', async () => {
    const chunk = new Uint8Array(1024 * 1024).fill(0x61)
    function* endless(): Generator<Uint8Array> {
      for (let i = 0; i < 300; i++) yield chunk
      yield utf8('\nok\n')
    }
    const iterator = readNdjson(endless(), { maximumLine: 2_000_000 })
    const before = process.memoryUsage().arrayBuffers
    await expect(iterator.next()).rejects.toThrow(FhirMalformed)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000)
    const { value } = (await iterator.next()) as { value: NdjsonLine }
    expect([value.line, text(value.bytes)]).toEqual([2, 'ok'])

    const many = Array.from({ length: 300_000 }, (_, i) => Uint8Array.of(0x61 + (i % 26)))
    const alphabet = 'abcdefghijklmnopqrstuvwxyz'
    expect((await lines(many))[0]![2]).toBe(alphabet.repeat(11_539).slice(0, 300_000))
  })
})
