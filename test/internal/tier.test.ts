import * as crypto from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { equalBytes } from '../../src/internal/bytes.ts'
import { fastGcm } from '../../src/internal/engine/fastGcm.ts'
import { gcm } from '../../src/internal/engine/gcm.ts'
import { hkdf, hmacSha256, sha256 } from '../../src/internal/engine/hash.ts'
import type { NodeCrypto } from '../../src/internal/engine/node.ts'
import { plain } from '../../src/internal/engine/node.ts'
import { sha3, shake256 } from '../../src/internal/engine/sha3.ts'
import {
  forceTier,
  nativeCrypto,
  nativeFeature,
  subtleCrypto,
  subtleFeature,
  type Tier,
} from '../../src/internal/engine/tier.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'

const own = process.env['CARESEAL_TIER'] as Tier
afterEach(() => {
  forceTier(own)
  vi.unstubAllGlobals()
})

describe('choosing a tier', () => {
  it('a forced tier is the only one', () => {
    forceTier('native')
    expect([nativeCrypto() !== null, subtleCrypto()]).toEqual([true, null])
    forceTier('webcrypto')
    expect([nativeCrypto(), subtleCrypto() !== null]).toEqual([null, true])
    forceTier('noble')
    expect([nativeCrypto(), subtleCrypto()]).toEqual([null, null])
    forceTier(null)
    expect([nativeCrypto() !== null, subtleCrypto() !== null]).toEqual([true, true])
  })

  it.each([
    ['no process', undefined],
    ['a process without modules', {}],
    ['a module that is not there', { getBuiltinModule: () => undefined }],
    ['a module that is something else', { getBuiltinModule: () => ({ createHash: 'no' }) }],
    [
      'a runtime that forbids it',
      {
        getBuiltinModule: () => {
          throw new Error('forbidden')
        },
      },
    ],
  ])('pitfall 24: %s means no native crypto, not an exception', async (name, process) => {
    const path = `../../src/internal/engine/tier.ts?${encodeURIComponent(name)}`
    const copy = (await import(/* @vite-ignore */ path)) as { nativeCrypto: typeof nativeCrypto }
    vi.stubGlobal('process', process)
    expect(copy.nativeCrypto()).toBeNull()
  })

  it('pitfall 24: no WebCrypto is no exception either', () => {
    forceTier('webcrypto')
    for (const crypto of [undefined, {}, { subtle: undefined }]) {
      vi.stubGlobal('crypto', crypto)
      expect(subtleCrypto()).toBeNull()
      expect(fastGcm()).toBeNull()
    }
  })
})

describe('trying a primitive before it is used', () => {
  it('is done once, and what fails or throws is not used', () => {
    forceTier('native')
    let tries = 0
    const good = nativeFeature((node) => {
      tries++
      return typeof node.createHash === 'function'
    })
    expect([good() !== null, good() !== null, tries]).toEqual([true, true, 1])
    const bad = nativeFeature(() => false)
    const worse = nativeFeature(() => {
      throw new Error('disabled by FIPS')
    })
    expect([bad(), bad(), worse(), worse()]).toEqual([null, null, null, null])
    forceTier('noble')
    expect(good()).toBeNull()
  })

  it('is the same for WebCrypto', async () => {
    forceTier('webcrypto')
    let tries = 0
    const good = subtleFeature(async () => {
      tries++
      return true
    })
    const [one, two] = await Promise.all([good(), good()])
    expect([one !== null, two !== null, tries]).toEqual([true, true, 1])
    const bad = subtleFeature(async () => false)
    const worse = subtleFeature(() => Promise.reject(new Error('NotSupportedError')))
    expect([await bad(), await worse()]).toEqual([null, null])
    forceTier('native')
    expect(good()).toBeNull()
  })
})

describe('hashes', () => {
  const parts = [utf8('one'), new Uint8Array(0), utf8('two'), new Uint8Array(300).fill(7)]
  const whole = Buffer.concat(parts)

  it('are the same of parts and of the whole', () => {
    const key = utf8('key')
    expect(toHex(sha256(...parts))).toBe(crypto.createHash('sha256').update(whole).digest('hex'))
    expect(toHex(sha256(whole))).toBe(toHex(sha256(...parts)))
    expect(toHex(sha3(...parts))).toBe(crypto.createHash('sha3-256').update(whole).digest('hex'))
    const shake = crypto.createHash('shake256', { outputLength: 77 }).update(whole).digest('hex')
    expect(toHex(shake256(77, ...parts))).toBe(shake)
    expect(toHex(hmacSha256(key, ...parts))).toBe(
      crypto.createHmac('sha256', key).update(whole).digest('hex'),
    )
    const derived = Buffer.from(crypto.hkdfSync('sha256', key, utf8('salt'), whole, 100)).toString(
      'hex',
    )
    expect(toHex(hkdf(key, utf8('salt'), 100, ...parts))).toBe(derived)
  })

  it('of nothing, and without a salt', () => {
    const empty = new Uint8Array(0)
    expect(toHex(sha256())).toBe(toHex(sha256(empty)))
    const derived = Buffer.from(crypto.hkdfSync('sha256', utf8('k'), empty, empty, 32)).toString(
      'hex',
    )
    expect(toHex(hkdf(utf8('k'), empty, 32))).toBe(derived)
    expect(hkdf(utf8('k'), empty, 0)).toHaveLength(0)
  })

  it('without the one-shot function of newer Node versions', async () => {
    const path = '../../src/internal/engine/hash.ts?older'
    const copy = (await import(/* @vite-ignore */ path)) as { sha256: typeof sha256 }
    const node = nativeCrypto() as { hash?: NodeCrypto['hash'] } | null
    const hash = node?.hash
    if (node !== null)
      Object.defineProperty(node, 'hash', { value: undefined, configurable: true, writable: true })
    try {
      expect(toHex(copy.sha256(whole))).toBe(
        crypto.createHash('sha256').update(whole).digest('hex'),
      )
    } finally {
      if (node !== null)
        Object.defineProperty(node, 'hash', { value: hash, configurable: true, writable: true })
    }
  })
})

describe('results of Node', () => {
  it('pitfall 22: become plain arrays that show nothing of a pool', () => {
    const pooled = Buffer.from('abc')
    expect(plain(pooled)).toEqual(utf8('abc'))
    expect(plain(pooled).buffer.byteLength).toBe(3)
    const large = crypto.randomBytes(100_000)
    expect(plain(large).buffer).toBe(large.buffer)
    expect(Object.getPrototypeOf(plain(large))).toBe(Uint8Array.prototype)
  })

  it('AES-GCM is the same, whoever computes it', async () => {
    const [key, nonce, aad, text] = [32, 12, 5, 1000].map((length, i) =>
      new Uint8Array(length).fill(i + 1),
    ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
    const sealed: Uint8Array[] = []
    for (const tier of ['native', 'webcrypto', 'noble'] as const) {
      forceTier(tier)
      sealed.push(await gcm.seal(key, nonce, aad, text))
      expect(equalBytes((await gcm.open(key, nonce, aad, sealed[0]!))!, text)).toBe(true)
    }
    expect(new Set(sealed.map(toHex)).size).toBe(1)
  })
})
