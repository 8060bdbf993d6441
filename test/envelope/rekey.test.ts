import { describe, expect, it } from 'vitest'
import {
  chacha20Poly1305,
  createSealer,
  inspect,
  open,
  rekey,
  rewrap,
  seal,
} from '../../src/envelope/index.ts'
import {
  type CborMap,
  type CborValue,
  decodeStrict,
  encodeCbor,
} from '../../src/internal/cbor/index.ts'
import { keyDirectory, type LocalDecapsulator, x25519, xWing } from '../../src/keys/index.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'
import { refused } from '../helpers/cbor.ts'
import { assemble, craft, partsOf } from '../helpers/craft.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey, person } from '../helpers/keys.ts'

const notFound = 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND'
const fails = 'ERR_ENVELOPE_OPEN_FAILED'
const publicOf = (...keys: LocalDecapsulator[]) => keys.map(({ publicKey }) => publicKey)
const three = async () =>
  (await Promise.all([1, 2, 3].map((n) => kemKey(x25519, n)))) as [
    LocalDecapsulator,
    LocalDecapsulator,
    LocalDecapsulator,
  ]
const headersOf = (envelope: Uint8Array): CborMap =>
  decodeStrict(partsOf(envelope).header, refused) as CborMap

describe('rekey', () => {
  it.each(['plain', 'hint', 'none'] as const)(
    '%s: draws all anew and keeps id, content and form',
    async (keyIds) => {
      const [a, b] = await three()
      const envelope = await seal(utf8('x'), { recipients: publicOf(a, b), keyIds })
      const fresh = await rekey(envelope, { as: a, recipients: publicOf(a, b) })
      for (const as of [a, b]) expect(text((await open(fresh, { as })).content)).toBe('x')
      const [before, after] = [headersOf(envelope), headersOf(fresh)]
      expect(after.get(-77001)).toEqual(before.get(-77001))
      expect(after.get(-77002)).not.toEqual(before.get(-77002))
      expect(partsOf(fresh).unprotected.get(5)).not.toEqual(partsOf(envelope).unprotected.get(5))
      const length = { plain: 32, hint: 16, none: undefined }[keyIds]
      for (const { keyId } of inspect(fresh).unverified.recipients)
        expect(keyId?.length).toBe(length)
    },
  )

  it('ends the access of a removed reader to the new copy', async () => {
    const [a, b, c] = await three()
    const envelope = await seal(utf8('x'), { recipients: publicOf(a, b) })
    const fresh = await rekey(envelope, { as: a, recipients: publicOf(a, c), remove: publicOf(b) })
    expect(text((await open(fresh, { as: c })).content)).toBe('x')
    expect(await codeOf(open(fresh, { as: b }))).toBe(notFound)
    // Neither does the old entry help, nor the old content key behind it.
    const parts = partsOf(fresh)
    const grafted = assemble({ ...parts, recipients: partsOf(envelope).recipients })
    expect(await codeOf(open(grafted, { as: b }))).toBe(fails)
    expect(text((await open(envelope, { as: b })).content)).toBe('x')
  })

  it('forgets nobody: each present reader is named', async () => {
    const [a, b, c] = await three()
    for (const keyIds of ['plain', 'hint'] as const) {
      const envelope = await seal(utf8('x'), { recipients: publicOf(a, b), keyIds })
      const forgetting = rekey(envelope, { as: a, recipients: publicOf(a, c) })
      expect(await rejection(forgetting)).toBeInstanceOf(RangeError)
      const fresh = await rekey(envelope, { as: a, recipients: publicOf(a, b, c) })
      expect(inspect(fresh).unverified.recipients).toHaveLength(3)
    }
  })

  it.each(['plain', 'hint', 'none'] as const)(
    'leaves all others out where the caller says so (%s)',
    async (keyIds) => {
      const [a, b, c] = await three()
      const envelope = await seal(utf8('x'), { recipients: publicOf(a, b), keyIds })
      const fresh = await rekey(envelope, { as: a, recipients: publicOf(c), removeOthers: true })
      expect(inspect(fresh).unverified.recipients).toHaveLength(1)
      expect(text((await open(fresh, { as: c })).content)).toBe('x')
    },
  )

  it('names nobody twice', async () => {
    const [a, b] = await three()
    const envelope = await seal(utf8('x'), { recipients: publicOf(a, b) })
    for (const [recipients, remove] of [
      [publicOf(a, a, b), []],
      [publicOf(a, b), publicOf(b)],
      [publicOf(a), publicOf(b, b)],
      [[], publicOf(a, b)],
    ]) {
      const failing = rekey(envelope, { as: a, recipients: recipients!, remove: remove! })
      expect(await rejection(failing)).toBeInstanceOf(RangeError)
    }
  })

  it('wants as many readers as there are entries where they are hidden', async () => {
    const [a, b, c] = await three()
    const envelope = await seal(utf8('x'), { recipients: publicOf(a, b), keyIds: 'none' })
    const attempt = (recipients: LocalDecapsulator[], remove: LocalDecapsulator[]) =>
      rekey(envelope, { as: a, recipients: publicOf(...recipients), remove: publicOf(...remove) })
    for (const [recipients, remove] of [
      [[a], []],
      [[a, b, c], []],
      [[a], [b, c]],
      // Padding the count with one reader twice does not help.
      [[a], [a]],
      [[a], [b, b]],
    ] as const) {
      expect(await rejection(attempt([...recipients], [...remove]))).toBeInstanceOf(RangeError)
    }
    const fresh = await attempt([a], [b])
    expect(inspect(fresh).unverified.recipients.map(({ keyId }) => keyId)).toEqual([null])
    expect(await codeOf(open(fresh, { as: b }))).toBe(fails)
  })

  it('pitfall 12: is the way from classical to post-quantum, and not back by accident', async () => {
    const [weak, strong] = [await kemKey(x25519), await kemKey(xWing)]
    const old = await seal(utf8('x'), { recipients: publicOf(weak) })
    const fresh = await rekey(old, {
      as: weak,
      recipients: publicOf(strong),
      remove: publicOf(weak),
    })
    const demanding = { as: strong, minimumSecurity: 'post-quantum' } as const
    expect((await open(fresh, demanding)).security).toBe('post-quantum')
    const back = { as: strong, recipients: publicOf(strong, weak) }
    expect(await codeOf(rekey(fresh, back))).toBe('ERR_ENVELOPE_DOWNGRADE')
    const weakened = await rekey(fresh, { ...back, allowClassical: true })
    // Set anew: now it is classical for everybody.
    expect((await open(weakened, { as: strong })).security).toBe('classical')
    expect(headersOf(weakened).has(-77005)).toBe(false)
  })

  it('does not believe a mark that somebody took away', async () => {
    const [weak, strong] = [await kemKey(x25519), await kemKey(xWing)]
    const envelope = await seal(utf8('x'), { recipients: publicOf(strong) })
    const headers = new Map(headersOf(envelope))
    headers.delete(-77005)
    const stripped = assemble({ ...partsOf(envelope), header: encodeCbor(headers) })
    const weakening = rekey(stripped, { as: strong, recipients: publicOf(strong, weak) })
    expect(await codeOf(weakening)).toBe(fails)
  })

  it('keeps the authors, whom they addressed, and the additional data', async () => {
    const [author, reader, late] = [await person(1), await person(2), await person(3)]
    const externalAad = utf8('row 7')
    const recipients = [author.public, reader.public]
    const envelope = await seal(utf8('x'), { author, recipients, externalAad })
    const wrong = rekey(envelope, { as: reader, recipients })
    expect(await codeOf(wrong)).toBe(fails)
    const fresh = await rekey(envelope, {
      as: reader,
      recipients: [reader.public, late.public],
      remove: [author.public],
      externalAad,
    })
    const authors = keyDirectory([author.public])
    const options = { authors, externalAad }
    expect((await open(fresh, { as: reader, ...options })).addressed).toBe('original')
    const opened = await open(fresh, { as: late, ...options })
    expect([opened.addressed, opened.signers]).toEqual(['shared', [author.public.signing]])
    expect(await codeOf(open(fresh, { as: late, authors }))).toBe(fails)
  })

  it('keeps the cipher, and makes single entries of a batch', async () => {
    const [a, b] = await three()
    const single = await seal(utf8('x'), { recipients: publicOf(a), cipher: chacha20Poly1305 })
    const again = await rekey(single, { as: a, recipients: publicOf(a) })
    expect(inspect(again).algorithm).toBe('ChaCha20-Poly1305')
    const sealer = createSealer({ keyIds: 'hint' })
    const envelope = await sealer.seal(utf8('x'), { recipients: publicOf(a, b) })
    const fresh = await rekey(envelope, { as: b, recipients: publicOf(a, b) })
    for (const entry of partsOf(fresh).recipients) expect(entry).toHaveLength(3)
    expect(text((await open(fresh, { as: a })).content)).toBe('x')
    const mixed = await rewrap(envelope, { as: a, add: publicOf(await kemKey(x25519, 3)) })
    const forgetting = rekey(mixed, { as: a, recipients: publicOf(a, b) })
    expect(await rejection(forgetting)).toBeInstanceOf(RangeError)
  })

  it.each([
    ['the key of a stream', ['careseal/stream-key/1', new Uint8Array(32), 'text/plain', null]],
    [
      'a record with a stream',
      [
        'careseal/record/1',
        encodeCbor(new Map<number, CborValue>([[13, new Map()]])),
        utf8('s'),
        null,
        utf8(''),
      ],
    ],
    ['content of a later version', ['careseal/unsigned/2', 'text/plain', utf8('x')]],
    ['content of an unknown kind', new Map([[1, 1]])],
    ['a bare value', 7],
  ] as [string, CborValue][])('refuses %s', async (_name, value) => {
    const [a] = await three()
    const envelope = await craft({ entries: [{ key: a.publicKey }], plaintext: encodeCbor(value) })
    const failing = rekey(envelope, { as: a, recipients: publicOf(a) })
    expect(await codeOf(failing)).toBe('ERR_ENVELOPE_MALFORMED')
  })

  it('takes a record without a stream as it is', async () => {
    const [a] = await three()
    const manifest = encodeCbor(new Map<number, CborValue>([[1, 1]]))
    const record = encodeCbor([
      'careseal/record/1',
      manifest,
      utf8('s'),
      utf8('c'),
      new Uint8Array(3),
    ])
    const envelope = await craft({ entries: [{ key: a.publicKey }], plaintext: record })
    const fresh = await rekey(envelope, { as: a, recipients: publicOf(a) })
    const { content } = await open(fresh, { as: a, profile: 'foreign' })
    expect(toHex(content)).toBe(toHex(record))
  })

  it('is for readers only', async () => {
    const [a, b] = await three()
    const envelope = await seal(utf8('x'), { recipients: publicOf(a) })
    expect(await codeOf(rekey(envelope, { as: b, recipients: publicOf(b) }))).toBe(notFound)
  })
})
