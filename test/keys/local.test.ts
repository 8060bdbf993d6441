import { describe, expect, it, vi } from 'vitest'
import {
  createKeyRing,
  ed25519,
  es256,
  es256k,
  exportSeed,
  generateKey,
  importPublicKey,
  type KemAlgorithm,
  keyFromSeed,
  mlDsa65,
  mlKem768P256,
  p256,
  rotateKey,
  type SignatureAlgorithm,
  setKeyStatus,
  verifySignature,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'
import { rejection, thrownCode } from '../helpers/errors.ts'
import { kemKey, kems, signatures, signKey } from '../helpers/keys.ts'
import { withoutRandom, withSeededRandom } from '../helpers/random.ts'

const all: readonly (KemAlgorithm | SignatureAlgorithm)[] = [...kems, ...signatures]
const sizes: Record<string, number> = {
  'X-Wing': 1216,
  'MLKEM768-P256': 1249,
  'P-256': 65,
  X25519: 32,
  Ed25519: 32,
  ES256: 65,
  ES256K: 65,
  'ML-DSA-65': 1952,
}
const order = {
  p256: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  secp256k1: 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141',
}
const bytesOf = (value: bigint | string): Uint8Array =>
  new Uint8Array(
    Buffer.from((typeof value === 'string' ? value : value.toString(16)).padStart(64, '0'), 'hex'),
  )

/**
 * Key ids of the seed 0707…07, computed once and written down: an id never changes, whatever tier, version or
 * registry (docs/formats.md §0).
 */
const ids: Record<string, string> = {
  'X-Wing': '3522ada0a4c98ecc3137b79010e8facdf5e9f4b43aeb0212da3fc818d89b731b',
  'MLKEM768-P256': '7d308e092af443ae5849e1f12d7bac924d1d4b5718c2835aec3680e842d112a1',
  'P-256': 'fd65f050c9c3b53337cf17eee589eb11a81a91c55ac10aa48361c0508d959e4d',
  X25519: '1e0a6530b7fd9ab4636c90f0f7622b25c55dffcf2213138bc1fc3bafafefb57f',
  Ed25519: 'cbf65c8afcb5f69056927170cfe6acc226f1e3182e0aac3b83245e746beb0e6a',
  ES256: 'fd65f050c9c3b53337cf17eee589eb11a81a91c55ac10aa48361c0508d959e4d',
  ES256K: '4bcd29d109261eef1106623ea7848cffed4e1151fa9540bced99b9d9a8554c75',
  'ML-DSA-65': 'b99292452330703faff48d818c57837170fbe0cb259f30a7139731b2ff69cbe7',
}

describe('local keys', () => {
  it.each(all.map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: a seed always gives the same key, with the id that it always had',
    async (name, algorithm) => {
      const seed = new Uint8Array(32).fill(7)
      const key = await keyFromSeed(algorithm, seed)
      expect(key.publicKey.bytes).toHaveLength(sizes[name]!)
      expect(toHex(key.publicKey.id)).toBe(ids[name])
      expect(exportSeed(key)).toEqual(seed)
      seed.fill(0)
      expect(exportSeed(key)[0]).toBe(7)
      exportSeed(key).fill(0)
      expect(exportSeed(key)[0]).toBe(7)
      expect(importPublicKey(algorithm as KemAlgorithm, key.publicKey.bytes)).toEqual(key.publicKey)
    },
  )

  it.each(all.map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: generated keys differ and come back from their seeds',
    async (_name, algorithm) => {
      const [one, two] = [await generateKey(algorithm), await generateKey(algorithm)]
      expect(toHex(one.publicKey.id)).not.toBe(toHex(two.publicKey.id))
      const again = await keyFromSeed(algorithm, exportSeed(one))
      expect(again.publicKey).toEqual(one.publicKey)
    },
  )

  it('scalars go from 1 to n - 1', async () => {
    for (const [algorithm, n] of [
      [p256, order.p256],
      [es256, order.p256],
      [es256k, order.secp256k1],
    ] as const) {
      const last = BigInt(`0x${n}`) - 1n
      for (const bad of [
        bytesOf(0n),
        bytesOf(n),
        bytesOf(last + 2n),
        new Uint8Array(32).fill(255),
      ]) {
        const failing = keyFromSeed(algorithm as KemAlgorithm, bad)
        expect(await rejection(failing)).toBeInstanceOf(RangeError)
      }
      for (const good of [bytesOf(1n), bytesOf(last)]) {
        const key = await keyFromSeed(algorithm as KemAlgorithm, good)
        expect(importPublicKey(algorithm as KemAlgorithm, key.publicKey.bytes)).toEqual(
          key.publicKey,
        )
      }
    }
  })

  it('a scalar that is out of range is drawn again', async () => {
    let draws = 0
    const spy = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
      const bytes = array as unknown as Uint8Array
      bytes.fill(bytes.length === 32 && draws++ < 3 ? 255 : 9)
      return array
    })
    const key = await generateKey(es256k)
    spy.mockRestore()
    expect(exportSeed(key)).toEqual(new Uint8Array(32).fill(9))
    expect(draws).toBe(4)
  })

  it.each([
    ['31 bytes', new Uint8Array(31), RangeError],
    ['33 bytes', new Uint8Array(33), RangeError],
    ['64 bytes', new Uint8Array(64), RangeError],
    ['text', 'x'.repeat(32), TypeError],
    ['an array', Array(32).fill(1), TypeError],
    ['nothing', undefined, TypeError],
  ])('a seed of %s is refused', async (_name, seed, type) => {
    expect(await rejection(keyFromSeed(x25519, seed as Uint8Array))).toBeInstanceOf(type)
  })

  it.each([undefined, null, 'xWing', {}, { kind: 'kem', name: 'X-Wing' }])(
    'an algorithm of %o is refused',
    async (algorithm) => {
      expect(await rejection(generateKey(algorithm as never))).toBeInstanceOf(TypeError)
      const failing = keyFromSeed(algorithm as never, new Uint8Array(32))
      expect(await rejection(failing)).toBeInstanceOf(TypeError)
      expect(() => importPublicKey(algorithm as never, new Uint8Array(32))).toThrow(TypeError)
    },
  )

  it('a seed is exported of local keys only', async () => {
    const key = await kemKey(x25519)
    const copy = { ...key }
    expect(() => exportSeed(copy)).toThrow(TypeError)
    for (const bad of [undefined, null, 'key', {}, key.publicKey]) {
      expect(() => exportSeed(bad as never)).toThrow(TypeError)
    }
  })

  it('an encapsulation has its exact length and a shared secret', async () => {
    const key = await kemKey(x25519)
    for (const length of [0, 31, 33]) {
      expect(await rejection(key.decapsulate(new Uint8Array(length)))).toBeInstanceOf(RangeError)
    }
    expect(await rejection(key.decapsulate('x' as never))).toBeInstanceOf(TypeError)
    const zero = await rejection(key.decapsulate(new Uint8Array(32)))
    expect(zero).toMatchObject({ code: 'ERR_ENVELOPE_OPEN_FAILED' })
    const offCurve = await rejection((await kemKey(p256)).decapsulate(new Uint8Array(65).fill(4)))
    expect(offCurve).toMatchObject({ code: 'ERR_ENVELOPE_OPEN_FAILED' })
  })
})

describe('without secure random numbers', () => {
  it.each(all.map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: nothing is generated, and nothing falls back',
    async (_name, algorithm) => {
      const error = await withoutRandom(() => rejection(generateKey(algorithm)))
      expect(error).toMatchObject({ code: 'ERR_RANDOM_UNAVAILABLE', name: 'RandomUnavailable' })
    },
  )

  it('ML-DSA, which is hedged, does not sign', async () => {
    const key = await signKey(mlDsa65)
    const error = await withoutRandom(() => rejection(key.sign(utf8('x'))))
    expect(error).toMatchObject({ code: 'ERR_RANDOM_UNAVAILABLE' })
  })

  it('signatures that need none are made all the same', async () => {
    const key = await signKey(ed25519)
    const signature = await key.sign(utf8('x'))
    expect(await verifySignature(key.publicKey, utf8('x'), signature)).toBe(true)
    expect(await withSeededRandom('any', () => key.sign(utf8('x')))).toEqual(signature)
  })
})

describe('public keys', () => {
  it.each(all.map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: have one length',
    (name, algorithm) => {
      for (const length of [0, sizes[name]! - 1, sizes[name]! + 1]) {
        const bytes = new Uint8Array(length)
        expect(thrownCode(() => importPublicKey(algorithm as KemAlgorithm, bytes))).toBe(
          'ERR_KEY_MALFORMED',
        )
      }
      expect(() => importPublicKey(algorithm as KemAlgorithm, 'x' as never)).toThrow(TypeError)
    },
  )

  it.each([
    ['P-256', p256],
    ['ES256', es256],
    ['ES256K', es256k],
  ] as const)('pitfall 7: %s: are uncompressed points on the curve', async (_name, algorithm) => {
    const { publicKey } = await keyFromSeed(algorithm as KemAlgorithm, new Uint8Array(32).fill(7))
    const off = publicKey.bytes.map((byte, i) => (i === 64 ? byte ^ 1 : byte))
    const hybrid = publicKey.bytes.map((byte, i) =>
      i === 0 ? 6 + (publicKey.bytes[64]! & 1) : byte,
    )
    const zero = new Uint8Array(65)
    zero[0] = 4
    const wide = Uint8Array.of(4, ...new Uint8Array(64).fill(255))
    for (const bad of [off, hybrid, zero, wide, new Uint8Array(65)]) {
      expect(thrownCode(() => importPublicKey(algorithm as KemAlgorithm, bad))).toBe(
        'ERR_KEY_MALFORMED',
      )
    }
  })

  it.each([
    ['X-Wing', xWing],
    ['MLKEM768-P256', mlKem768P256],
  ] as const)('pitfall 7: %s: both halves are checked', async (_name, algorithm) => {
    const { bytes } = (await kemKey(algorithm)).publicKey
    const lattice = bytes.slice()
    lattice.set([0xff, 0xff, 0xff], 300)
    const group = bytes.slice()
    group.fill(0, 1184)
    for (const bad of [lattice, group]) {
      expect(thrownCode(() => importPublicKey(algorithm, bad))).toBe('ERR_KEY_MALFORMED')
    }
    const boundary = bytes.slice()
    // 3328 twice is the largest that is allowed, 3329 is not.
    boundary.set([0x00, 0x0d, 0xd0], 300)
    expect(importPublicKey(algorithm, boundary).bytes).toEqual(boundary)
    boundary.set([0x01, 0x0d, 0xd0], 300)
    expect(thrownCode(() => importPublicKey(algorithm, boundary))).toBe('ERR_KEY_MALFORMED')
    boundary.set([0x00, 0x1d, 0xd0], 300)
    expect(thrownCode(() => importPublicKey(algorithm, boundary))).toBe('ERR_KEY_MALFORMED')
  })
})

describe('key rings', () => {
  const make = async () => {
    const [a, b, c] = [await kemKey(x25519, 1), await kemKey(x25519, 2), await kemKey(x25519, 3)]
    const ring = rotateKey(rotateKey(createKeyRing(a), b), c)
    return { a, b, c, ring }
  }
  const statusesOf = (ring: ReturnType<typeof createKeyRing>) =>
    ring.keys.map(({ status }) => status)

  it('hold the active key first and the others for decryption', async () => {
    const { a, b, c, ring } = await make()
    expect(ring.publicKey).toBe(c.publicKey)
    expect(ring.keys.map(({ key }) => key)).toEqual([c, b, a])
    expect(statusesOf(ring)).toEqual(['active', 'decrypt-only', 'decrypt-only'])
  })

  it('never change: each change gives a new ring', async () => {
    const { a, ring } = await make()
    const before = statusesOf(ring)
    const next = setKeyStatus(ring, a.publicKey.id, 'disabled')
    expect(statusesOf(ring)).toEqual(before)
    expect(statusesOf(next)).toEqual(['active', 'decrypt-only', 'disabled'])
    expect(() => {
      ;(next.keys as unknown[]).push(1)
    }).toThrow(TypeError)
    expect(() => {
      ;(next.keys[0] as { status: string }).status = 'disabled'
    }).toThrow(TypeError)
    expect(setKeyStatus(next, a.publicKey.id, 'disabled')).toBe(next)
  })

  it('make an older key active again', async () => {
    const { a, b, c, ring } = await make()
    const back = setKeyStatus(ring, a.publicKey.id, 'active')
    expect(back.publicKey).toBe(a.publicKey)
    expect(back.keys.map(({ key }) => key)).toEqual([a, c, b])
    expect(statusesOf(back)).toEqual(['active', 'decrypt-only', 'decrypt-only'])
  })

  it('let go of a destroyed key for good', async () => {
    const { a, ring } = await make()
    const without = setKeyStatus(ring, a.publicKey.id, 'destroyed')
    expect(without.keys[2]).toEqual({ publicKey: a.publicKey, status: 'destroyed', key: null })
    for (const status of ['active', 'decrypt-only', 'disabled'] as const) {
      expect(() => setKeyStatus(without, a.publicKey.id, status)).toThrow(RangeError)
    }
    expect(() => rotateKey(without, a)).toThrow(RangeError)
  })

  it('always have an active key, and none twice', async () => {
    const { b, c, ring } = await make()
    for (const status of ['decrypt-only', 'disabled', 'destroyed'] as const) {
      expect(() => setKeyStatus(ring, c.publicKey.id, status)).toThrow(RangeError)
    }
    expect(() => rotateKey(ring, b)).toThrow(RangeError)
    expect(() => rotateKey(ring, c)).toThrow(RangeError)
  })

  it('refuse strangers, unknown words and what is no key', async () => {
    const { a, ring } = await make()
    const { id } = (await kemKey(x25519, 9)).publicKey
    expect(() => setKeyStatus(ring, id, 'disabled')).toThrow(RangeError)
    expect(() => setKeyStatus(ring, a.publicKey.id, 'retired' as never)).toThrow(TypeError)
    expect(() => setKeyStatus(ring, 'id' as never, 'disabled')).toThrow(TypeError)
    for (const bad of [undefined, null, {}, a.publicKey, await signKey(ed25519)]) {
      expect(() => createKeyRing(bad as never)).toThrow(TypeError)
      expect(() => rotateKey(ring, bad as never)).toThrow(TypeError)
    }
  })
})
