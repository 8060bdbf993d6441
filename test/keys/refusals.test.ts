import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type CaresealError, isCaresealError } from '../../src/errors.ts'
import {
  dhkem,
  ed25519,
  es256,
  fromJwk,
  fromPem,
  hybridKem,
  p256,
  toJwk,
  webCryptoKey,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { rejection, thrownCode } from '../helpers/errors.ts'
import { kemKey, signKey } from '../helpers/keys.ts'

const malformed = 'ERR_KEY_MALFORMED'
const bytesOf = (n: number, size = 32) => new Uint8Array(size).fill(n)

describe('a JWK of strangers', () => {
  it('says what it is for in text, or is refused with our own error', async () => {
    const jwk = toJwk((await signKey(es256)).publicKey)
    const odd = [7, null, {}, [], { toString: 0, valueOf: 0 }, JSON.parse('{"toString":1}')]
    const cases: object[] = [
      ...odd.flatMap((one) => [{ use: one }, { alg: one }, { key_ops: [one] }]),
      { key_ops: 'verify' },
      { key_ops: {} },
      { key_ops: null },
      { key_ops: Array.from({ length: 33 }, () => 'verify') },
      { key_ops: JSON.parse('['.repeat(5000) + ']'.repeat(5000)) },
    ]
    for (const change of cases) {
      const call = () => fromJwk({ ...jwk, ...change } as never, { algorithms: [es256] })
      expect(thrownCode(call), Object.keys(change)[0]).toBe(malformed)
    }
    const many = { ...jwk, key_ops: Array.from({ length: 32 }, () => 'verify') }
    expect(fromJwk(many, { algorithms: [es256] }).algorithm).toBe(es256)
  })

  it('is measured before it is decoded', async () => {
    const jwk = toJwk((await signKey(es256)).publicKey)
    const start = performance.now()
    const call = () => fromJwk({ ...jwk, x: 'A'.repeat(50_000_000) }, { algorithms: [es256] })
    expect(thrownCode(call)).toBe(malformed)
    expect(performance.now() - start).toBeLessThan(100)
  })

  it('is no X25519 key that signs, and no Ed25519 key that opens', async () => {
    const opening = { ...toJwk((await kemKey(x25519)).publicKey), use: 'sig' }
    expect(thrownCode(() => fromJwk(opening, { algorithms: [x25519] }))).toBe(malformed)
    const signing = { ...toJwk((await signKey(ed25519)).publicKey), use: 'enc' }
    expect(thrownCode(() => fromJwk(signing))).toBe(malformed)
  })

  it('comes with options that are known', async () => {
    const { publicKey } = await signKey(ed25519)
    const jwk = toJwk(publicKey)
    for (const options of [{ algorithm: [ed25519] }, { algorithms: null }, { algorithms: 'x' }]) {
      const call = () => fromJwk(jwk, options as never)
      expect(call).toThrow(TypeError)
      expect(call).toThrow(/algorithm/)
      expect(call).not.toThrow(/null/)
    }
    expect(() => fromPem('', { algorithms: null } as never)).toThrow(/algorithms must be/)
    expect(() => toJwk(publicKey, { secrets: true } as never)).toThrow(TypeError)
  })
})

it('PKCS#8 with a compressed point names the command that mends it', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const der = privateKey.export({ format: 'der', type: 'pkcs8' })
  const point = der.subarray(der.length - 65)
  const short = Buffer.concat([Buffer.of(2 + (point[64]! & 1)), point.subarray(1, 33)])
  const inner = der.subarray(der.indexOf(Buffer.from('0201010420', 'hex')), der.length - 65 - 5)
  const wrap = (tag: number, ...parts: Uint8Array[]) => {
    const body = Buffer.concat(parts)
    return Buffer.concat([Buffer.of(tag, body.length), body])
  }
  const bits = wrap(0xa1, wrap(3, Buffer.of(0), short))
  const identifier = Buffer.from('301306072a8648ce3d020106082a8648ce3d030107', 'hex')
  const seed = inner.subarray(0, 37)
  const whole = wrap(
    0x30,
    Buffer.from('020100', 'hex'),
    identifier,
    wrap(4, wrap(0x30, seed, bits)),
  )
  const lines = whole.toString('base64').match(/.{1,64}/g)!
  const [begin, end] = ['BEGIN', 'END'].map((word) => `-----${word} PRIVATE KEY-----`)
  const pem = `${[begin, ...lines, end].join('\n')}\n`
  const error = (await rejection(fromPem(pem, { algorithms: [p256], secret: true }))) as Error
  expect(error).toMatchObject({ code: malformed })
  expect(error.message).toContain('-ec_conv_form uncompressed')
})

describe('keys that live elsewhere', () => {
  it('of two halves are refused, whatever they are for', async () => {
    const { subtle } = globalThis.crypto
    const how = { name: 'ECDSA', namedCurve: 'P-256' }
    const pair = () => subtle.generateKey(how, false, ['sign', 'verify'])
    const [one, other] = [await pair(), await pair()]
    const mixed = { publicKey: one.publicKey, privateKey: other.privateKey }
    const error = await rejection(webCryptoKey({ algorithm: es256, keyPair: mixed }))
    expect(error).toBeInstanceOf(TypeError)
    expect((await webCryptoKey({ algorithm: es256, keyPair: one })).publicKey.algorithm).toBe(es256)
  })

  it('what they answer in a wrong length is overwritten', async () => {
    const { publicKey } = await kemKey(x25519)
    for (const size of [31, 33, 64]) {
      const answer = bytesOf(9, size)
      const key = dhkem({ algorithm: x25519, publicKey, ecdh: async () => answer })
      const error = await rejection(key.decapsulate((await kemKey(x25519, 2)).publicKey.bytes))
      expect(isCaresealError(error) && (error as CaresealError).code).toBe('ERR_KEY_UNAVAILABLE')
      expect(answer).toEqual(new Uint8Array(size))
    }
  })

  it('have the functions that they were made with', async () => {
    const { publicKey } = await kemKey(x25519)
    const options = { algorithm: x25519, publicKey, ecdh: async () => bytesOf(7) }
    const key = dhkem(options)
    const replaced = () => Promise.reject(new Error('replaced'))
    options.ecdh = replaced
    const peer = (await kemKey(x25519, 2)).publicKey.bytes
    expect(await key.decapsulate(peer)).toHaveLength(32)

    const whole = await kemKey(xWing)
    const postQuantum = {
      publicKey: whole.publicKey.bytes.slice(0, 1184),
      decapsulate: async () => bytesOf(8),
    }
    const ecdh = { publicKey: whole.publicKey.bytes.slice(1184), ecdh: async () => bytesOf(7) }
    const hybrid = hybridKem({ algorithm: xWing, postQuantum, ecdh })
    postQuantum.decapsulate = replaced
    ecdh.ecdh = replaced
    const encapsulation = new Uint8Array(1120)
    encapsulation.set(peer, 1088)
    expect(await hybrid.decapsulate(encapsulation)).toHaveLength(32)
  })
})
