import { describe, expect, it } from 'vitest'
import {
  attachWraps,
  createSealer,
  detachWraps,
  inspect,
  open,
  openRange,
  openStream,
  rewrap,
  rewrapWraps,
  seal,
  sealStream,
} from '../../src/envelope/index.ts'
import { EnvelopeMalformed } from '../../src/errors.ts'
import {
  openRecord,
  openRecordStream,
  sealRecord,
  sealRecordStream,
  sealRecords,
} from '../../src/index.ts'
import { keyDirectory, x25519 } from '../../src/keys/index.ts'
import { memoryBlobs } from '../../src/store/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { rejection } from '../helpers/errors.ts'
import { kemKey, person } from '../helpers/keys.ts'
import { collect, sealed } from '../helpers/streams.ts'

/** What a call fails with, now or later. */
const failure = (call: () => unknown): Promise<unknown> => rejection(Promise.resolve().then(call))

async function malformed(call: () => unknown): Promise<EnvelopeMalformed> {
  const error = await failure(call)
  expect(error).toBeInstanceOf(EnvelopeMalformed)
  return error as EnvelopeMalformed
}

describe('a thing of ours in the place of another', () => {
  const world = async () => {
    const chen = await person(1)
    const envelope = await seal(utf8('x'), { recipients: [chen.public] })
    const stream = await sealed(utf8('x'), { recipients: [chen.public] })
    return { as: chen, envelope, stream, ...detachWraps(envelope), authors: keyDirectory([]) }
  }

  it('where an envelope should be: the message names what takes it', async () => {
    const { as, stream, body, wraps, authors } = await world()
    for (const [bytes, remedy] of [
      [stream, /sealed stream; use openStream or openRange/],
      [body, /body without its wraps; .*attachWraps/],
      [wraps, /wraps without their body; .*attachWraps.*rewrapWraps/],
    ] as const) {
      for (const call of [
        () => open(bytes, { as }),
        () => openRecord(bytes, { as, authors }),
        () => rewrap(bytes, { as }),
        () => inspect(bytes),
        () => detachWraps(bytes),
      ]) {
        const error = await malformed(call)
        expect(error.message).toMatch(remedy)
        expect(error.offset).toBe(bytes === stream ? 1 : 0)
      }
    }
  })

  it('an envelope where a stream should be', async () => {
    const { as, envelope } = await world()
    const remedy = /use open, openRecord or openRecordStream/
    expect((await malformed(() => collect(openStream([envelope], { as })))).message).toMatch(remedy)
    const source = {
      size: envelope.length,
      read: async (offset: number, length: number) => envelope.slice(offset, offset + length),
    }
    const range = openRange(source, { as, offset: 0, length: 1 })
    expect((await malformed(() => collect(range))).message).toMatch(remedy)
  })

  it('an envelope where a part of one should be', async () => {
    const { as, envelope, body, wraps } = await world()
    for (const [call, name] of [
      [() => attachWraps(envelope, wraps), 'body'],
      [() => attachWraps(body, envelope), 'wraps'],
      [() => rewrapWraps(envelope, { as }), 'wraps'],
    ] as const) {
      const { message } = await malformed(call)
      expect(message).toContain(`a whole envelope, not the ${name} of one`)
      expect(message).toContain('detachWraps')
    }
  })

  it('first bytes that only look so are never more than a message', async () => {
    const { as, envelope } = await world()
    const lookalike = Uint8Array.of(0, 0, 0, 9, 0xd8, 0x60, ...new Uint8Array(45))
    expect((await malformed(() => open(lookalike, { as }))).message).toContain('openStream')
    expect((await malformed(() => collect(openStream([lookalike], { as })))).message).not.toContain(
      'openRecord',
    )
    // What is neither keeps the plain word of where it goes wrong.
    const { message } = await malformed(() => open(utf8('hello'), { as }))
    expect(message).not.toMatch(/openStream|attachWraps/)
    expect((await malformed(() => inspect(Uint8Array.of(...envelope, 0)))).message).toMatch(
      /bytes after the end/,
    )
  })
})

describe('an envelope that was cut off', () => {
  it('says so wherever it was cut', async () => {
    const { publicKey } = await kemKey(x25519)
    const envelope = await seal(utf8('a longer text'), { recipients: [publicKey] })
    for (const length of [0, 1, 2, 3, 10, 100, envelope.length - 1]) {
      const { message } = await malformed(() => inspect(envelope.subarray(0, length)))
      expect(message, `${length}`).toMatch(/cut off: fetch it again/)
    }
  })
})

describe('a public card in the place of its owner', () => {
  it('does not open', async () => {
    const chen = await person(1)
    const envelope = await seal(utf8('x'), { recipients: [chen.public] })
    const error = await failure(() => open(envelope, { as: chen.public as never }))
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toBe(
      'as is a public card and has no private key: pass the identity itself',
    )
  })

  it('does not sign', async () => {
    const { public: card } = await person(1)
    const recipients = [card]
    for (const [signing, name] of [
      [{ author: card }, 'author'],
      [{ authors: [card] }, 'authors[0]'],
    ] as const) {
      for (const call of [seal, sealRecord] as const) {
        const error = await failure(() => call(utf8('x'), { recipients, ...signing } as never))
        expect(error).toBeInstanceOf(TypeError)
        expect((error as Error).message).toBe(
          `${name} is a public card and has no private key: pass the identity itself`,
        )
      }
    }
  })
})

describe('text in the place of bytes', () => {
  it('is to be decoded first, and is not in the message', async () => {
    const as = await kemKey(x25519)
    for (const call of [
      () => open('2GCEWF' as never, { as }),
      () => inspect('2GCEWF' as never),
      () => seal('2GCEWF' as never, { recipients: [as.publicKey] }),
    ]) {
      const error = await failure(call)
      expect(error).toBeInstanceOf(TypeError)
      expect((error as Error).message).toMatch(/must be a Uint8Array, not text: decode it first/)
      expect((error as Error).message).not.toContain('2GCEWF')
    }
    expect(((await failure(() => inspect(7 as never))) as Error).message).toBe(
      'envelope must be a Uint8Array',
    )
  })
})

describe('mediaType: null', () => {
  it('means not given, as fromJwe and fromAge say it', async () => {
    const chen = await person(1)
    const [as, authors] = [chen, keyDirectory([chen.public])]
    const own = { author: chen, recipients: [chen.public], mediaType: null }
    const plain = await open(await seal(utf8('x'), own), { as, authors })
    expect(plain.mediaType).toBe('application/octet-stream')

    const sealer = createSealer({ author: chen })
    const { recipients, mediaType } = own
    const batch = await open(await sealer.seal(utf8('x'), { recipients, mediaType }), {
      as,
      authors,
    })
    expect(batch.mediaType).toBe('application/octet-stream')
    sealer.close()

    const stream = openStream(sealStream([utf8('x')], own), { as, authors })
    await collect(stream)
    expect(stream.verified().mediaType).toBe('application/octet-stream')
  })

  it('means not given for records, too', async () => {
    const chen = await person(1)
    const [as, authors] = [chen, keyDirectory([chen.public])]
    const own = { author: chen, recipients: [chen.public], mediaType: null }
    const one = await openRecord((await sealRecord('{"resourceType":"Basic"}', own)).envelope, {
      as,
      authors,
    })
    expect(one.mediaType).toBe('application/fhir+json')
    expect(one.manifest.canonicalization).toBe('lossless/1')

    const batch = { ...own, mediaType: 'text/plain' }
    const inputs = [{ key: 1, content: 'x', mediaType: null }]
    for await (const { records, failed } of sealRecords(inputs, batch)) {
      expect(failed).toEqual([])
      // null does not take back what the batch says.
      const opened = await openRecord(records[0]!.envelope, { as, authors })
      expect(opened.mediaType).toBe('text/plain')
    }

    const blobs = memoryBlobs()
    const { envelope } = await sealRecordStream([utf8('x')], { ...own, blobs })
    const opened = await openRecordStream(envelope, { as, authors, blobs })
    expect(opened.mediaType).toBe('application/octet-stream')
    opened.close()
  })

  it('is no licence for other types', async () => {
    const { publicKey } = await kemKey(x25519)
    for (const mediaType of [false, 0, {}]) {
      const sealing = seal(utf8('x'), { recipients: [publicKey], mediaType: mediaType as never })
      await expect(sealing).rejects.toThrow(/^mediaType must be/)
    }
  })
})
