import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createOpener, createSealer, open, seal } from '../../src/envelope/index.ts'
import {
  createKeyRing,
  exportSeed,
  fromJwk,
  generateIdentity,
  type Identity,
  type KemAlgorithm,
  keyFromSeed,
  type LocalDecapsulator,
  type LocalSigner,
  type SignatureAlgorithm,
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

function toHexText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
