import { describe, expect, it } from 'vitest'
import { inspect, open, rewrap, seal } from '../../src/envelope/index.ts'
import {
  createKeyRing,
  type Decapsulator,
  destroyKey,
  importPublicKey,
  type KemPublicKey,
  keyFromSeed,
  type LocalDecapsulator,
  p256,
  rotateKey,
  setKeyStatus,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'
import { craft } from '../helpers/craft.ts'
import { codeOf, codeOfError, rejection } from '../helpers/errors.ts'
import { kemKey, person } from '../helpers/keys.ts'

const notFound = 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND'
const fails = 'ERR_ENVELOPE_OPEN_FAILED'

/** Cheap, distinct keys: a public key of X25519 is any 32 bytes. */
const strangers = (count: number): KemPublicKey[] =>
  Array.from({ length: count }, (_, i) => {
    const bytes = new Uint8Array(32).fill(3)
    bytes[0] = i
    bytes[1] = (i >> 8) + 1
    return importPublicKey(x25519, bytes)
  })

/** A key that counts how often it is asked. */
function counted(key: LocalDecapsulator): { key: Decapsulator; calls: () => number } {
  let calls = 0
  const decapsulate: Decapsulator['decapsulate'] = (encapsulation, options) => {
    calls++
    return key.decapsulate(encapsulation, options)
  }
  return { key: { publicKey: key.publicKey, decapsulate }, calls: () => calls }
}

describe('how readers show', () => {
  it("'hint' shows only to whom the key id is known", async () => {
    const key = await kemKey(x25519)
    const recipients = [key.publicKey]
    const envelopes = await Promise.all(
      [1, 2].map(() => seal(utf8('x'), { recipients, keyIds: 'hint' })),
    )
    const [a, b] = envelopes.map((one) => toHex(inspect(one).unverified.recipients[0]!.keyId!))
    expect(a).not.toBe(b)
    expect(toHex(key.publicKey.id)).not.toContain(a)
    for (const envelope of envelopes) expect(toHex(envelope)).not.toContain(toHex(key.publicKey.id))
  })

  it('a reader asks her key once among 1000 entries with ids or hints', async () => {
    const { key, calls } = counted(await kemKey(x25519))
    const recipients = [...strangers(999), key.publicKey]
    for (const keyIds of ['plain', 'hint'] as const) {
      const envelope = await seal(utf8('x'), { recipients, keyIds })
      expect(text((await open(envelope, { as: key })).content)).toBe('x')
    }
    expect(calls()).toBe(2)
    const tooMany = seal(utf8('x'), { recipients: [...recipients, ...strangers(1001).slice(1000)] })
    expect(await rejection(tooMany)).toBeInstanceOf(RangeError)
  })

  it("pitfall 14: 'none': at most 64 readers of one algorithm are written, and 64 are tried", async () => {
    const last = await kemKey(x25519)
    const recipients = [...strangers(63), last.publicKey]
    const { key, calls } = counted(last)
    const envelope = await seal(utf8('x'), { recipients, keyIds: 'none' })
    expect(text((await open(envelope, { as: key })).content)).toBe('x')
    expect(calls()).toBe(64)
    const many = [...recipients, ...strangers(65).slice(64)]
    expect(await rejection(seal(utf8('x'), { recipients: many, keyIds: 'none' }))).toBeInstanceOf(
      RangeError,
    )
    // Readers of another algorithm do not count.
    const other = await kemKey(p256)
    const mixed = await seal(utf8('x'), {
      recipients: [...recipients, other.publicKey],
      keyIds: 'none',
    })
    expect(text((await open(mixed, { as: other })).content)).toBe('x')
    // Neither can one more be added later.
    const adding = rewrap(envelope, { as: key, add: many.slice(-1) })
    expect(await rejection(adding)).toBeInstanceOf(RangeError)
  })

  it("pitfall 14: 'none': a key that comes after 64 others of a stranger's envelope is not reached", async () => {
    const { key, calls } = counted(await kemKey(x25519))
    const hidden = { headers: [[4, undefined]] as const }
    const entries = [...strangers(64), key.publicKey].map((one) => ({ key: one, ...hidden }))
    expect(await codeOf(open(await craft({ entries }), { as: key }))).toBe(fails)
    expect(calls()).toBe(64)
  })

  it("pitfall 14: 'none': a ring tries 64 entries with each of its keys", async () => {
    const [old, next] = [await kemKey(x25519, 1), await kemKey(x25519, 2)]
    const recipients = [...strangers(63), old.publicKey]
    const envelope = await seal(utf8('x'), { recipients, keyIds: 'none' })
    const ring = rotateKey(createKeyRing(old), next)
    expect(text((await open(envelope, { as: ring })).content)).toBe('x')
  })
})

describe('key rings', () => {
  it('pitfall 19: open what was sealed to any of their keys', async () => {
    const keys = await Promise.all([1, 2, 3].map((n) => kemKey(x25519, n)))
    const ring = rotateKey(rotateKey(createKeyRing(keys[0]!), keys[1]!), keys[2]!)
    for (const keyIds of ['plain', 'hint', 'none'] as const) {
      for (const { publicKey } of keys) {
        const envelope = await seal(utf8('x'), { recipients: [publicKey], keyIds })
        const opened = await open(envelope, { as: ring })
        expect(text(opened.content)).toBe('x')
      }
    }
  })

  it('pitfall 19: tell of a key that they hold as disabled or destroyed', async () => {
    const [old, next] = [await kemKey(x25519, 1), await kemKey(x25519, 2)]
    const ring = rotateKey(createKeyRing(old), next)
    const { id } = old.publicKey
    const envelope = await seal(utf8('x'), { recipients: [old.publicKey] })
    const disabled = setKeyStatus(ring, id, 'disabled')
    const destroyed = setKeyStatus(disabled, id, 'destroyed')
    for (const as of [disabled, destroyed]) {
      const error = await rejection(open(envelope, { as }))
      expect(codeOfError(error)).toBe('ERR_KEY_DISABLED')
      expect(await codeOf(rewrap(envelope, { as }))).toBe('ERR_KEY_DISABLED')
      // The remedy differs.
      expect(String(error)).toContain(as === disabled ? 'Enable it' : 'Ask another reader')
    }
    expect(text((await open(envelope, { as: ring })).content)).toBe('x')
    const again = setKeyStatus(disabled, id, 'decrypt-only')
    expect(text((await open(envelope, { as: again })).content)).toBe('x')
    // With readers hidden nobody can tell that it is the disabled key: it is not tried.
    const hidden = await seal(utf8('x'), { recipients: [old.publicKey], keyIds: 'none' })
    expect(await codeOf(open(hidden, { as: destroyed }))).toBe(fails)
  })

  it('use a key that still may before they complain of one that may not', async () => {
    const [old, next] = [await kemKey(x25519, 1), await kemKey(x25519, 2)]
    const ring = setKeyStatus(rotateKey(createKeyRing(old), next), old.publicKey.id, 'disabled')
    for (const recipients of [
      [old.publicKey, next.publicKey],
      [next.publicKey, old.publicKey],
    ]) {
      const envelope = await seal(utf8('x'), { recipients })
      expect(text((await open(envelope, { as: ring })).content)).toBe('x')
    }
  })

  it('all retired find nothing among hidden readers', async () => {
    const key = await kemKey(x25519)
    const envelope = await seal(utf8('x'), { recipients: [key.publicKey], keyIds: 'none' })
    const ring = createKeyRing(key)
    const retired = {
      ...ring,
      keys: ring.keys.map((one) => ({ ...one, status: 'disabled' as const })),
    }
    expect(await codeOf(open(envelope, { as: retired }))).toBe(notFound)
  })
})

describe('whose key opens', () => {
  it('an identity, its ring, or the bare key', async () => {
    const reader = await person(1, xWing)
    const envelope = await seal(utf8('x'), { recipients: [reader.public] })
    const ring = createKeyRing(reader.decapsulator as Decapsulator)
    for (const as of [reader, ring, reader.decapsulator, { ...reader, decapsulator: ring }]) {
      expect(text((await open(envelope, { as })).content)).toBe('x')
    }
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'did:key:z6Mk'],
    ['an empty object', {}],
    ['a key without its public half', { decapsulate: async () => new Uint8Array(32) }],
    ['an identity without a key', { decapsulator: {} }],
  ])('%s is refused', async (_name, as) => {
    const { publicKey } = await kemKey(x25519)
    const envelope = await seal(utf8('x'), { recipients: [publicKey] })
    expect(await rejection(open(envelope, { as: as as never }))).toBeInstanceOf(TypeError)
  })

  it('a public key or a signer is refused', async () => {
    const reader = await person(1)
    const envelope = await seal(utf8('x'), { recipients: [reader.public] })
    for (const as of [reader.public.encryption, reader.signer, reader.public]) {
      expect(await rejection(open(envelope, { as: as as never }))).toBeInstanceOf(TypeError)
    }
  })

  it('a destroyed key is refused, and gives no oracle about strangers', async () => {
    const key = await keyFromSeed(x25519, new Uint8Array(32).fill(77))
    const own = await seal(utf8('x'), { recipients: [key.publicKey] })
    const other = await seal(utf8('x'), { recipients: [(await kemKey(x25519)).publicKey] })
    destroyKey(key)
    expect(await codeOf(open(own, { as: key }))).toBe('ERR_KEY_DISABLED')
    expect(await codeOf(open(other, { as: key }))).toBe(notFound)
  })

  it('a key whose home answers with something else than 32 bytes is refused', async () => {
    const { publicKey } = await kemKey(x25519)
    const envelope = await seal(utf8('x'), { recipients: [publicKey] })
    for (const answer of [new Uint8Array(31), new Uint8Array(33), 'x'.repeat(32), undefined]) {
      const as = { publicKey, decapsulate: async () => answer as Uint8Array }
      expect(await rejection(open(envelope, { as }))).toBeInstanceOf(TypeError)
    }
  })
})
