import { describe, expect, it } from 'vitest'
import {
  createOpener,
  createSealer,
  inspect,
  open,
  rekey,
  rewrap,
  seal,
} from '../../src/envelope/index.ts'
import {
  createKeyRing,
  decodePublicIdentity,
  ed25519,
  es256,
  exportSeed,
  fromCoseKey,
  importPublicKey,
  keyDirectory,
  keyFromSeed,
  mlDsa65,
  rotateKey,
  setKeyStatus,
  toCoseKey,
  verifySignature,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'
import { forms } from '../helpers/forms.ts'
import { kemKey, person, signKey } from '../helpers/keys.ts'

const seed = new Uint8Array(32).fill(7)
const content = utf8('Hb 7.1 g/dL')
const row = utf8('row 7')

/** Plain bytes of their own memory, whatever came in and whatever the tier gave. */
function expectOwn(...results: Uint8Array[]): void {
  for (const result of results) {
    expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype)
    expect(result.buffer).toBeInstanceOf(ArrayBuffer)
    expect(result.buffer.byteLength).toBe(result.length)
  }
}

describe.each(Object.entries(forms))('pitfall 21: %s', (_name, make) => {
  it('is sealed, opened, shared and rekeyed', async () => {
    const author = await person(1)
    const [key, next] = [await kemKey(x25519, 5), await kemKey(x25519, 6)]
    const given = { content: make(content), row: make(row) }
    const recipients = [key.publicKey]
    const envelope = await seal(given.content, { author, recipients, externalAad: given.row })
    expect([toHex(given.content), toHex(given.row)]).toEqual([toHex(content), toHex(row)])
    const authors = keyDirectory([author.public])
    const input = make(envelope)
    const options = { authors, externalAad: given.row }
    const opened = await open(input, { as: key, ...options })
    const again = await createOpener({ as: key }).open(input, options)
    const shared = await rewrap(input, { as: key, add: [next.publicKey] })
    const fresh = await rekey(input, { as: key, recipients, externalAad: given.row })
    const seen = inspect(input)
    expect(toHex(input)).toBe(toHex(envelope))
    expectOwn(envelope, opened.content, opened.envelopeId!, again.content, shared, fresh)
    expectOwn(seen.envelopeId, seen.unverified.recipients[0]!.keyId!)
    input.fill(0)
    given.content.fill(0)
    expect(text(opened.content)).toBe('Hb 7.1 g/dL')
    expect(text((await open(shared, { as: next, authors, externalAad: row })).content)).toBe(
      'Hb 7.1 g/dL',
    )
    const batch = await createSealer({ author }).seal(make(content), { recipients })
    expect(text((await open(make(batch), { as: key, authors })).content)).toBe('Hb 7.1 g/dL')
    const bare = await open(make(envelope), { as: key, profile: 'foreign', externalAad: make(row) })
    expectOwn(bare.content)
  })

  it('is a seed, a key, a card, an id, a message or a signature', async () => {
    const given = make(seed)
    const key = await keyFromSeed(xWing, given)
    given.fill(0)
    expect(exportSeed(key)).toEqual(seed)
    expectOwn(exportSeed(key), key.publicKey.id, key.publicKey.bytes)
    const raw = make(key.publicKey.bytes)
    const imported = importPublicKey(xWing, raw)
    raw.fill(0)
    expect(imported).toEqual(key.publicKey)
    expectOwn(imported.bytes, imported.id)
    const decoded = fromCoseKey(make(toCoseKey(key.publicKey)))
    expect(decoded).toEqual(key.publicKey)
    expectOwn(decoded.bytes, toCoseKey(key.publicKey))
    const { public: identity } = await person(1)
    const card = make(identity.card)
    const again = await decodePublicIdentity(card, { algorithms: [x25519, ed25519] })
    card.fill(0)
    expect(again).toEqual(identity)
    expectOwn(again.card)
    expect((await keyDirectory([identity]).find(make(identity.signing.id)))!.identity).toBe(
      identity,
    )
    const [old, next] = [await kemKey(x25519, 1), await kemKey(x25519, 2)]
    const ring = setKeyStatus(
      rotateKey(createKeyRing(old), next),
      make(old.publicKey.id),
      'disabled',
    )
    expect(ring.keys[1]!.status).toBe('disabled')
    for (const algorithm of [ed25519, es256, mlDsa65]) {
      const signer = await signKey(algorithm)
      const signature = await signer.sign(make(content))
      expectOwn(signature)
      expect(await verifySignature(signer.publicKey, make(content), make(signature))).toBe(true)
    }
    const shared = await key.decapsulate(make(new Uint8Array(1120).fill(9)))
    expectOwn(shared)
  })
})

describe('what a caller does to arrays while a call runs', () => {
  it('comes too late', async () => {
    const author = await person(1, x25519, es256)
    const authors = keyDirectory([author.public])
    const options = { author, recipients: [author.public] }
    for (const extra of [{}, { authors: [author, await person(2)] }]) {
      const [bytes, aad] = [content.slice(), row.slice()]
      const sealing = seal(
        bytes,
        'authors' in extra
          ? { recipients: [author.public], ...extra, externalAad: aad }
          : { ...options, externalAad: aad },
      )
      bytes.fill(0)
      aad.fill(0)
      const envelope = await sealing
      const directory = keyDirectory([author.public, (await person(2)).public])
      const input = envelope.slice()
      const externalAad = row.slice()
      const opening = open(input, { as: author, authors: directory, externalAad })
      input.fill(0)
      externalAad.fill(0)
      expect(text((await opening).content)).toBe('Hb 7.1 g/dL')
    }
    const plain = content.slice()
    const unsigned = seal(plain, { recipients: [author.public] })
    plain.fill(0)
    const opened = await open(await unsigned, { as: author, authors })
    expect(text(opened.content)).toBe('Hb 7.1 g/dL')
  })

  it('does not change a verdict or a signature', async () => {
    for (const algorithm of [ed25519, es256, mlDsa65]) {
      const key = await signKey(algorithm)
      const message = content.slice()
      const signing = key.sign(message)
      message.fill(0)
      const signature = await signing
      const [one, two] = [content.slice(), signature.slice()]
      const verifying = verifySignature(key.publicKey, one, two)
      one.fill(0)
      two.fill(0)
      expect(await verifying).toBe(true)
      const [three, four] = [utf8('other'), signature.slice()]
      const failing = verifySignature(key.publicKey, three, four)
      three.set(content.subarray(0, 5))
      expect(await failing).toBe(false)
    }
  })
})

describe('frozen and odd arguments', () => {
  it('frozen options, lists and keys are fine, and stay as they are', async () => {
    const author = Object.freeze({ ...(await person(1)) })
    const recipients = Object.freeze([author.public])
    const authors = keyDirectory(Object.freeze([author.public]))
    const envelope = await seal(content, Object.freeze({ author, recipients }))
    const opened = await open(envelope, Object.freeze({ as: author, authors }))
    expect(text(opened.content)).toBe('Hb 7.1 g/dL')
    const shared = await rewrap(envelope, Object.freeze({ as: author, add: Object.freeze([]) }))
    expect(shared).toEqual(envelope)
  })

  it('options made by a class are read through its getters', async () => {
    const key = await kemKey(x25519)
    class Options {
      get recipients() {
        return [key.publicKey]
      }
      get mediaType() {
        return 'text/plain'
      }
    }
    class Derived extends Options {
      readonly keyIds = 'hint'
    }
    const envelope = await seal(content, new Derived())
    expect(inspect(envelope).unverified.recipients[0]!.keyId).toHaveLength(16)
    class Opening {
      get as() {
        return key
      }
    }
    expect((await open(envelope, new Opening())).mediaType).toBe('text/plain')
    const bare = Object.assign(Object.create(null), { as: key }) as { as: typeof key }
    expect((await open(envelope, bare)).mediaType).toBe('text/plain')
  })

  it('empty content and empty additional data', async () => {
    const author = await person(1)
    const authors = keyDirectory([author.public])
    for (const options of [{}, { author }]) {
      const empty = new Uint8Array(0)
      const envelope = await seal(empty, {
        ...options,
        recipients: [author.public],
        externalAad: empty,
      })
      const opened = await open(envelope, { as: author, authors })
      expect(opened.content).toEqual(empty)
      expectOwn(opened.content)
    }
  })

  it('pitfall 22: a result does not share memory with another result', async () => {
    const key = await kemKey(x25519)
    const envelope = await seal(content, { recipients: [key.publicKey] })
    const [a, b] = [await open(envelope, { as: key }), await open(envelope, { as: key })]
    a.content.fill(0)
    a.envelopeId!.fill(0)
    expect(text(b.content)).toBe('Hb 7.1 g/dL')
    expect(toHex(inspect(envelope).envelopeId)).toBe(toHex(b.envelopeId!))
  })

  it.each([
    undefined,
    null,
    'text',
    7,
    {},
    [1],
    new ArrayBuffer(3),
    new DataView(new ArrayBuffer(3)),
    new Uint8ClampedArray(3),
    new Int8Array(3),
  ])('%o is no envelope, and says so as a TypeError', async (value) => {
    const key = await kemKey(x25519)
    await expect(open(value as never, { as: key })).rejects.toThrow(TypeError)
    await expect(rewrap(value as never, { as: key })).rejects.toThrow(TypeError)
    await expect(rekey(value as never, { as: key, recipients: [] })).rejects.toThrow(TypeError)
    expect(() => inspect(value as never)).toThrow(TypeError)
  })

  it('no options at all is a TypeError, never a crash of another kind', async () => {
    const key = await kemKey(x25519)
    const envelope = await seal(content, { recipients: [key.publicKey] })
    const bad = undefined as never
    for (const call of [
      seal(content, bad),
      open(envelope, bad),
      rewrap(envelope, bad),
      rekey(envelope, bad),
    ]) {
      await expect(call).rejects.toThrow(TypeError)
    }
    expect(() => createOpener(bad)).toThrow(TypeError)
  })
})
