import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createOpener, createSealer, open, seal } from '../../src/envelope/index.ts'
import type { CaresealError } from '../../src/errors.ts'
import {
  createIdentity,
  createKeyRing,
  ed25519,
  exportIdentity,
  exportSeed,
  fromJwk,
  generateIdentity,
  type Identity,
  importIdentity,
  type KemAlgorithm,
  keyFromSeed,
  type LocalDecapsulator,
  type LocalSigner,
  passphraseWrapper,
  type SignatureAlgorithm,
  secretWrapper,
  toJwk,
  x25519,
} from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { rejection } from '../helpers/errors.ts'
import { kemKey, kems, signatures } from '../helpers/keys.ts'

/** A seed that no chance gives: its bytes, however written, must turn up nowhere. */
const seed = Uint8Array.from({ length: 32 }, (_, i) => 0xa1 + ((i * 37) % 83))
const decimals = [...seed.slice(0, 8)].join(',').replaceAll(',', '[,\\s]+')
const spellings = [
  new RegExp(decimals),
  new RegExp(Buffer.from(seed).toString('hex').slice(0, 16), 'i'),
  new RegExp(Buffer.from(seed).toString('hex').slice(0, 16).replaceAll(/(..)/g, '$1 ').trim()),
  new RegExp(Buffer.from(seed).toString('base64').slice(0, 12).replaceAll('+', '\\+')),
  new RegExp(Buffer.from(seed).toString('base64url').slice(0, 12)),
]

/** Every way in which a value ends up in a log. */
function printed(value: unknown): string {
  const ways = [
    () => inspect(value),
    () => inspect(value, { depth: null, showHidden: true, getters: true, maxArrayLength: null }),
    () => JSON.stringify(value) ?? '',
    () => String(value),
    () =>
      `${Object.entries(value as object)
        .flat()
        .join()}`,
    () =>
      Object.getOwnPropertyNames(value)
        .concat(Object.getOwnPropertySymbols(value).map(String))
        .join(),
    () => (value instanceof Error ? `${value.message}${value.stack}${inspect(value.cause)}` : ''),
  ]
  return ways.map((way) => way()).join('\n')
}

function expectSilence(value: unknown): void {
  const text = printed(value)
  for (const spelling of spellings) expect(text).not.toMatch(spelling)
}

describe('secrets', () => {
  it('would be noticed if they were printed', () => {
    for (const shown of [seed, Buffer.from(seed), { seed }, [seed], toHexText(seed)]) {
      expect(spellings.some((spelling) => spelling.test(printed(shown)))).toBe(true)
    }
  })

  it.each([...kems, ...signatures].map((algorithm) => [algorithm.name, algorithm] as const))(
    'pitfall 23: %s: are never shown by a key, its ring, or what holds them',
    async (_name, algorithm: KemAlgorithm | SignatureAlgorithm) => {
      const key = await keyFromSeed(algorithm, seed)
      expect(exportSeed(key)).toEqual(seed)
      expectSilence(key)
      expectSilence(key.publicKey)
      if (algorithm.kind === 'kem') {
        const decapsulator = key as LocalDecapsulator
        expectSilence(createKeyRing(decapsulator))
        expectSilence(createOpener({ as: decapsulator }))
      } else expectSilence(createSealer({ author: key as LocalSigner }))
      expect(() => structuredClone(key)).toThrow()
    },
  )

  it('pitfall 23: are never shown by an identity', async () => {
    const identity: Identity = await generateIdentity({ kem: x25519 })
    const seeds = [
      exportSeed(identity.decapsulator as LocalDecapsulator),
      exportSeed(identity.signer as LocalSigner),
    ]
    const text = printed(identity)
    for (const secret of seeds) {
      expect(text).not.toContain([...secret.slice(0, 8)].join(', '))
      expect(text).not.toContain([...secret.slice(0, 8)].join(','))
      expect(text).not.toContain(Buffer.from(secret).toString('base64url').slice(0, 12))
    }
  })

  it('pitfall 23: are never shown by an error about them', async () => {
    const key = await keyFromSeed(x25519, seed)
    const jwk = toJwk(key, { secret: true })
    const errors = [
      await rejection(keyFromSeed(x25519, seed.slice(1))),
      await rejection(
        fromJwk(
          { ...jwk, x: toJwk(await kemKey(x25519).then((one) => one.publicKey)).x! },
          { secret: true, algorithms: [x25519] },
        ),
      ),
      await rejection(fromJwk({ ...jwk, kty: 'EC' }, { secret: true, algorithms: [x25519] })),
      await rejection(fromJwk({ ...jwk, d: `${jwk.d}=` }, { secret: true, algorithms: [x25519] })),
      await rejection(Promise.resolve().then(() => fromJwk(jwk, { algorithms: [x25519] }))),
      await rejection(key.decapsulate(seed.slice(1))),
    ]
    for (const error of errors) expectSilence(error)
  })

  it('pitfall 23: and content is shown by no error and by nothing but what was opened', async () => {
    const key = await keyFromSeed(x25519, seed)
    const name = 'Aurelia Silverhand-Quist'
    const envelope = await seal(utf8(name), {
      recipients: [key.publicKey],
      mediaType: 'text/plain',
    })
    const broken = envelope.slice()
    broken[broken.length - 60]! ^= 1
    const opener = createOpener({ as: key })
    const shown = [
      await rejection(open(broken, { as: key })),
      await rejection(open(envelope.slice(1), { as: key })),
      await rejection(seal(utf8(name), { recipients: [], author: key as never })),
      opener,
      envelope,
    ]
    for (const value of shown) {
      expect(printed(value)).not.toContain('Silverhand')
      expect(printed(value)).not.toContain(Buffer.from('Silverhand').toString('hex'))
      expect(printed(value)).not.toContain([...Buffer.from('Silverhand')].join(', '))
    }
  })
})

describe('wrappers and exports', () => {
  const passphrase = 'Silverhand gravel ocean ticket'
  const wrappers = [secretWrapper(seed), passphraseWrapper(passphrase, { memory: 12_288 })]
  const words = [passphrase, 'Silverhand', Buffer.from('Silverhand').toString('hex')]

  it('show neither secret nor passphrase', () => {
    for (const wrapper of wrappers) {
      expectSilence(wrapper)
      for (const word of words) expect(printed(wrapper)).not.toContain(word)
      expect(printed(wrapper)).not.toContain([...Buffer.from('Silverhand')].join(','))
      expect(() => structuredClone(wrapper)).toThrow()
    }
    const errors = [() => passphraseWrapper('Silverhand'), () => secretWrapper(seed.slice(1))]
    for (const call of errors) {
      let caught: unknown
      try {
        call()
      } catch (error) {
        caught = error
      }
      expectSilence(caught)
      for (const word of words) expect(printed(caught)).not.toContain(word)
    }
  })

  it('hold no seed in the clear, and show none when they fail or are read', async () => {
    const key = await keyFromSeed(x25519, seed)
    const signer = await keyFromSeed(ed25519, seed)
    const me = await createIdentity({ signer, decapsulator: key })
    const bytes = await exportIdentity(me, { wrappers })
    expect(Buffer.from(bytes).includes(Buffer.from(seed))).toBe(false)
    const algorithms = [x25519, ed25519]
    const changed = bytes.slice()
    changed[bytes.length - 1]! ^= 1
    const remote = { publicKey: key.publicKey, decapsulate: () => key.decapsulate(seed) }
    const far = await createIdentity({ signer, decapsulator: remote })
    const farBytes = await exportIdentity(far, { wrappers })
    const failing = {
      id: new Uint8Array([1]),
      wrap: async (k: Uint8Array) => k,
      unwrap: async () => seed,
    }
    const [wrapper] = wrappers
    const shown = [
      await importIdentity(bytes, { wrapper: wrapper!, algorithms }),
      await rejection(importIdentity(changed, { wrapper: wrapper!, algorithms })),
      await rejection(importIdentity(bytes.slice(1), { wrapper: wrapper!, algorithms })),
      await rejection(importIdentity(farBytes, { wrapper: wrapper!, algorithms })),
      await rejection(importIdentity(bytes, { wrapper: wrapper! })),
      await rejection(exportIdentity(me, { wrappers: [failing] })),
      await rejection(wrapper!.unwrap(seed)),
      await rejection(wrapper!.wrap(seed.slice(1))),
    ]
    for (const value of shown) expectSilence(value)
  })

  it('say the same of every reason why nothing opens', async () => {
    const me = await createIdentity({
      signer: await keyFromSeed(ed25519, seed),
      decapsulator: await keyFromSeed(x25519, seed),
    })
    const bytes = await exportIdentity(me, { wrappers })
    const changed = bytes.slice()
    changed[bytes.length - 1]! ^= 1
    const strangers = [
      secretWrapper(seed.map((byte) => byte ^ 1)),
      passphraseWrapper('another few words'),
    ]
    const errors = await Promise.all([
      ...strangers.map((wrapper) => rejection(importIdentity(bytes, { wrapper }))),
      ...wrappers.map((wrapper) => rejection(importIdentity(changed, { wrapper }))),
      wrappers[0]!.wrap(seed).then((wrapped) => rejection(strangers[0]!.unwrap(wrapped))),
    ])
    for (const error of errors as CaresealError[]) {
      expect([error.code, error.cause]).toEqual(['ERR_KEY_LOCKED', undefined])
      expect(error.message).toBe((errors[0] as Error).message)
    }
  })
})

function toHexText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
