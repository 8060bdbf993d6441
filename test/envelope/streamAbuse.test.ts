import { createRequire } from 'node:module'
import { describe, expect, it, vi } from 'vitest'
import { openRange, openStream, sealStream, toReadableStream } from '../../src/envelope/index.ts'
import { openRecordStream, sealRecordStream } from '../../src/index.ts'
import { sealPlaintext, wrapSingly } from '../../src/internal/envelope/sealing.ts'
import { randomParts } from '../../src/internal/random.ts'
import { encodeStreamHeader, segmentNonce } from '../../src/internal/stream/header.ts'
import { encodeStreamKey } from '../../src/internal/stream/key.ts'
import { encodeSeal } from '../../src/internal/stream/seal.ts'
import { type Decapsulator, keyDirectory, x25519, xWing } from '../../src/keys/index.ts'
import { type BlobStore, memoryBlobs } from '../../src/store/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey, person } from '../helpers/keys.ts'
import { gcmSalamander } from '../helpers/salamander.ts'
import { cborItems, decryptEnvelope } from '../helpers/streamCbor.ts'
import {
  collect,
  contentOf,
  forgeSegment,
  inPieces,
  join,
  otherLeaf,
  otherStreamKey,
  placed,
  sealed,
  segmentSize,
  split,
} from '../helpers/streams.ts'

const native = process.env['CARESEAL_TIER'] === 'native'

describe('one signature of an author', () => {
  it('stands over one content, also where two keys open the same segments', async () => {
    const author = await person(1)
    const reader = await person(2)
    const [envelopeId, salt, ...keys] = randomParts(32, 32, 32, 32)
    const header = encodeStreamHeader(3, 18, salt)
    const segmentKeys = keys.map((key) => otherStreamKey(key, header, envelopeId))
    const iv = segmentNonce(0, 1)
    const [one, two] = segmentKeys.map((key) => ({ key, iv }))
    const segment = gcmSalamander(one!, two!, new Uint8Array(0))
    const root = otherLeaf(segment)
    const { createHash } = await import('node:crypto')
    const keyHash = new Uint8Array(createHash('sha256').update(keys[0]!).digest())
    const mediaType = 'text/plain'
    const sum = { envelopeId, root, size: 32, mediaType, header, keyHash }
    const audience = [reader.public.encryption.id]
    const aad = new Uint8Array(0)
    const summary = await encodeSeal(sum, author.signer, audience, aad, undefined)
    const fileOf = async (i: 0 | 1): Promise<Uint8Array> => {
      const plaintext = encodeStreamKey({
        contentKey: keys[i]!,
        mediaType,
        author: author.public.signing.id,
      })
      const envelope = await sealPlaintext({
        envelopeId,
        plaintext,
        keys: [reader.public.encryption],
        wrap: wrapSingly('plain'),
        externalAad: aad,
        cipher: undefined,
        secrets: randomParts(32, 12),
      })
      const seal = forgeSegment(segmentKeys[i]!, header, 1, 2, summary)
      const segments = [{ frame: 2 ** 31 + segment.length, bytes: segment }]
      return join({ envelope, header, segments, leaves: root, seal, sealLength: seal.length })
    }
    const options = { as: reader, authors: keyDirectory([author.public]) }
    expect(await collect(openStream([await fileOf(0)], options))).toHaveLength(32)
    const other = await fileOf(1)
    expect(await codeOf(collect(openStream([other], options)))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    const range = openRange(placed(other), { ...options, offset: 0 })
    expect(await codeOf(collect(range))).toBe('ERR_ENVELOPE_OPEN_FAILED')
  })
})

describe('what is checked is what comes out', () => {
  it('where the array of the source changes meanwhile', async () => {
    const author = await person(1)
    const reader = await person(2)
    const stream = await sealed(contentOf(5000), { author, recipients: [reader.public] })
    const options = { as: reader, authors: keyDirectory([author.public]) }
    const { envelope, header } = split(stream)
    // The reader has the key, and puts another segment in the place of one that has just been checked.
    const { plaintext, envelopeId } = await decryptEnvelope(
      envelope,
      reader.decapsulator as Decapsulator,
    )
    const key = otherStreamKey(cborItems(plaintext)[1] as Uint8Array, header, envelopeId)
    const forged = forgeSegment(key, header, 0, 0, new Uint8Array(4096).fill(0x66))
    const at = 4 + envelope.length + 38 + 4
    for (let turns = 0; turns < 30; turns++) {
      const bytes = stream.slice()
      let calls = 0
      const source = {
        size: bytes.length,
        async read(offset: number, length: number) {
          if (++calls === 6) {
            // Once the segment has been handed out, at some moment after.
            void (async () => {
              for (let i = 0; i < turns; i++) await null
              bytes.set(forged, at)
            })()
          }
          return bytes.subarray(offset, offset + length)
        },
      }
      const range = openRange(source, { ...options, offset: 0, length: 5000 })
      const outcome = await collect(range).then(toHex, () => 'refused')
      expect(['refused', toHex(contentOf(5000))], `after ${turns} turns`).toContain(outcome)
    }
  })

  it('where the source uses its array again', async () => {
    const key = await kemKey(x25519)
    const content = contentOf(20_000)
    const stream = await sealed(content, { recipients: [key.publicKey] })
    for (const size of [3, 100, 1000, 5000]) {
      async function* reusing() {
        const piece = new Uint8Array(size)
        for (const part of inPieces(stream, size)) {
          piece.set(part)
          yield piece.subarray(0, part.length)
        }
      }
      expect(toHex(await collect(openStream(reusing(), { as: key })))).toBe(toHex(content))
    }
  })

  it('where options are changed after the call', async () => {
    const author = await person(1)
    const [bob, eve] = [await person(2), await person(3)]
    const recipients = [bob.public]
    const externalAad = utf8('a')
    const sealing = sealStream([utf8('x')], { author, recipients, externalAad })
    recipients[0] = eve.public
    externalAad[0] = 0
    const stream = await collect(sealing)
    const authors = keyDirectory([author.public])
    const aad = utf8('a')
    const options = { authors, externalAad: aad }
    const stranger = collect(openStream([stream], { ...options, as: eve }))
    expect(await codeOf(stranger)).toBe('ERR_ENVELOPE_RECIPIENT_NOT_FOUND')
    const opening = openStream([stream], { ...options, as: bob })
    aad[0] = 0
    expect(await collect(opening)).toEqual(utf8('x'))
  })

  it('where a piece shrinks while it is being sealed', async () => {
    const key = await kemKey(x25519)
    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & { resize(length: number): void }
    const buffer = new Resizable(65_636, { maxByteLength: 65_636 })
    const pieces = sealStream([new Uint8Array(buffer)], {
      recipients: [key.publicKey],
      segmentSize,
    })
    let count = 0
    const sealing = (async () => {
      for await (const _ of pieces) if (++count === 3) buffer.resize(4196)
    })()
    expect(await rejection(sealing)).toBeInstanceOf(TypeError)
  })

  it('is not what a second iteration has been left', async () => {
    const key = await kemKey(x25519)
    const stream = await sealed(contentOf(20_000), { recipients: [key.publicKey] })
    const iterables = [
      openStream([stream], { as: key }),
      openRange(placed(stream), { as: key, offset: 0 }),
    ]
    for (const iterable of iterables) {
      for await (const _ of iterable) break
      expect(() => iterable[Symbol.asyncIterator]()).toThrow('iterated once')
    }
  })

  it('is not what a store says that it has taken', async () => {
    const author = await person(1)
    const memory = memoryBlobs()
    const lying = (keep: number): BlobStore => ({
      ...memory,
      async put(key, source) {
        const parts: Uint8Array[] = []
        for await (const part of source) if (parts.push(part.slice()) >= keep) break
        await memory.put(
          key,
          (async function* () {
            yield* parts.slice(0, keep)
          })(),
        )
      },
    })
    for (const keep of [0, 2]) {
      const blobs = lying(keep)
      const options = { author, recipients: [author.public], blobs, segmentSize }
      const sealing = sealRecordStream(inPieces(contentOf(50_000), 5000), options)
      expect(await codeOf(sealing)).toBe('ERR_STORE_FAILED')
    }
    const { delete: _, ...without } = memory
    const options = { author, recipients: [author.public], blobs: without as BlobStore }
    expect(await rejection(sealRecordStream([utf8('x')], options))).toBeInstanceOf(TypeError)
  })
})

describe('a source that does not behave', () => {
  it('does not keep an aborted stream waiting for its end', async () => {
    const key = await kemKey(x25519)
    const controller = new AbortController()
    const reason = new Error('enough')
    const { signal } = controller
    const endless = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: new Uint8Array(5000) }),
        return: () => new Promise<never>(() => {}),
      }),
    }
    const sealing = (async () => {
      let count = 0
      const options = { recipients: [key.publicKey], segmentSize, signal }
      for await (const _ of sealStream(endless as never, options)) {
        if (++count === 5) controller.abort(reason)
      }
    })()
    expect(await rejection(sealing)).toBe(reason)
  })

  it('does not keep a cancelled WHATWG stream waiting', async () => {
    const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
    const reader = toReadableStream(silent).getReader()
    void reader.read()
    await reader.cancel()
    let ended = false
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: true as const, value: undefined }),
        async return() {
          ended = true
          return { done: true as const, value: undefined }
        },
      }),
    }
    await toReadableStream(source).cancel()
    expect(ended).toBe(true)
  })

  it('gives others a turn, however small its pieces', async () => {
    const key = await kemKey(x25519)
    function* endless() {
      for (;;) yield new Uint8Array(0)
    }
    const signal = AbortSignal.timeout(30)
    const sealing = collect(sealStream(endless(), { recipients: [key.publicKey], signal }))
    expect(((await rejection(sealing)) as Error).name).toBe('TimeoutError')
  })

  it('leaves no rejection that nobody handles', async () => {
    const key = await kemKey(x25519)
    const stream = await sealed(contentOf(9000), { recipients: [key.publicKey] })
    const controller = new AbortController()
    const reason = new Error('enough')
    for (let after = 0; after < 8; after++) {
      let calls = 0
      const source = {
        size: stream.length,
        async read(offset: number, length: number) {
          if (calls++ === after) controller.abort(reason)
          if (controller.signal.aborted) throw reason
          return stream.slice(offset, offset + length)
        },
      }
      const range = openRange(source, { as: key, offset: 0, signal: controller.signal })
      expect(await rejection(collect(range))).toBe(reason)
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  })
})

describe('the keys of a stream', () => {
  it.runIf(native)('are overwritten, whoever had them', async () => {
    const crypto = createRequire(import.meta.url)('node:crypto')
    const seen: Uint8Array[] = []
    const spies = (['createCipheriv', 'createDecipheriv'] as const).map((name) => {
      const original = crypto[name]
      return vi.spyOn(crypto, name).mockImplementation(((...args: unknown[]) => {
        if (args[1] instanceof Uint8Array) seen.push(args[1])
        return original(...args)
      }) as never)
    })
    try {
      const author = await person(1, xWing)
      const options = { as: author, authors: keyDirectory([author.public]) }
      const stream = await sealed(contentOf(9000), { author, recipients: [author.public] })
      await collect(openStream([stream], options))
      await collect(openRange(placed(stream), { ...options, offset: 5 }))
      const blobs = memoryBlobs()
      const { envelope } = await sealRecordStream([contentOf(9000)], {
        author,
        recipients: [author.public],
        blobs,
        segmentSize,
      })
      const record = await openRecordStream(envelope, { ...options, blobs })
      await collect(record.stream())
      record.close()
      const failing = openStream([stream.slice(0, -5)], options)
      expect(await codeOf(collect(failing))).toBe('ERR_STREAM_TRUNCATED')
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
    // Of HPKE, of layer 0, of the segments: every key that a cipher has been given.
    expect(seen.length).toBeGreaterThan(30)
    expect(seen.filter((key) => key.some((byte) => byte !== 0)).map((key) => key.length)).toEqual(
      [],
    )
  })

  it('are not left among what was drawn', async () => {
    const author = await person(1)
    const drawnBy = async (run: () => Promise<unknown>): Promise<number> => {
      const drawn: Uint8Array[] = []
      const spy = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
        const bytes = (array as unknown as Uint8Array).fill(0xaa)
        if (bytes.length !== 16) drawn.push(bytes)
        return array
      })
      await run().finally(() => spy.mockRestore())
      return drawn.reduce((sum, bytes) => sum + bytes.filter((byte) => byte === 0xaa).length, 0)
    }
    const recipients = [author.public]
    // Salt, envelope id and IV are what an envelope shows anyway; of a record the salts of manifest and head, too.
    expect(await drawnBy(() => sealed(utf8('x'), { author, recipients }))).toBe(32 + 32 + 12)
    const leaving = async () => {
      for await (const _ of sealStream([utf8('x')], { author, recipients })) break
    }
    expect(await drawnBy(leaving)).toBe(32 + 32 + 12)
    const blobs = memoryBlobs()
    const record = () => sealRecordStream([utf8('x')], { author, recipients, blobs })
    expect(await drawnBy(record)).toBe(32 + 32 + 32 + 32 + 12)
  })
})
