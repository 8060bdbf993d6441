import { describe, expect, it } from 'vitest'
import { open, rewrap, seal } from '../../src/envelope/index.ts'
import { findAuthors } from '../../src/internal/envelope/authors.ts'
import {
  createKeyRing,
  type Decapsulator,
  type Identity,
  importPublicKey,
  type KeyDirectory,
  type KeyRecord,
  keyDirectory,
  rotateKey,
  x25519,
} from '../../src/keys/index.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'
import { codeOf, codeOfError, rejection } from '../helpers/errors.ts'
import { kemKey, person } from '../helpers/keys.ts'

const untrusted = 'ERR_ENVELOPE_AUTHOR_UNTRUSTED'

const setUp = async () => {
  const [author, other, reader] = [await person(1), await person(2), await person(3)]
  const envelope = await seal(utf8('x'), { author, recipients: [reader.public] })
  const record: KeyRecord = {
    key: author.public.signing,
    identity: author.public,
    name: null,
    validFrom: null,
    validUntil: null,
    compromisedAt: null,
  }
  const opening = (authors?: KeyDirectory) =>
    open(envelope, authors === undefined ? { as: reader } : { as: reader, authors })
  const found = (record: unknown): KeyDirectory => ({
    find: async () => record as KeyRecord | null,
  })
  return { author, other, reader, envelope, record, opening, found }
}

describe('who vouches for an author', () => {
  it('signed content needs a directory that holds the author', async () => {
    const { author, other, opening, found } = await setUp()
    expect(await codeOf(opening())).toBe(untrusted)
    expect(await codeOf(opening(keyDirectory([])))).toBe(untrusted)
    expect(await codeOf(opening(keyDirectory([other.public])))).toBe(untrusted)
    expect(await codeOf(opening(found(null)))).toBe(untrusted)
    expect(text((await opening(keyDirectory([other.public, author.public]))).content)).toBe('x')
  })

  it('a directory is asked for the key id that signed, and may not keep it', async () => {
    const { author, opening, record } = await setUp()
    const asked: string[] = []
    const directory: KeyDirectory = {
      find: async (id) => {
        asked.push(toHex(id))
        id.fill(0)
        return record
      },
    }
    expect(text((await opening(directory)).content)).toBe('x')
    expect(asked).toEqual([toHex(author.public.signing.id)])
  })

  it('a record of another key is not taken, though its signature would not verify anyway', async () => {
    const { other, opening, found, record } = await setUp()
    expect(await codeOf(opening(found({ ...record, key: other.public.signing })))).toBe(untrusted)
  })

  it('a key that a database put together is checked, and its id computed', async () => {
    const { author, other, opening, found, record } = await setUp()
    const { algorithm, id, bytes } = author.public.signing
    const plain = { algorithm, id, bytes: bytes.slice() }
    const opened = await opening(found({ ...record, key: plain }))
    expect(opened.signers).toEqual([author.public.signing])
    expect(opened.authors[0]!.identity).toBe(author.public)
    // Somebody else's bytes under this author's id.
    const swapped = { algorithm, id, bytes: other.public.signing.bytes }
    expect(await codeOf(opening(found({ ...record, key: swapped })))).toBe(untrusted)
    // The identity point, under which anybody can sign.
    const weak = new Uint8Array(32)
    weak[0] = 1
    expect(await codeOf(opening(found({ ...record, key: { algorithm, id, bytes: weak } })))).toBe(
      'ERR_KEY_MALFORMED',
    )
    for (const key of [undefined, null, 'did:key:z6Mk', other.public.encryption]) {
      expect(await rejection(opening(found({ ...record, key })))).toBeInstanceOf(TypeError)
    }
  })

  it('a record made by a class is read as one', async () => {
    const { author, opening, record } = await setUp()
    class Row implements KeyRecord {
      readonly identity = record.identity
      readonly name = 'from a row'
      readonly validFrom = null
      readonly validUntil = null
      readonly compromisedAt = null
      get key() {
        const { algorithm, id, bytes } = author.public.signing
        return { algorithm, id, bytes }
      }
    }
    const opened = await opening({ find: async () => new Row() })
    expect(opened.authors.map(({ name }) => name)).toEqual(['from a row'])
  })

  it('a compromised key never counts here, for an envelope carries no time', async () => {
    const { opening, found, record } = await setUp()
    for (const date of ['1990-01-01', '2100-01-01']) {
      const compromised = { ...record, compromisedAt: new Date(date) }
      expect(await codeOf(opening(found(compromised)))).toBe(untrusted)
    }
  })

  it('what the directory itself rejects with comes through', async () => {
    const { opening } = await setUp()
    const problem = new Error('database is down')
    const failing: KeyDirectory = {
      find: async () => {
        throw problem
      },
    }
    expect(await rejection(opening(failing))).toBe(problem)
  })

  it('unsigned content asks nobody', async () => {
    const { reader } = await setUp()
    const envelope = await seal(utf8('x'), { recipients: [reader.public] })
    const authors: KeyDirectory = {
      find: async () => {
        throw new Error('asked')
      },
    }
    expect((await open(envelope, { as: reader, authors })).signers).toEqual([])
  })
})

describe('the time of a signature', () => {
  // Plain envelopes have none; records and events do, and ask the same function.
  const day = (n: number): Date => new Date(Date.UTC(2026, 0, n))
  const judge = async (
    record: Partial<KeyRecord>,
    claimed: Date | null,
    existedBefore: Date | null = null,
  ): Promise<string> => {
    const { author, found, record: basic } = await setUp()
    const directory = found({ ...basic, ...record })
    const kids = [author.public.signing.id]
    return findAuthors(kids, directory, { claimed, existedBefore }, undefined).then(
      (records) => `trusted ${records.length}`,
      (error: unknown) => codeOfError(error),
    )
  }

  it('lies within the validity of the key, both ends included', async () => {
    const validity = { validFrom: day(5), validUntil: day(10) }
    for (const [n, verdict] of [
      [4, untrusted],
      [5, 'trusted 1'],
      [10, 'trusted 1'],
      [11, untrusted],
    ] as const) {
      expect(await judge(validity, day(n)), `day ${n}`).toBe(verdict)
    }
    expect(await judge(validity, null)).toBe('trusted 1')
    expect(await judge({}, day(1))).toBe('trusted 1')
  })

  it('provably precedes a compromise, whatever is claimed', async () => {
    const compromised = { compromisedAt: day(5) }
    expect(await judge(compromised, day(1))).toBe(untrusted)
    expect(await judge(compromised, day(9), day(4))).toBe('trusted 1')
    expect(await judge(compromised, day(1), day(5))).toBe('trusted 1')
    expect(await judge(compromised, day(1), day(6))).toBe(untrusted)
  })
})

describe('whom the author addressed', () => {
  it('any key of the ring counts, also one that came later or is retired', async () => {
    const { author } = await setUp()
    const [old, next] = [await kemKey(x25519, 7), await kemKey(x25519, 8)]
    const authors = keyDirectory([author.public])
    const toOld = await seal(utf8('x'), { author, recipients: [old.publicKey] })
    const ring = rotateKey(createKeyRing(old), next)
    expect((await open(toOld, { as: ring, authors })).addressed).toBe('original')
    const moved = await rewrap(toOld, { as: ring, add: [next.publicKey], remove: [old.publicKey] })
    // Opened by the new key, addressed to the old one: still her, as her ring tells.
    expect((await open(moved, { as: ring, authors })).addressed).toBe('original')
    expect((await open(moved, { as: next, authors })).addressed).toBe('shared')
  })

  it('every reader at sealing is', async () => {
    const people: Identity[] = await Promise.all([1, 2, 3, 4].map((n) => person(n)))
    const recipients = people.map((one) => one.public)
    const envelope = await seal(utf8('x'), { author: people[0]!, recipients, keyIds: 'hint' })
    const authors = keyDirectory([people[0]!.public])
    for (const as of people) {
      expect((await open(envelope, { as, authors })).addressed).toBe('original')
    }
  })

  it('a decapsulator whose public key somebody made by hand is the same reader', async () => {
    const { author } = await setUp()
    const key = await kemKey(x25519, 7)
    const again = importPublicKey(x25519, key.publicKey.bytes)
    const { algorithm, bytes } = again
    // With a wrong id: it is computed from the bytes.
    const publicKey = { algorithm, bytes, id: new Uint8Array(32) }
    const as: Decapsulator = { publicKey, decapsulate: key.decapsulate }
    const envelope = await seal(utf8('x'), { author, recipients: [publicKey] })
    const opened = await open(envelope, { as, authors: keyDirectory([author.public]) })
    expect(opened.addressed).toBe('original')
  })
})
