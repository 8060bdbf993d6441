import {
  CompactSign,
  calculateJwkThumbprint,
  compactVerify,
  exportJWK,
  generateKeyPair,
  importJWK,
} from 'jose'
import { describe, expect, it } from 'vitest'
import {
  ed25519,
  es256,
  fromJwk,
  type Jwk,
  keyFromSeed,
  p256,
  toJwk,
  verifySignature,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'

const seed = new Uint8Array(32).fill(7)

describe('keys and jose', () => {
  it.each([
    ['Ed25519', ed25519, 'Ed25519'],
    ['ES256', es256, 'ES256'],
  ] as const)(
    '%s: it signs with our key and we verify, and the other way round',
    async (_name, algorithm, alg) => {
      const key = await keyFromSeed(algorithm, seed)
      const secret = await importJWK({ ...toJwk(key, { secret: true }) }, alg)
      const jws = await new CompactSign(utf8('Hb 7.1')).setProtectedHeader({ alg }).sign(secret)
      const [header, payload, signature] = jws.split('.') as [string, string, string]
      const signed = utf8(`${header}.${payload}`)
      const raw = new Uint8Array(Buffer.from(signature, 'base64url'))
      expect(await verifySignature(key.publicKey, signed, raw)).toBe(true)
      const ours = Buffer.from(await key.sign(signed)).toString('base64url')
      const verified = await compactVerify(
        `${header}.${payload}.${ours}`,
        await importJWK({ ...toJwk(key.publicKey) }, alg),
      )
      expect(Buffer.from(verified.payload).toString()).toBe('Hb 7.1')
    },
  )

  it.each([
    ['Ed25519', ed25519, 'Ed25519', undefined],
    ['ES256', es256, 'ES256', undefined],
    ['P-256', p256, 'ECDH-ES', 'P-256'],
    ['X25519', x25519, 'ECDH-ES', 'X25519'],
  ] as const)(
    '%s: keys that it made come in and go out the same',
    async (_name, algorithm, alg, crv) => {
      const options = crv === undefined ? { extractable: true } : { extractable: true, crv }
      const pair = await generateKeyPair(alg, options)
      const [publicJwk, secretJwk] = [
        await exportJWK(pair.publicKey),
        await exportJWK(pair.privateKey),
      ]
      const key = fromJwk(publicJwk as Jwk, { algorithms: [algorithm] })
      expect(toJwk(key)).toEqual(publicJwk)
      const secret = await fromJwk(secretJwk as Jwk, { algorithms: [algorithm], secret: true })
      expect(toJwk(secret, { secret: true })).toEqual(secretJwk)
      expect(toHex(secret.publicKey.id)).toBe(toHex(key.id))
    },
  )

  it('its thumbprint of our X-Wing key is over the members that RFC 9964 names', async () => {
    const { publicKey } = await keyFromSeed(xWing, seed)
    const jwk = toJwk(publicKey)
    const thumbprint = await calculateJwkThumbprint({ ...jwk })
    expect(await calculateJwkThumbprint({ ...jwk, kid: 'other', use: 'enc' })).toBe(thumbprint)
    expect(thumbprint).toHaveLength(43)
  })
})
