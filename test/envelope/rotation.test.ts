/** Rotation: who is moved already, what a retired key still does, and what a second run changes. */
import { describe, expect, it } from 'vitest'
import {
  createOpener,
  createSealer,
  hasRecipient,
  open,
  rekey,
  rewrap,
  seal,
} from '../../src/envelope/index.ts'
import {
  createIdentity,
  createKeyRing,
  ed25519,
  exportIdentity,
  generateIdentity,
  importIdentity,
  type KeyRing,
  rotateKey,
  secretWrapper,
  setKeyStatus,
  unverifiedIdentity,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection, thrownCode } from '../helpers/errors.ts'
import { kemKey, person, signKey } from '../helpers/keys.ts'

const modes = ['plain', 'hint', 'none'] as const

async function twoKeys(): Promise<{ ring: KeyRing; old: KeyRing['keys'][number] }> {
  const ring = rotateKey(createKeyRing(await kemKey(x25519, 1)), await kemKey(x25519, 2))
  return { ring, old: ring.keys[1]! }
}

describe('hasRecipient', () => {
  it('finds a reader by key id and by hint, and nobody who is hidden', async () => {
    const [reader, stranger] = [await person(1), await person(2)]
    for (const keyIds of modes) {
      const envelope = await seal(utf8('x'), { recipients: [reader.public], keyIds })
      expect(hasRecipient(envelope, reader.public), keyIds).toBe(keyIds !== 'none')
      expect(hasRecipient(envelope, reader.public.encryption), keyIds).toBe(keyIds !== 'none')
      expect(hasRecipient(envelope, stranger.public), keyIds).toBe(false)
    }
  })

  it('finds a reader of a batch, with its salt', async () => {
    const [reader, added] = [await person(1), await person(2)]
    for (const keyIds of ['plain', 'hint'] as const) {
      const sealer = createSealer({ keyIds })
      const envelope = await sealer.seal(utf8('x'), { recipients: [reader.public] })
      expect(hasRecipient(envelope, reader.public)).toBe(true)
      expect(hasRecipient(envelope, added.public)).toBe(false)
      const shared = await rewrap(envelope, { as: reader, add: [added.public] })
      expect(hasRecipient(shared, reader.public)).toBe(true)
      expect(hasRecipient(shared, added.public)).toBe(true)
    }
  })

  it('minds no expired card, and refuses what is no recipient or envelope', async () => {
    const gone = await createIdentity({
      signer: await signKey(ed25519),
      decapsulator: await kemKey(x25519),
      now: new Date('2020-01-01'),
      expires: new Date('2020-02-01'),
    })
    const envelope = await seal(utf8('x'), { recipients: [gone.public.encryption] })
    expect(hasRecipient(envelope, gone.public)).toBe(true)
    expect(hasRecipient(envelope, unverifiedIdentity(gone.public))).toBe(true)
    for (const bad of [null, undefined, 'x', {}, gone, gone.public.signing, { ...gone.public }]) {
      expect(() => hasRecipient(envelope, bad as never)).toThrow(TypeError)
    }
    expect(() => hasRecipient('x' as never, gone.public)).toThrow(TypeError)
    for (const bad of [new Uint8Array(0), envelope.slice(1), Uint8Array.of(...envelope, 0)]) {
      expect(thrownCode(() => hasRecipient(bad, gone.public))).toBe('ERR_ENVELOPE_MALFORMED')
    }
  })
})

describe('a rotation that is run twice', () => {
  it.each(['plain', 'hint'] as const)('%s: changes nothing the second time', async (keyIds) => {
    const { ring, old } = await twoKeys()
    const opener = createOpener({ as: ring })
    const sealer = createSealer({ keyIds })
    const recipients = [old.publicKey]
    let envelopes = [
      await seal(utf8('1'), { recipients, keyIds }),
      await sealer.seal(utf8('2'), { recipients }),
      await sealer.seal(utf8('3'), { recipients: [ring.publicKey] }),
    ]
    const move = async (envelope: Uint8Array): Promise<Uint8Array> =>
      hasRecipient(envelope, old.publicKey)
        ? opener.rewrap(envelope, { add: [ring.publicKey], remove: [old.publicKey] })
        : envelope
    envelopes = await Promise.all(envelopes.map(move))
    expect(await Promise.all(envelopes.map(move))).toEqual(envelopes)
    const after = setKeyStatus(ring, old.publicKey.id, 'destroyed')
    for (const [i, envelope] of envelopes.entries()) {
      expect((await open(envelope, { as: after })).content).toEqual(utf8(String(i + 1)))
    }
  })

  it('an entry that a store made up does not end the move', async () => {
    const { ring, old } = await twoKeys()
    const envelope = await seal(utf8('x'), { recipients: [old.publicKey], keyIds: 'plain' })
    const forged = await seal(utf8('y'), { recipients: [ring.publicKey], keyIds: 'plain' })
    const { decodeForeign, encodeCbor, Tagged } = await import('../../src/internal/cbor/index.ts')
    const partsOf = (bytes: Uint8Array) =>
      (decodeForeign(bytes, (problem) => new Error(problem), [96]) as InstanceType<typeof Tagged>)
        .value as readonly unknown[]
    const [mine, theirs] = [partsOf(envelope), partsOf(forged)]
    const both = [...(mine[3] as unknown[]), ...(theirs[3] as unknown[])]
    const junk = encodeCbor(new Tagged(96, [...mine.slice(0, 3), both] as never))
    // The new key is listed, but so is the old one: that is what decides.
    expect([hasRecipient(junk, ring.publicKey), hasRecipient(junk, old.publicKey)]).toEqual([
      true,
      true,
    ])
    const moved = await rewrap(junk, { as: ring, add: [ring.publicKey], remove: [old.publicKey] })
    const after = setKeyStatus(ring, old.publicKey.id, 'destroyed')
    expect((await open(moved, { as: after })).content).toEqual(utf8('x'))
  })
})

describe('retired keys', () => {
  it.each(['disabled', 'destroyed'] as const)(
    '%s: open, rewrap and rekey say so',
    async (status) => {
      const { ring, old } = await twoKeys()
      const as = setKeyStatus(ring, old.publicKey.id, status)
      const expected = { code: 'ERR_KEY_DISABLED', name: 'KeyDisabled', status, retryable: false }
      for (const keyIds of ['plain', 'hint'] as const) {
        const envelope = await seal(utf8('x'), { recipients: [old.publicKey], keyIds })
        const batched = await createSealer({ keyIds }).seal(utf8('x'), {
          recipients: [old.publicKey],
        })
        for (const bytes of [envelope, batched]) {
          const changes = { add: [ring.publicKey], remove: [old.publicKey] }
          const calls = [
            open(bytes, { as }),
            rewrap(bytes, { as, ...changes }),
            createOpener({ as }).rewrap(bytes, changes),
            rekey(bytes, { as, recipients: [ring.publicKey], remove: [old.publicKey] }),
          ]
          for (const call of calls) expect(await rejection(call)).toMatchObject(expected)
        }
      }
    },
  )

  it('a disabled key opens again when it is enabled, a destroyed one never', async () => {
    const { ring, old } = await twoKeys()
    const { id } = old.publicKey
    const envelope = await seal(utf8('x'), { recipients: [old.publicKey] })
    const disabled = setKeyStatus(ring, id, 'disabled')
    expect(await codeOf(open(envelope, { as: disabled }))).toBe('ERR_KEY_DISABLED')
    for (const status of ['decrypt-only', 'active'] as const) {
      const as = setKeyStatus(disabled, id, status)
      expect((await open(envelope, { as })).content).toEqual(utf8('x'))
    }
    const destroyed = setKeyStatus(disabled, id, 'destroyed')
    for (const status of ['decrypt-only', 'active', 'disabled'] as const) {
      expect(() => setKeyStatus(destroyed, id, status)).toThrow(RangeError)
    }
  })

  it('of a ring that came back from an export do the same', async () => {
    const { ring, old } = await twoKeys()
    const vault = secretWrapper(new Uint8Array(32).fill(5))
    const signer = await signKey(ed25519)
    const decapsulator = setKeyStatus(ring, old.publicKey.id, 'destroyed')
    const bytes = await exportIdentity(await createIdentity({ signer, decapsulator }), {
      wrappers: [vault],
    })
    const as = await importIdentity(bytes, { wrapper: vault, algorithms: [x25519, ed25519] })
    const envelope = await seal(utf8('x'), { recipients: [old.publicKey] })
    expect(await codeOf(open(envelope, { as }))).toBe('ERR_KEY_DISABLED')
  })
})

describe('from classical to post-quantum', () => {
  it('by rekey; what is moved already is known by its readers', async () => {
    const { signer, decapsulator } = await generateIdentity({ kem: x25519 })
    const ring = rotateKey(createKeyRing(decapsulator), await kemKey(xWing, 3))
    const [colleague, old] = [await person(7), decapsulator.publicKey]
    const recipients = [old, colleague.public]
    const envelope = await seal(utf8('x'), { recipients, keyIds: 'hint', author: signer })
    const next = { as: ring, recipients: [ring.publicKey], remove: recipients }
    const strong = await rekey(envelope, next)
    expect(hasRecipient(strong, old)).toBe(false)
    const { keyDirectory } = await import('../../src/keys/index.ts')
    const me = await createIdentity({ signer, decapsulator: ring })
    const opened = await open(strong, {
      as: me,
      authors: keyDirectory([me.public]),
      minimumSecurity: 'post-quantum',
    })
    expect([opened.security, opened.addressed]).toEqual(['post-quantum', 'original'])
    // Run again, it would seal once more; hasRecipient tells that there is nothing to do.
    expect(await codeOf(open(envelope, { as: ring, minimumSecurity: 'post-quantum' }))).toBe(
      'ERR_ENVELOPE_SECURITY',
    )
  })
})
