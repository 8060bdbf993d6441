import { describe, expect, it, vi } from 'vitest'
import { concat } from '../../src/internal/bytes.ts'
import { isP256Secret } from '../../src/internal/engine/p256.ts'
import { hpkeOpen, hpkeSeal } from '../../src/internal/hpke/index.ts'
import type { HpkeSuite } from '../../src/internal/hpke/kem.ts'
import {
  mlKem768P256Suite,
  p256Suite,
  x25519Suite,
  xWingSuite,
} from '../../src/internal/hpke/suites.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'

const suites: [string, HpkeSuite][] = [
  ['X-Wing', xWingSuite],
  ['MLKEM768-P256', mlKem768P256Suite],
  ['P-256', p256Suite],
  ['X25519', x25519Suite],
]
const seed = new Uint8Array(32).fill(7)
const fill = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

describe.each(suites)('%s', (_name, suite) => {
  const { kem } = suite

  it('seals and opens, bound to info and additional data', async () => {
    const secret = kem.secret(seed)
    const key = kem.encapsulator(secret.publicKey)
    const sealed = (await hpkeSeal(suite, key, utf8('info'), utf8('text'), utf8('aad')))!
    expect(sealed.encapsulation).toHaveLength(kem.encapsulationSize)
    expect(kem.isEncapsulation(sealed.encapsulation)).toBe(true)
    const open = async (info: string, aad: string, ciphertext = sealed.ciphertext) => {
      const shared = await secret.decapsulate(sealed.encapsulation)
      const text = await hpkeOpen(suite, shared!, utf8(info), ciphertext, utf8(aad))
      return text === null ? null : toHex(text)
    }
    expect(await open('info', 'aad')).toBe(toHex(utf8('text')))
    expect(await open('inf0', 'aad')).toBeNull()
    expect(await open('info', 'aae')).toBeNull()
    expect(await open('info', '')).toBeNull()
    expect(await open('info', 'aad', sealed.ciphertext.slice(1))).toBeNull()
    expect(await open('info', 'aad', new Uint8Array(0))).toBeNull()
  })

  it('another key has another secret, and an encapsulation is never the same twice', async () => {
    const [one, two] = [kem.secret(seed), kem.secret(fill(32, 8))]
    const key = kem.encapsulator(one.publicKey)
    const [a, b] = [
      await hpkeSeal(suite, key, utf8(''), utf8('x')),
      await hpkeSeal(suite, key, utf8(''), utf8('x')),
    ]
    expect(toHex(a!.encapsulation)).not.toBe(toHex(b!.encapsulation))
    const [right, wrong] = [
      await one.decapsulate(a!.encapsulation),
      await two.decapsulate(a!.encapsulation),
    ]
    expect(toHex(wrong!)).not.toBe(toHex(right!))
    expect([right!.length, wrong!.length]).toEqual([32, 32])
  })

  it('info as long as the one-stage schedule can bind, and no longer', async () => {
    const secret = kem.secret(seed)
    const key = kem.encapsulator(secret.publicKey)
    for (const length of [65_535, 65_536, 65_536 + 4]) {
      const info = fill(length, 1)
      const sealed = (await hpkeSeal(suite, key, info, utf8('x')))!
      const shared = await secret.decapsulate(sealed.encapsulation)
      const opened = await hpkeOpen(suite, shared!, info, sealed.ciphertext)
      expect(opened === null).toBe(length > 65_535)
    }
  })
})

describe('what has no shared secret', () => {
  it.each([
    [
      'X25519',
      x25519Suite,
      [fill(32, 0), Uint8Array.of(1, ...fill(31, 0)), Uint8Array.of(0xec, ...fill(30, 255), 0x7f)],
    ],
    [
      'P-256',
      p256Suite,
      [fill(65, 0), Uint8Array.of(4, ...fill(64, 1)), Uint8Array.of(2, ...fill(64, 0))],
    ],
    ['X-Wing', xWingSuite, [fill(1120, 0), Uint8Array.of(...fill(1088, 3), 1, ...fill(31, 0))]],
    [
      'MLKEM768-P256',
      mlKem768P256Suite,
      [fill(1153, 0), Uint8Array.of(...fill(1088, 3), 4, ...fill(64, 1))],
    ],
  ])(
    'pitfall 7: %s: is told from what has one, before and after',
    async (_name, { kem }, encapsulations) => {
      const secret = kem.secret(seed)
      for (const encapsulation of encapsulations) {
        expect(kem.isEncapsulation(encapsulation)).toBe(false)
        expect(await secret.decapsulate(encapsulation)).toBeNull()
      }
    },
  )

  it.each(suites)('pitfall 7: %s: nothing is sealed to such a key', async (_name, suite) => {
    const { publicKey } = suite.kem.secret(seed)
    const group = suite.kem.publicKeySize > 1000 ? publicKey.slice(1184) : publicKey
    const bad = concat(publicKey.slice(0, publicKey.length - group.length), fill(group.length, 0))
    expect(suite.kem.isPublicKey(bad)).toBe(false)
    const key = suite.kem.encapsulator(bad)
    expect(await hpkeSeal(suite, key, utf8(''), utf8('x'))).toBeNull()
  })
})

describe('scalars that are out of range', () => {
  it('P-256: are drawn again', async () => {
    const { kem } = p256Suite
    const key = kem.encapsulator(kem.secret(seed).publicKey)
    for (const bad of [fill(32, 0), fill(32, 255)]) {
      const spy = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
        ;(array as unknown as Uint8Array).fill(9)
        return array
      })
      const again = await key.encapsulate(bad.slice())
      spy.mockRestore()
      const direct = await key.encapsulate(fill(32, 9))
      expect(toHex(again!.encapsulation)).toBe(toHex(direct!.encapsulation))
    }
  })

  it('MLKEM768-P256: the first of four candidates that is in range counts', async () => {
    const { kem } = mlKem768P256Suite
    const key = kem.encapsulator(kem.secret(seed).publicKey)
    const good = fill(32, 9)
    expect([isP256Secret(good), isP256Secret(fill(32, 255)), isP256Secret(fill(32, 0))]).toEqual([
      true,
      false,
      false,
    ])
    const lattice = fill(32, 5)
    const candidates = [
      [good, fill(32, 1), fill(32, 2), fill(32, 3)],
      [fill(32, 255), good, fill(32, 2), fill(32, 3)],
      [fill(32, 0), fill(32, 255), good, fill(32, 3)],
      [fill(32, 0), fill(32, 0), fill(32, 255), good],
    ]
    const encapsulations = new Set<string>()
    for (const list of candidates) {
      encapsulations.add(toHex((await key.encapsulate(concat(lattice, ...list)))!.encapsulation))
    }
    expect(encapsulations.size).toBe(1)
    await expect(key.encapsulate(concat(lattice, fill(128, 255)))).rejects.toThrow(RangeError)
  })
})
