/** What version 1 wrote, every later version reads: the vectors of docs/formats.md §11. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { verifyEvent } from '../../src/consent/index.ts'
import { attachWraps, detachWraps, open, openStream } from '../../src/envelope/index.ts'
import { openRecord, openRecordStream, verifyReceipt } from '../../src/index.ts'
import { hintOf } from '../../src/internal/cose/keyId.ts'
import * as keys from '../../src/keys/index.ts'
import { parseLogPolicy } from '../../src/log/index.ts'
import { memoryBlobs } from '../../src/store/index.ts'
import { hex, toHex } from '../helpers/bytes.ts'
import { codeOf } from '../helpers/errors.ts'
import { collect } from '../helpers/streams.ts'

interface Vectors {
  authors: { card: string; signing: string }[]
  keys: { algorithm: Name; seed: string; publicKey: string; id: string; multikey: string }[]
  cards: {
    card: string
    did: string
    signing: string
    encryption: string
    issued: number
    expires: number | null
  }[]
  hints: { salt: string; id: string; kid: string }[]
  envelopes: {
    note: string
    envelope: string
    content: string
    externalAad: string
    mediaType: string
    authors: string[]
    readers: { seed: string; algorithm: Name; addressed: string }[]
  }[]
  records: {
    note: string
    envelope: string
    readerSeed: string
    content: string
    commitment: string
    id: string
  }[]
  events: { bytes: string; author: string; commitment: string; id: string }[]
  receipts: { receipt: string; commitment: string; policy: string; index: number; size: number }[]
  parts: { envelope: string; body: string; wraps: string }[]
  erasures: {
    bytes: string
    author: string
    record: string
    destroyed: string[]
    remaining: string[]
    commitment: string
    id: string
  }[]
  streams: {
    note: string
    file?: string
    envelope?: string
    blob?: string
    key?: string
    id?: string
    author: string | null
    readerSeed: string
    content: string
    mediaType: string
  }[]
  refused: { kind: 'envelope' | 'card' | 'event'; reason: string; object: string }[]
}
type Name =
  | 'xWing'
  | 'mlKem768P256'
  | 'p256'
  | 'x25519'
  | 'ed25519'
  | 'es256'
  | 'es256k'
  | 'mlDsa65'

const vectors: Vectors = JSON.parse(readFileSync('test/fixtures/formats-1.json', 'utf8'))
const { ed25519, es256, x25519, xWing } = keys
const algorithms = [ed25519, es256, x25519, xWing]
const authors = async (): Promise<keys.KeyDirectory> => {
  const cards = vectors.authors.map(({ card }) =>
    keys.decodePublicIdentity(hex(card), { algorithms }),
  )
  return keys.keyDirectory(await Promise.all(cards))
}

describe('format version 1', () => {
  it('keys', async () => {
    for (const { algorithm, seed, publicKey, id, multikey } of vectors.keys) {
      const key = await keys.keyFromSeed(keys[algorithm], hex(seed))
      expect(toHex(key.publicKey.bytes)).toBe(publicKey)
      expect(toHex(key.publicKey.id)).toBe(id)
      expect(keys.toMultikey(key.publicKey)).toBe(multikey)
    }
  })

  it('cards', async () => {
    for (const { card, did, signing, encryption, issued, expires } of vectors.cards) {
      const identity = await keys.decodePublicIdentity(hex(card), { algorithms })
      expect(identity.did).toBe(did)
      expect(toHex(identity.signing.id)).toBe(signing)
      expect(toHex(identity.encryption.id)).toBe(encryption)
      expect(identity.issued).toEqual(new Date(issued * 1000))
      expect(identity.expires?.getTime() ?? null).toBe(expires === null ? null : expires * 1000)
    }
  })

  it('hints', () => {
    for (const { salt, id, kid } of vectors.hints)
      expect(toHex(hintOf(hex(salt), hex(id)))).toBe(kid)
  })

  it('envelopes', async () => {
    for (const vector of vectors.envelopes) {
      for (const { seed, algorithm, addressed } of vector.readers) {
        const as = (await keys.keyFromSeed(keys[algorithm], hex(seed))) as keys.LocalDecapsulator
        const opened = await open(hex(vector.envelope), {
          as,
          authors: await authors(),
          externalAad: hex(vector.externalAad),
        })
        expect(toHex(opened.content), vector.note).toBe(vector.content)
        expect(opened.mediaType).toBe(vector.mediaType)
        expect(opened.addressed, vector.note).toBe(addressed)
        expect(opened.signers.map(({ id }) => toHex(id))).toEqual(vector.authors)
      }
    }
  })

  it('records', async () => {
    for (const { note, envelope, readerSeed, content, commitment, id } of vectors.records) {
      const as = await keys.keyFromSeed(xWing, hex(readerSeed))
      const opened = await openRecord(hex(envelope), { as, authors: await authors() })
      expect(toHex(opened.content), note).toBe(content)
      expect(toHex(opened.commitment)).toBe(commitment)
      expect(opened.id).toBe(id)
    }
  })

  it('events', async () => {
    for (const { bytes, author, commitment, id } of vectors.events) {
      const verified = await verifyEvent(hex(bytes), { authors: await authors() })
      expect(toHex(verified.author.key.id)).toBe(author)
      expect(toHex(verified.commitment)).toBe(commitment)
      expect(verified.id).toBe(id)
    }
  })

  it('parts', () => {
    for (const { envelope, body, wraps } of vectors.parts) {
      const parts = detachWraps(hex(envelope))
      expect([toHex(parts.body), toHex(parts.wraps)]).toEqual([body, wraps])
      expect(toHex(attachWraps(hex(body), hex(wraps)))).toBe(envelope)
    }
  })

  it('erasures', async () => {
    for (const vector of vectors.erasures) {
      const options = { authors: await authors(), type: 'erasure' } as const
      const { event, author, commitment, id } = await verifyEvent(hex(vector.bytes), options)
      expect(toHex(author.key.id)).toBe(vector.author)
      expect(event.record).toBe(vector.record)
      const lists = [event.destroyed, event.remaining].map((list) =>
        list.map(({ what, where }) => `${what}: ${where}`).sort(),
      )
      expect(lists).toEqual([vector.destroyed, vector.remaining])
      expect([toHex(commitment), id]).toEqual([vector.commitment, vector.id])
    }
  })

  it('streams', async () => {
    for (const { file, envelope, blob, key, id, note, ...vector } of vectors.streams) {
      const as = await keys.keyFromSeed(xWing, hex(vector.readerSeed))
      const options = { as, authors: await authors() }
      if (file !== undefined) {
        const opened = openStream([hex(file)], options)
        expect(toHex(await collect(opened)), note).toBe(vector.content)
        const { signers, mediaType } = opened.verified()
        expect(signers.map((signer) => toHex(signer.id))).toEqual(
          vector.author === null ? [] : [vector.author],
        )
        expect(mediaType).toBe(vector.mediaType)
        continue
      }
      const blobs = memoryBlobs()
      async function* source() {
        yield hex(blob!)
      }
      await blobs.put(key!, source())
      const record = await openRecordStream(hex(envelope!), { ...options, blobs })
      expect(toHex(await collect(record.stream())), note).toBe(vector.content)
      expect(record.id).toBe(id)
      expect(record.authors.map((author) => toHex(author.key.id))).toEqual([vector.author])
    }
  })

  it('receipts', async () => {
    for (const { receipt, commitment, policy, index, size } of vectors.receipts) {
      const trust = { logs: parseLogPolicy(policy) }
      const verified = await verifyReceipt(hex(receipt), { commitment: hex(commitment), trust })
      expect([verified.index, verified.size]).toEqual([index, size])
    }
  })

  it('refused', async () => {
    const as = await keys.keyFromSeed(xWing, new Uint8Array(32).fill(101))
    const directory = await authors()
    for (const { kind, reason, object } of vectors.refused) {
      const bytes = hex(object)
      const attempt = {
        envelope: () => open(bytes, { as }),
        card: () => keys.decodePublicIdentity(bytes, { algorithms }),
        event: () => verifyEvent(bytes, { authors: directory }),
      }[kind]
      expect(await codeOf(attempt()), reason).toMatch(/^ERR_/)
    }
  })
})
