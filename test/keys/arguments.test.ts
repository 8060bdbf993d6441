import { describe, expect, it } from 'vitest'
import { KeyMalformed } from '../../src/errors.ts'
import { varint } from '../../src/keys/did.ts'
import {
  createIdentity,
  createKeyRing,
  decodePublicIdentity,
  destroyKey,
  ed25519,
  encodePublicIdentity,
  es256,
  exportSeed,
  fromCoseKey,
  fromDidKey,
  fromJwk,
  fromMultikey,
  type Jwk,
  keyDirectory,
  keyFromSeed,
  p256,
  rotateKey,
  setKeyStatus,
  toCoseKey,
  toJwk,
  toMultikey,
  unverifiedIdentity,
  verifySignature,
  x25519,
} from '../../src/keys/index.ts'
import { codeOf, rejection, thrownCode } from '../helpers/errors.ts'
import { issuedAt, kemKey, person, signKey } from '../helpers/keys.ts'

const seed = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const none = null as never

describe('a TypeError names the argument', async () => {
  const [kem, signer] = [await kemKey(x25519), await signKey(ed25519)]
  const identity = await person(1)
  const ring = createKeyRing(kem)
  const directory = keyDirectory([identity.public])
  const cases: [string, () => unknown][] = [
    ['entries must be an array', () => keyDirectory(none)],
    ['entries must be an array', () => keyDirectory({} as never)],
    ['entries must be public identities', () => keyDirectory([none])],
    ['entries must be public identities', () => keyDirectory(['did:key:z6Mk'] as never)],
    ['entries must be public identities', () => keyDirectory([{ identity: none }])],
    ['entries must be public identities', () => keyDirectory([identity as never])],
    ['id must be', () => directory.find('id' as never)],
    ['signer must be', () => createIdentity({ signer: none, decapsulator: kem })],
    ['decapsulator.publicKey must be', () => createIdentity({ signer, decapsulator: none })],
    ['identity must come from', () => encodePublicIdentity(none)],
    ['bytes must be', () => decodePublicIdentity('card' as never)],
    ['signing must be', () => unverifiedIdentity({ signing: none, encryption: kem.publicKey })],
    [
      'encryption must be',
      () => unverifiedIdentity({ signing: signer.publicKey, encryption: none }),
    ],
    ['jwk must be an object', () => fromJwk(none)],
    ['jwk must be an object', () => fromJwk('{}' as never)],
    ['jwk must be an object', () => fromJwk(undefined as never)],
    ['key must be', () => toJwk(none)],
    ['key must be', () => toCoseKey(none)],
    ['key must be', () => toMultikey(none)],
    ['bytes must be', () => fromCoseKey('a1' as never)],
    ['text must be', () => fromMultikey(none)],
    ['did must be', () => fromDidKey(none)],
    ['key must be', () => verifySignature(none, seed(1), seed(1))],
    ['message must be', () => verifySignature(signer.publicKey, 'x' as never, seed(1))],
    ['signature must be', () => verifySignature(signer.publicKey, seed(1), 'x' as never)],
    ['seed must be', () => keyFromSeed(x25519, 'x' as never)],
    ['key must be a local key', () => exportSeed(kem.publicKey as never)],
    ['key must be a local key', () => destroyKey({ ...kem })],
    ['encapsulation must be', () => kem.decapsulate('x' as never)],
    ['message must be', () => signer.sign('x' as never)],
    ['a key of a ring must be', () => createKeyRing(none)],
    ['a key of a ring must be', () => createKeyRing(kem.publicKey as never)],
    ['a key of a ring must be', () => rotateKey(ring, signer as never)],
    ['publicKey must be', () => createKeyRing({ ...kem, publicKey: none })],
    ['ring must be', () => rotateKey(undefined as never, kem)],
    ['ring must be', () => rotateKey({ keys: [] } as never, kem)],
    ['ring must be', () => setKeyStatus({} as never, kem.publicKey.id, 'disabled')],
    ['id must be', () => setKeyStatus(ring, 'x' as never, 'disabled')],
    ['status must be', () => setKeyStatus(ring, kem.publicKey.id, 'gone' as never)],
  ]
  it.each(cases.map((one, i) => [`${i + 1}: ${one[0]}`, ...one] as const))(
    '%s',
    async (_name, begin, call) => {
      const error = (await rejection(Promise.resolve().then(call))) as Error
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message.slice(0, begin.length)).toBe(begin)
    },
  )
})

describe('the dates of a card', () => {
  const make = async (now: unknown, expires?: unknown) =>
    createIdentity({
      signer: await signKey(ed25519),
      decapsulator: await kemKey(x25519),
      now: now as Date,
      expires: expires as Date,
    })

  it('are valid dates from 1970 on, and named where they are not', async () => {
    for (const bad of [null, '2026', new Date(Number.NaN), new Date(-1000)]) {
      await expect(make(bad)).rejects.toThrow(/^now must be/)
      const ends = make(issuedAt, bad)
      await expect(ends).rejects.toThrow(RangeError)
      await expect(ends).rejects.toThrow(/^expires must be/)
    }
    const first = await make(new Date(0), new Date(1000))
    const card = await decodePublicIdentity(encodePublicIdentity(first.public), {
      algorithms: [ed25519, x25519],
    })
    expect([card.issued, card.expires]).toEqual([new Date(0), new Date(1000)])
  })

  it('end after they begin: a card that nobody accepts is not made', async () => {
    for (const offset of [-86_400_000, -1000, 0, 999]) {
      const making = make(issuedAt, new Date(issuedAt.getTime() + offset))
      await expect(making).rejects.toThrow(RangeError)
      await expect(making).rejects.toThrow(/^expires must be later/)
    }
    const made = await make(issuedAt, new Date(issuedAt.getTime() + 1000))
    expect(made.public.expires!.getTime() - made.public.issued!.getTime()).toBe(1000)
  })
})

describe('a directory whose keeper said nothing', () => {
  it('knows no date, however many cards it holds, and takes null for no date', async () => {
    const cards = [
      await createIdentity({
        signer: await signKey(ed25519),
        decapsulator: await kemKey(x25519),
        now: issuedAt,
      }),
      await createIdentity({
        signer: await signKey(ed25519),
        decapsulator: await kemKey(x25519, 2),
        now: new Date(issuedAt.getTime() + 5000),
      }),
    ].map((one) => one.public)
    const nothing = { validFrom: null, validUntil: null, compromisedAt: null }
    for (const entries of [cards, cards.slice(1), [{ identity: cards[0]!, ...nothing }]]) {
      const record = await keyDirectory(entries as never).find(cards[0]!.signing.id)
      expect(record).toMatchObject(nothing)
    }
    for (const name of ['validFrom', 'validUntil', 'compromisedAt'] as const) {
      const entry = { identity: cards[0]!, [name]: '2026-01-01' }
      expect(() => keyDirectory([entry as never])).toThrow(new RegExp(`^${name} must be`))
    }
  })
})

describe('encodings that are refused', () => {
  it('where they are no CBOR, with the place', async () => {
    const bytes = Uint8Array.of(0xa1, 0x01, 0xff)
    const calls: (() => unknown)[] = [() => fromCoseKey(bytes), () => decodePublicIdentity(bytes)]
    for (const call of calls) {
      const error = await rejection(Promise.resolve().then(call))
      expect(error).toBeInstanceOf(KeyMalformed)
      expect((error as KeyMalformed).offset).toBe(2)
    }
  })

  it('where they hold a secret that nobody asked for, with the way to ask', async () => {
    const key = await signKey(ed25519)
    const secret = toCoseKey(key, { secret: true })
    expect(thrownCode(() => fromCoseKey(secret))).toBe('ERR_KEY_MALFORMED')
    expect(() => fromCoseKey(secret)).toThrow('{ secret: true }')
    expect(() => fromJwk(toJwk(key, { secret: true }))).toThrow('{ secret: true }')
  })

  it('where x and y of a point are cut at another place', async () => {
    const { publicKey } = await signKey(es256)
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
    const good = toJwk(publicKey)
    const read = (jwk: Jwk) => fromJwk(jwk, { algorithms: [es256, p256] })
    for (const cut of [31, 33]) {
      const [x, y] = [publicKey.bytes.slice(1, 1 + cut), publicKey.bytes.slice(1 + cut)]
      const jwk = { ...good, x: text(x), y: text(y) } as Jwk
      expect(thrownCode(() => read(jwk))).toBe('ERR_KEY_MALFORMED')
    }
    expect(read(good).id).toEqual(publicKey.id)
  })
})

describe('the unsigned LEB128 of multicodec', () => {
  it.each([
    [0, [0]],
    [1, [1]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [0xed, [0xed, 0x01]],
    [0x1200, [0x80, 0x24]],
    [16384, [0x80, 0x80, 0x01]],
  ])('%i', (value, bytes) => {
    expect([...varint(value)]).toEqual(bytes)
  })
})

describe('rings keep what was decided about each key', () => {
  it('when another key becomes the active one', async () => {
    const keys = await Promise.all([1, 2, 3, 4].map((n) => kemKey(x25519, n)))
    const [first, second, third, fourth] = keys
    const idOf = (n: number) => keys[n]!.publicKey.id
    let ring = rotateKey(rotateKey(createKeyRing(first!), second!), third!)
    ring = setKeyStatus(setKeyStatus(ring, idOf(0), 'destroyed'), idOf(1), 'disabled')
    const status = (of: typeof ring) => of.keys.map((one) => one.status)
    expect(status(ring)).toEqual(['active', 'disabled', 'destroyed'])
    const rotated = rotateKey(ring, fourth!)
    expect(status(rotated)).toEqual(['active', 'decrypt-only', 'disabled', 'destroyed'])
    expect(rotated.keys.map(({ key }) => key)).toEqual([fourth, third, second, null])
    const back = setKeyStatus(rotated, idOf(2), 'active')
    expect(status(back)).toEqual(['active', 'decrypt-only', 'disabled', 'destroyed'])
    expect(back.publicKey.id).toEqual(idOf(2))
  })
})

describe('a local key', () => {
  it('says that it is local', async () => {
    expect([(await kemKey(x25519)).local, (await signKey(ed25519)).local]).toEqual([true, true])
  })

  it('that was destroyed gives no seed, also where the call began before', async () => {
    const kem = await keyFromSeed(x25519, seed(71))
    const signer = await keyFromSeed(ed25519, seed(72))
    const running = [kem.decapsulate(kem.publicKey.bytes), signer.sign(seed(1))]
    for (const key of [kem, signer]) destroyKey(key)
    const codes = await Promise.all(running.map((one) => codeOf(one)))
    expect(codes).toEqual(['ERR_KEY_DISABLED', 'ERR_KEY_DISABLED'])
    for (const key of [kem, signer]) {
      expect(thrownCode(() => exportSeed(key))).toBe('ERR_KEY_DISABLED')
    }
    expect(await codeOf(signer.sign(seed(1)))).toBe('ERR_KEY_DISABLED')
  })
})
