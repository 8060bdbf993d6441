import { describe, expect, it } from 'vitest'
import { findAuthors } from '../../src/internal/envelope/authors.ts'
import {
  createIdentity,
  ed25519,
  generateIdentity,
  keyDirectory,
  mlDsa65,
  x25519,
} from '../../src/keys/index.ts'
import { codeOf, thrownCode } from '../helpers/errors.ts'
import { issuedAt, kemKey, person, signKey } from '../helpers/keys.ts'

const day = (n: number): Date => new Date(Date.UTC(2026, 5, n))
const cardOf = async (now: Date, kem = 1) =>
  (
    await createIdentity({
      signer: await signKey(ed25519, 1),
      decapsulator: await kemKey(x25519, kem),
      now,
    })
  ).public

describe('a key that is listed with several cards', () => {
  it('keeps what its keeper said, in whatever order the cards stand', async () => {
    const old = await cardOf(issuedAt)
    const renewed = await cardOf(day(1), 2)
    const said = { name: 'Dr Chen', validFrom: day(2), validUntil: day(9), compromisedAt: day(5) }
    const marked = { identity: old, ...said }
    for (const entries of [
      [marked, renewed],
      [renewed, marked],
      [marked, old],
      [old, marked],
      [marked, renewed, { identity: old, validUntil: day(20), compromisedAt: day(7) }],
    ]) {
      const record = await keyDirectory(entries).find(old.signing.id)
      expect(record).toMatchObject(said)
      const latest = entries.includes(renewed) ? renewed : old
      expect(record?.identity).toBe(latest)
    }
  })

  it('ends with its latest card where its keeper said nothing', async () => {
    const cards = await Promise.all(
      [day(3), day(8)].map(async (expires, i) => {
        const signer = await signKey(ed25519, 1)
        const decapsulator = await kemKey(x25519, 1)
        return (await createIdentity({ signer, decapsulator, now: day(i + 1), expires })).public
      }),
    )
    const record = await keyDirectory(cards.reverse()).find(cards[0]!.signing.id)
    expect(record?.validUntil).toEqual(day(8))
  })
})

describe('an entry', () => {
  it('with a misspelt name is refused: a compromise that is not heard protects nobody', async () => {
    const { public: identity } = await person(1)
    const entry = { identity, compromised: day(1) }
    expect(() => keyDirectory([entry])).toThrow(/unknown option compromised/)
    await expect(generateIdentity({ expire: day(9) } as never)).rejects.toThrow(/expire/)
  })

  it('means the same in whatever order cards stand', async () => {
    const end = new Date(Date.UTC(2030, 0))
    const [a, b] = [await cardOf(issuedAt), await cardOf(day(1))]
    const c = (
      await createIdentity({
        signer: await signKey(ed25519, 1),
        decapsulator: await kemKey(x25519, 1),
        now: day(2),
        expires: end,
      })
    ).public
    const entries = [
      { identity: a, name: 'a', validUntil: new Date(Date.UTC(2040, 0)) },
      { identity: b, name: 'b' },
      { identity: c },
    ]
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [0, 2, 1],
    ]) {
      const record = await keyDirectory(order.map((i) => entries[i]!)).find(a.signing.id)
      expect(record).toMatchObject({ identity: c, name: 'b', validUntil: end })
    }
  })
})

describe('the dates of a directory', () => {
  it('must be dates, in a list and in records of one over a database', async () => {
    const { public: identity } = await person(1)
    for (const wrong of ['2026-01-01T00:00:00Z', new Date(Number.NaN), 7]) {
      for (const name of ['validFrom', 'validUntil', 'compromisedAt']) {
        expect(() => keyDirectory([{ identity, [name]: wrong }])).toThrow(TypeError)
        const record = {
          key: identity.signing,
          identity,
          name: null,
          validFrom: null,
          validUntil: null,
          compromisedAt: null,
          [name]: wrong,
        }
        const found = findAuthors(
          [identity.signing.id],
          { find: async () => record as never },
          { claimed: day(1), existedBefore: null },
          undefined,
        )
        await expect(found).rejects.toThrow(/valid Dates/)
      }
    }
  })

  it('are held against the proven time too', async () => {
    const { public: identity } = await person(1)
    const directory = keyDirectory([{ identity, validFrom: day(5) }])
    const found = (existedBefore: Date | null) =>
      findAuthors([identity.signing.id], directory, { claimed: day(6), existedBefore }, undefined)
    expect(await found(null)).toHaveLength(1)
    expect(await found(day(7))).toHaveLength(1)
    expect(await codeOf(found(day(4)))).toBe('ERR_ENVELOPE_AUTHOR_UNTRUSTED')
  })
})

describe('a further signing key of one person', () => {
  it('has a record of its own under the same identity', async () => {
    const [chen, second] = [await person(1), await signKey(mlDsa65, 1)]
    const compromisedAt = new Date('2031-01-01')
    const directory = keyDirectory([
      { identity: chen.public, name: 'Dr Chen', compromisedAt },
      { identity: chen.public, key: second.publicKey, name: 'Dr Chen' },
    ])
    const found = await directory.find(second.publicKey.id)
    expect(found).toMatchObject({ key: second.publicKey, identity: chen.public, name: 'Dr Chen' })
    // What is said of one key is not said of the other.
    expect(found!.compromisedAt).toBeNull()
    expect((await directory.find(chen.public.signing.id))!.compromisedAt).toEqual(compromisedAt)
  })

  it('stands under one identity only, and is checked', async () => {
    const [chen, mallory] = [await person(1), await person(2)]
    const { publicKey } = await signKey(mlDsa65, 1)
    for (const key of [publicKey, chen.public.signing]) {
      const entries = [
        { identity: chen.public, key },
        { identity: mallory.public, key },
      ]
      expect(thrownCode(() => keyDirectory(entries))).toBe('ERR_IDENTITY_INVALID')
      expect(thrownCode(() => keyDirectory(entries.reverse()))).toBe('ERR_IDENTITY_INVALID')
    }
    for (const key of [chen.public.encryption, 'did:key:z6Mk', null]) {
      expect(() => keyDirectory([{ identity: chen.public, key: key as never }])).toThrow(TypeError)
    }
    expect(
      thrownCode(() =>
        keyDirectory([{ identity: chen.public, key: { ...publicKey, bytes: new Uint8Array(3) } }]),
      ),
    ).toBe('ERR_KEY_MALFORMED')
  })
})
