import { describe, expect, it, vi } from 'vitest'
import { kmsWrapper, secretWrapper } from '../../src/keys/index.ts'
import { hex, toHex, utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import * as other from '../helpers/otherExport.ts'
import { withoutRandom } from '../helpers/random.ts'

const key = Uint8Array.from({ length: 32 }, (_, i) => i)
const secret = new Uint8Array(32).fill(7)
const locked = 'ERR_KEY_LOCKED'
const malformed = 'ERR_KEY_MALFORMED'

describe('secretWrapper', () => {
  it('gives the key back, and never the same bytes twice', async () => {
    const wrapper = secretWrapper(secret)
    const [one, two] = [await wrapper.wrap(key), await wrapper.wrap(key)]
    expect(toHex(one)).not.toBe(toHex(two))
    for (const wrapped of [one, two]) expect(await wrapper.unwrap(wrapped)).toEqual(key)
    expect(await secretWrapper(secret.slice()).unwrap(one)).toEqual(key)
  })

  it('says what it writes as docs/formats.md §1 does', async () => {
    const wrapper = secretWrapper(secret)
    expect(wrapper.id).toEqual(
      other.hkdf(secret, new Uint8Array(32), 'careseal/wrap/secret-id/1', 32),
    )
    const [domain, salt, sealed] = other.fromCbor(await wrapper.wrap(key)) as [
      string,
      Uint8Array,
      Uint8Array,
    ]
    expect(domain).toBe('careseal/wrap/secret/1')
    expect(other.keyUnwrap(other.hkdf(secret, salt, domain, 32), sealed)).toEqual(key)
    const theirs = other.keyWrap(other.hkdf(secret, key, domain, 32), secret)
    expect(await wrapper.unwrap(other.dcbor([domain, key, theirs]))).toEqual(secret)
  })

  it('takes longer secrets, all of which counts, and copies them', async () => {
    const long = new Uint8Array(100).fill(1)
    const wrapper = secretWrapper(long)
    const wrapped = await wrapper.wrap(key)
    const changed = long.slice()
    changed[99] = 2
    long.fill(0)
    expect(await wrapper.unwrap(wrapped)).toEqual(key)
    expect(await codeOf(secretWrapper(changed).unwrap(wrapped))).toBe(locked)
  })

  it('refuses short secrets and what is no secret', () => {
    expect(() => secretWrapper(new Uint8Array(31))).toThrow(RangeError)
    for (const bad of ['x'.repeat(32), null, undefined, Array(32).fill(1)]) {
      expect(() => secretWrapper(bad as never)).toThrow(TypeError)
    }
  })

  it('wraps keys of 32 bytes only', async () => {
    const wrapper = secretWrapper(secret)
    for (const length of [0, 16, 31, 33, 64]) {
      expect(await rejection(wrapper.wrap(new Uint8Array(length)))).toBeInstanceOf(RangeError)
    }
    for (const bad of ['key', null, undefined]) {
      expect(await rejection(wrapper.wrap(bad as never))).toBeInstanceOf(TypeError)
      expect(await rejection(wrapper.unwrap(bad as never))).toBeInstanceOf(TypeError)
    }
  })

  it('does not open to another secret, nor with a bit changed', async () => {
    const wrapped = await secretWrapper(secret).wrap(key)
    expect(await codeOf(secretWrapper(key).unwrap(wrapped))).toBe(locked)
    for (let i = 0; i < wrapped.length; i++) {
      const changed = wrapped.slice()
      changed[i]! ^= 1
      expect([locked, malformed]).toContain(await codeOf(secretWrapper(secret).unwrap(changed)))
    }
  })

  it('refuses what is not of its form', async () => {
    const [domain, salt, sealed] = other.fromCbor(await secretWrapper(secret).wrap(key)) as [
      string,
      Uint8Array,
      Uint8Array,
    ]
    const bad: unknown[] = [
      ['careseal/wrap/secret/2', salt, sealed],
      ['careseal/wrap/passphrase/1', salt, sealed],
      [domain, salt.slice(1), sealed],
      [domain, Uint8Array.of(...salt, 0), sealed],
      [domain, 'salt', sealed],
      [domain, null, sealed],
      [domain, salt, sealed.slice(1)],
      [domain, salt, Uint8Array.of(...sealed, 0, 0, 0, 0, 0, 0, 0, 0)],
      [domain, salt, sealed.slice(8)],
      [domain, salt],
      [domain, salt, sealed, null],
      [],
      {},
      domain,
      [domain, salt, sealed, new Uint8Array(300)],
    ]
    for (const items of bad) {
      expect(await codeOf(secretWrapper(secret).unwrap(other.dcbor(items)))).toBe(malformed)
    }
    const good = other.dcbor([domain, salt, sealed])
    for (const bytes of [
      new Uint8Array(0),
      good.slice(1),
      Uint8Array.of(...good, 0),
      new Uint8Array(1e6),
    ])
      expect(await codeOf(secretWrapper(secret).unwrap(bytes))).toBe(malformed)
    // A head longer than needed: the same items, other bytes.
    const long = Uint8Array.of(0x98, 3, ...good.slice(1))
    expect(await codeOf(secretWrapper(secret).unwrap(long))).toBe(malformed)
  })

  it('needs secure random numbers, and takes a signal', async () => {
    const wrapper = secretWrapper(secret)
    const none = await withoutRandom(() => rejection(wrapper.wrap(key)))
    expect(none).toMatchObject({ code: 'ERR_RANDOM_UNAVAILABLE' })
    const signal = AbortSignal.abort('enough')
    expect(await rejection(wrapper.wrap(key, { signal }))).toBe('enough')
    expect(await rejection(wrapper.unwrap(key, { signal }))).toBe('enough')
  })
})

describe('kmsWrapper', () => {
  const id = utf8('kms.example/keys/identities/7')
  const mask = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0x5a)
  const good = {
    id,
    wrap: async (k: Uint8Array) => mask(k),
    unwrap: async (w: Uint8Array) => mask(w),
  }

  it('passes keys on and back, and copies its id', async () => {
    const mine = id.slice()
    const wrapper = kmsWrapper({ ...good, id: mine })
    mine.fill(0)
    expect(wrapper.id).toEqual(id)
    const wrapped = await wrapper.wrap(key)
    expect(wrapped).toEqual(mask(key))
    expect(await wrapper.unwrap(wrapped)).toEqual(key)
  })

  it('overwrites what it gave to the service and what it got, not what it was given', async () => {
    let seen: Uint8Array | undefined
    const answer = key.slice()
    const wrapper = kmsWrapper({
      id,
      wrap: async (given) => {
        seen = given
        return mask(given)
      },
      unwrap: async () => answer,
    })
    const mine = key.slice()
    await wrapper.wrap(mine)
    expect(seen).toEqual(new Uint8Array(32))
    expect(mine).toEqual(key)
    expect(await wrapper.unwrap(mine)).toEqual(key)
    expect(answer).toEqual(new Uint8Array(32))
  })

  it('what the service rejects with becomes retryable, with its cause', async () => {
    const cause = new Error('throttled')
    const failing = {
      id,
      wrap: () => Promise.reject(cause),
      unwrap: () => {
        throw cause
      },
    }
    const wrapper = kmsWrapper(failing as never)
    for (const call of [wrapper.wrap(key), wrapper.unwrap(key)]) {
      const error = await rejection(call)
      expect(error).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', retryable: true, cause })
    }
  })

  it.each([
    undefined,
    null,
    'text',
    7,
    {},
    new Uint8Array(0),
    new Uint8Array(8193),
    [1, 2],
    new ArrayBuffer(32),
  ])('an answer of %o is none', async (answer) => {
    const wrapper = kmsWrapper({
      id,
      wrap: async () => answer as never,
      unwrap: async () => answer as never,
    })
    const wrapping = await rejection(wrapper.wrap(key))
    expect(wrapping).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', retryable: true })
    expect((wrapping as Error).cause).toBeInstanceOf(TypeError)
    expect(await codeOf(wrapper.unwrap(key))).toBe('ERR_KEY_UNAVAILABLE')
  })

  it('a key has 32 bytes, whatever the service says', async () => {
    for (const length of [1, 16, 31, 33, 64]) {
      const wrapper = kmsWrapper({ ...good, unwrap: async () => new Uint8Array(length) })
      expect(await codeOf(wrapper.unwrap(key))).toBe('ERR_KEY_UNAVAILABLE')
    }
  })

  it('an abort ends a call that the service never answers, and reaches it', async () => {
    const seen = vi.fn()
    const silent = (_bytes: Uint8Array, options?: { signal?: AbortSignal | undefined }) => {
      options?.signal?.addEventListener('abort', seen)
      return new Promise<Uint8Array>(() => undefined)
    }
    const wrapper = kmsWrapper({ id, wrap: silent, unwrap: silent })
    for (const call of ['wrap', 'unwrap'] as const) {
      const controller = new AbortController()
      const pending = rejection(wrapper[call](key, { signal: controller.signal }))
      controller.abort('enough')
      expect(await pending).toBe('enough')
    }
    expect(seen).toHaveBeenCalledTimes(2)
  })

  it.each([
    ['no id', { ...good, id: undefined }, TypeError],
    ['an id of text', { ...good, id: 'arn' }, TypeError],
    ['an empty id', { ...good, id: new Uint8Array(0) }, RangeError],
    ['a long id', { ...good, id: new Uint8Array(513) }, RangeError],
    ['an id that looks like ours', { ...good, id: utf8('careseal/x') }, RangeError],
    ['no wrap', { ...good, wrap: undefined }, TypeError],
    ['no unwrap', { ...good, unwrap: 'x' }, TypeError],
    ['an option that nobody knows', { ...good, context: {} }, TypeError],
    ['nothing', undefined, TypeError],
  ])('%s is a mistake', (_name, options, type) => {
    expect(() => kmsWrapper(options as never)).toThrow(type)
  })

  it('takes ids up to their bounds', () => {
    for (const length of [1, 512]) kmsWrapper({ ...good, id: new Uint8Array(length).fill(99) })
    expect(() => kmsWrapper({ ...good, id: hex('63') })).not.toThrow()
  })
})
