import { describe, expect, it } from 'vitest'
import { openRange, openStream } from '../../src/envelope/index.ts'
import { keyDirectory, type LocalDecapsulator, x25519 } from '../../src/keys/index.ts'
import { toHex } from '../helpers/bytes.ts'
import { codeOf } from '../helpers/errors.ts'
import { kemKey, person } from '../helpers/keys.ts'
import { cborItems, decryptEnvelope } from '../helpers/streamCbor.ts'
import {
  collect,
  contentOf,
  forgeSegment,
  join,
  otherLeaf,
  otherStreamKey,
  placed,
  type StreamParts,
  sealed,
  split,
} from '../helpers/streams.ts'

const malformed = 'ERR_ENVELOPE_MALFORMED'
const failed = 'ERR_ENVELOPE_OPEN_FAILED'
const truncated = 'ERR_STREAM_TRUNCATED'

/** Opens in order and at places; both must refuse. Returns the two codes and the content that came out in order. */
async function refused(stream: Uint8Array, options: Parameters<typeof openStream>[1]) {
  const pieces: Uint8Array[] = []
  const opened = openStream([stream], options)
  const reading = (async () => {
    for await (const piece of opened) pieces.push(piece)
  })()
  const code = await codeOf(reading)
  expect(() => opened.verified()).toThrow(RangeError)
  const whole = openRange(placed(stream), { ...options, offset: 0 })
  return { code, range: await codeOf(collect(whole)), out: Buffer.concat(pieces) }
}

async function one(size = 9000) {
  const key = await kemKey(x25519)
  const content = contentOf(size)
  const stream = await sealed(content, { recipients: [key.publicKey] })
  return { key, content, stream, parts: split(stream) }
}

/** The segments' key, as any reader can learn it. */
async function readerKey(parts: StreamParts, key: LocalDecapsulator): Promise<Uint8Array> {
  const { plaintext, envelopeId } = await decryptEnvelope(parts.envelope, key)
  return otherStreamKey(cborItems(plaintext)[1] as Uint8Array, parts.header, envelopeId)
}

describe('pitfall 17: a stream that was', () => {
  it('cut off anywhere never gives a short file', async () => {
    const { key, stream, content } = await one()
    const { envelope, segments, leaves } = split(stream)
    const borders = [0, 1, 4, 5, 4 + envelope.length, 4 + envelope.length + 38]
    let at = 4 + envelope.length + 38
    for (const { bytes } of segments) {
      borders.push(at + 2, at + 4, at + 5, at + 4 + bytes.length - 1, at + 4 + bytes.length)
      at += 4 + bytes.length
    }
    borders.push(at + 32, at + leaves.length, at + leaves.length + 5, stream.length - 4)
    for (const end of [...borders, stream.length - 1]) {
      const { code, range, out } = await refused(stream.slice(0, end), { as: key })
      expect(code, `cut at ${end}`).toBe(truncated)
      expect([truncated, malformed, failed], `cut at ${end}`).toContain(range)
      expect(toHex(out)).toBe(toHex(content.subarray(0, out.length)))
    }
  })

  it.each([
    ['reordered', ({ segments }: StreamParts) => segments.splice(0, 2, segments[1]!, segments[0]!)],
    ['given a segment twice', ({ segments }: StreamParts) => segments.splice(1, 0, segments[0]!)],
    ['robbed of a segment', ({ segments }: StreamParts) => segments.splice(1, 1)],
    ['robbed of its first segment', ({ segments }: StreamParts) => segments.splice(0, 1)],
  ])('%s', async (_name, change) => {
    const { key, parts } = await one()
    const { length } = parts.segments
    change(parts)
    const many = parts.segments.length
    parts.leaves = new Uint8Array(
      Buffer.concat(parts.segments.map(({ bytes }) => otherLeaf(bytes))),
    )
    const { code, range } = await refused(join(parts), { as: key })
    expect(code).toBe(failed)
    expect(many === length ? [failed] : [failed, malformed]).toContain(range)
  })

  it('spliced with another stream to the same reader', async () => {
    const { key, parts } = await one()
    const other = (await one()).parts
    for (const mixed of [
      { ...parts, segments: [parts.segments[0]!, other.segments[1]!, parts.segments[2]!] },
      { ...parts, segments: other.segments, leaves: other.leaves },
      { ...parts, header: other.header },
      { ...parts, envelope: other.envelope },
      { ...parts, seal: other.seal },
      { ...parts, segments: other.segments, leaves: other.leaves, seal: other.seal },
    ]) {
      const { code, range } = await refused(join(mixed), { as: key })
      expect([code, range]).toEqual([failed, failed])
    }
    const leaves = { ...parts, leaves: other.leaves }
    expect(await refused(join(leaves), { as: key })).toMatchObject({
      code: malformed,
      range: failed,
    })
  })

  it('flipped in any byte', async () => {
    const { key, stream, parts, content } = await one(5000)
    const start = 4 + parts.envelope.length
    // Every byte of what is small, some of the segments.
    const places: number[] = []
    for (let at = 0; at < stream.length; at++) {
      const inSegment = at > start + 60 && at < stream.length - 220
      if (!inSegment || at % 211 === 0) places.push(at)
    }
    for (const at of places) {
      const changed = stream.slice()
      changed[at] = changed[at]! ^ (1 << (at % 8))
      const { code, out } = await refused(changed, { as: key })
      expect(code).toMatch(/^ERR_(ENVELOPE|STREAM)_/)
      expect(toHex(out)).toBe(toHex(content.subarray(0, out.length)))
    }
  })

  it('given an empty last segment', async () => {
    const { key, parts } = await one(4096)
    const segmentKey = await readerKey(parts, key)
    const content = contentOf(4096)
    const inner = forgeSegment(segmentKey, parts.header, 0, 0, content)
    const last = forgeSegment(segmentKey, parts.header, 1, 1, new Uint8Array(0))
    const segments = [
      { frame: 4112, bytes: inner },
      { frame: 2 ** 31 + 16, bytes: last },
    ]
    const leaves = new Uint8Array(Buffer.concat([otherLeaf(inner), otherLeaf(last)]))
    const { code, range } = await refused(join({ ...parts, segments, leaves }), { as: key })
    expect([code, range]).toEqual([malformed, truncated])
  })

  it('given a mark on another segment than the last', async () => {
    const { key, parts } = await one()
    const marked = parts.segments.map(({ frame, bytes }, i) => ({
      frame: i === 1 ? frame + 2 ** 31 : frame,
      bytes,
    }))
    expect((await refused(join({ ...parts, segments: marked }), { as: key })).code).toBe(failed)
    const unmarked = parts.segments.map(({ frame, bytes }) => ({ frame: frame % 2 ** 31, bytes }))
    const { code, range } = await refused(join({ ...parts, segments: unmarked }), { as: key })
    expect([code, range]).toEqual([malformed, malformed])
  })

  it.each([
    ['one byte', 1],
    ['a whole seal', 200],
    ['more than a seal may have', 1024 * 1024 + 100],
  ])('appended to by %s', async (_name, length) => {
    const { key, stream } = await one()
    const longer = new Uint8Array(Buffer.concat([stream, new Uint8Array(length)]))
    const { code, range } = await refused(longer, { as: key })
    expect(code).toBe(malformed)
    expect([malformed, failed, 'ERR_STREAM_TRUNCATED']).toContain(range)
  })

  it('given an unknown header', async () => {
    const { key, parts } = await one()
    for (const [at, value] of [
      [0, 0x44],
      [3, 0x32],
      [4, 1],
      [4, 24],
      [5, 11],
      [5, 23],
      [5, 13],
      [7, 0],
    ] as const) {
      const header = parts.header.slice()
      header[at] = value === header[at] ? value + 1 : value
      const { code } = await refused(join({ ...parts, header }), { as: key })
      expect([malformed, failed], `header byte ${at}`).toContain(code)
    }
  })

  it('given lengths that are none', async () => {
    const { key, stream } = await one()
    for (const length of [0, 4 * 1024 * 1024 + 1, 2 ** 32 - 1]) {
      const changed = stream.slice()
      new DataView(changed.buffer).setUint32(0, length)
      expect(await refused(changed, { as: key })).toMatchObject({
        code: malformed,
        range: malformed,
      })
    }
    for (const length of [0, 15, 1024 * 1024 + 1, 2 ** 32 - 1]) {
      const changed = stream.slice()
      new DataView(changed.buffer).setUint32(changed.length - 4, length)
      expect((await refused(changed, { as: key })).code).toBe(truncated)
    }
  })
})

describe('a reader, who has the key,', () => {
  async function signed() {
    const author = await person(1)
    const key = await kemKey(x25519, 2)
    const stream = await sealed(contentOf(9000), { author, recipients: [key.publicKey] })
    const parts = split(stream)
    const options = { as: key, authors: keyDirectory([author.public]) }
    return { author, key, parts, options, segmentKey: await readerKey(parts, key) }
  }

  it('cannot change a segment in the name of the author', async () => {
    const { parts, options, segmentKey } = await signed()
    const bytes = forgeSegment(segmentKey, parts.header, 1, 0, new Uint8Array(4096).fill(0x66))
    parts.segments[1] = { frame: 4112, bytes }
    const kept = await refused(join(parts), options)
    expect(kept).toMatchObject({ code: malformed, range: failed })
    parts.leaves = new Uint8Array(
      Buffer.concat(parts.segments.map((segment) => otherLeaf(segment.bytes))),
    )
    const listed = await refused(join(parts), options)
    expect(listed).toMatchObject({ code: failed, range: failed })
  })

  it('cannot shorten or lengthen it in the name of the author', async () => {
    const { parts, options, segmentKey, key } = await signed()
    const { header } = parts
    const first = {
      frame: 2 ** 31 + 116,
      bytes: forgeSegment(segmentKey, header, 0, 1, contentOf(100)),
    }
    const { plaintext } = { plaintext: await openSeal(segmentKey, parts) }
    for (const segments of [[first]]) {
      const leaves = otherLeaf(first.bytes)
      const seal = forgeSegment(segmentKey, header, segments.length, 2, plaintext)
      const { code, range } = await refused(join({ ...parts, segments, leaves, seal }), options)
      expect([code, range]).toEqual([failed, failed])
    }
    expect(key.publicKey.id.length).toBe(32)
  })

  it('cannot replace the signature by none, or by one of his own', async () => {
    const { parts, options, segmentKey } = await signed()
    const { header } = parts
    const unsigned = split(await sealed(contentOf(9000), { recipients: [options.as.publicKey] }))
    const sum = await openSeal(await readerKey(unsigned, options.as), unsigned)
    const forger = await person(3)
    const own = split(
      await sealed(contentOf(9000), { author: forger, recipients: [options.as.publicKey] }),
    )
    const signedByForger = await openSeal(await readerKey(own, options.as), own)
    for (const [plaintext, code] of [
      [sum, malformed],
      [signedByForger, failed],
      [new Uint8Array([0xf6]), malformed],
      [new Uint8Array(0), malformed],
    ] as const) {
      const seal = forgeSegment(segmentKey, header, parts.segments.length, 2, plaintext)
      const changed = { ...parts, seal, sealLength: seal.length }
      const authors = keyDirectory([(await person(1)).public, forger.public])
      const result = await refused(join(changed), { ...options, authors })
      expect(result).toMatchObject({ code, range: code })
    }
  })

  it('cannot make the sum of an unsigned stream say anything else', async () => {
    const key = await kemKey(x25519)
    const parts = split(await sealed(contentOf(9000), { recipients: [key.publicKey] }))
    const segmentKey = await readerKey(parts, key)
    const { encodeCbor } = await import('../../src/internal/cbor/index.ts')
    const sum = cborItems(await openSeal(segmentKey, parts))
    const changes: [number, unknown][] = [
      [0, 'careseal/stream-sig/2'],
      [1, new Uint8Array(32)],
      [2, new Uint8Array(32)],
      [2, null],
      [3, 9001],
      [3, '9000'],
      [4, 'text/plain'],
      [4, null],
      [5, new Uint8Array(38)],
      [5, null],
      [6, new Uint8Array(32)],
      [6, null],
    ]
    for (const [at, value] of changes) {
      const plaintext = encodeCbor(sum.toSpliced(at, 1, value) as never)
      const seal = forgeSegment(segmentKey, parts.header, 3, 2, plaintext)
      const { code, range } = await refused(join({ ...parts, seal, sealLength: seal.length }), {
        as: key,
      })
      expect([malformed, failed], `item ${at}`).toContain(code)
      expect([malformed, failed], `item ${at}`).toContain(range)
    }
    for (const items of [sum.slice(0, 6), sum.slice(0, 5), [...sum, null]]) {
      const seal = forgeSegment(segmentKey, parts.header, 3, 2, encodeCbor(items as never))
      const { code } = await refused(join({ ...parts, seal, sealLength: seal.length }), { as: key })
      expect(code).toBe(failed)
    }
  })
})

async function openSeal(segmentKey: Uint8Array, parts: StreamParts): Promise<Uint8Array> {
  const { otherSegment } = await import('../helpers/streams.ts')
  return otherSegment(segmentKey, parts.header, parts.segments.length, 2, parts.seal)
}
