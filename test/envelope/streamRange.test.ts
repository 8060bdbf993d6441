import { describe, expect, it } from 'vitest'
import { openRange } from '../../src/envelope/index.ts'
import { keyDirectory, x25519 } from '../../src/keys/index.ts'
import { toHex } from '../helpers/bytes.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey, person } from '../helpers/keys.ts'
import { collect, contentOf, inPieces, placed, sealed, split } from '../helpers/streams.ts'

const size = 20_000

async function study() {
  const author = await person(1)
  const reader = await person(2)
  const content = contentOf(size)
  const stream = await sealed(content, { author, recipients: [reader.public] })
  const options = { as: reader, authors: keyDirectory([author.public]) }
  return { content, stream, options }
}

describe('a range of a stream', () => {
  it.each([
    [0, 1],
    [0, 4096],
    [4095, 2],
    [4096, 4096],
    [4097, 8192],
    [19_999, 1],
    [0, size],
    [12_288, 7712],
    [100, 0],
    [size, 0],
    [size, 5],
    [size - 5, 100],
    [0, Number.MAX_SAFE_INTEGER],
    [16_384, undefined],
    [0, undefined],
  ])('from %i of length %s', async (offset, length) => {
    const { content, stream, options } = await study()
    const end = length === undefined ? size : offset + length
    const expected = content.subarray(offset, end)
    const range = openRange(placed(stream), { ...options, offset, length })
    expect(toHex(await collect(range))).toBe(toHex(expected))
    expect(range.verified()).toMatchObject({ size, addressed: 'original' })
  })

  it.each([0, 1, 4096, 8192])('of a stream of %i bytes', async (all) => {
    const key = await kemKey(x25519)
    const stream = await sealed(contentOf(all), { recipients: [key.publicKey] })
    const range = openRange(placed(stream), { as: key, offset: 0 })
    expect((await collect(range)).length).toBe(all)
  })

  it('reads no more than it needs', async () => {
    const { stream, options } = await study()
    const source = placed(stream)
    const range = openRange(source, { ...options, offset: 9000, length: 10 })
    await collect(range)
    const read = source.reads.reduce((sum, [, length]) => sum + length, 0)
    const { envelope, leaves, seal } = split(stream)
    expect(read).toBe(4 + envelope.length + 38 + 4 + seal.length + leaves.length + 4 + 4112)
  })

  it('takes sources that answer in pieces, and refuses those that answer too little', async () => {
    const { content, stream, options } = await study()
    const pieces = {
      size: stream.length,
      async *read(offset: number, length: number) {
        yield* inPieces(stream.subarray(offset, offset + length), 777)
      },
    }
    const range = openRange(pieces, { ...options, offset: 5000, length: 6000 })
    expect(toHex(await collect(range))).toBe(toHex(content.subarray(5000, 11_000)))
    const generous = {
      size: stream.length,
      read: async (offset: number) => stream.slice(offset),
    }
    const more = openRange(generous, { ...options, offset: 5000, length: 6000 })
    expect(toHex(await collect(more))).toBe(toHex(content.subarray(5000, 11_000)))
    for (let short = 0; short < 6; short++) {
      let calls = 0
      const cut = {
        size: stream.length,
        async read(offset: number, length: number) {
          return stream.slice(offset, offset + length - (calls++ === short ? 1 : 0))
        },
      }
      const failing = collect(openRange(cut, { ...options, offset: 5000, length: 6000 }))
      expect(await codeOf(failing), `call ${short}`).toBe('ERR_STREAM_TRUNCATED')
    }
  })

  it('passes an error of its source on', async () => {
    const { stream, options } = await study()
    const lost = new Error('connection lost')
    for (const read of [
      () => Promise.reject(lost),
      () => {
        throw lost
      },
      // biome-ignore lint/correctness/useYield: it fails before its first piece
      async function* () {
        throw lost
      },
    ]) {
      const failing = collect(openRange({ size: stream.length, read }, { ...options, offset: 0 }))
      expect(await rejection(failing)).toBe(lost)
    }
  })

  it('notices a change of exactly what was asked for', async () => {
    const { stream, options, content } = await study()
    const { envelope } = split(stream)
    const changed = stream.slice()
    const third = 4 + envelope.length + 38 + 2 * 4116 + 100
    changed[third] = changed[third]! ^ 1
    const before = openRange(placed(changed), { ...options, offset: 0, length: 8192 })
    expect(toHex(await collect(before))).toBe(toHex(content.subarray(0, 8192)))
    const over = openRange(placed(changed), { ...options, offset: 8191, length: 2 })
    const pieces: Uint8Array[] = []
    const reading = (async () => {
      for await (const piece of over) pieces.push(piece)
    })()
    expect(await codeOf(reading)).toBe('ERR_ENVELOPE_OPEN_FAILED')
    expect(pieces.map((piece) => piece.length)).toEqual([1])
  })

  it('says who wrote it as soon as a piece has come, and not before', async () => {
    const { stream, options } = await study()
    const range = openRange(placed(stream), { ...options, offset: 0 })
    expect(() => range.verified()).toThrow('verified() has nothing to say yet')
    for await (const _ of range) {
      expect(range.verified().authors).toHaveLength(1)
      break
    }
  })

  it.each([
    ['an offset behind the end', { offset: size + 1 }, RangeError],
    ['a negative offset', { offset: -1 }, RangeError],
    ['half a byte', { offset: 0.5 }, RangeError],
    ['no offset', {}, TypeError],
    ['a negative length', { offset: 0, length: -1 }, RangeError],
    ['a length that is no number', { offset: 0, length: '5' }, TypeError],
    ['an unknown option', { offset: 0, lenght: 5 }, TypeError],
  ] as [string, object, new () => Error][])('refuses %s', async (_name, wrong, kind) => {
    const { stream, options } = await study()
    const failing = collect(openRange(placed(stream), { ...options, ...wrong } as never))
    expect(await rejection(failing)).toBeInstanceOf(kind)
  })

  it.each([
    ['none', null],
    ['no size', { read: async () => new Uint8Array(0) }],
    ['no read', { size: 10 }],
    ['a read that answers text', { size: 1000, read: async () => 'x' }],
    ['a read that answers nothing', { size: 1000, read: () => undefined }],
  ] as [string, never][])('refuses a source of %s', async (_name, source) => {
    const { options } = await study()
    const failing = collect(openRange(source, { ...options, offset: 0 }))
    expect(await rejection(failing)).toBeInstanceOf(TypeError)
  })
})
