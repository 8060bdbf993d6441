/** The bytes of an exported identity: a second implementation reads and writes them, and each field is attacked. */
import { describe, expect, it } from 'vitest'
import {
  createIdentity,
  createKeyRing,
  ed25519,
  exportIdentity,
  type Identity,
  type ImportedIdentity,
  importIdentity,
  p256,
  passphraseWrapper,
  rotateKey,
  secretWrapper,
  setKeyStatus,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { hex, toHex, utf8 } from '../helpers/bytes.ts'
import { codeOf } from '../helpers/errors.ts'
import { kemKey, kems, person, signatures, signKey } from '../helpers/keys.ts'
import * as other from '../helpers/otherExport.ts'
import { gcmSalamander } from '../helpers/salamander.ts'

type CoseKey = Map<number, other.Item>
type Contents = [Uint8Array, CoseKey, [number, CoseKey][], Uint8Array]
type Wrap = [Uint8Array, Uint8Array]

const secret = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const vault = secretWrapper(secret(1))
const algorithms = [...kems, ...signatures]
const key = secret(0x4b)
const malformed = 'ERR_KEY_MALFORMED'
const locked = 'ERR_KEY_LOCKED'

/** A wrap of a key under a secret, by the other implementation. */
function wrapBy(n: number, wrapped: Uint8Array): Wrap {
  const salt = secret(n + 100)
  const kek = other.hkdf(secret(n), salt, 'careseal/wrap/secret/1', 32)
  const id = other.hkdf(secret(n), new Uint8Array(32), 'careseal/wrap/secret-id/1', 32)
  return [id, other.dcbor(['careseal/wrap/secret/1', salt, other.keyWrap(kek, wrapped)])]
}

/** X-Wing now, P-256 before it, X25519 destroyed. */
async function rotated(): Promise<Identity> {
  const [first, second] = [await kemKey(x25519, 31), await kemKey(p256, 32)]
  const ring = rotateKey(rotateKey(createKeyRing(first), second), await kemKey(xWing, 33))
  const decapsulator = setKeyStatus(ring, first.publicKey.id, 'destroyed')
  return createIdentity({ signer: await signKey(ed25519, 34), decapsulator, now: new Date(0) })
}

/** Contents of an identity, from what its own export holds. */
async function contentsOf(identity: Identity): Promise<Contents> {
  const bytes = await exportIdentity(identity, { wrappers: [vault] })
  return other.readExport(keyIn(bytes), bytes).contents as Contents
}

/** The key of an export under the vault's secret, unwrapped by the other implementation. */
function keyIn(bytes: Uint8Array): Uint8Array {
  const [, , , wraps] = other.fromCbor(bytes) as [string, Uint8Array, Uint8Array, Wrap[]]
  const [, wrapped] = wraps.find(([id]) => toHex(id) === toHex(vault.id))!
  const [domain, salt, sealed] = other.fromCbor(wrapped) as [string, Uint8Array, Uint8Array]
  return other.keyUnwrap(other.hkdf(secret(1), salt, domain, 32), sealed)
}

const salt = secret(0x55)
/** An export by the other implementation, with some parts changed. */
function write(
  contents: other.Item,
  changes: Partial<other.Parts> = {},
  raw?: Uint8Array,
): Uint8Array {
  const parts = {
    domain: 'careseal/identity/1',
    salt,
    commitment: other.commitTo(key, salt),
    wraps: [wrapBy(1, key)],
    contents,
    ...changes,
  }
  return other.writeExport(key, parts, raw)
}
const read = (bytes: Uint8Array): Promise<ImportedIdentity> =>
  importIdentity(bytes, { wrapper: vault, algorithms })

describe('the bytes of an exported identity', () => {
  it('are read by a second implementation', async () => {
    const me = await rotated()
    const bytes = await exportIdentity(me, { wrappers: [vault, secretWrapper(secret(2))] })
    const [, its, commitment, wraps] = other.fromCbor(bytes) as [
      string,
      Uint8Array,
      Uint8Array,
      Wrap[],
    ]
    expect(toHex(other.commitTo(keyIn(bytes), its))).toBe(toHex(commitment))
    expect(wraps.map(([id]) => toHex(id))).toEqual(wraps.map(([id]) => toHex(id)).sort())
    const [card, signing, ring, padding] = other.readExport(keyIn(bytes), bytes)
      .contents as Contents
    expect(toHex(card)).toBe(toHex(me.public.card))
    expect(other.thumbprint(signing)).toBe(toHex(me.public.signing.id))
    expect(signing.get(-4)).toEqual(secret(34))
    expect(ring.map(([status]) => status)).toEqual([0, 1, 3])
    expect(ring.map(([, one]) => one.get(one.get(1) === 7 ? -2 : -4))).toEqual([
      secret(33),
      secret(32),
      undefined,
    ])
    expect(other.thumbprint(ring[0]![1])).toBe(toHex(me.public.encryption.id))
    expect(padding.every((byte) => byte === 0)).toBe(true)
    expect(other.dcbor([card, signing, ring, padding])).toHaveLength(4096)
  })

  it('are written by a second implementation', async () => {
    const me = await rotated()
    const again = await read(write(await contentsOf(me)))
    expect(again.public).toEqual(me.public)
    expect(again.decapsulator.keys.map(({ status }) => status)).toEqual([
      'active',
      'decrypt-only',
      'destroyed',
    ])
    const [card, signing, ring] = await contentsOf(me)
    // A reader looks at zeros, not at lengths.
    expect((await read(write([card, signing, ring, new Uint8Array(0)]))).public).toEqual(me.public)
  })

  it('the length of contents is a power of two', async () => {
    for (let count = 1; count < 14; count++) {
      let ring = createKeyRing(await kemKey(xWing, 40))
      for (let n = 1; n < count; n += 4) ring = rotateKey(ring, await kemKey(xWing, 40 + n))
      const me = await createIdentity({ signer: await signKey(ed25519), decapsulator: ring })
      const bytes = await exportIdentity(me, { wrappers: [vault] })
      const [, , , , sealed] = other.fromCbor(bytes) as [0, 0, 0, 0, Uint8Array]
      expect(Math.log2(sealed.length - 16) % 1).toBe(0)
      expect(sealed.length).toBeGreaterThan(4096)
    }
  })
})

describe('each bit of an export', () => {
  it('counts', async () => {
    const bytes = write((await contentsOf(await person(1))) as other.Item)
    const step = process.env['CARESEAL_TIER'] === 'native' ? 5 : 41
    for (let i = 0; i < bytes.length; i += i < 300 ? 1 : step) {
      const changed = bytes.slice()
      changed[i]! ^= 1 << (i % 8)
      expect([locked, malformed], `byte ${i}`).toContain(await codeOf(read(changed)))
    }
  })
})

describe('the header', () => {
  it('is authenticated as a whole', async () => {
    const me = await person(1)
    const two = secretWrapper(secret(2))
    const bytes = await exportIdentity(me, { wrappers: [vault, two] })
    const [domain, its, commitment, wraps, sealed] = other.fromCbor(bytes) as [
      string,
      Uint8Array,
      Uint8Array,
      Wrap[],
      Uint8Array,
    ]
    const again = (list: Wrap[]): Uint8Array => other.dcbor([domain, its, commitment, list, sealed])
    expect(toHex(again(wraps))).toBe(toHex(bytes))
    const mine = wraps.filter(([id]) => toHex(id) === toHex(vault.id))
    const theirs = wraps.filter(([id]) => toHex(id) !== toHex(vault.id))
    const rewrapped = wrapBy(2, keyIn(bytes))
    const sorted = (list: Wrap[]): Wrap[] =>
      [...list].sort(([a], [b]) => (toHex(a) < toHex(b) ? -1 : 1))
    for (const list of [
      mine,
      sorted([...mine, rewrapped]),
      sorted([...mine, ...theirs, wrapBy(3, keyIn(bytes))]),
      sorted([...mine, [theirs[0]![0], mine[0]![1]]]),
    ]) {
      expect(await codeOf(read(again(list)))).toBe(locked)
    }
    // Two exports of one identity: their parts do not mix.
    const second = await exportIdentity(me, { wrappers: [vault, two] })
    const parts = other.fromCbor(second) as other.Item[]
    for (let i = 1; i < 5; i++) {
      const mixed = [domain, its, commitment, wraps, sealed].map((part, n) =>
        n === i ? parts[n] : part,
      )
      expect(await codeOf(read(other.dcbor(mixed)))).toBe(locked)
    }
  })

  it('swapped wraps open to nothing', async () => {
    const bytes = await exportIdentity(await person(1), {
      wrappers: [vault, secretWrapper(secret(2))],
    })
    const parts = other.fromCbor(bytes) as [string, Uint8Array, Uint8Array, Wrap[], Uint8Array]
    const [[a, x], [b, y]] = parts[3] as [Wrap, Wrap]
    parts[3] = [
      [a, y],
      [b, x],
    ]
    const swapped = other.dcbor(parts)
    for (const n of [1, 2]) {
      const failing = importIdentity(swapped, { wrapper: secretWrapper(secret(n)), algorithms })
      expect(await codeOf(failing)).toBe(locked)
    }
  })

  const good = wrapBy(1, key)
  const id = (length: number): Uint8Array => new Uint8Array(length).fill(1)
  const words = utf8('careseal/wrap/passphrase/1')
  const headers: [string, Partial<other.Parts>][] = [
    ['another domain', { domain: 'careseal/identity/2' }],
    ['a short salt', { salt: id(31) }],
    ['a salt of text', { salt: 'x'.repeat(32) as never }],
    ['a long commitment', { commitment: id(33) }],
    ['no commitment', { commitment: null as never }],
    ['no wraps', { wraps: [] }],
    ['wraps that are no list', { wraps: id(3) }],
    ['a wrap that is no list', { wraps: [id(3)] }],
    ['a wrap of three parts', { wraps: [[...good, 1]] }],
    ['an empty id', { wraps: [[id(0), id(1)], good] }],
    ['a long id', { wraps: [[id(513), id(1)], good] }],
    ['an id of text', { wraps: [['x', id(1)], good] }],
    ['an empty wrap', { wraps: [[id(1), id(0)], good] }],
    ['a long wrap', { wraps: [[id(1), id(8193)], good] }],
    ['wraps out of order', { wraps: [good, [id(1), id(1)]] }],
    ['one wrap twice', { wraps: [good, good] }],
    ['two wraps of one id', { wraps: [[good[0], id(1)], good] }],
    ['five passphrases', { wraps: [1, 2, 3, 4, 5].map((n) => [words, id(n)]) }],
    ['seventeen wraps', { wraps: Array.from({ length: 17 }, (_, n) => [Uint8Array.of(n), id(1)]) }],
  ]
  it.each(headers)('with %s is malformed', async (_name, changes) => {
    const contents = (await contentsOf(await person(1))) as other.Item
    expect(await codeOf(read(write(contents, changes)))).toBe(malformed)
  })

  it('within its bounds is taken', async () => {
    const contents = (await contentsOf(await person(1))) as other.Item
    const fine: Wrap[][] = [
      [[id(1), id(8192)], good],
      [[id(512), id(1)], good],
      [...[1, 2, 3, 4].map((n): Wrap => [words, id(n)]), good].sort(([a], [b]) =>
        toHex(a) < toHex(b) ? -1 : 1,
      ),
    ]
    for (const wraps of fine) expect((await read(write(contents, { wraps }))).signer).toBeDefined()
  })

  it('another commitment opens to nothing', async () => {
    const contents = (await contentsOf(await person(1))) as other.Item
    for (const commitment of [
      secret(1),
      other.commitTo(secret(2), salt),
      other.commitTo(key, key),
    ]) {
      expect(await codeOf(read(write(contents, { commitment })))).toBe(locked)
    }
  })

  it.each([
    ['no bytes', new Uint8Array(0)],
    ['no array', other.dcbor({ 1: 1 })],
    ['four parts', other.dcbor(['careseal/identity/1', salt, salt, [good]])],
    ['six parts', other.dcbor(['careseal/identity/1', salt, salt, [good], salt, salt])],
    ['a ciphertext of text', other.dcbor(['careseal/identity/1', salt, salt, [good], 'x'])],
    ['more than four megabytes', new Uint8Array(4_194_305)],
    ['nothing but nesting', new Uint8Array(100_000).fill(0x81)],
  ])('%s is no export', async (_name, bytes) => {
    expect(await codeOf(read(bytes))).toBe(malformed)
  })

  it('a ciphertext too short for a tag opens to nothing', async () => {
    const commitment = other.commitTo(key, salt)
    for (const length of [0, 1, 15, 16]) {
      const parts = ['careseal/identity/1', salt, commitment, [good], new Uint8Array(length)]
      expect(await codeOf(read(other.dcbor(parts)))).toBe(locked)
    }
  })

  it('bombs in a passphrase wrap cost nothing', async () => {
    const contents = (await contentsOf(await person(1))) as other.Item
    const bomb = other.dcbor([
      'careseal/wrap/passphrase/1',
      new Uint8Array(16),
      4_194_304,
      2_147_483_648,
      255,
      new Uint8Array(40),
    ])
    const bytes = write(contents, {
      wraps: [[words, bomb], good].sort(([a], [b]) => (toHex(a!) < toHex(b!) ? -1 : 1)),
    })
    const wrapper = passphraseWrapper('gravel ocean ticket')
    const times: number[] = []
    for (let run = 0; run < 3; run++) {
      const start = performance.now()
      expect(await codeOf(importIdentity(bytes, { wrapper, algorithms }))).toBe(malformed)
      times.push(performance.now() - start)
    }
    expect(Math.min(...times)).toBeLessThan(10)
    // Who has another wrapper does not care.
    expect((await read(bytes)).signer).toBeDefined()
  })
})

describe('two keys under one export', () => {
  it('one ciphertext that decrypts under both is not two identities', async () => {
    const derive = (k: Uint8Array): { key: Uint8Array; iv: Uint8Array } => {
      const derived = other.hkdf(k, salt, 'careseal/identity/key/1', 44)
      return { key: derived.slice(0, 32), iv: derived.slice(32) }
    }
    const [one, two] = [secret(0x11), secret(0x22)]
    const wraps = [wrapBy(1, one), wrapBy(2, two)].sort(([a], [b]) =>
      toHex(a) < toHex(b) ? -1 : 1,
    )
    for (const committed of [one, two]) {
      const header = ['careseal/identity/1', salt, other.commitTo(committed, salt), wraps]
      const sealed = gcmSalamander(derive(one), derive(two), other.dcbor(header))
      const bytes = other.dcbor([...header, sealed])
      for (const [n, k] of [
        [1, one],
        [2, two],
      ] as const) {
        // It is a real one: the committed key gets past the tag, to contents that are none.
        const failing = importIdentity(bytes, { wrapper: secretWrapper(secret(n)), algorithms })
        expect(await codeOf(failing)).toBe(k === committed ? malformed : locked)
      }
    }
  })
})

describe('contents', () => {
  const change = (at: number, value: other.Item) => (contents: Contents) =>
    contents.map((part, i) => (i === at ? value : part))
  const ringOf = (edit: (ring: [number, CoseKey][]) => other.Item) => (contents: Contents) =>
    contents.map((part, i) => (i === 2 ? edit(contents[2]) : part))
  const withMember = (one: CoseKey, label: number, value: other.Item): CoseKey =>
    value === undefined
      ? new Map([...one].filter(([name]) => name !== label))
      : new Map([...one, [label, value]])
  const bad: [string, (contents: Contents) => other.Item, string?][] = [
    ['no list', () => new Map()],
    ['three parts', (contents) => contents.slice(0, 3)],
    ['five parts', (contents) => [...contents, null]],
    ['no card', change(0, null)],
    ['a card that is none', change(0, utf8('card'))],
    ['an empty card', change(0, new Uint8Array(0))],
    ['no signing key', change(1, null)],
    ['a signing key as bytes', change(1, secret(1))],
    ['no ring', change(2, null)],
    ['an empty ring', change(2, [])],
    ['padding of ones', change(3, Uint8Array.of(0, 0, 1))],
    ['padding of text', change(3, '')],
    ['a ring key that is none', ringOf(() => [null])],
    ['a ring key of one part', ringOf(([first]) => [[first![0]]])],
    ['an unknown status', ringOf(([first, ...others]) => [first, [4, others[0]![1]]])],
    ['a negative status', ringOf(([first, second]) => [first, [-1, second![1]]])],
    ['a status of text', ringOf(([first, second]) => [first, ['active', second![1]]])],
    ['a status of null', ringOf(([first, second]) => [first, [null, second![1]]])],
    ['no active key', ringOf(([first, ...others]) => [[1, first![1]], ...others])],
    ['two active keys', ringOf(([first, second]) => [first, [0, second![1]]])],
    ['the active key not first', ringOf(([first, second]) => [second, first])],
    [
      'an active key that is destroyed',
      ringOf(([first]) => [[3, withMember(first![1], -2, undefined)]]),
    ],
    ['a key twice', ringOf(([first, second]) => [first, second, second])],
    [
      'a key twice, once without its secret',
      ringOf(([first, second]) => [first, second, [1, withMember(second![1], -4, undefined)]]),
    ],
    ['a destroyed key that is there', ringOf(([first, second]) => [first, [3, second![1]]])],
    [
      'a seed of 31 bytes',
      ringOf(([first, second]) => [first, [1, withMember(second![1], -4, new Uint8Array(31))]]),
    ],
    ['a seed of text', ringOf(([first, second]) => [first, [1, withMember(second![1], -4, 'x')]])],
    ['a seed of null', ringOf(([first, second]) => [first, [1, withMember(second![1], -4, null)]])],
    [
      'a seed that is no scalar',
      ringOf(([first, second]) => [first, [1, withMember(second![1], -4, new Uint8Array(32))]]),
    ],
    [
      'the seed of another key',
      ringOf(([first, second]) => [first, [1, withMember(second![1], -4, secret(9))]]),
    ],
    [
      'the seed of another X-Wing key',
      ringOf(([first]) => [[0, withMember(first![1], -2, secret(9))]]),
    ],
    [
      'a key with a further member',
      ringOf(([first, second]) => [first, [1, withMember(second![1], 2, utf8('kid'))]]),
    ],
    [
      'a point that is none',
      ringOf(([first, second]) => [first, [1, withMember(second![1], -2, secret(1))]]),
    ],
    ['a kty that is none', ringOf(([first, second]) => [first, [1, withMember(second![1], 1, 4)]])],
    ['the seed of another signer', (c) => change(1, withMember(c[1], -4, secret(9)))(c)],
    ['a short seed of the signer', (c) => change(1, withMember(c[1], -4, new Uint8Array(33)))(c)],
    ['a signing key for opening', (c) => change(1, c[2][0]![1])(c), 'ERR_ALGORITHM_UNSUPPORTED'],
    [
      'an opening key for signing',
      ringOf(([first]) => [
        first,
        [
          1,
          new Map<number, other.Item>([
            [1, 1],
            [-1, 6],
            [-2, secret(1)],
          ]),
        ],
      ]),
      'ERR_ALGORITHM_UNSUPPORTED',
    ],
  ]
  it.each(bad)('with %s are refused', async (_name, edit, code = malformed) => {
    const contents = await contentsOf(await rotated())
    expect(await codeOf(read(write(edit(contents))))).toBe(code)
  })

  it('of two people are refused', async () => {
    const [me, you] = [await contentsOf(await person(1)), await contentsOf(await person(2))]
    for (let i = 0; i < 3; i++) {
      const mixed = me.map((part, n) => (n === i ? you[n] : part))
      expect(await codeOf(read(write(mixed)))).toBe(malformed)
    }
  })

  it('with a card that was forged are refused', async () => {
    const contents = await contentsOf(await person(1))
    const card = contents[0].slice()
    card[card.length - 1]! ^= 1
    expect(await codeOf(read(write([card, ...contents.slice(1)])))).toBe('ERR_IDENTITY_INVALID')
  })

  it('not in deterministic CBOR are malformed', async () => {
    const good = other.dcbor(await contentsOf(await person(1)))
    const longer = Uint8Array.of(0x98, 4, ...good.slice(1))
    for (const raw of [longer, Uint8Array.of(...good, 0), good.slice(0, -1), new Uint8Array(0)]) {
      expect(await codeOf(read(write(null, {}, raw)))).toBe(malformed)
    }
    expect((await read(write(null, {}, good))).signer).toBeDefined()
  })

  it('a signing key elsewhere is one without its private member', async () => {
    const contents = await contentsOf(await person(1))
    const bare = write([contents[0], withMember(contents[1], -4, undefined), ...contents.slice(2)])
    expect(await codeOf(read(bare))).toBe('ERR_KEY_ELSEWHERE')
    const signer = await signKey(ed25519, 1)
    expect((await importIdentity(bare, { wrapper: vault, algorithms, signer })).signer).toBe(signer)
  })

  it('the private member of another kind of key is a further member', async () => {
    const contents = await contentsOf(await person(1))
    const [[status, one]] = contents[2] as [[number, CoseKey]]
    const [, , , padding] = contents
    const wrong = [status, withMember(withMember(one, -4, undefined), -3, hex('00'))]
    const bytes = write([contents[0], contents[1], [wrong], padding])
    expect(await codeOf(read(bytes))).toBe(malformed)
  })
})
