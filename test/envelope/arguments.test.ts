import { afterEach, describe, expect, it, vi } from 'vitest'
import { inspect, open, rekey, rewrap, seal } from '../../src/envelope/index.ts'
import { createIdentity, ed25519, type KemPublicKey, p256, x25519 } from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { codeOf } from '../helpers/errors.ts'
import { issuedAt, kemKey, person, signKey } from '../helpers/keys.ts'

afterEach(() => vi.useRealTimers())

const sealTo = (recipients: unknown): Promise<Uint8Array> =>
  seal(utf8('x'), { recipients: recipients as never })

describe('a TypeError names the argument', () => {
  it.each([
    ['as', undefined],
    ['as', {}],
    ['as', { publicKey: null }],
    ['as', { decapsulator: {} }],
    ['as.publicKey', { decapsulate: async () => new Uint8Array(32) }],
    ['as.keys', { keys: [{ publicKey: null, status: 'active', key: null }] }],
  ])('%s of %o', async (name, as) => {
    const envelope = await sealTo([(await kemKey(x25519)).publicKey])
    const opening = open(envelope, { as: as as never })
    await expect(opening).rejects.toThrow(TypeError)
    await expect(opening).rejects.toThrow(new RegExp(`^${name.replace('.', '\\.')} must be`))
  })

  it.each([undefined, null, 'did:key:z6Mk', { length: 1 }, new Set()])(
    'recipients of %o',
    async (recipients) => {
      await expect(sealTo(recipients)).rejects.toThrow(TypeError)
      await expect(sealTo(recipients)).rejects.toThrow(/^recipients must be an array/)
    },
  )

  it('one of the recipients, by its place', async () => {
    const { publicKey } = await kemKey(x25519)
    const { publicKey: signing } = await signKey(ed25519)
    for (const bad of [null, {}, signing, 'x']) {
      await expect(sealTo([publicKey, bad])).rejects.toThrow(TypeError)
      await expect(sealTo([publicKey, bad])).rejects.toThrow(/^recipients\[1\] must be/)
    }
  })

  it('one of the readers to add or to remove, by its place', async () => {
    const as = await kemKey(x25519)
    const envelope = await sealTo([as.publicKey])
    const rewrapping = (change: object) => rewrap(envelope, { as, ...change } as never)
    await expect(rewrapping({ add: [as.publicKey, null] })).rejects.toThrow(/^add\[1\] must be/)
    await expect(rewrapping({ remove: ['x'] })).rejects.toThrow(/^remove\[0\] must be/)
    const rekeying = rekey(envelope, { as, recipients: [as.publicKey], remove: [{} as never] })
    await expect(rekeying).rejects.toThrow(/^remove\[0\] must be/)
  })

  it.each([null, 'x', { length: 1 }])('authors of %o', async (authors) => {
    const { publicKey } = await kemKey(x25519)
    const sealing = seal(utf8('x'), { recipients: [publicKey], authors: authors as never })
    await expect(sealing).rejects.toThrow(TypeError)
    await expect(sealing).rejects.toThrow(/^authors must be an array/)
  })

  it.each([
    ['content', (bad: Uint8Array, to: KemPublicKey[]) => seal(bad, { recipients: to })],
    [
      'externalAad',
      (bad: Uint8Array, to: KemPublicKey[]) =>
        seal(utf8('x'), { recipients: to, externalAad: bad }),
    ],
  ])('%s of sealing', async (name, call) => {
    const { publicKey } = await kemKey(x25519)
    for (const bad of ['x', null, [1]]) {
      const sealing = call(bad as never, [publicKey])
      await expect(sealing).rejects.toThrow(new RegExp(`^${name} must be a Uint8Array`))
    }
  })

  it('the envelope and its additional data', async () => {
    const as = await kemKey(x25519)
    const recipients = [as.publicKey]
    const envelope = await seal(utf8('x'), { recipients })
    for (const bad of ['x', null, [1]] as never[]) {
      for (const call of [
        () => open(bad, { as }),
        () => rewrap(bad, { as }),
        () => rekey(bad, { as, recipients }),
        async () => inspect(bad),
      ]) {
        await expect(call()).rejects.toThrow(/^envelope must be a Uint8Array/)
      }
      for (const call of [
        () => open(envelope, { as, externalAad: bad }),
        () => rekey(envelope, { as, recipients, externalAad: bad }),
      ]) {
        await expect(call()).rejects.toThrow(/^externalAad must be a Uint8Array/)
      }
    }
  })

  it('whoever passes an identity with its private keys is told of .public', async () => {
    const { publicKey } = await kemKey(x25519)
    const sealing = sealTo([publicKey, await person(1)])
    await expect(sealing).rejects.toThrow(TypeError)
    await expect(sealing).rejects.toThrow(/^recipients\[1\] .*\.public/)
  })
})

describe('readers at the edge', () => {
  it('a ring that lists a retired key first opens with the one that may', async () => {
    const [old, next] = [await kemKey(x25519, 1), await kemKey(x25519, 2)]
    const envelope = await sealTo([old.publicKey, next.publicKey])
    const retired = { publicKey: old.publicKey, status: 'disabled', key: old } as const
    const active = { publicKey: next.publicKey, status: 'active', key: next } as const
    for (const keys of [
      [retired, active],
      [active, retired],
      [retired, { ...retired, status: 'destroyed', key: null }, active],
    ]) {
      const opened = await open(envelope, { as: { keys } as never })
      expect(opened.content).toEqual(utf8('x'))
    }
  })

  it('the limit of hidden readers holds for each algorithm on its own', async () => {
    const keys = [x25519, p256].flatMap((algorithm) =>
      Array.from({ length: 35 }, (_, i) => kemKey(algorithm, i + 1)),
    )
    const decapsulators = await Promise.all(keys)
    const recipients = decapsulators.map(({ publicKey }) => publicKey)
    const envelope = await seal(utf8('x'), { recipients, keyIds: 'none' })
    const added = await rewrap(envelope, {
      as: decapsulators[0]!,
      add: [(await kemKey(x25519, 99)).publicKey],
    })
    expect(inspect(added).unverified.recipients).toHaveLength(71)
  })

  it('a card has ended at the second of its end, not before', async () => {
    const expires = new Date(issuedAt.getTime() + 86_400_000)
    const identity = await createIdentity({
      signer: await signKey(ed25519),
      decapsulator: await kemKey(x25519),
      now: issuedAt,
      expires,
    })
    vi.useFakeTimers({ toFake: ['Date'], now: expires.getTime() - 1 })
    expect((await sealTo([identity.public])).length).toBeGreaterThan(0)
    vi.setSystemTime(expires)
    expect(await codeOf(sealTo([identity.public]))).toBe('ERR_IDENTITY_INVALID')
  })

  it('a ring whose active key has no private half says so', async () => {
    const { publicKey } = await kemKey(x25519)
    const envelope = await sealTo([publicKey])
    const ring = { keys: [{ publicKey, status: 'active', key: null }] }
    expect(await codeOf(open(envelope, { as: ring as never }))).toBe('ERR_KEY_DISABLED')
  })
})
