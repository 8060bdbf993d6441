import { describe, expect, it } from 'vitest'
import {
  aes256Gcm,
  chacha20Poly1305,
  inspect,
  open,
  type SealOptions,
  seal,
} from '../../src/envelope/index.ts'
import {
  es256,
  type KemPublicKey,
  keyDirectory,
  mlDsa65,
  type PublicIdentity,
  unverifiedIdentity,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey, kems, person, signatures } from '../helpers/keys.ts'

describe('sealing and opening', () => {
  for (const algorithm of kems) {
    it.each(['plain', 'hint', 'none'] as const)(`${algorithm.name}, %s`, async (keyIds) => {
      const key = await kemKey(algorithm)
      const envelope = await seal(utf8('Hb 7.1'), {
        recipients: [key.publicKey],
        mediaType: 'text/plain',
        keyIds,
      })
      const { content, ...rest } = await open(envelope, { as: key })
      expect(text(content)).toBe('Hb 7.1')
      expect(rest).toEqual({
        mediaType: 'text/plain',
        signers: [],
        authors: [],
        addressed: 'unstated',
        security: algorithm.postQuantum ? 'post-quantum' : 'classical',
        committed: true,
        envelopeId: inspect(envelope).envelopeId,
      })
      const [entry] = inspect(envelope).unverified.recipients
      expect(entry!.algorithm).toBe(algorithm.name)
      const sizes = { plain: 32, hint: 16, none: undefined }
      expect(entry!.keyId?.length).toBe(sizes[keyIds])
      if (keyIds === 'plain') expect(entry!.keyId).toEqual(key.publicKey.id)
    })
  }

  it.each([
    ['AES-256-GCM', aes256Gcm],
    ['ChaCha20-Poly1305', chacha20Poly1305],
  ] as const)('with %s', async (name, cipher) => {
    const key = await kemKey(x25519)
    const envelope = await seal(utf8('x'), { recipients: [key.publicKey], cipher })
    expect(inspect(envelope).algorithm).toBe(name)
    expect(text((await open(envelope, { as: key })).content)).toBe('x')
  })

  it('uses AES where the platform has it and ChaCha20 in plain JavaScript', async () => {
    const key = await kemKey(x25519)
    const envelope = await seal(utf8('x'), { recipients: [key.publicKey] })
    const portable = process.env['CARESEAL_TIER'] === 'noble'
    expect(inspect(envelope).algorithm).toBe(portable ? 'ChaCha20-Poly1305' : 'AES-256-GCM')
  })

  it.each([0, 1, 15, 16, 17, 65_535, 65_536, 1_000_003])('%i bytes', async (length) => {
    const key = await kemKey(x25519)
    const content = new Uint8Array(length).map((_, i) => i * 7)
    const envelope = await seal(content, { recipients: [key.publicKey] })
    const opened = await open(envelope, { as: key })
    expect(toHex(opened.content) === toHex(content)).toBe(true)
    expect(opened.mediaType).toBe('application/octet-stream')
  })

  it('every one of several readers, each of another algorithm', async () => {
    const keys = await Promise.all(kems.map((algorithm) => kemKey(algorithm)))
    const recipients = keys.map(({ publicKey }) => publicKey)
    const envelope = await seal(utf8('x'), { recipients, keyIds: 'none' })
    for (const key of keys) {
      const opened = await open(envelope, { as: key })
      expect(text(opened.content)).toBe('x')
      // One classical reader makes it classical for all.
      expect(opened.security).toBe('classical')
    }
    expect(inspect(envelope).unverified.recipients.map(({ algorithm }) => algorithm)).toEqual(
      kems.map(({ name }) => name),
    )
    const stranger = await kemKey(xWing, 9)
    expect(await codeOf(open(envelope, { as: stranger }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    const named = await seal(utf8('x'), { recipients })
    expect(await codeOf(open(named, { as: stranger }))).toBe('ERR_ENVELOPE_RECIPIENT_NOT_FOUND')
  })

  it.each(signatures.map((algorithm) => [algorithm.name, algorithm] as const))(
    'signed with %s',
    async (_name, algorithm) => {
      const author = await person(1, x25519, algorithm)
      const options = { author, recipients: [author.public], mediaType: 'text/plain' }
      const envelope = await seal(utf8('Hb 7.1'), options)
      const authors = keyDirectory([{ identity: author.public, name: 'Dr Chen' }])
      const opened = await open(envelope, { as: author, authors })
      expect(text(opened.content)).toBe('Hb 7.1')
      expect(opened.signers).toEqual([author.public.signing])
      expect(opened.authors.map(({ name }) => name)).toEqual(['Dr Chen'])
      expect(opened.addressed).toBe('original')
    },
  )

  it('signed by three', async () => {
    const people = await Promise.all([
      person(1),
      person(2, x25519, es256),
      person(3, x25519, mlDsa65),
    ])
    const recipients = [people[0]!.public]
    const authors = people.map(({ signer }) => signer)
    const envelope = await seal(utf8('x'), { authors, recipients })
    const directory = keyDirectory(people.map((one) => one.public))
    const opened = await open(envelope, { as: people[0]!, authors: directory })
    const ids = opened.signers.map(({ id }) => toHex(id))
    expect(ids).toEqual(people.map((one) => toHex(one.public.signing.id)).sort())
    const two = keyDirectory(people.slice(0, 2).map((one) => one.public))
    const opening = open(envelope, { as: people[0]!, authors: two })
    expect(await codeOf(opening)).toBe('ERR_ENVELOPE_AUTHOR_UNTRUSTED')
  })
})

describe('arguments of seal', () => {
  const good = async (): Promise<SealOptions> => ({
    recipients: [(await kemKey(x25519)).publicKey],
  })

  it.each([
    ['content as text', 'text', {}, TypeError],
    ['content as an array', [1, 2], {}, TypeError],
    ['content as an ArrayBuffer', new ArrayBuffer(4), {}, TypeError],
    ['content as another view', new Uint16Array(2), {}, TypeError],
    ['content as null', null, {}, TypeError],
    ['no recipients', new Uint8Array(1), { recipients: [] }, RangeError],
    ['recipients that are no list', new Uint8Array(1), { recipients: new Set() }, TypeError],
    ['one recipient without a list', new Uint8Array(1), { recipients: {} }, TypeError],
    ['a misspelt option', new Uint8Array(1), { autor: {} }, TypeError],
    ['a signal that is none', new Uint8Array(1), { signal: new AbortController() }, TypeError],
    ['a recipient of null', new Uint8Array(1), { recipients: [null] }, TypeError],
    ['a recipient of text', new Uint8Array(1), { recipients: ['did:key:z6Mk'] }, TypeError],
    ['a media type as number', new Uint8Array(1), { mediaType: 3 }, TypeError],
    ['a media type with half a character', new Uint8Array(1), { mediaType: '\ud800' }, TypeError],
    ['additional data as text', new Uint8Array(1), { externalAad: 'row' }, TypeError],
    ['an unknown form of key ids', new Uint8Array(1), { keyIds: 'hidden' }, TypeError],
    ['a cipher as text', new Uint8Array(1), { cipher: 'aes' }, TypeError],
    ['a key algorithm as cipher', new Uint8Array(1), { cipher: xWing }, TypeError],
    ['an author of null', new Uint8Array(1), { author: null }, TypeError],
    ['an author without a key', new Uint8Array(1), { author: { sign() {} } }, TypeError],
    ['an empty list of authors', new Uint8Array(1), { authors: [] }, RangeError],
    ['authors that are no list', new Uint8Array(1), { authors: new Set() }, TypeError],
  ])('%s', async (_name, content, change, type) => {
    const options = { ...(await good()), ...change } as SealOptions
    expect(await rejection(seal(content as Uint8Array, options))).toBeInstanceOf(type)
  })

  it('a signing key, a private key or an identity with private keys is no recipient', async () => {
    const { public: identity, signer, decapsulator } = await person(1)
    const whole = await person(1)
    for (const recipient of [identity.signing, signer, decapsulator, whole]) {
      const recipients = [recipient as unknown as KemPublicKey]
      expect(await rejection(seal(new Uint8Array(1), { recipients }))).toBeInstanceOf(TypeError)
    }
  })

  it('one reader twice, as key and as identity too', async () => {
    const { public: identity } = await person(1)
    for (const recipients of [
      [identity, identity],
      [identity, identity.encryption],
      [identity.encryption, await kemKey(x25519).then(({ publicKey }) => publicKey)],
    ]) {
      expect(await rejection(seal(new Uint8Array(1), { recipients }))).toBeInstanceOf(RangeError)
    }
  })

  it('an identity put together by hand, unless it says so', async () => {
    const { public: identity } = await person(1)
    const byHand = { ...identity } as PublicIdentity
    const failed = await rejection(seal(new Uint8Array(1), { recipients: [byHand] }))
    expect(failed).toBeInstanceOf(TypeError)
    expect(String(failed)).toContain('unverifiedIdentity()')
    const said = unverifiedIdentity(identity)
    const envelope = await seal(new Uint8Array(1), { recipients: [said] })
    expect((await open(envelope, { as: await kemKey(x25519) })).content).toHaveLength(1)
  })

  it('author and authors together, one author twice, more than 16', async () => {
    const { publicKey } = await kemKey(x25519)
    const author = await person(1)
    const many = await Promise.all(Array.from({ length: 17 }, (_, n) => person(n + 1)))
    const recipients = [publicKey]
    const sealing = (options: Partial<SealOptions>) =>
      rejection(seal(new Uint8Array(1), { recipients, ...options }))
    expect(await sealing({ author, authors: [author] })).toBeInstanceOf(TypeError)
    expect(await sealing({ authors: [author, author.signer] })).toBeInstanceOf(RangeError)
    expect(await sealing({ authors: many })).toBeInstanceOf(RangeError)
    const sixteen = await seal(new Uint8Array(1), { recipients, authors: many.slice(0, 16) })
    const directory = keyDirectory(many.map((one) => one.public))
    const opened = await open(sixteen, { as: await kemKey(x25519), authors: directory })
    expect(opened.signers).toHaveLength(16)
  })

  it('16 MiB fit and one byte more does not', async () => {
    const key = await kemKey(x25519)
    const options = { recipients: [key.publicKey] }
    const tooMuch = new Uint8Array(16 * 1024 * 1024 + 1)
    expect(await codeOf(seal(tooMuch, options))).toBe('ERR_CONTENT_TOO_LARGE')
    // Plain JavaScript takes seconds for that much.
    if (process.env['CARESEAL_TIER'] === 'noble') return
    const envelope = await seal(tooMuch.subarray(1), options)
    expect((await open(envelope, { as: key })).content).toHaveLength(16 * 1024 * 1024)
  })
})
