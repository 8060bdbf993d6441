import { afterEach, describe, expect, it } from 'vitest'
import { open, seal } from '../../src/envelope/index.ts'
import {
  createIdentity,
  createKeyRing,
  type Decapsulator,
  destroyKey,
  ed25519,
  es256,
  exportIdentity,
  exportSeed,
  generateIdentity,
  generateKey,
  type Identity,
  importIdentity,
  importPublicKey,
  type KeyRing,
  type KeyWrapper,
  kmsWrapper,
  type LocalDecapsulator,
  type LocalSigner,
  mlDsa65,
  mlKem768P256,
  p256,
  passphraseWrapper,
  rotateKey,
  type Signer,
  secretWrapper,
  setKeyStatus,
  unverifiedIdentity,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey, kems, person, signatures, signKey } from '../helpers/keys.ts'
import { withoutRandom } from '../helpers/random.ts'

const secret = (n: number): KeyWrapper => secretWrapper(new Uint8Array(32).fill(n))
const vault = secret(1)
const cheap = { memory: 12_288 }
const algorithms = [...kems, ...signatures]
const locked = 'ERR_KEY_LOCKED'
const elsewhere = 'ERR_KEY_ELSEWHERE'

/** A key that lives elsewhere, as a KMS's would: the same key, behind another object. */
function remote(key: LocalDecapsulator): Decapsulator {
  const { publicKey } = key
  return { publicKey, decapsulate: (encapsulation) => key.decapsulate(encapsulation) }
}
const remoteSigner = (key: LocalSigner): Signer => ({
  publicKey: key.publicKey,
  sign: (message) => key.sign(message),
})
const identityOf = (signer: Signer, decapsulator: Decapsulator | KeyRing): Promise<Identity> =>
  createIdentity({ signer, decapsulator, now: new Date('2026-01-02T03:04:05Z') })

/** Active 3, decrypt-only 2, disabled 1, destroyed 0: all X25519. */
async function history(): Promise<KeyRing> {
  let ring = createKeyRing(await kemKey(x25519, 10))
  for (const n of [11, 12, 13]) ring = rotateKey(ring, await kemKey(x25519, n))
  const [, , disabled, destroyed] = ring.keys
  ring = setKeyStatus(ring, disabled!.publicKey.id, 'disabled')
  return setKeyStatus(ring, destroyed!.publicKey.id, 'destroyed')
}
const statuses = (ring: KeyRing): string[] =>
  ring.keys.map(({ publicKey, status, key }) =>
    [toHex(publicKey.id).slice(0, 8), status, key === null ? 'gone' : 'there'].join(' '),
  )

describe('an exported identity', () => {
  it.each(
    kems.flatMap((kem) =>
      signatures.map(
        (signature) => [`${kem.name} with ${signature.name}`, kem, signature] as const,
      ),
    ),
  )('%s: comes back as it was', async (_name, kem, signature) => {
    const me = await person(1, kem, signature)
    const bytes = await exportIdentity(me, { wrappers: [vault] })
    const again = await importIdentity(bytes, { wrapper: vault, algorithms })
    expect(again.public).toEqual(me.public)
    expect(exportSeed(again.signer as LocalSigner)).toEqual(new Uint8Array(32).fill(1))
    const [only, ...others] = again.decapsulator.keys
    expect(others).toEqual([])
    expect(only!.status).toBe('active')
    expect(exportSeed(only!.key as LocalDecapsulator)).toEqual(new Uint8Array(32).fill(1))
  })

  it('by default with X-Wing and Ed25519; others are named', async () => {
    const me = await generateIdentity()
    const again = await importIdentity(await exportIdentity(me, { wrappers: [vault] }), {
      wrapper: vault,
    })
    const sealed = await seal(utf8('note'), { recipients: [me.public], author: me })
    expect(
      (await open(sealed, { as: again, authors: { find: async () => null } }).catch((e) => e)).code,
    ).toBe('ERR_ENVELOPE_AUTHOR_UNTRUSTED')
    const plain = await seal(utf8('note'), { recipients: [me.public] })
    expect((await open(plain, { as: again })).content).toEqual(utf8('note'))
    const old = await exportIdentity(await person(1), { wrappers: [vault] })
    const error = await rejection(importIdentity(old, { wrapper: vault }))
    expect(error).toMatchObject({ code: 'ERR_ALGORITHM_UNSUPPORTED' })
    expect(String(error)).toContain('x25519')
  })

  it('keeps the ring: order, statuses, and the public halves of destroyed keys', async () => {
    const ring = await history()
    const me = await identityOf(await signKey(ed25519), ring)
    const bytes = await exportIdentity(me, { wrappers: [vault] })
    const again = await importIdentity(bytes, { wrapper: vault, algorithms })
    expect(statuses(again.decapsulator)).toEqual(statuses(ring))
    expect(statuses(ring).map((line) => line.slice(9))).toEqual([
      'active there',
      'decrypt-only there',
      'disabled there',
      'destroyed gone',
    ])
    const toOld = await seal(utf8('x'), { recipients: [ring.keys[1]!.publicKey] })
    expect((await open(toOld, { as: again })).content).toEqual(utf8('x'))
    const toDisabled = await seal(utf8('x'), { recipients: [ring.keys[2]!.publicKey] })
    expect(await rejection(open(toDisabled, { as: again }))).toMatchObject({
      code: 'ERR_KEY_DISABLED',
      status: 'disabled',
    })
    const { id } = ring.keys[2]!.publicKey
    const enabled = setKeyStatus(again.decapsulator, id, 'decrypt-only')
    expect((await open(toDisabled, { as: enabled })).content).toEqual(utf8('x'))
  })

  it('holds a history of 50 keys of four algorithms', async () => {
    let ring = createKeyRing(await kemKey(x25519, 60))
    for (let n = 61; n < 110; n++) {
      ring = rotateKey(ring, await kemKey(n % 10 === 0 ? kems[(n / 10) % 4]! : x25519, n))
    }
    const me = await identityOf(await signKey(ed25519), ring)
    const bytes = await exportIdentity(me, { wrappers: [vault] })
    const again = await importIdentity(bytes, { wrapper: vault, algorithms })
    expect(again.decapsulator.keys).toHaveLength(50)
    expect(statuses(again.decapsulator)).toEqual(statuses(ring))
    const first = await seal(utf8('1'), { recipients: [ring.keys[49]!.publicKey] })
    expect((await open(first, { as: again })).content).toEqual(utf8('1'))
  })

  it('holds a thousand keys, and no more', async () => {
    const first = await kemKey(x25519, 1)
    const others = Array.from({ length: 1000 }, (_, n) => {
      const bytes = new Uint8Array(32).fill(9)
      new DataView(bytes.buffer).setUint16(4, n)
      const publicKey = importPublicKey(x25519, bytes)
      const key: Decapsulator = { publicKey, decapsulate: async () => new Uint8Array(32) }
      return { publicKey, status: 'decrypt-only' as const, key }
    })
    const ringOf = (count: number): KeyRing => ({
      publicKey: first.publicKey,
      keys: [
        { publicKey: first.publicKey, status: 'active', key: first },
        ...others.slice(0, count),
      ],
    })
    const export_ = async (count: number): Promise<Uint8Array> =>
      exportIdentity(await identityOf(await signKey(ed25519), ringOf(count)), { wrappers: [vault] })
    const bytes = await export_(999)
    const error = await rejection(importIdentity(bytes, { wrapper: vault, algorithms }))
    expect(error).toMatchObject({ code: elsewhere })
    expect((error as { keyIds: unknown[] }).keyIds).toHaveLength(999)
    expect(await rejection(export_(1000))).toBeInstanceOf(RangeError)
  })

  it('opens with any one of its wrappers, and with no other', async () => {
    const kms = kmsWrapper({
      id: utf8('kms.example/7'),
      wrap: async (key) => key.map((byte) => byte ^ 0x33),
      unwrap: async (wrapped) => wrapped.map((byte) => byte ^ 0x33),
    })
    const words = ['gravel ocean ticket', 'marble nobody spring'].map((one) =>
      passphraseWrapper(one, cheap),
    )
    const me = await person(1)
    const bytes = await exportIdentity(me, { wrappers: [vault, ...words, kms] })
    for (const wrapper of [vault, ...words, kms]) {
      const again = await importIdentity(bytes, { wrapper, algorithms })
      expect(again.public.did).toBe(me.public.did)
    }
    const strangers = [secret(2), passphraseWrapper('another few words')]
    for (const wrapper of strangers) {
      expect(await codeOf(importIdentity(bytes, { wrapper, algorithms }))).toBe(locked)
    }
  })

  it('goes on under another set of wrappers', async () => {
    const me = await identityOf(await signKey(ed25519), await history())
    const first = await exportIdentity(me, { wrappers: [secret(1), secret(2)] })
    const moved = await importIdentity(first, { wrapper: secret(2), algorithms })
    const second = await exportIdentity(moved, { wrappers: [secret(3), secret(4)] })
    expect(await codeOf(importIdentity(second, { wrapper: secret(1), algorithms }))).toBe(locked)
    const again = await importIdentity(second, { wrapper: secret(4), algorithms })
    expect(statuses(again.decapsulator)).toEqual(statuses(me.decapsulator as KeyRing))
    expect(again.public).toEqual(me.public)
  })

  it('never looks the same, and its length tells a power of two only', async () => {
    const me = await person(1)
    const [one, two] = [
      await exportIdentity(me, { wrappers: [vault] }),
      await exportIdentity(me, { wrappers: [vault] }),
    ]
    expect(toHex(one)).not.toBe(toHex(two))
    let ring = createKeyRing(await kemKey(x25519, 1))
    const lengths = new Set([one.length])
    for (let n = 2; n < 20; n++) {
      ring = rotateKey(ring, await kemKey(x25519, n))
      const longer = await identityOf(await signKey(ed25519), ring)
      lengths.add((await exportIdentity(longer, { wrappers: [vault] })).length)
    }
    expect([...lengths]).toEqual([one.length])
  })

  it('an expired card comes back, so that its owner can renew it', async () => {
    const me = await createIdentity({
      signer: await signKey(ed25519),
      decapsulator: await kemKey(x25519),
      now: new Date('2020-01-01'),
      expires: new Date('2021-01-01'),
    })
    const bytes = await exportIdentity(me, { wrappers: [vault] })
    const again = await importIdentity(bytes, { wrapper: vault, algorithms })
    expect(again.public.expires).toEqual(new Date('2021-01-01'))
    const { signer, decapsulator } = again
    const renewed = await createIdentity({ signer, decapsulator })
    await seal(utf8('x'), { recipients: [renewed.public] })
  })

  it('of somebody else under the same wrapper is told by its DID', async () => {
    const [me, you] = [await person(1), await person(2)]
    const bytes = await exportIdentity(you, { wrappers: [vault] })
    const base = { wrapper: vault, algorithms }
    expect((await importIdentity(bytes, { ...base, did: you.public.did })).public).toEqual(
      you.public,
    )
    const swapped = importIdentity(bytes, { ...base, did: me.public.did })
    expect(await codeOf(swapped)).toBe('ERR_IDENTITY_INVALID')
    const wrong = importIdentity(bytes, { ...base, did: you.public as never })
    expect(await rejection(wrong)).toBeInstanceOf(TypeError)
    expect(await codeOf(importIdentity(bytes, { ...base, did: '' }))).toBe('ERR_IDENTITY_INVALID')
  })

  it('shares no memory with what it was read from', async () => {
    const bytes = await exportIdentity(await person(1), { wrappers: [vault] })
    const pending = importIdentity(bytes, { wrapper: vault, algorithms })
    bytes.fill(0)
    const again = await pending
    expect(exportSeed(again.signer as LocalSigner)).toEqual(new Uint8Array(32).fill(1))
  })
})

describe('after a rotation', () => {
  it('a new card is needed, and made by createIdentity', async () => {
    const { signer, decapsulator, public: old } = await generateIdentity({ kem: x25519 })
    const ring = rotateKey(createKeyRing(decapsulator), await generateKey(xWing))
    const stale = { signer, decapsulator: ring, public: old }
    const error = await rejection(exportIdentity(stale, { wrappers: [vault] }))
    expect(error).toBeInstanceOf(RangeError)
    expect(String(error)).toContain('createIdentity')
    const renewed = await createIdentity({ signer, decapsulator: ring })
    const bytes = await exportIdentity(renewed, { wrappers: [vault] })
    const again = await importIdentity(bytes, { wrapper: vault, algorithms })
    expect(again.public.encryption.algorithm).toBe(xWing)
    const next = rotateKey(again.decapsulator, await generateKey(xWing))
    expect(next.keys.map(({ status }) => status)).toEqual([
      'active',
      'decrypt-only',
      'decrypt-only',
    ])
  })

  it('the card of somebody else is refused', async () => {
    const [me, you] = [await person(1), await person(2)]
    for (const mixed of [
      { ...me, public: you.public },
      { ...me, signer: you.signer },
      { ...me, decapsulator: you.decapsulator },
    ]) {
      const failing = exportIdentity(mixed, { wrappers: [vault] })
      expect(await rejection(failing)).toBeInstanceOf(RangeError)
    }
  })
})

describe('keys that are kept elsewhere', () => {
  it('are named, asked for, and attached by their ids', async () => {
    const [old, next] = [await kemKey(p256, 1), await kemKey(x25519, 2)]
    const signer = await signKey(es256, 3)
    const ring = rotateKey(createKeyRing(remote(old)), remote(next))
    const me = await identityOf(remoteSigner(signer), ring)
    const bytes = await exportIdentity(me, { wrappers: [vault] })
    const base = { wrapper: vault, algorithms }

    const ids = [signer, next, old].map(({ publicKey }) => publicKey.id)
    expect(await rejection(importIdentity(bytes, base))).toMatchObject({
      code: elsewhere,
      keyIds: ids,
      retryable: false,
    })
    const partly = { ...base, signer: remoteSigner(signer), decapsulators: [remote(next)] }
    expect(await rejection(importIdentity(bytes, partly))).toMatchObject({
      code: elsewhere,
      keyIds: [old.publicKey.id],
    })
    // In any order.
    const decapsulators = [remote(old), remote(next)]
    const again = await importIdentity(bytes, { ...partly, decapsulators })
    expect(statuses(again.decapsulator)).toEqual(statuses(ring))
    expect(again.decapsulator.keys[1]!.key).toBe(decapsulators[0])
    const sealed = await seal(utf8('x'), { recipients: [old.publicKey], author: again })
    const { keyDirectory } = await import('../../src/keys/index.ts')
    const opened = await open(sealed, { as: again, authors: keyDirectory([me.public]) })
    expect(opened.content).toEqual(utf8('x'))
  })

  it('take the place of what the export holds', async () => {
    const me = await person(1)
    const bytes = await exportIdentity(me, { wrappers: [vault] })
    const signer = remoteSigner(me.signer as LocalSigner)
    const decapsulators = [remote(me.decapsulator as LocalDecapsulator)]
    const again = await importIdentity(bytes, { wrapper: vault, algorithms, signer, decapsulators })
    expect(again.signer).toBe(signer)
    expect(again.decapsulator.keys[0]!.key).toBe(decapsulators[0])
  })

  it('and gone come back as destroyed, if that is said; never the active one', async () => {
    const [old, next] = [await kemKey(x25519, 1), await kemKey(x25519, 2)]
    const ring = rotateKey(createKeyRing(remote(old)), remote(next))
    const me = await identityOf(await signKey(ed25519), ring)
    const bytes = await exportIdentity(me, { wrappers: [vault] })
    const base = { wrapper: vault, algorithms, decapsulators: [remote(next)] }
    const again = await importIdentity(bytes, { ...base, lost: [old.publicKey.id] })
    expect(again.decapsulator.keys[1]).toMatchObject({ status: 'destroyed', key: null })
    const reexported = await exportIdentity(again, { wrappers: [vault] })
    expect((await importIdentity(reexported, base)).decapsulator.keys).toHaveLength(2)
    for (const lost of [[next.publicKey.id], [new Uint8Array(32)]]) {
      const failing = importIdentity(bytes, { ...base, decapsulators: [], lost })
      expect(await rejection(failing)).toBeInstanceOf(RangeError)
    }
    const both = importIdentity(bytes, {
      ...base,
      decapsulators: [remote(next), remote(old)],
      lost: [old.publicKey.id],
    })
    expect(await rejection(both)).toBeInstanceOf(RangeError)
    const local = await exportIdentity(await person(1), { wrappers: [vault] })
    const present = importIdentity(local, {
      wrapper: vault,
      algorithms,
      lost: [(await person(1)).public.encryption.id],
    })
    expect(await rejection(present)).toBeInstanceOf(RangeError)
  })

  it('that fit nothing are a mistake', async () => {
    const bytes = await exportIdentity(await person(1), { wrappers: [vault] })
    const base = { wrapper: vault, algorithms }
    const stranger = await kemKey(x25519, 9)
    const wrong: object[] = [
      { decapsulators: [stranger] },
      { signer: await signKey(ed25519, 9) },
      { signer: await signKey(es256, 1) },
    ]
    for (const keys of wrong) {
      expect(await rejection(importIdentity(bytes, { ...base, ...keys }))).toBeInstanceOf(
        RangeError,
      )
    }
    const bad: object[] = [
      { decapsulators: stranger },
      { decapsulators: [null] },
      { decapsulators: [{ publicKey: stranger.publicKey }] },
      { signer: stranger },
      { signer: await person(1) },
      { lost: 'x' },
      { lost: ['x'] },
      { wrapper: undefined },
      { wrapper: { id: utf8('x') } },
      { wrapper: { ...vault, id: 'x' } },
      { passphrase: 'x' },
      { algorithms: ['xWing'] },
    ]
    for (const keys of bad) {
      expect(
        await rejection(importIdentity(bytes, { ...base, ...keys } as never)),
        Object.keys(keys).join(),
      ).toBeInstanceOf(TypeError)
    }
  })

  it('a local key that this copy of the package does not know is no key elsewhere', async () => {
    const key = await kemKey(x25519, 1)
    const copied = { ...key }
    const me = await identityOf(await signKey(ed25519), copied)
    expect(await rejection(exportIdentity(me, { wrappers: [vault] }))).toBeInstanceOf(TypeError)
  })

  it('a destroyed local key is not exported as if it were elsewhere', async () => {
    const me = await identityOf(await signKey(ed25519), await kemKey(x25519, 1))
    destroyKey(me.decapsulator as LocalDecapsulator)
    const error = await rejection(exportIdentity(me, { wrappers: [vault] }))
    expect(error).toMatchObject({ code: 'ERR_KEY_DISABLED', status: 'destroyed' })
  })
})

describe('wrappers of an export', () => {
  it('are 1 to 16, at most four passphrases, the others of distinct ids', async () => {
    const me = await person(1)
    const many = (count: number) => Array.from({ length: count }, (_, n) => secret(n + 1))
    for (const wrappers of [[], many(17), [vault, vault], [vault, secret(1)]]) {
      expect(await rejection(exportIdentity(me, { wrappers }))).toBeInstanceOf(RangeError)
    }
    expect(await exportIdentity(me, { wrappers: many(16) })).toBeInstanceOf(Uint8Array)
    const words = Array.from({ length: 5 }, (_, n) => passphraseWrapper(`a few words, ${n}`, cheap))
    const start = performance.now()
    const five = await rejection(exportIdentity(me, { wrappers: words }))
    expect(five).toBeInstanceOf(RangeError)
    // Before anything was derived.
    expect(performance.now() - start).toBeLessThan(200)
    for (const wrappers of [undefined, vault, [null], [{}], ['x']]) {
      const failing = exportIdentity(me, { wrappers } as never)
      expect(await rejection(failing)).toBeInstanceOf(TypeError)
    }
    const misspelt = exportIdentity(me, { wrapper: vault } as never)
    expect(await rejection(misspelt)).toBeInstanceOf(TypeError)
  })

  it('of others are taken, and their answers looked at', async () => {
    const me = await person(1)
    const given: Uint8Array[] = []
    const mine: KeyWrapper = {
      id: utf8('mine'),
      async wrap(key) {
        given.push(key)
        return Uint8Array.of(9, ...key.map((byte) => byte ^ 1))
      },
      unwrap: async (wrapped) => wrapped.slice(1).map((byte) => byte ^ 1),
    }
    const bytes = await exportIdentity(me, { wrappers: [mine] })
    expect(given).toEqual([new Uint8Array(32)])
    expect((await importIdentity(bytes, { wrapper: mine, algorithms })).public).toEqual(me.public)
    const wraps: KeyWrapper['wrap'][] = [
      async () => new Uint8Array(0),
      async () => new Uint8Array(8193),
      async () => 'x' as never,
      async () => undefined as never,
      async (key) => key,
      async (key) => Uint8Array.of(1, 2, ...key, 3),
      async () => Promise.reject(new Error('no')),
    ]
    for (const wrap of wraps) {
      const failing = exportIdentity(me, { wrappers: [vault, { ...mine, wrap }] })
      expect(await codeOf(failing)).toBe('ERR_KEY_UNAVAILABLE')
    }
    const unwraps: [KeyWrapper['unwrap'], string][] = [
      [async () => new Uint8Array(31), 'ERR_KEY_UNAVAILABLE'],
      [async () => null as never, 'ERR_KEY_UNAVAILABLE'],
      [async () => Promise.reject(new Error('no')), 'ERR_KEY_UNAVAILABLE'],
      // Another key of the right length: told from the right one by the commitment.
      [async () => new Uint8Array(32), locked],
    ]
    for (const [unwrap, code] of unwraps) {
      expect(
        await codeOf(importIdentity(bytes, { wrapper: { ...mine, unwrap }, algorithms })),
      ).toBe(code)
    }
  })

  it('without secure random numbers nothing is exported', async () => {
    const me = await person(1)
    const plain: KeyWrapper = { ...vault, wrap: async () => new Uint8Array(40) }
    const error = await withoutRandom(() => rejection(exportIdentity(me, { wrappers: [plain] })))
    expect(error).toMatchObject({ code: 'ERR_RANDOM_UNAVAILABLE' })
  })

  it('an abort ends the call, whoever is silent', async () => {
    const me = await person(1)
    const silent: KeyWrapper = {
      id: utf8('silent'),
      wrap: () => new Promise(() => undefined),
      unwrap: () => new Promise(() => undefined),
    }
    const controller = new AbortController()
    const { signal } = controller
    const pending = rejection(exportIdentity(me, { wrappers: [silent], signal }))
    controller.abort('enough')
    expect(await pending).toBe('enough')
    const bytes = await exportIdentity(me, { wrappers: [vault] })
    const importing = importIdentity(bytes, { wrapper: vault, signal, algorithms })
    expect(await rejection(importing)).toBe('enough')
  })
})

describe('what is no identity to export', () => {
  it('is a mistake', async () => {
    const me = await person(1)
    const ring = await history()
    const good = await identityOf(await signKey(ed25519), ring)
    const bad: unknown[] = [
      null,
      undefined,
      me.public,
      { ...me, public: { ...me.public } },
      { ...me, public: unverifiedIdentity(me.public) },
      { ...me, signer: undefined },
      { ...me, signer: me },
      { ...me, decapsulator: undefined },
      { ...me, decapsulator: me },
    ]
    for (const identity of bad) {
      const failing = exportIdentity(identity as never, { wrappers: [vault] })
      expect(await rejection(failing)).toBeInstanceOf(TypeError)
    }
    const [first, second, third, last] = ring.keys
    const rings = [
      [],
      [second, first],
      [first, first],
      [first, { ...second, status: 'active' }],
      [{ ...first, status: 'decrypt-only' }],
      [first, { ...last, status: 'disabled' }],
      [first, { ...second, status: 'destroyed' }],
      [first, { ...second, key: third!.key }],
    ]
    for (const keys of rings) {
      const decapsulator = { ...ring, keys } as KeyRing
      const failing = exportIdentity({ ...good, decapsulator }, { wrappers: [vault] })
      expect(await rejection(failing)).toBeInstanceOf(RangeError)
    }
  })
})

describe('a polluted prototype', () => {
  const names = [
    'did',
    'signer',
    'decapsulators',
    'lost',
    'algorithms',
    'wrappers',
    'wrapper',
    'keys',
    'local',
    'id',
  ]
  afterEach(() => {
    for (const name of names) delete (Object.prototype as Record<string, unknown>)[name]
  })

  it('chooses nothing', async () => {
    const me = await person(1, xWing)
    const stranger = await person(9, xWing)
    const bytes = await exportIdentity(me, { wrappers: [vault] })
    const pollution: Record<string, unknown> = {
      did: stranger.public.did,
      signer: stranger.signer,
      decapsulators: [stranger.decapsulator],
      lost: [me.public.encryption.id],
      algorithms: [x25519],
      wrappers: [secret(9)],
      wrapper: secret(9),
      keys: [],
      local: true,
      id: utf8('id'),
    }
    for (const [name, value] of Object.entries(pollution)) {
      Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true })
    }
    const again = await importIdentity(bytes, { wrapper: vault })
    expect(toHex(again.signer.publicKey.id)).toBe(toHex(me.public.signing.id))
    const second = await exportIdentity(me, { wrappers: [vault] })
    expect(await codeOf(importIdentity(second, { wrapper: secret(9) }))).toBe(locked)
    expect(await rejection(importIdentity(second, {} as never))).toBeInstanceOf(TypeError)
    expect(await rejection(exportIdentity(me, {} as never))).toBeInstanceOf(TypeError)
    // What lives elsewhere must not become local by what somebody else wrote.
    const far = await identityOf(
      remoteSigner(me.signer as LocalSigner),
      remote(me.decapsulator as LocalDecapsulator),
    )
    expect(await exportIdentity(far, { wrappers: [vault] })).toBeInstanceOf(Uint8Array)
  })
})

describe('a post-quantum identity with two kinds of hardware', () => {
  it('mixes what is here and what is not', async () => {
    const [old, next] = [await kemKey(mlKem768P256, 4), await kemKey(xWing, 5)]
    const ring = rotateKey(createKeyRing(remote(old)), next)
    const me = await identityOf(await signKey(mlDsa65, 6), ring)
    const bytes = await exportIdentity(me, { wrappers: [vault] })
    const base = { wrapper: vault, algorithms }
    expect(await codeOf(importIdentity(bytes, base))).toBe(elsewhere)
    const again = await importIdentity(bytes, { ...base, decapsulators: [remote(old)] })
    expect(exportSeed(again.decapsulator.keys[0]!.key as LocalDecapsulator)[0]).toBe(5)
  })
})
