import { describe, expect, it } from 'vitest'
import { inspect, open, rewrap, seal } from '../../src/envelope/index.ts'
import {
  createIdentity,
  createKeyRing,
  ed25519,
  keyDirectory,
  p256,
  rotateKey,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { assemble, partsOf } from '../helpers/craft.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey, person, signKey } from '../helpers/keys.ts'

const notFound = 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND'
const fails = 'ERR_ENVELOPE_OPEN_FAILED'
const three = () => Promise.all([1, 2, 3].map((n) => kemKey(x25519, n)))

describe('rewrap', () => {
  it.each(['plain', 'hint', 'none'] as const)(
    '%s: adds readers in the form of the entry that opened',
    async (keyIds) => {
      const [a, b, c] = await three()
      const envelope = await seal(utf8('x'), { recipients: [a!.publicKey], keyIds })
      const shared = await rewrap(envelope, { as: a!, add: [b!.publicKey, c!.publicKey] })
      for (const key of [a!, b!, c!])
        expect(text((await open(shared, { as: key })).content)).toBe('x')
      const lengths = inspect(shared).unverified.recipients.map(({ keyId }) => keyId?.length)
      expect(lengths).toEqual(Array(3).fill({ plain: 32, hint: 16, none: undefined }[keyIds]))
    },
  )

  it('pitfall 18: leaves everything but the list of readers as it was, byte for byte', async () => {
    const [a, b] = await three()
    const envelope = await seal(utf8('x'), { recipients: [a!.publicKey], externalAad: utf8('row') })
    const shared = await rewrap(envelope, { as: a!, add: [b!.publicKey] })
    const [before, after] = [partsOf(envelope), partsOf(shared)]
    expect(after.recipients[0]).toEqual(before.recipients[0])
    expect({ ...after, recipients: [] }).toEqual({ ...before, recipients: [] })
    expect((await open(shared, { as: b!, externalAad: utf8('row') })).content).toHaveLength(1)
    expect(await rewrap(envelope, { as: a! })).toEqual(envelope)
  })

  it('does not touch what it was given', async () => {
    const [a, b] = await three()
    const envelope = await seal(utf8('x'), { recipients: [a!.publicKey] })
    const copy = envelope.slice()
    const shared = await rewrap(envelope, { as: a!, add: [b!.publicKey] })
    expect(envelope).toEqual(copy)
    shared.fill(0)
    expect(envelope).toEqual(copy)
  })

  it('keeps a reader who is one already, and adds nobody twice', async () => {
    const [a, b] = await three()
    for (const keyIds of ['plain', 'hint'] as const) {
      const envelope = await seal(utf8('x'), { recipients: [a!.publicKey], keyIds })
      const add = [a!.publicKey, b!.publicKey, b!.publicKey]
      const shared = await rewrap(envelope, { as: a!, add })
      expect(inspect(shared).unverified.recipients).toHaveLength(2)
    }
  })

  it('removes readers, the acting one included', async () => {
    const [a, b, c] = await three()
    const recipients = [a!, b!, c!].map(({ publicKey }) => publicKey)
    for (const keyIds of ['plain', 'hint'] as const) {
      const envelope = await seal(utf8('x'), { recipients, keyIds })
      const rest = await rewrap(envelope, { as: a!, remove: [a!.publicKey, c!.publicKey] })
      expect(await codeOf(open(rest, { as: a! }))).toBe(notFound)
      expect(await codeOf(open(rest, { as: c! }))).toBe(notFound)
      expect(text((await open(rest, { as: b! })).content)).toBe('x')
      // Only the entry is gone: whoever kept the old bytes still reads them, and them alone.
      expect(text((await open(envelope, { as: c! })).content)).toBe('x')
    }
  })

  it('moves a reader to a new key, also in one step', async () => {
    const [old, next] = await three()
    const ring = rotateKey(createKeyRing(old!), next!)
    const envelope = await seal(utf8('x'), { recipients: [old!.publicKey], keyIds: 'hint' })
    const moved = await rewrap(envelope, {
      as: ring,
      add: [ring.publicKey],
      remove: [old!.publicKey],
    })
    expect(text((await open(moved, { as: next! })).content)).toBe('x')
    expect(await codeOf(open(moved, { as: old! }))).toBe(notFound)
    const renewed = await rewrap(moved, {
      as: next!,
      add: [next!.publicKey],
      remove: [next!.publicKey],
    })
    expect(text((await open(renewed, { as: next! })).content)).toBe('x')
    expect(renewed).not.toEqual(moved)
  })

  it('refuses to leave nobody, or more than 1000', async () => {
    const [a] = await three()
    const envelope = await seal(utf8('x'), { recipients: [a!.publicKey] })
    const emptied = rewrap(envelope, { as: a!, remove: [a!.publicKey] })
    expect(await rejection(emptied)).toBeInstanceOf(RangeError)
    const parts = partsOf(envelope)
    const full = Array.from({ length: 1000 }, (_, i) => {
      const [, ...rest] = parts.recipients[0] as [Uint8Array, ...never[]]
      const header = Uint8Array.of(0xa2, 1, 0x18, 50, 4, 0x58, 32, ...new Uint8Array(32).fill(i), 0)
      header.set([i >> 8, i & 255], 7)
      return [header.slice(0, 39), ...rest]
    })
    const crowded = assemble({ ...parts, recipients: [parts.recipients[0]!, ...full.slice(1)] })
    const b = await kemKey(x25519, 2)
    const adding = rewrap(crowded, { as: a!, add: [b.publicKey] })
    expect(await rejection(adding)).toBeInstanceOf(RangeError)
    const replaced = await rewrap(crowded, { as: a!, add: [b.publicKey], remove: [a!.publicKey] })
    expect(inspect(replaced).unverified.recipients).toHaveLength(1000)
  })

  it('refuses to remove a stranger, or a reader who is hidden', async () => {
    const [a, b, c] = await three()
    const recipients = [a!.publicKey, b!.publicKey]
    const envelope = await seal(utf8('x'), { recipients })
    expect(await codeOf(rewrap(envelope, { as: a!, remove: [c!.publicKey] }))).toBe(notFound)
    const hidden = await seal(utf8('x'), { recipients, keyIds: 'none' })
    const failed = await rejection(rewrap(hidden, { as: a!, remove: [b!.publicKey] }))
    expect(String(failed)).toContain('Rekey')
  })

  it('is for readers only', async () => {
    const [a, b, c] = await three()
    const envelope = await seal(utf8('x'), { recipients: [a!.publicKey] })
    const add = [c!.publicKey]
    expect(await codeOf(rewrap(envelope, { as: b!, add }))).toBe(notFound)
    const hidden = await seal(utf8('x'), { recipients: [a!.publicKey], keyIds: 'none' })
    expect(await codeOf(rewrap(hidden, { as: b!, add }))).toBe(fails)
  })

  it('pitfall 18: refuses an envelope whose commitment does not fit, so that nobody is added to a dead one', async () => {
    const [a, b] = await three()
    const envelope = await seal(utf8('x'), { recipients: [a!.publicKey] })
    for (const [part, at] of [
      ['header', 60],
      ['header', 20],
    ] as const) {
      const parts = partsOf(envelope)
      parts[part][at]! ^= 1
      const sharing = rewrap(assemble(parts), { as: a!, add: [b!.publicKey] })
      expect(await codeOf(sharing)).toBe(fails)
    }
    const parts = partsOf(envelope)
    parts.unprotected.set(5, new Uint8Array(12))
    expect(await codeOf(rewrap(assemble(parts), { as: a!, add: [b!.publicKey] }))).toBe(fails)
  })

  it('refuses an expired card to add, and takes it to remove', async () => {
    const [a] = await three()
    const expired = await createIdentity({
      signer: await signKey(ed25519, 2),
      decapsulator: await kemKey(x25519, 2),
      now: new Date('2025-01-01'),
      expires: new Date('2025-02-01'),
    })
    const envelope = await seal(utf8('x'), {
      recipients: [a!.publicKey, expired.public.encryption],
    })
    const adding = rewrap(envelope, { as: a!, add: [expired.public] })
    expect(await codeOf(adding)).toBe('ERR_IDENTITY_INVALID')
    const rest = await rewrap(envelope, { as: a!, remove: [expired.public] })
    expect(inspect(rest).unverified.recipients).toHaveLength(1)
  })
})

describe('the guard against weakening', () => {
  it('pitfall 12: a classical reader joins a post-quantum envelope only if the caller says so', async () => {
    const [strong, weak, weaker] = [await kemKey(xWing), await kemKey(x25519), await kemKey(p256)]
    const envelope = await seal(utf8('x'), { recipients: [strong.publicKey] })
    const add = [weak.publicKey, weaker.publicKey]
    expect(await codeOf(rewrap(envelope, { as: strong, add }))).toBe('ERR_ENVELOPE_DOWNGRADE')
    const careless = { as: strong, add, allowClassical: false }
    expect(await codeOf(rewrap(envelope, careless))).toBe('ERR_ENVELOPE_DOWNGRADE')
    const shared = await rewrap(envelope, { as: strong, add, allowClassical: true })
    // The mark speaks of sealing; each reader is told by the own entry.
    expect((await open(shared, { as: strong })).security).toBe('post-quantum')
    expect((await open(shared, { as: weak })).security).toBe('classical')
    const demanding = { as: weaker, minimumSecurity: 'post-quantum' } as const
    expect(await codeOf(open(shared, demanding))).toBe('ERR_ENVELOPE_SECURITY')
    const strongly = { as: strong, minimumSecurity: 'post-quantum' } as const
    expect(text((await open(shared, strongly)).content)).toBe('x')
  })

  it('pitfall 12: rewrapping never makes an envelope stronger', async () => {
    const [strong, weak] = [await kemKey(xWing), await kemKey(x25519)]
    const envelope = await seal(utf8('x'), { recipients: [weak.publicKey] })
    const shared = await rewrap(envelope, {
      as: weak,
      add: [strong.publicKey],
      remove: [weak.publicKey],
    })
    expect((await open(shared, { as: strong })).security).toBe('classical')
    const demanding = { as: strong, minimumSecurity: 'post-quantum' } as const
    expect(await codeOf(open(shared, demanding))).toBe('ERR_ENVELOPE_SECURITY')
  })

  it('minimumSecurity knows two words', async () => {
    const key = await kemKey(xWing)
    const envelope = await seal(utf8('x'), { recipients: [key.publicKey] })
    for (const word of ['pq', 'POST-QUANTUM', '', 1, null]) {
      const opening = open(envelope, { as: key, minimumSecurity: word as never })
      expect(await rejection(opening)).toBeInstanceOf(TypeError)
    }
    const opened = await open(envelope, { as: key, minimumSecurity: 'classical' })
    expect(opened.security).toBe('post-quantum')
  })

  it('identities keep their authors when shared', async () => {
    const [author, reader] = [await person(1, xWing), await person(2, xWing)]
    const envelope = await seal(utf8('x'), { author, recipients: [author.public] })
    const shared = await rewrap(envelope, { as: author, add: [reader.public] })
    const opened = await open(shared, { as: reader, authors: keyDirectory([author.public]) })
    expect([opened.addressed, opened.signers]).toEqual(['shared', [author.public.signing]])
  })
})
