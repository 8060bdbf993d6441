import { createPrivateKey, generateKeyPairSync, sign as nodeSign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { verifyBytes } from '../../src/internal/cose/signer.ts'
import {
  es256,
  es256k,
  fromJwk,
  type Jwk,
  keyFromSeed,
  toJwk,
  verifySignature,
} from '../../src/keys/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'

const curves = [
  [
    'ES256',
    es256,
    'prime256v1',
    -9,
    0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ],
  [
    'ES256K',
    es256k,
    'secp256k1',
    -47,
    0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  ],
] as const

const big = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const bytesOf = (value: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'))
const rs = (r: bigint, s: bigint): Uint8Array => Uint8Array.of(...bytesOf(r), ...bytesOf(s))

describe('ECDSA', () => {
  it.each(curves)(
    '%s: 1,000 native signatures, each with its twin',
    async (_name, algorithm, curve, alg, order) => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve })
      const { d: _d, ...jwk } = privateKey.export({ format: 'jwk' })
      const key = fromJwk(jwk as unknown as Jwk, { algorithms: [algorithm] })
      let high = 0
      // OpenSSL draws a fresh nonce for each and lets s fall where it will. Half as many on the second curve.
      const count = algorithm === es256 ? 1000 : 250
      for (let i = 0; i < count; i++) {
        const message = utf8(`message ${i}`)
        const options = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
        const signature = new Uint8Array(nodeSign('sha256', message, options))
        const s = big(signature.slice(32))
        const twin = Uint8Array.of(...signature.slice(0, 32), ...bytesOf(order - s))
        const isHigh = s > order / 2n
        if (isHigh) high++
        expect(await verifySignature(key, message, signature)).toBe(true)
        expect(await verifySignature(key, message, twin)).toBe(true)
        const [low, upper] = isHigh ? [twin, signature] : [signature, twin]
        expect(await verifyBytes(key, alg, message, low)).toBe(true)
        expect(await verifyBytes(key, alg, message, upper)).toBe(false)
      }
      expect(high).toBeGreaterThan(count / 3)
    },
  )

  it.each(curves)(
    '%s: what we sign is in the lower half',
    async (_name, algorithm, _curve, alg, order) => {
      const key = await keyFromSeed(algorithm, new Uint8Array(32).fill(5))
      for (let i = 0; i < 40; i++) {
        const message = utf8(`${i}`)
        const signature = await key.sign(message)
        expect(big(signature.slice(32)) <= order / 2n).toBe(true)
        expect(await verifyBytes(key.publicKey, alg, message, signature)).toBe(true)
      }
    },
  )

  it.each(curves)(
    '%s: what is out of range does not verify, and nothing throws',
    async (_name, algorithm, _curve, _alg, order) => {
      const key = await keyFromSeed(algorithm, new Uint8Array(32).fill(5))
      const message = utf8('x')
      const good = await key.sign(message)
      const [r, s] = [big(good.slice(0, 32)), big(good.slice(32))]
      const limit = 2n ** 256n - 1n
      for (const [otherR, otherS] of [
        [0n, 0n],
        [0n, s],
        [r, 0n],
        [r, order],
        [order, s],
        [order, order],
        [r, limit],
        [limit, s],
        [limit, limit],
        [1n, 1n],
        [order - 1n, order - 1n],
        [s, r],
      ] as const) {
        expect(await verifySignature(key.publicKey, message, rs(otherR, otherS))).toBe(false)
      }
      for (const bad of [
        new Uint8Array(0),
        good.slice(1),
        Uint8Array.of(...good, 0),
        new Uint8Array(72),
      ]) {
        expect(await verifySignature(key.publicKey, message, bad)).toBe(false)
      }
      expect(await verifySignature(key.publicKey, utf8('y'), good)).toBe(false)
    },
  )

  it('plain JavaScript signs deterministically (RFC 6979), the platform does not', async () => {
    const key = await keyFromSeed(es256, new Uint8Array(32).fill(5))
    const [one, two] = [await key.sign(utf8('x')), await key.sign(utf8('x'))]
    expect(toHex(one) === toHex(two)).toBe(process.env['CARESEAL_TIER'] === 'noble')
  })

  it('the platform signs what we verify with the same key', async () => {
    for (const [, algorithm] of curves) {
      const key = await keyFromSeed(algorithm, new Uint8Array(32).fill(5))
      const native = createPrivateKey({ format: 'jwk', key: toJwk(key, { secret: true }) as never })
      const signature = nodeSign('sha256', utf8('x'), { key: native, dsaEncoding: 'ieee-p1363' })
      // A Buffer, as it comes.
      expect(await verifySignature(key.publicKey, utf8('x'), signature)).toBe(true)
    }
  })

  it('the header names the algorithm, and no other fits', async () => {
    const key = await keyFromSeed(es256, new Uint8Array(32).fill(5))
    const signature = await key.sign(utf8('x'))
    for (const [alg, verdict] of [
      [-9, true],
      [-7, true],
      [-47, false],
      [-19, false],
      [-8, false],
      [0, false],
    ] as const) {
      expect(await verifyBytes(key.publicKey, alg, utf8('x'), signature)).toBe(verdict)
    }
  })
})
