import { describe, expect, it } from 'vitest'
import { type ContentCipher, inspect, open, seal } from '../../src/envelope/index.ts'
import { EnvelopeMalformed } from '../../src/errors.ts'
import { type CborValue, encodeCbor } from '../../src/internal/cbor/index.ts'
import { ed25519, type KeyDirectory, type KeyRecord, x25519 } from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { craft } from '../helpers/craft.ts'
import { rejection } from '../helpers/errors.ts'
import { kemKey, person, signKey } from '../helpers/keys.ts'

/** Opens content signed by person 1 with whatever is passed as directory. */
async function openWith(authors: unknown, signal?: AbortSignal): Promise<unknown> {
  const [author, reader] = [await person(1), await person(3)]
  const envelope = await seal(utf8('x'), { author, recipients: [reader.public] })
  return open(envelope, { as: reader, authors: authors as KeyDirectory, signal })
}

describe('a directory that is none', () => {
  it.each([
    ['a list of identities', []],
    ['a list that can find', Object.assign([], { find: () => null })],
    ['an object without find', {}],
    ['an object whose find is no function', { find: true }],
  ])('%s is a TypeError that names the argument', async (_name, authors) => {
    const error = await rejection(openWith(authors))
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toMatch(/^authors must be a key directory/)
  })

  it('is told of the abort that its caller asks for', async () => {
    const { signal } = new AbortController()
    const told: unknown[] = []
    const find = async (_id: Uint8Array, options?: { signal?: AbortSignal | undefined }) => {
      told.push(options?.signal)
      return null
    }
    await rejection(openWith({ find }, signal))
    expect(told).toEqual([signal])
  })
})

describe('a directory record that is none', () => {
  const record = async (change: object): Promise<KeyDirectory> => {
    const { public: identity } = await person(1)
    const none = { validFrom: null, validUntil: null, compromisedAt: null }
    const good = { key: identity.signing, identity, name: null, ...none }
    return { find: async () => ({ ...good, ...change }) as unknown as KeyRecord }
  }

  it.each(['validFrom', 'validUntil', 'compromisedAt'])(
    'with text or an invalid date as %s is a TypeError, since text is neither early nor late',
    async (name) => {
      for (const date of ['2030-01-01', new Date(Number.NaN), 0]) {
        const error = await rejection(openWith(await record({ [name]: date })))
        expect(error).toBeInstanceOf(TypeError)
        expect((error as Error).message).toContain('dates of a directory record')
      }
    },
  )

  it('with a key that is none is a TypeError that says where it stood', async () => {
    const error = await rejection(openWith(await record({ key: 'a key' })))
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toMatch(/^the key of a directory record/)
  })
})

describe('errors name what to do', () => {
  const reading = async (value: CborValue): Promise<Error> => {
    const as = await kemKey(x25519)
    const envelope = await craft({ entries: [{ key: as.publicKey }], plaintext: encodeCbor(value) })
    return (await rejection(open(envelope, { as }))) as Error
  }

  it('a record is for openRecord, the key of a stream for nobody here', async () => {
    const record = await reading(['careseal/record/1', new Uint8Array(3)])
    expect(record).toBeInstanceOf(EnvelopeMalformed)
    expect(record.message).toContain('openRecord')
    const stream = await reading(['careseal/stream-key/1', new Uint8Array(32)])
    expect(stream).toBeInstanceOf(EnvelopeMalformed)
    expect(stream.message).toContain('stream')
  })

  it('content that is no CBOR is refused where it goes wrong', async () => {
    const as = await kemKey(x25519)
    const plaintext = Uint8Array.of(0x82, 0x01, 0xff)
    const envelope = await craft({ entries: [{ key: as.publicKey }], plaintext })
    const error = await rejection(open(envelope, { as }))
    expect(error).toBeInstanceOf(EnvelopeMalformed)
    expect((error as EnvelopeMalformed).offset).toBe(2)
  })

  it('bytes that are no CBOR are refused where they go wrong', async () => {
    const { publicKey } = await kemKey(x25519)
    const envelope = await seal(utf8('x'), { recipients: [publicKey] })
    for (const offset of [0, 2]) {
      const bad = envelope.map((byte, i) => (i === offset ? 0xff : byte))
      const error = await rejection(Promise.resolve().then(() => inspect(bad)))
      expect(error).toBeInstanceOf(EnvelopeMalformed)
      expect((error as EnvelopeMalformed).offset).toBe(offset)
    }
  })

  it.each([null, {}, ed25519])('a cipher that is none is named: %o', async (cipher) => {
    const { publicKey } = await kemKey(x25519)
    const options = { recipients: [publicKey], cipher: cipher as unknown as ContentCipher }
    await expect(seal(utf8('x'), options)).rejects.toThrow(/^cipher must be/)
  })
})

describe('who signs', () => {
  it.each([
    ['nothing', null],
    ['a key that cannot sign', { publicKey: null }],
  ])('%s is a TypeError that names the argument', async (_name, author) => {
    const { publicKey } = await kemKey(x25519)
    const sealing = seal(utf8('x'), { recipients: [publicKey], author: author as never })
    await expect(sealing).rejects.toThrow(/^author must be a signer/)
    const both = seal(utf8('x'), { recipients: [publicKey], authors: [author as never] })
    await expect(both).rejects.toThrow(/^authors\[0\] must be a signer/)
  })

  it('a signer with an encryption key is a TypeError that names its public key', async () => {
    const { publicKey } = await kemKey(x25519)
    const { sign } = await signKey(ed25519)
    const sealing = seal(utf8('x'), {
      recipients: [publicKey],
      author: { publicKey, sign } as never,
    })
    await expect(sealing).rejects.toThrow(/^author\.publicKey must be/)
  })
})
