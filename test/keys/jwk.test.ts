import { createPrivateKey, createPublicKey, sign as nodeSign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  ed25519,
  es256,
  es256k,
  fromJwk,
  type Jwk,
  type KemAlgorithm,
  keyFromSeed,
  type LocalSigner,
  mlDsa65,
  mlKem768P256,
  p256,
  type SignatureAlgorithm,
  toJwk,
  verifySignature,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'
import { codeOf, codeOfError, rejection, thrownCode } from '../helpers/errors.ts'
import { kems, signatures } from '../helpers/keys.ts'

type Any = KemAlgorithm | SignatureAlgorithm
const all: readonly Any[] = [...kems, ...signatures]
const seed = new Uint8Array(32).fill(7)
const malformed = 'ERR_KEY_MALFORMED'

const shapes: Record<string, Partial<Jwk>> = {
  'X-Wing': { kty: 'AKP', alg: 'HPKE-9-KE' },
  'MLKEM768-P256': { kty: 'AKP', alg: 'HPKE-8-KE' },
  'P-256': { kty: 'EC', crv: 'P-256' },
  X25519: { kty: 'OKP', crv: 'X25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES256K: { kty: 'EC', crv: 'secp256k1' },
  'ML-DSA-65': { kty: 'AKP', alg: 'ML-DSA-65' },
}

describe('JWK', () => {
  it.each(all.map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: comes back, public and private',
    async (name, algorithm) => {
      const key = await keyFromSeed(algorithm, seed)
      const jwk = toJwk(key.publicKey)
      expect(jwk).toMatchObject(shapes[name]!)
      const secretMember = jwk.kty === 'AKP' ? 'priv' : 'd'
      expect(Object.keys(jwk).sort()).not.toContain(secretMember)
      const again = fromJwk(jwk, { algorithms: [algorithm] })
      expect([toHex(again.id), again.algorithm]).toEqual([toHex(key.publicKey.id), algorithm])
      const secret = toJwk(key, { secret: true })
      expect(secret).toEqual({ ...jwk, [secretMember]: Buffer.from(seed).toString('base64url') })
      const back = await fromJwk(secret, { algorithms: [algorithm], secret: true })
      expect(toJwk(back as LocalSigner, { secret: true })).toEqual(secret)
    },
  )

  it('by default X-Wing and Ed25519 are accepted, others by name only', async () => {
    for (const algorithm of all) {
      const jwk = toJwk((await keyFromSeed(algorithm, seed)).publicKey)
      if (algorithm === xWing || algorithm === ed25519) {
        expect(fromJwk(jwk).algorithm).toBe(algorithm)
        continue
      }
      const error = (() => {
        try {
          return fromJwk(jwk)
        } catch (caught) {
          return caught
        }
      })()
      expect(codeOfError(error)).toBe('ERR_ALGORITHM_UNSUPPORTED')
      const constants = {
        'MLKEM768-P256': 'mlKem768P256',
        'P-256': 'p256',
        X25519: 'x25519',
        ES256: 'es256',
        ES256K: 'es256k',
        'ML-DSA-65': 'mlDsa65',
      }
      expect(String(error)).toContain(constants[algorithm.name as keyof typeof constants])
    }
    const unknown = { kty: 'EC', crv: 'P-384', x: 'AA', y: 'AA' }
    expect(thrownCode(() => fromJwk(unknown, { algorithms: all }))).toBe(
      'ERR_ALGORITHM_UNSUPPORTED',
    )
  })

  it('`use` decides where one curve serves both', async () => {
    const jwk = toJwk((await keyFromSeed(p256, seed)).publicKey)
    const algorithms = [es256, p256]
    expect(fromJwk(jwk, { algorithms }).algorithm).toBe(es256)
    expect(fromJwk({ ...jwk, use: 'enc' }, { algorithms }).algorithm).toBe(p256)
    expect(fromJwk({ ...jwk, use: 'sig' }, { algorithms: [p256, es256] }).algorithm).toBe(es256)
    expect(thrownCode(() => fromJwk({ ...jwk, use: 'sig' }, { algorithms: [p256] }))).toBe(
      'ERR_ALGORITHM_UNSUPPORTED',
    )
  })

  it('so do alg and key_ops, and what they say must agree', async () => {
    const jwk = toJwk((await keyFromSeed(p256, seed)).publicKey)
    const [first, second] = [
      [p256, es256],
      [es256, p256],
    ]
    for (const said of [
      { alg: 'ES256' },
      { key_ops: ['verify'] },
      { key_ops: ['sign', 'verify'], use: 'sig', alg: 'ES256' },
    ]) {
      expect(fromJwk({ ...jwk, ...said }, { algorithms: first }).algorithm).toBe(es256)
      const only = (): unknown => fromJwk({ ...jwk, ...said }, { algorithms: [p256] })
      expect(thrownCode(only)).toBe('ERR_ALGORITHM_UNSUPPORTED')
    }
    for (const said of [
      { alg: 'ECDH-ES+A256KW' },
      { alg: 'HPKE-7-KE' },
      { key_ops: ['deriveBits'] },
      { key_ops: ['unwrapKey'], use: 'enc' },
    ]) {
      expect(fromJwk({ ...jwk, ...said }, { algorithms: second }).algorithm).toBe(p256)
      const only = (): unknown => fromJwk({ ...jwk, ...said }, { algorithms: [es256] })
      expect(thrownCode(only)).toBe('ERR_ALGORITHM_UNSUPPORTED')
    }
    for (const said of [{ key_ops: [] }, { key_ops: ['later'] }, { alg: 'RSA' }, { use: 'tls' }]) {
      expect(fromJwk({ ...jwk, ...said }, { algorithms: second }).algorithm).toBe(es256)
    }
    for (const said of [
      { use: 'enc', alg: 'ES256' },
      { use: 'sig', key_ops: ['deriveKey'] },
      { key_ops: ['sign', 'decrypt'] },
    ]) {
      const both = (): unknown => fromJwk({ ...jwk, ...said }, { algorithms: second })
      expect(thrownCode(both)).toBe(malformed)
    }
    const lattice = toJwk((await keyFromSeed(mlDsa65, seed)).publicKey)
    const wrong = (): unknown => fromJwk({ ...lattice, use: 'enc' }, { algorithms: all })
    expect(thrownCode(wrong)).toBe(malformed)
  })

  it('other members are ignored', async () => {
    const jwk = toJwk((await keyFromSeed(ed25519, seed)).publicKey)
    const extra = { ...jwk, kid: 'x', ext: true, key_ops: ['verify'], alg: 'EdDSA' } as Jwk
    expect(fromJwk(extra).algorithm).toBe(ed25519)
  })

  it('a secret is taken and given only where it is meant', async () => {
    const key = await keyFromSeed(ed25519, seed)
    const secret = toJwk(key, { secret: true })
    expect(thrownCode(() => fromJwk(secret))).toBe(malformed)
    expect(thrownCode(() => fromJwk({ ...toJwk(key.publicKey), priv: 'AA' }))).toBe(malformed)
    expect(await codeOf(fromJwk(toJwk(key.publicKey), { secret: true }))).toBe(malformed)
    expect(() => toJwk(key as never)).toThrow(TypeError)
    expect(() => toJwk(key.publicKey as never, { secret: true })).toThrow(TypeError)
    const remote = { publicKey: key.publicKey, sign: key.sign }
    expect(() => toJwk(remote as never, { secret: true })).toThrow(TypeError)
  })

  it.each(all.map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: halves that do not belong together are refused',
    async (_name, algorithm) => {
      const [one, two] = await Promise.all(
        [7, 8].map((n) => keyFromSeed(algorithm, new Uint8Array(32).fill(n))),
      )
      const secret = toJwk(one as LocalSigner, { secret: true })
      const other = toJwk(two as LocalSigner, { secret: true })
      const mixed =
        secret.kty === 'AKP' ? { ...secret, priv: other.priv! } : { ...secret, d: other.d! }
      expect(await codeOf(fromJwk(mixed, { algorithms: [algorithm], secret: true }))).toBe(
        malformed,
      )
    },
  )

  const okp = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(seed).toString('base64url') }
  const publicCases: Record<string, unknown> = {
    'no kty': { crv: 'Ed25519', x: okp.x },
    'an unknown kty': { ...okp, kty: 'RSA' },
    'a symmetric key': { kty: 'oct', k: okp.x },
    'another case of kty': { ...okp, kty: 'okp' },
    'no crv': { kty: 'OKP', x: okp.x },
    'a crv as number': { ...okp, crv: 6 },
    'AKP without alg': { kty: 'AKP', pub: okp.x },
    'no x': { kty: 'OKP', crv: 'Ed25519' },
    'x as number': { ...okp, x: 7 },
    'x as bytes': { ...okp, x: seed },
    'x with padding': { ...okp, x: `${okp.x}=` },
    'x in base64': { ...okp, x: Buffer.from(new Uint8Array(32).fill(255)).toString('base64') },
    'x with white space': { ...okp, x: ` ${okp.x}` },
    'x with spare bits': { ...okp, x: `${okp.x.slice(0, -1)}d` },
    'x one byte short': { ...okp, x: Buffer.from(seed.slice(1)).toString('base64url') },
    'x one byte long': { ...okp, x: Buffer.from([...seed, 1]).toString('base64url') },
    'x empty': { ...okp, x: '' },
    'a point that is none': {
      ...okp,
      x: Buffer.from(new Uint8Array(32).fill(2)).toString('base64url'),
    },
    'the identity point': {
      ...okp,
      x: Buffer.from([1, ...new Uint8Array(31)]).toString('base64url'),
    },
    'an EC key without y': { kty: 'EC', crv: 'P-256', x: okp.x },
    'an EC key off the curve': { kty: 'EC', crv: 'P-256', x: okp.x, y: okp.x },
    'an EC key with a short x': { kty: 'EC', crv: 'P-256', x: okp.x.slice(0, 40), y: okp.x },
    'an AKP key without pub': { kty: 'AKP', alg: 'ML-DSA-65' },
    'an AKP key with a short pub': { kty: 'AKP', alg: 'ML-DSA-65', pub: okp.x },
    'an array': [],
  }
  it.each(Object.entries(publicCases))('%s is refused', (_name, jwk) => {
    expect(thrownCode(() => fromJwk(jwk as Jwk, { algorithms: all }))).toBe(malformed)
  })

  it.each([null, undefined, 'jwk', 7])('%s is no object', (jwk) => {
    expect(() => fromJwk(jwk as never)).toThrow(TypeError)
  })

  it.each([
    ['a short secret', ed25519, new Uint8Array(31).fill(7)],
    ['a long secret', x25519, new Uint8Array(33).fill(7)],
    ['an empty secret', xWing, new Uint8Array(0)],
    ['the scalar 0', p256, new Uint8Array(32)],
    [
      'the order of the group',
      es256,
      new Uint8Array(
        Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex'),
      ),
    ],
    ['more than the order', es256k, new Uint8Array(32).fill(255)],
    ['an expanded key', mlDsa65, new Uint8Array(4032)],
    ['a seed of 64 bytes', mlKem768P256, new Uint8Array(64)],
  ] as const)('%s is refused', async (_name, algorithm, secret) => {
    const jwk = toJwk((await keyFromSeed(algorithm, seed)).publicKey)
    const text = Buffer.from(secret).toString('base64url')
    const whole = jwk.kty === 'AKP' ? { ...jwk, priv: text } : { ...jwk, d: text }
    const reading = fromJwk(whole, { algorithms: [algorithm as KemAlgorithm], secret: true })
    expect(await codeOf(reading)).toBe(malformed)
  })
})

describe('JWK and node:crypto', () => {
  it.each([
    ['Ed25519', ed25519, null],
    ['ES256', es256, 'sha256'],
    ['ES256K', es256k, 'sha256'],
  ] as const)(
    '%s: it reads our keys and signs what we verify',
    async (_name, algorithm, digest) => {
      const key = await keyFromSeed(algorithm, seed)
      const jwk = toJwk(key, { secret: true })
      const native = createPrivateKey({ format: 'jwk', key: jwk as never })
      const options = { key: native, dsaEncoding: 'ieee-p1363' } as const
      const signature = new Uint8Array(nodeSign(digest, utf8('message'), options))
      expect(await verifySignature(key.publicKey, utf8('message'), signature)).toBe(true)
      expect(createPublicKey(native).export({ format: 'jwk' })).toEqual(toJwk(key.publicKey))
      const exported = native.export({ format: 'jwk' }) as Jwk
      const back = await fromJwk(exported, { algorithms: [algorithm], secret: true })
      expect(toHex(back.publicKey.id)).toBe(toHex(key.publicKey.id))
    },
  )

  it.each([
    ['X25519', x25519],
    ['P-256', p256],
  ] as const)('%s: it reads our keys, and we read its', async (_name, algorithm) => {
    const key = await keyFromSeed(algorithm, seed)
    const native = createPrivateKey({ format: 'jwk', key: toJwk(key, { secret: true }) as never })
    expect(createPublicKey(native).export({ format: 'jwk' })).toEqual(toJwk(key.publicKey))
    const back = await fromJwk(native.export({ format: 'jwk' }) as Jwk, {
      algorithms: [algorithm],
      secret: true,
    })
    expect(toHex(back.publicKey.id)).toBe(toHex(key.publicKey.id))
  })

  it('what rejects, rejects; what throws, throws', async () => {
    const failing = fromJwk({ kty: 'OKP' }, { secret: true })
    expect(codeOfError(await rejection(failing))).toBe(malformed)
  })
})
