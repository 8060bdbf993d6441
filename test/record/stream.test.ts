import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { rekey, rewrap } from '../../src/envelope/index.ts'
import {
  explainRecord,
  logRecords,
  type OpenedStream,
  openRecord,
  openRecordStream,
  sealRecord,
  sealRecordStream,
  shareRecord,
} from '../../src/index.ts'
import { keyDirectory, mlDsa65, x25519, xWing } from '../../src/keys/index.ts'
import type { StreamFields } from '../../src/record/manifest.ts'
import { type BlobStore, memoryBlobs } from '../../src/store/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'
import { codeOf, expectCode, rejection } from '../helpers/errors.ts'
import { kemKey, person, signKey } from '../helpers/keys.ts'
import { testLog } from '../helpers/log.ts'
import { craftRecord } from '../helpers/record.ts'
import {
  collect,
  contentOf,
  forgeSegment,
  inPieces,
  otherLeaf,
  otherSegment,
  otherStreamKey,
  treeHash,
} from '../helpers/streams.ts'

const size = 10_000
const segmentSize = 4096

async function study(all = size, blobs: BlobStore = memoryBlobs()) {
  const author = await person(1)
  const content = contentOf(all)
  const sealed = await sealRecordStream(inPieces(content, 999), {
    author,
    recipients: [author.public],
    mediaType: 'application/dicom',
    subject: new Uint8Array(32).fill(5),
    securityLabels: ['R'],
    now: new Date('2026-01-02T03:04:05Z'),
    blobs,
    segmentSize,
  })
  const authors = keyDirectory([{ identity: author.public, name: 'Radiology' }])
  return { author, content, blobs, sealed, options: { as: author, authors, blobs } }
}

async function bytesOf(blobs: BlobStore, key: string): Promise<Uint8Array> {
  return collect(blobs.read(key, 0, (await blobs.size(key))!))
}

const put = (blobs: BlobStore, key: string, bytes: Uint8Array) =>
  blobs.put(
    key,
    (async function* () {
      yield bytes
    })(),
  )

describe('a record with a stream', () => {
  it.each([0, 1, 4096, 4097, 8192, size])(
    'of %i bytes comes back whole, and in parts',
    async (all) => {
      const { content, sealed, options } = await study(all)
      const opened = await openRecordStream(sealed.envelope, options)
      expect(toHex(await collect(opened.stream()))).toBe(toHex(content))
      for (const [offset, length] of [
        [0, 1],
        [4095, 2],
        [0, all],
        [all, 1],
        [Math.floor(all / 2), 5000],
      ] as const) {
        if (offset > all) continue
        const part = await collect(opened.range(offset, length))
        expect(toHex(part)).toBe(toHex(content.subarray(offset, offset + length)))
      }
      const digest = createHash('sha256').update(content).digest('hex')
      expect(toHex(opened.manifest.digest)).toBe(digest)
      expect(opened).toMatchObject({
        id: sealed.id,
        size: all,
        mediaType: 'application/dicom',
        addressed: 'original',
        logged: null,
        manifest: { canonicalization: 'raw', hash: 'sha-256', securityLabels: ['R'] },
      })
      expect(opened.manifest.createdAt).toEqual(new Date('2026-01-02T03:04:05Z'))
      opened.close()
    },
  )

  it('goes into a log, and is explained', async () => {
    const { log, trust } = await testLog()
    const author = await person(1)
    const blobs = memoryBlobs()
    const options = { author, recipients: [author.public], blobs, log }
    const sealed = await sealRecordStream([contentOf(size)], options)
    const proof = { receipt: sealed.receipt, trust }
    const authors = keyDirectory([author.public])
    const opened = await openRecordStream(sealed.envelope, { as: author, authors, blobs, proof })
    expect(opened.logged?.index).toBe(sealed.index)
    expect(explainRecord(opened)).toContain('10000 bytes')
    const later = await study()
    const [entry] = await logRecords([later.sealed], { log })
    expect(entry?.index).toBe(2)
  })

  it('is shared and rekeyed without touching the blob', async () => {
    const { author, content, sealed, options } = await study()
    const friend = await person(2)
    const shared = await shareRecord(sealed.envelope, { as: author, recipients: [friend.public] })
    const added = await rewrap(sealed.envelope, { as: author, add: [friend.public] })
    const recipients = [author.public, friend.public]
    await expectCode(rekey(shared.envelope, { as: author, recipients }), 'ERR_ENVELOPE_MALFORMED')
    const fresh = await rekey(shared.envelope, { as: friend, recipients, keepStreamKey: true })
    for (const envelope of [shared.envelope, added, fresh]) {
      const opened = await openRecordStream(envelope, { ...options, as: friend })
      expect(toHex(await collect(opened.stream()))).toBe(toHex(content))
      expect(opened.addressed).toBe('shared')
      expect(opened.id).toBe(sealed.id)
    }
  })

  it('names its blob by the envelope, and finds it where it was moved', async () => {
    const { blobs, sealed, options } = await study()
    expect(sealed.blob).toMatch(/^careseal-stream\/[0-9a-f]{64}$/)
    await blobs.put('archive/1', blobs.read(sealed.blob, 0, 1_000_000))
    await blobs.delete(sealed.blob)
    await expectCode(openRecordStream(sealed.envelope, options), 'ERR_STORE_FAILED')
    const moved = await openRecordStream(sealed.envelope, { ...options, blob: 'archive/1' })
    expect((await collect(moved.stream())).length).toBe(size)
  })

  it('is signed by several, post-quantum where its readers are', async () => {
    const author = await person(1, xWing)
    const second = await person(3, xWing, mlDsa65)
    const blobs = memoryBlobs()
    const { envelope } = await sealRecordStream([utf8('x')], {
      authors: [author, second],
      recipients: [author.public],
      blobs,
    })
    const authors = keyDirectory([author.public, second.public])
    const minimumSecurity = 'post-quantum'
    const opened = await openRecordStream(envelope, { as: author, authors, blobs, minimumSecurity })
    expect(opened.authors).toHaveLength(2)
    expect(opened.security).toBe('post-quantum')
  })

  it('leaves no blob behind if sealing fails', async () => {
    const author = await person(1)
    const kept: string[] = []
    const memory = memoryBlobs()
    const blobs: BlobStore = {
      ...memory,
      put: async (key, source, call) => {
        await memory.put(key, source, call)
        kept.push(key)
      },
      delete: async (key, call) => {
        await memory.delete(key, call)
        kept.splice(kept.indexOf(key) >>> 0, 1)
      },
    }
    const broken = new Error('no answer')
    const silent = { publicKey: author.public.signing, sign: () => Promise.reject(broken) }
    const base = { recipients: [author.public], blobs }
    const failing = sealRecordStream([utf8('x')], { ...base, author: silent })
    await expectCode(failing, 'ERR_KEY_UNAVAILABLE')
    async function* source() {
      yield contentOf(9000)
      throw broken
    }
    expect(await rejection(sealRecordStream(source(), { ...base, author }))).toBe(broken)
    const { log } = await testLog()
    await log.close()
    const closed = sealRecordStream([utf8('x')], { ...base, author, log })
    await expectCode(closed, 'ERR_LOG_CLOSED')
    expect(kept).toEqual([])
  })

  it('says which function opens what', async () => {
    const { author, sealed, options } = await study()
    const wrong = await rejection(
      openRecord(sealed.envelope, { as: author, authors: options.authors }),
    )
    expect((wrong as Error).message).toContain('openRecordStream')
    expect(await codeOf(Promise.reject(wrong))).toBe('ERR_RECORD_MALFORMED')
    const small = await sealRecord('{}', { author, recipients: [author.public] })
    const other = await rejection(openRecordStream(small.envelope, options))
    expect((other as Error).message).toContain('use openRecord')
    expect(await codeOf(Promise.reject(other))).toBe('ERR_RECORD_MALFORMED')
  })

  it('reads nothing once it is closed', async () => {
    const { sealed, options } = await study()
    const opened = await openRecordStream(sealed.envelope, options)
    const reading = opened.stream()[Symbol.asyncIterator]()
    await reading.next()
    opened.close()
    expect(await rejection(reading.next())).toBeInstanceOf(TypeError)
    expect(await rejection(collect(opened.range(0, 1)))).toBeInstanceOf(TypeError)
    opened.close()
  })

  it('aborts', async () => {
    const { author, sealed, options } = await study()
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    const { blobs } = options
    const base = { author, recipients: [author.public], blobs }
    expect(await rejection(sealRecordStream([utf8('x')], { ...base, signal }))).toBe(reason)
    expect(await rejection(openRecordStream(sealed.envelope, { ...options, signal }))).toBe(reason)
    const opened = await openRecordStream(sealed.envelope, options)
    expect(await rejection(collect(opened.stream({ signal })))).toBe(reason)
    expect(await rejection(collect(opened.range(0, 1, { signal })))).toBe(reason)
    expect((await collect(opened.stream())).length).toBe(size)
  })

  it.each([
    ['no blob store', { blobs: undefined }, TypeError],
    ['a blob store that is none', { blobs: { get() {} } }, TypeError],
    ['a canonicalization', { canonicalization: {} }, TypeError],
    ['a segment size that is none', { segmentSize: 1 }, RangeError],
    ['no author', { author: undefined }, TypeError],
    ['no readers', { recipients: [] }, RangeError],
    ['a subject of 65 bytes', { subject: new Uint8Array(65) }, RangeError],
  ] as [string, object, new () => Error][])('is not sealed with %s', async (_, wrong, kind) => {
    const author = await person(1)
    const options = { author, recipients: [author.public], blobs: memoryBlobs(), ...wrong }
    expect(await rejection(sealRecordStream([utf8('x')], options))).toBeInstanceOf(kind)
  })

  it.each([
    ['a negative offset', -1, 1],
    ['an offset behind the end', size + 1, 1],
    ['half a byte', 0, 0.5],
    ['an endless length', 0, Number.POSITIVE_INFINITY],
  ])('has no range from %s', async (_, offset, length) => {
    const { sealed, options } = await study()
    const opened = await openRecordStream(sealed.envelope, options)
    expect(await rejection(collect(opened.range(offset, length)))).toBeInstanceOf(RangeError)
  })
})

describe('the blob of a record', () => {
  async function both(opened: OpenedStream, offset = 0): Promise<[string, string]> {
    return [await codeOf(collect(opened.stream())), await codeOf(collect(opened.range(offset, 1)))]
  }

  it('counts only as it was sealed', async () => {
    const { blobs, sealed, options } = await study()
    const blob = await bytesOf(blobs, sealed.blob)
    const other = await study()
    const foreign = await bytesOf(other.blobs, other.sealed.blob)
    const segment = (from: Uint8Array, i: number) => from.subarray(4112 * i, 4112 * (i + 1))
    const changes: [string, Uint8Array][] = [
      ['another record', foreign],
      ['reordered', Buffer.concat([segment(blob, 1), segment(blob, 0), blob.subarray(8224)])],
      ['a segment twice', Buffer.concat([segment(blob, 0), segment(blob, 0), blob.subarray(8224)])],
      ['spliced', Buffer.concat([segment(foreign, 0), blob.subarray(4112)])],
    ]
    for (let at = 0; at < blob.length; at += 97) {
      const flipped = blob.slice()
      flipped[at] = flipped[at]! ^ 1
      changes.push([`byte ${at}`, flipped])
    }
    for (const [name, changed] of changes) {
      await put(blobs, 'changed', new Uint8Array(changed))
      const opened = await openRecordStream(sealed.envelope, { ...options, blob: 'changed' })
      expect(await codeOf(collect(opened.stream())), name).toBe('ERR_ENVELOPE_OPEN_FAILED')
    }
  })

  it('is refused where it is too short or too long', async () => {
    const { blobs, sealed, options } = await study()
    const blob = await bytesOf(blobs, sealed.blob)
    const changed = { ...options, blob: 'changed' }
    for (const length of [0, 1, 4112, blob.length - 32, blob.length - 1]) {
      await put(blobs, 'changed', blob.slice(0, length))
      await expectCode(openRecordStream(sealed.envelope, changed), 'ERR_STREAM_TRUNCATED')
    }
    await put(blobs, 'changed', new Uint8Array([...blob, 0]))
    await expectCode(openRecordStream(sealed.envelope, changed), 'ERR_RECORD_INVALID')
  })

  it('may shrink while it is read: the iteration fails', async () => {
    const { blobs, sealed, options } = await study()
    const opened = await openRecordStream(sealed.envelope, options)
    const blob = await bytesOf(blobs, sealed.blob)
    await collect(opened.range(0, 1))
    await put(blobs, sealed.blob, blob.slice(0, 5000))
    expect(await both(opened, 9000)).toEqual(['ERR_STREAM_TRUNCATED', 'ERR_STREAM_TRUNCATED'])
  })

  it('cannot be changed by a reader, who has the key', async () => {
    const author = await person(1)
    const mallory = await kemKey(x25519, 9)
    const blobs = memoryBlobs()
    const { envelope, blob } = await sealRecordStream([contentOf(size)], {
      author,
      recipients: [mallory.publicKey],
      blobs,
      segmentSize,
    })
    const { stream, envelopeId } = await streamOf(envelope)
    const key = otherStreamKey(stream.contentKey, stream.header, envelopeId)
    const bytes = await bytesOf(blobs, blob)
    expect(otherSegment(key, stream.header, 0, 0, bytes.slice(0, 4112))).toEqual(
      contentOf(size).slice(0, 4096),
    )
    const forged = forgeSegment(key, stream.header, 0, 0, new Uint8Array(4096))
    const leaves = [forged, bytes.subarray(4112, 8224), bytes.subarray(8224, -96)].map(otherLeaf)
    const authors = keyDirectory([author.public])
    for (const tail of [bytes.subarray(-96), Buffer.concat(leaves)]) {
      await put(
        blobs,
        'forged',
        new Uint8Array(Buffer.concat([forged, bytes.subarray(4112, -96), tail])),
      )
      const opened = await openRecordStream(envelope, {
        as: mallory,
        authors,
        blobs,
        blob: 'forged',
      })
      expect(await both(opened)).toEqual(['ERR_ENVELOPE_OPEN_FAILED', 'ERR_ENVELOPE_OPEN_FAILED'])
    }
    async function streamOf(bytes: Uint8Array) {
      const { decryptEnvelope } = await import('../helpers/streamCbor.ts')
      const { decodeRecord } = await import('../../src/record/layout.ts')
      const { decodeManifest } = await import('../../src/record/manifest.ts')
      const opened = await decryptEnvelope(bytes, mallory)
      const fields = decodeManifest(decodeRecord(opened.plaintext).manifest)
      return { stream: fields.stream!, envelopeId: opened.envelopeId }
    }
  })
})

describe('what the authors sign of a stream', () => {
  /** A record by hand over a stream by hand; `claimed` stands in the manifest instead of what was signed. */
  async function crafted(
    claimed: Partial<StreamFields>,
    more: object = {},
    content = utf8('scan'),
  ) {
    const signer = await signKey((await person(1)).public.signing.algorithm, 1)
    const author = await person(1)
    const envelopeId = new Uint8Array(32).fill(0xab)
    const header = Buffer.concat([utf8('CSS1'), Uint8Array.of(3, 12), new Uint8Array(32).fill(6)])
    const contentKey = new Uint8Array(32).fill(0xcd)
    const key = otherStreamKey(contentKey, header, envelopeId)
    const segment = forgeSegment(key, header, 0, 1, content)
    const root = treeHash([otherLeaf(segment)])
    const stream = { root, contentKey, size: content.length, header: new Uint8Array(header) }
    const digest = new Uint8Array(createHash('sha256').update(content).digest())
    const { envelope } = await craftRecord({
      signer,
      readers: [author.public.encryption],
      content: null,
      sealedAs: envelopeId,
      envelopeId,
      fields: { canonicalization: 'raw', digest, stream, ...more },
      claimed: { stream: { ...stream, ...claimed } },
    })
    const blobs = memoryBlobs()
    await put(blobs, 'x', new Uint8Array(Buffer.concat([segment, otherLeaf(segment)])))
    const authors = keyDirectory([author.public])
    return { envelope, options: { as: author, authors, blobs, blob: 'x' } }
  }

  it('is read where all fits', async () => {
    const { envelope, options } = await crafted({})
    const opened = await openRecordStream(envelope, options)
    expect(await collect(opened.stream())).toEqual(utf8('scan'))
  })

  it.each([
    ['root', { root: new Uint8Array(32) }],
    ['content key', { contentKey: new Uint8Array(32) }],
    ['size', { size: 5 }],
    ['header', { header: new Uint8Array([...utf8('CSS1'), 24, 12, ...new Uint8Array(32)]) }],
  ])('covers its %s', async (_, claimed) => {
    const { envelope, options } = await crafted(claimed)
    await expectCode(openRecordStream(envelope, options), 'ERR_ENVELOPE_OPEN_FAILED')
  })

  it.each([
    ['another digest than that of its bytes', { digest: new Uint8Array(32) }, 'ERR_RECORD_INVALID'],
  ] as const)('does not help where the author claims %s', async (_, more, code) => {
    const { envelope, options } = await crafted({}, more)
    const opened = await openRecordStream(envelope, options)
    const pieces: Uint8Array[] = []
    const reading = (async () => {
      for await (const piece of opened.stream()) pieces.push(piece)
    })()
    await expectCode(reading, code)
  })

  it.each([
    ['another canonicalization', { canonicalization: 'lossless/1' }],
    ['another hash', { hash: 'sha-512', digest: new Uint8Array(64) }],
    ['no stream', { stream: null }],
    ['an unknown header', { stream: streamWith({ header: new Uint8Array(38) }) }],
    ['too many segments', { stream: streamWith({ size: 2 ** 35 }) }],
  ])('must not have %s', async (_, more) => {
    const { envelope, options } = await crafted(
      (more as { stream?: StreamFields }).stream ?? {},
      more,
    )
    const stripped = (more as { stream?: unknown }).stream === null
    const bytes = stripped ? (await withoutStream()).envelope : envelope
    await expectCode(openRecordStream(bytes, options), 'ERR_RECORD_MALFORMED')
  })

  function streamWith(change: Partial<StreamFields>): StreamFields {
    const header = new Uint8Array([...utf8('CSS1'), 3, 12, ...new Uint8Array(32)])
    return { root: new Uint8Array(32), contentKey: new Uint8Array(32), size: 4, header, ...change }
  }

  async function withoutStream() {
    const author = await person(1)
    return craftRecord({
      signer: await signKey(author.public.signing.algorithm, 1),
      readers: [author.public.encryption],
      content: null,
      fields: { canonicalization: 'raw', stream: null },
    })
  }
})
