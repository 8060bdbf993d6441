import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  aes256Gcm,
  chacha20Poly1305,
  openStream,
  rekey,
  sealStream,
  toReadableStream,
} from '../../src/envelope/index.ts'
import { ed25519, es256, keyDirectory, mlDsa65, x25519, xWing } from '../../src/keys/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { forms } from '../helpers/forms.ts'
import { kemKey, person } from '../helpers/keys.ts'
import { cborItems, decodeLoose } from '../helpers/streamCbor.ts'
import {
  collect,
  contentOf,
  inPieces,
  join,
  otherLeaf,
  otherSegment,
  otherStreamKey,
  sealed,
  segmentSize,
  split,
  treeHash,
} from '../helpers/streams.ts'

const sizes = [0, 1, 4095, 4096, 4097, 8191, 8192, 8193, 50_000]

describe('a sealed stream', () => {
  it.each(sizes)('of %i bytes comes back whole', async (size) => {
    const key = await kemKey(x25519)
    const content = contentOf(size)
    const stream = await sealed(content, { recipients: [key.publicKey] })
    const parts = split(stream)
    expect(parts.segments).toHaveLength(Math.max(1, Math.ceil(size / segmentSize)))
    expect(parts.sealLength).toBe(parts.seal.length)
    expect(toHex(join(parts))).toBe(toHex(stream))
    for (const pieceSize of [1, 37, 4096, 1_000_000]) {
      if (pieceSize === 1 && size > 5000) continue
      const opened = openStream(inPieces(stream, pieceSize), { as: key })
      expect(toHex(await collect(opened))).toBe(toHex(content))
      expect(opened.verified()).toMatchObject({ size, signers: [], addressed: 'unstated' })
    }
  })

  it.each([1, 100, 4095, 4096, 4097, 8192, 12_288, 50_000])(
    'is the same whether its content comes in pieces of %i bytes or at once',
    async (pieceSize) => {
      const key = await kemKey(x25519)
      const content = contentOf(20_000)
      const pieces = openStream(
        [await sealed(content, { recipients: [key.publicKey] }, pieceSize)],
        {
          as: key,
        },
      )
      expect(toHex(await collect(pieces))).toBe(toHex(content))
      expect(pieces.verified().size).toBe(20_000)
    },
  )

  it('takes empty pieces, arrays in all forms, and pieces that are reused', async () => {
    const key = await kemKey(x25519)
    const content = contentOf(9000)
    const all = Object.values(forms).flatMap((form) => [form(content), new Uint8Array(0)])
    const opened = openStream([await collect(sealStream(all, { recipients: [key.publicKey] }))], {
      as: key,
    })
    expect((await collect(opened)).length).toBe(9000 * Object.keys(forms).length)
    async function* reusing() {
      const piece = new Uint8Array(3000)
      for (let i = 0; i < 3; i++) {
        piece.set(content.subarray(3000 * i, 3000 * (i + 1)))
        yield piece
      }
    }
    const stream = await collect(
      sealStream(reusing(), { recipients: [key.publicKey], segmentSize }),
    )
    expect(toHex(await collect(openStream([stream], { as: key })))).toBe(toHex(content))
  })

  it('goes through WHATWG streams both ways', async () => {
    const key = await kemKey(x25519)
    const body = new Blob([contentOf(100_000) as BlobPart]).stream()
    const stream = toReadableStream(sealStream(body, { recipients: [key.publicKey] }))
    const opened = toReadableStream(openStream(stream, { as: key }))
    expect((await new Response(opened).arrayBuffer()).byteLength).toBe(100_000)
    // As older browsers have them, without asynchronous iteration.
    const reader = new Blob([utf8('old') as BlobPart]).stream()
    const old = { getReader: () => reader.getReader() } as unknown as ReadableStream<Uint8Array>
    const again = await collect(sealStream(old, { recipients: [key.publicKey] }))
    expect(toHex(await collect(openStream([again], { as: key })))).toBe(toHex(utf8('old')))
  })

  it('cancels its source when a WHATWG stream is cancelled', async () => {
    let ended = false
    async function* endless() {
      try {
        for (;;) yield new Uint8Array(5000)
      } finally {
        ended = true
      }
    }
    const key = await kemKey(x25519)
    const stream = toReadableStream(sealStream(endless(), { recipients: [key.publicKey] }))
    const reader = stream.getReader()
    await reader.read()
    await reader.read()
    await reader.cancel()
    expect(ended).toBe(true)
  })

  it.each([ed25519, es256, mlDsa65])('is signed with %o', async (signature) => {
    const author = await person(1, x25519, signature)
    const reader = await person(2)
    const stream = await sealed(contentOf(10_000), {
      author,
      recipients: [reader.public],
      mediaType: 'application/dicom',
    })
    const authors = keyDirectory([{ identity: author.public, name: 'Radiology' }])
    const opened = openStream([stream], { as: reader, authors })
    await collect(opened)
    const verified = opened.verified()
    expect(verified.authors.map(({ name }) => name)).toEqual(['Radiology'])
    expect(verified).toMatchObject({ mediaType: 'application/dicom', addressed: 'original' })
    expect(verified.signers.map(({ id }) => toHex(id))).toEqual([toHex(author.public.signing.id)])
  })

  it('needs a directory that holds the author, before any content comes out', async () => {
    const author = await person(1)
    const stream = await sealed(contentOf(10_000), { author, recipients: [author.public] })
    for (const authors of [undefined, keyDirectory([(await person(2)).public])]) {
      const pieces: Uint8Array[] = []
      const reading = (async () => {
        for await (const piece of openStream([stream], { as: author, authors })) pieces.push(piece)
      })()
      expect(await codeOf(reading)).toBe('ERR_ENVELOPE_AUTHOR_UNTRUSTED')
      expect(pieces).toEqual([])
    }
  })

  it('says how strong it is, and refuses to be weaker than asked', async () => {
    const [strong, weak] = [await kemKey(xWing), await kemKey(x25519)]
    const both = [strong.publicKey, weak.publicKey]
    const mixed = await sealed(utf8('x'), { recipients: both })
    const opened = openStream([mixed], { as: strong })
    await collect(opened)
    expect(opened.verified().security).toBe('classical')
    const minimumSecurity = 'post-quantum'
    const refused = collect(openStream([mixed], { as: strong, minimumSecurity }))
    expect(await codeOf(refused)).toBe('ERR_ENVELOPE_SECURITY')
    const pure = await sealed(utf8('x'), { recipients: [strong.publicKey] })
    const kept = openStream([pure], { as: strong, minimumSecurity })
    await collect(kept)
    expect(kept.verified().security).toBe('post-quantum')
  })

  it.each(['plain', 'hint', 'none'] as const)('shows its readers as %s', async (keyIds) => {
    const author = await person(1)
    const reader = await person(2)
    const recipients = [reader.public]
    const stream = await sealed(utf8('x'), { author, recipients, keyIds })
    const authors = keyDirectory([author.public])
    const opened = openStream([stream], { as: reader, authors })
    await collect(opened)
    expect(opened.verified().addressed).toBe(keyIds === 'none' ? 'unstated' : 'original')
    const stranger = collect(openStream([stream], { as: await kemKey(x25519, 9), authors }))
    const expected =
      keyIds === 'none' ? 'ERR_ENVELOPE_OPEN_FAILED' : 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND'
    expect(await codeOf(stranger)).toBe(expected)
  })

  it.each([aes256Gcm, chacha20Poly1305])('is encrypted with %o', async (cipher) => {
    const key = await kemKey(x25519)
    const stream = await sealed(contentOf(9000), { recipients: [key.publicKey], cipher })
    expect(split(stream).header[4]).toBe(cipher === aes256Gcm ? 3 : 24)
    expect((await collect(openStream([stream], { as: key }))).length).toBe(9000)
  })

  it('is bound to external bytes', async () => {
    const author = await person(1)
    const externalAad = utf8('studies/4711')
    const options = { as: author, authors: keyDirectory([author.public]) }
    const stream = await sealed(utf8('x'), { author, recipients: [author.public], externalAad })
    expect(await collect(openStream([stream], { ...options, externalAad }))).toEqual(utf8('x'))
    for (const other of [undefined, utf8('studies/4712')]) {
      const failing = collect(openStream([stream], { ...options, externalAad: other }))
      expect(await codeOf(failing)).toBe('ERR_ENVELOPE_OPEN_FAILED')
    }
  })

  it('can be shared: its envelope is rekeyed, the rest stays', async () => {
    const author = await person(1)
    const friend = await person(2)
    const parts = split(await sealed(contentOf(9000), { author, recipients: [author.public] }))
    const recipients = [author.public, friend.public]
    const refused = rekey(parts.envelope, { as: author, recipients })
    expect(await codeOf(refused)).toBe('ERR_ENVELOPE_MALFORMED')
    const envelope = await rekey(parts.envelope, { as: author, recipients, keepStreamKey: true })
    const authors = keyDirectory([author.public])
    const opened = openStream([join({ ...parts, envelope })], { as: friend, authors })
    expect((await collect(opened)).length).toBe(9000)
    expect(opened.verified().addressed).toBe('shared')
  })

  it('has the bytes of docs/formats.md §6, by a second implementation', async () => {
    const key = await kemKey(x25519)
    const content = contentOf(10_000)
    const mediaType = 'application/dicom'
    const { decryptEnvelope } = await import('../helpers/streamCbor.ts')
    for (const cipher of [aes256Gcm, chacha20Poly1305]) {
      const stream = await sealed(content, { recipients: [key.publicKey], mediaType, cipher })
      const { envelope, header, segments, leaves, seal } = split(stream)
      const { plaintext, envelopeId } = await decryptEnvelope(envelope, key)
      const [domain, contentKey, type, author] = cborItems(plaintext)
      expect([domain, type, author]).toEqual(['careseal/stream-key/1', mediaType, null])
      expect(utf8('CSS1')).toEqual(header.slice(0, 4))
      expect(header[5]).toBe(12)
      const segmentKey = otherStreamKey(contentKey as Uint8Array, header, envelopeId)
      const opened = segments.map(({ bytes }, i) =>
        otherSegment(segmentKey, header, i, i === segments.length - 1 ? 1 : 0, bytes),
      )
      expect(toHex(Buffer.concat(opened))).toBe(toHex(content))
      expect(segments.map(({ frame }) => frame)).toEqual([4112, 4112, 2 ** 31 + 1824])
      const hashes = segments.map(({ bytes }) => otherLeaf(bytes))
      expect(toHex(leaves)).toBe(toHex(Buffer.concat(hashes)))
      const sum = decodeLoose(otherSegment(segmentKey, header, segments.length, 2, seal))
      expect(sum).toEqual([
        'careseal/stream-sig/1',
        envelopeId,
        treeHash(hashes),
        10_000,
        mediaType,
        header,
        new Uint8Array(
          createHash('sha256')
            .update(contentKey as Uint8Array)
            .digest(),
        ),
      ])
    }
  })

  it('has nothing to say before its end', async () => {
    const key = await kemKey(x25519)
    const stream = await sealed(contentOf(9000), { recipients: [key.publicKey] })
    const opened = openStream([stream], { as: key })
    expect(() => opened.verified()).toThrow(RangeError)
    for await (const _ of opened) {
      expect(() => opened.verified()).toThrow('verified() has nothing to say yet')
      break
    }
    expect(() => opened.verified()).toThrow(RangeError)
  })

  it.each([
    ['no source', null],
    ['text', 'scan'],
    ['a single array', new Uint8Array(3)],
    ['pieces that are no bytes', ['scan']],
    ['pieces of numbers', [1, 2]],
  ] as [string, never][])('refuses %s', async (_name, source) => {
    const key = await kemKey(x25519)
    const sealing = collect(sealStream(source, { recipients: [key.publicKey] }))
    expect(await rejection(sealing)).toBeInstanceOf(TypeError)
    expect(await rejection(collect(openStream(source, { as: key })))).toBeInstanceOf(TypeError)
  })

  it.each([
    ['no readers', { recipients: [] }, RangeError],
    ['a segment size that is no power of two', { segmentSize: 5000 }, RangeError],
    ['a segment size that is too small', { segmentSize: 2048 }, RangeError],
    ['a segment size that is too large', { segmentSize: 2 ** 23 }, RangeError],
    ['a segment size that is none', { segmentSize: 'big' }, RangeError],
    ['a media type of 256 characters', { mediaType: 'x'.repeat(256) }, RangeError],
    ['a media type that is no text', { mediaType: 7 }, TypeError],
    ['several authors', { authors: [] }, TypeError],
    ['an unknown option', { recipient: [] }, TypeError],
    ['a way of showing readers that is none', { keyIds: 'nobody' }, TypeError],
    ['a signal that is none', { signal: {} }, TypeError],
  ] as [string, object, new () => Error][])('refuses %s', async (_name, options, kind) => {
    const recipients = [(await kemKey(x25519)).publicKey]
    const sealing = collect(sealStream([utf8('x')], { recipients, ...options }))
    expect(await rejection(sealing)).toBeInstanceOf(kind)
  })
})

describe('the source of a stream', () => {
  it('passes its own error on, and what was sealed so far does not open', async () => {
    const key = await kemKey(x25519)
    const broken = new Error('the scanner was switched off')
    async function* scanner() {
      yield contentOf(9000)
      throw broken
    }
    const parts: Uint8Array[] = []
    const sealing = (async () => {
      const options = { recipients: [key.publicKey], segmentSize }
      for await (const part of sealStream(scanner(), options)) parts.push(part)
    })()
    expect(await rejection(sealing)).toBe(broken)
    expect(await codeOf(collect(openStream(parts, { as: key })))).toBe('ERR_STREAM_TRUNCATED')
  })

  it('is told to end where the consumer leaves', async () => {
    const key = await kemKey(x25519)
    let ended = 0
    async function* endless() {
      try {
        for (;;) yield new Uint8Array(5000)
      } finally {
        ended++
      }
    }
    for await (const _ of sealStream(endless(), { recipients: [key.publicKey] })) break
    // Nothing had been asked of it yet.
    expect(ended).toBe(0)
    let pieces = 0
    for await (const _ of sealStream(endless(), { recipients: [key.publicKey], segmentSize })) {
      if (++pieces === 4) break
    }
    expect(ended).toBe(1)
    async function* arriving() {
      try {
        yield await sealed(contentOf(50_000), { recipients: [key.publicKey] })
      } finally {
        ended++
      }
    }
    for await (const _ of openStream(arriving(), { as: key })) break
    expect(ended).toBe(2)
  })

  it('may be silent: an abort does not wait for it', async () => {
    const key = await kemKey(x25519)
    const reason = new Error('the patient has left')
    const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
    for (const run of [
      (signal: AbortSignal) => sealStream(silent, { recipients: [key.publicKey], signal }),
      (signal: AbortSignal) => openStream(silent, { as: key, signal }),
    ]) {
      const controller = new AbortController()
      const reading = collect(run(controller.signal))
      setTimeout(() => controller.abort(reason), 20)
      expect(await rejection(reading)).toBe(reason)
      expect(await rejection(collect(run(AbortSignal.abort(reason))))).toBe(reason)
    }
  })
})
