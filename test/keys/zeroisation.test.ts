import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ascii } from '../../src/internal/utf8.ts'
import {
  createIdentity,
  createKeyRing,
  destroyKey,
  ed25519,
  exportIdentity,
  exportSeed,
  importIdentity,
  type KeyWrapper,
  kmsWrapper,
  passphraseWrapper,
  rotateKey,
  secretWrapper,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey, person, signKey } from '../helpers/keys.ts'

/** Secrets as they passed through the real code: derived keys, what they were derived from, wrapped keys, contents. */
const seen = vi.hoisted(() => ({ secrets: [] as Uint8Array[] }))
const isPublic = (info: string): boolean => /commit\/1|secret-id/.test(info)

vi.mock('../../src/internal/engine/hash.ts', async (original) => {
  const real = await original<typeof import('../../src/internal/engine/hash.ts')>()
  const hkdf: typeof real.hkdf = (ikm, salt, length, ...info) => {
    const out = real.hkdf(ikm, salt, length, ...info)
    const text = String.fromCharCode(...info.flatMap((part) => [...part]))
    if (text.startsWith('careseal/') && !isPublic(text)) seen.secrets.push(out)
    if (text.startsWith('careseal/identity/')) seen.secrets.push(ikm)
    return out
  }
  return { ...real, hkdf }
})
vi.mock('../../src/internal/engine/argon2.ts', async (original) => {
  const real = await original<typeof import('../../src/internal/engine/argon2.ts')>()
  const argon2: typeof real.argon2 = async (...args) => {
    const out = await real.argon2(...args)
    seen.secrets.push(out)
    return out
  }
  return { ...real, argon2 }
})
vi.mock('../../src/internal/engine/aesKw.ts', async (original) => {
  const real = await original<typeof import('../../src/internal/engine/aesKw.ts')>()
  const wrapKey: typeof real.wrapKey = (kek, key) => {
    seen.secrets.push(kek, key)
    return real.wrapKey(kek, key)
  }
  return { ...real, wrapKey }
})
vi.mock('../../src/keys/local.ts', async (original) => {
  const real = await original<typeof import('../../src/keys/local.ts')>()
  const seedOf: typeof real.seedOf = (key) => {
    const seed = real.seedOf(key)
    if (seed !== null) seen.secrets.push(seed)
    return seed
  }
  return { ...real, seedOf }
})
vi.mock('../../src/keys/export/contents.ts', async (original) => {
  const real = await original<typeof import('../../src/keys/export/contents.ts')>()
  const encodeContents: typeof real.encodeContents = (contents) => {
    const bytes = real.encodeContents(contents)
    seen.secrets.push(bytes)
    return bytes
  }
  const decodeContents: typeof real.decodeContents = (bytes, algorithms) => {
    seen.secrets.push(bytes)
    const contents = real.decodeContents(bytes, algorithms)
    for (const { seed } of [contents.signing, ...contents.ring]) if (seed) seen.secrets.push(seed)
    return contents
  }
  return { ...real, encodeContents, decodeContents }
})

const isWiped = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)
const left = (): number => seen.secrets.filter((bytes) => !isWiped(bytes)).length
const vault = secretWrapper(new Uint8Array(32).fill(1))
const words = passphraseWrapper('gravel ocean ticket marble', { memory: 12_288 })

/** A wrapper that protects nothing, and remembers each array that it was given or gave away. */
function remembering(answer = (key: Uint8Array): Uint8Array => key) {
  const wrap = async (key: Uint8Array) => {
    seen.secrets.push(key)
    return key.map((byte) => byte ^ 1)
  }
  const unwrap = async (wrapped: Uint8Array) => {
    const key = answer(wrapped.map((byte) => byte ^ 1))
    seen.secrets.push(key)
    return key
  }
  return { id: ascii('test'), wrap, unwrap }
}

beforeEach(() => {
  seen.secrets = []
})

describe('secrets of exports are overwritten after use', () => {
  it.each<[string, () => KeyWrapper]>([
    ['secret', () => vault],
    ['passphrase', () => words],
    ['KMS', () => kmsWrapper(remembering())],
    ['own wrapper', () => remembering()],
  ])('%s: by exporting and importing', async (_name, make) => {
    const wrapper = make()
    const chen = await person(1, xWing)
    const stored = await exportIdentity(chen, { wrappers: [wrapper] })
    expect(seen.secrets.length).toBeGreaterThan(5)
    expect(left()).toBe(0)
    await importIdentity(stored, { wrapper })
    expect(seen.secrets.length).toBeGreaterThan(10)
    expect(left()).toBe(0)
  })

  it('wrapping and unwrapping alone', async () => {
    for (const wrapper of [vault, words]) {
      const key = new Uint8Array(32).fill(7)
      const wrapped = await wrapper.wrap(key)
      wrapped[wrapped.length - 1]! ^= 1
      expect(await codeOf(wrapper.unwrap(wrapped))).toBe('ERR_KEY_LOCKED')
      key.fill(0)
      expect(left()).toBe(0)
    }
  })

  it('a key of the identity that was destroyed', async () => {
    const doomed = await kemKey(x25519, 5)
    const ring = rotateKey(createKeyRing(doomed), await kemKey(x25519, 6))
    const chen = await createIdentity({ signer: await signKey(ed25519), decapsulator: ring })
    destroyKey(doomed)
    expect(await codeOf(exportIdentity(chen, { wrappers: [vault] }))).toBe('ERR_KEY_DISABLED')
    expect(seen.secrets.length).toBeGreaterThan(1)
    expect(left()).toBe(0)
  })

  it('a wrapper that fails, or answers with the key in the clear', async () => {
    const chen = await person(1)
    const clear = { ...remembering(), wrap: async (key: Uint8Array) => key }
    const kept: Uint8Array[] = []
    const copying = {
      ...remembering(),
      wrap: async (key: Uint8Array) => {
        kept.push(key.slice())
        return kept[0]!
      },
    }
    for (const wrapper of [clear, copying]) {
      const failing = exportIdentity(chen, { wrappers: [wrapper] })
      expect(await codeOf(failing)).toBe('ERR_KEY_UNAVAILABLE')
    }
    expect(isWiped(kept[0]!)).toBe(true)
    expect(left()).toBe(0)
  })

  it('an import of another identity, by another key, or of an algorithm that is not accepted', async () => {
    const old = rotateKey(createKeyRing(await kemKey(x25519)), await kemKey(xWing))
    const chen = await createIdentity({ signer: await signKey(ed25519, 8), decapsulator: old })
    const wrapper = remembering()
    const stored = await exportIdentity(chen, { wrappers: [wrapper] })
    const algorithms = [xWing, x25519, ed25519]
    const did = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'
    const other = importIdentity(stored, { wrapper, algorithms, did })
    expect(await codeOf(other)).toBe('ERR_IDENTITY_INVALID')
    const wrong = remembering((key) => key.fill(9))
    expect(await codeOf(importIdentity(stored, { wrapper: wrong }))).toBe('ERR_KEY_LOCKED')
    const slices: Uint8Array[] = []
    const seed = exportSeed(await signKey(ed25519, 8))
    const Real = Uint8Array
    vi.stubGlobal(
      'Uint8Array',
      new Proxy(Real, {
        construct(target, args, self) {
          const made = Reflect.construct(target, args, self) as Uint8Array
          slices.push(made)
          return made
        },
      }),
    )
    try {
      const narrow = importIdentity(stored, { wrapper, algorithms: [xWing, ed25519] })
      expect(await codeOf(narrow)).toBe('ERR_ALGORITHM_UNSUPPORTED')
    } finally {
      vi.unstubAllGlobals()
    }
    expect(slices.length).toBeGreaterThan(10)
    expect(slices.some((one) => Buffer.compare(one, seed) === 0)).toBe(false)
    expect(left()).toBe(0)
  })

  it.each([
    ['a wrapper', (wrapper: ReturnType<typeof remembering>): KeyWrapper => wrapper],
    ['a KMS', (wrapper: ReturnType<typeof remembering>): KeyWrapper => kmsWrapper(wrapper)],
  ])('%s that answers after the abort', async (_name, over) => {
    const chen = await person(1)
    const wrapper = remembering()
    const stored = await exportIdentity(chen, { wrappers: [over(wrapper)] })
    const aborting = new AbortController()
    const late: Uint8Array[] = []
    const unwrap = async (wrapped: Uint8Array): Promise<Uint8Array> => {
      aborting.abort(new Error('enough'))
      await new Promise((resolve) => setTimeout(resolve, 5))
      late.push(wrapped.map((byte) => byte ^ 1))
      return late[0]!
    }
    const { signal } = aborting
    const failing = importIdentity(stored, { wrapper: over({ ...wrapper, unwrap }), signal })
    expect(String(await rejection(failing))).toBe('Error: enough')
    await vi.waitFor(() => expect(late).toHaveLength(1))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(isWiped(late[0]!)).toBe(true)
    expect(left()).toBe(0)
  })
})
