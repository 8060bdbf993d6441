import { describe, expect, it, vi } from 'vitest'
import { open, seal } from '../../src/envelope/index.ts'
import {
  type CborKey,
  type CborValue,
  decodeStrict,
  encodeCbor,
  type Tagged,
} from '../../src/internal/cbor/index.ts'
import { coseKeyOf } from '../../src/internal/coseKey.ts'
import {
  createIdentity,
  createKeyRing,
  decodePublicIdentity,
  ed25519,
  encodePublicIdentity,
  es256,
  generateIdentity,
  type Identity,
  keyDirectory,
  type PublicIdentity,
  rotateKey,
  toDidKey,
  unverifiedIdentity,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'
import { refused } from '../helpers/cbor.ts'
import { craftSign, craftSign1 } from '../helpers/craftSigned.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { issuedAt, kemKey, kems, person, signatures, signKey } from '../helpers/keys.ts'

const algorithms = [x25519, ed25519]
const malformed = 'ERR_KEY_MALFORMED'
const seconds = Math.floor(issuedAt.getTime() / 1000)
const typ = 'application/careseal-identity+cose'
/** An identity card has no content headers: only algorithm, key id and kind. */
const bare: [CborKey, CborValue | undefined][] = [
  [3, undefined],
  [-77001, undefined],
  [-77003, undefined],
]

type Members = [CborKey, CborValue | undefined][]

async function payloadOf(identity: Identity, members: Members = []): Promise<Uint8Array> {
  const { signing, encryption } = identity.public
  const map = new Map<CborKey, CborValue>([
    [1, 1],
    [2, coseKeyOf(signing.algorithm, signing.bytes)],
    [3, coseKeyOf(encryption.algorithm, encryption.bytes)],
    [4, seconds],
  ])
  for (const [label, value] of members) {
    if (value === undefined) map.delete(label)
    else map.set(label, value)
  }
  return encodeCbor(map)
}

const craftCard = async (
  identity: Identity,
  members: Members = [],
  changes: Partial<Parameters<typeof craftSign1>[0]> = {},
) =>
  craftSign1({
    signer: identity.signer,
    payload: await payloadOf(identity, members),
    typ,
    headers: bare,
    ...changes,
  })
const read = (card: Uint8Array) => decodePublicIdentity(card, { algorithms })

describe('identity cards', () => {
  for (const kem of kems) {
    it.each(signatures.map((algorithm) => [algorithm.name, algorithm] as const))(
      `${kem.name} with %s: come back as they were`,
      async (_name, signature) => {
        const { public: identity } = await person(1, kem, signature)
        const again = await decodePublicIdentity(encodePublicIdentity(identity), {
          algorithms: [kem, signature],
        })
        expect(again).toEqual(identity)
        expect(again.did).toBe(toDidKey(identity.signing))
        expect(again.issued).toEqual(issuedAt)
        expect(again.expires).toBeNull()
      },
    )
  }

  it('made by hand as docs/formats.md §1 says, verify', async () => {
    const identity = await person(1)
    const card = await craftCard(identity)
    expect(toHex(card)).toBe(toHex(identity.public.card))
    expect(await read(card)).toEqual(identity.public)
    const ends = await read(await craftCard(identity, [[5, seconds + 60]]))
    expect(ends.expires).toEqual(new Date((seconds + 60) * 1000))
  })

  it('by default with X-Wing and Ed25519; others are named', async () => {
    const { public: mine } = await generateIdentity()
    expect((await decodePublicIdentity(mine.card)).did).toBe(mine.did)
    const classical = await rejection(decodePublicIdentity((await person(1)).public.card))
    expect(classical).toMatchObject({ code: 'ERR_ALGORITHM_UNSUPPORTED' })
    expect(String(classical)).toContain('x25519')
    const other = await rejection(decodePublicIdentity((await person(1, xWing, es256)).public.card))
    expect(String(other)).toContain('es256')
  })

  const badMembers: Record<string, Members> = {
    'no version': [[1, undefined]],
    'another version': [[1, 2]],
    'no signing key': [[2, undefined]],
    'a signing key as bytes': [[2, new Uint8Array(32)]],
    'no encryption key': [[3, undefined]],
    'no date': [[4, undefined]],
    'a negative date': [[4, -1]],
    'a date as text': [[4, '2026-01-01']],
    'a date beyond all numbers': [[4, 2n ** 60n]],
    'an end before 1970': [[5, -5]],
    'an end as text': [[5, 'never']],
    'an end of null': [[5, null]],
    'an unknown member': [[6, 1]],
    'a text member': [['name', 'Dr Chen']],
  }
  it.each(Object.entries(badMembers))('with %s are malformed', async (_name, members) => {
    expect(await codeOf(read(await craftCard(await person(1), members)))).toBe(malformed)
  })

  it('with keys that hold more than their thumbprint are malformed', async () => {
    const identity = await person(1)
    const { signing, encryption } = identity.public
    const withMember = (key: typeof signing | typeof encryption, label: number, value: CborValue) =>
      new Map([...coseKeyOf(key.algorithm, key.bytes), [label, value]] as [CborKey, CborValue][])
    const cases: Members[] = [
      [[2, withMember(signing, 3, -8)]],
      [[2, withMember(signing, 2, new Uint8Array(4))]],
      [[3, withMember(encryption, 2, new Uint8Array(4))]],
      [[3, withMember(encryption, -4, new Uint8Array(32))]],
      [[3, withMember(encryption, -2, new Uint8Array(31))]],
      // Sealing to it would seal to everybody.
      [[3, withMember(encryption, -2, new Uint8Array(32))]],
    ]
    for (const members of cases) {
      expect(await codeOf(read(await craftCard(identity, members)))).toBe(malformed)
    }
  })

  it('with a key of the other kind in place of one are refused', async () => {
    const identity = await person(1)
    const { signing, encryption } = identity.public
    const swapped: Members = [
      [2, coseKeyOf(encryption.algorithm, encryption.bytes)],
      [3, coseKeyOf(signing.algorithm, signing.bytes)],
    ]
    expect(await codeOf(read(await craftCard(identity, swapped)))).toBe('ERR_ALGORITHM_UNSUPPORTED')
  })

  it('of another kind of signature are malformed', async () => {
    const identity = await person(1)
    for (const kind of ['content', 'record', 'key', 'grant', 'identity2']) {
      const card = await craftCard(identity, [], { typ: `application/careseal-${kind}+cose` })
      expect(await codeOf(read(card)), kind).toBe(malformed)
    }
    const headers: Members = [...bare, [16, undefined]]
    expect(await codeOf(read(await craftCard(identity, [], { headers })))).toBe(malformed)
  })

  it('with more headers, or any unprotected one, are malformed', async () => {
    const identity = await person(1)
    const extra: Members[] = [
      [...bare, [3, 'text/plain']],
      [...bare, [2, [16]]],
      [...bare, [-77009, 1]],
    ]
    for (const headers of extra) {
      expect(await codeOf(read(await craftCard(identity, [], { headers })))).toBe(malformed)
    }
    const unprotected = new Map([[4, new Uint8Array(2)]])
    expect(await codeOf(read(await craftCard(identity, [], { unprotected })))).toBe(malformed)
  })

  it('signed by another key than the one they show are malformed', async () => {
    const [identity, forger] = [await person(1), await person(2)]
    // Under the forger's own key id, and under the victim's.
    const own = await craftCard(identity, [], { signer: forger.signer })
    expect(await codeOf(read(own))).toBe(malformed)
    const headers: Members = [...bare, [4, identity.public.signing.id]]
    const claimed = await craftCard(identity, [], { signer: forger.signer, headers })
    expect(await codeOf(read(claimed))).toBe('ERR_IDENTITY_INVALID')
  })

  it('signed by several are malformed: one person, one key', async () => {
    const identity = await person(1)
    const { signer } = await person(2)
    const payload = await payloadOf(identity)
    const card = await craftSign({
      signers: [identity.signer, signer],
      payload,
      typ,
      headers: bare,
    })
    expect(await codeOf(read(card))).toBe(malformed)
  })

  it('each bit changed are refused', async () => {
    const { public: identity } = await person(1)
    const card = encodePublicIdentity(identity)
    for (let i = 0; i < card.length; i++) {
      for (const mask of process.env['CARESEAL_TIER'] === 'noble' ? [1] : [1, 0x80]) {
        const changed = card.slice()
        changed[i]! ^= mask
        const code = await codeOf(read(changed))
        expect(
          [malformed, 'ERR_IDENTITY_INVALID', 'ERR_ALGORITHM_UNSUPPORTED'],
          `byte ${i}`,
        ).toContain(code)
      }
    }
  })

  it('not in deterministic CBOR, cut off or longer are malformed', async () => {
    const { card } = (await person(1)).public
    const tagged = decodeStrict(card, refused, [18]) as Tagged
    const cases = [
      new Uint8Array(0),
      card.slice(0, -1),
      Uint8Array.of(...card, 0),
      encodeCbor(tagged.value),
      Uint8Array.of(0xd8, 0x12, ...card.slice(1)),
      encodeCbor('card'),
    ]
    for (const bad of cases) expect(await codeOf(read(bad))).toBe(malformed)
    for (const bad of ['card', null, undefined, [1]]) {
      expect(await rejection(decodePublicIdentity(bad as never))).toBeInstanceOf(TypeError)
    }
  })

  it('share no memory with what they were read from', async () => {
    const { card } = (await person(1)).public
    const input = card.slice()
    const identity = await read(input)
    input.fill(0)
    expect(toHex(identity.card)).toBe(toHex(card))
    const encoded = encodePublicIdentity(identity)
    encoded.fill(0)
    expect(toHex(identity.card)).toBe(toHex(card))
  })
})

describe('expiry', () => {
  const make = async (expires: Date) =>
    createIdentity({
      signer: await signKey(ed25519),
      decapsulator: await kemKey(x25519),
      now: issuedAt,
      expires,
    })

  it('an expired card still decodes, but nobody seals to it', async () => {
    const { public: identity } = await make(new Date('2026-02-01T00:00:00.900Z'))
    const again = await read(identity.card)
    expect(again.expires).toEqual(new Date('2026-02-01T00:00:00Z'))
    const sealing = seal(utf8('x'), { recipients: [again] })
    expect(await codeOf(sealing)).toBe('ERR_IDENTITY_INVALID')
    const later = await make(new Date(Date.now() + 3_600_000))
    const envelope = await seal(utf8('x'), { recipients: [await read(later.public.card)] })
    expect((await open(envelope, { as: later })).content).toHaveLength(1)
  })

  it('a card ends at the moment that it names, not after it', async () => {
    const { public: identity } = await make(new Date('2026-02-01T00:00:00Z'))
    for (const [now, refused] of [
      ['2026-01-31T23:59:59.999Z', false],
      ['2026-02-01T00:00:00.000Z', true],
    ] as const) {
      vi.setSystemTime(now)
      const sealing = seal(utf8('x'), { recipients: [identity] }).then(
        () => false,
        () => true,
      )
      expect(await sealing).toBe(refused)
      vi.useRealTimers()
    }
  })

  it('dates must be dates', async () => {
    const bad = [new Date(Number.NaN), new Date(-1000), '2026-01-01', 7, null]
    for (const value of bad) {
      const keys = { signer: await signKey(ed25519), decapsulator: await kemKey(x25519) }
      const failing = createIdentity({ ...keys, now: value as never })
      expect(await rejection(failing)).toBeInstanceOf(RangeError)
      const ending = createIdentity({ ...keys, expires: value as never })
      expect(await rejection(ending)).toBeInstanceOf(RangeError)
    }
  })

  it('the end of time is as late as a Date can be', async () => {
    const card = await craftCard(await person(1), [[5, Number.MAX_SAFE_INTEGER]])
    expect((await read(card)).expires).toEqual(new Date(8.64e15))
  })
})

describe('making identities', () => {
  it('generates fresh ones', async () => {
    const [a, b] = [
      await generateIdentity(),
      await generateIdentity({ kem: x25519, signature: es256 }),
    ]
    expect(a.public.did).not.toBe(b.public.did)
    expect([a.public.encryption.algorithm, b.public.encryption.algorithm]).toEqual([xWing, x25519])
    expect([a.public.signing.algorithm, b.public.signing.algorithm]).toEqual([ed25519, es256])
    expect(Math.abs(a.public.issued!.getTime() - Date.now())).toBeLessThan(60_000)
  })

  it('of a ring shows its active key', async () => {
    const [old, next] = [await kemKey(x25519, 1), await kemKey(x25519, 2)]
    const ring = rotateKey(createKeyRing(old), next)
    const identity = await createIdentity({ signer: await signKey(ed25519), decapsulator: ring })
    expect(identity.public.encryption.id).toEqual(next.publicKey.id)
  })

  it.each([
    ['no signer', { signer: undefined }],
    ['text as signer', { signer: 'key' }],
    ['no decapsulator', { decapsulator: undefined }],
    ['text as decapsulator', { decapsulator: 'key' }],
  ])('%s is refused', async (_name, change) => {
    const keys = { signer: await signKey(ed25519), decapsulator: await kemKey(x25519) }
    const failing = createIdentity({ ...keys, ...change } as never)
    expect(await rejection(failing)).toBeInstanceOf(TypeError)
  })

  it('an identity without a card cannot be encoded', async () => {
    const { public: identity } = await person(1)
    const byHand = unverifiedIdentity(identity)
    expect([byHand.card.length, byHand.issued, byHand.expires]).toEqual([0, null, null])
    expect(byHand.did).toBe(identity.did)
    expect(() => encodePublicIdentity(byHand)).toThrow(TypeError)
    expect(() => encodePublicIdentity({ ...identity })).toThrow(TypeError)
    expect(() =>
      unverifiedIdentity({ signing: identity.encryption, encryption: identity.signing } as never),
    ).toThrow(TypeError)
  })
})

describe('key directories', () => {
  const card = async (n: number, kem: number, day: string): Promise<PublicIdentity> =>
    (
      await createIdentity({
        signer: await signKey(ed25519, n),
        decapsulator: await kemKey(x25519, kem),
        now: new Date(day),
      })
    ).public

  it('of two cards of one signing key the later one counts, whatever the order', async () => {
    const [older, newer] = [await card(1, 1, '2026-01-01'), await card(1, 2, '2026-02-01')]
    const byHand = unverifiedIdentity(older)
    for (const list of [
      [older, newer],
      [newer, older],
      [byHand, newer, older],
      [newer, byHand],
    ]) {
      const record = await keyDirectory(list).find(older.signing.id)
      expect(record!.identity.encryption.id).toEqual(newer.encryption.id)
    }
  })

  it('two cards of one date with different keys contradict each other', async () => {
    const [one, two] = [await card(1, 1, '2026-01-01'), await card(1, 2, '2026-01-01')]
    expect(() => keyDirectory([one, two])).toThrow(
      expect.objectContaining({ code: 'ERR_IDENTITY_INVALID' }),
    )
    const same = await card(1, 1, '2026-01-01')
    expect((await keyDirectory([one, same]).find(one.signing.id))!.identity).toBe(same)
  })

  it('say what their keeper knows, else what the card says', async () => {
    const { public: identity } = await person(1)
    const { id } = identity.signing
    expect(await keyDirectory([identity]).find(id)).toEqual({
      key: identity.signing,
      identity,
      name: null,
      validFrom: null,
      validUntil: null,
      compromisedAt: null,
    })
    const entry = {
      identity,
      name: 'Dr Chen',
      validFrom: new Date('2026-03-01'),
      validUntil: new Date('2026-04-01'),
      compromisedAt: new Date('2026-03-15'),
    }
    expect(await keyDirectory([entry]).find(id)).toEqual({ key: identity.signing, ...entry })
    expect(await keyDirectory(new Set([identity])).find(new Uint8Array(32))).toBeNull()
  })

  it('take identities of this package only', async () => {
    const { public: identity } = await person(1)
    for (const bad of [
      null,
      'did:key:z6Mk',
      {},
      { ...identity },
      { identity: { ...identity } },
      { identity: null },
    ]) {
      expect(() => keyDirectory([bad as never])).toThrow(TypeError)
    }
    await expect(keyDirectory([identity]).find('id' as never)).rejects.toThrow(TypeError)
  })
})
