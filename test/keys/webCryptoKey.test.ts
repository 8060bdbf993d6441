import { describe, expect, it } from 'vitest'
import { open, seal } from '../../src/envelope/index.ts'
import {
  createIdentity,
  ed25519,
  es256,
  es256k,
  fromJwk,
  type Jwk,
  type KemAlgorithm,
  keyDirectory,
  keyFromSeed,
  mlDsa65,
  p256,
  type SignatureAlgorithm,
  toJwk,
  verifySignature,
  type WebCryptoPair,
  webCryptoKey,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey } from '../helpers/keys.ts'

const content = utf8('Hb 7.1')
const { subtle } = globalThis.crypto
const names = {
  'P-256': { name: 'ECDH', namedCurve: 'P-256' },
  X25519: { name: 'X25519' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  Ed25519: { name: 'Ed25519' },
} as const
const kems = [
  ['P-256', p256],
  ['X25519', x25519],
] as const
const signatures = [
  ['ES256', es256],
  ['Ed25519', ed25519],
] as const

async function pairOf(name: keyof typeof names, extractable = false): Promise<CryptoKeyPair> {
  const usages = name === 'P-256' || name === 'X25519' ? ['deriveBits'] : ['sign', 'verify']
  return (await subtle.generateKey(names[name], extractable, usages as KeyUsage[])) as CryptoKeyPair
}

describe('a decryption key of WebCrypto', () => {
  it.each(kems)('%s: opens, and cannot be exported', async (name, algorithm) => {
    const keyPair = await pairOf(name)
    const key = await webCryptoKey({ algorithm, keyPair })
    const sealed = await seal(content, { recipients: [key.publicKey] })
    expect(text((await open(sealed, { as: key })).content)).toBe('Hb 7.1')
    await expect(subtle.exportKey('pkcs8', keyPair.privateKey)).rejects.toThrow()
  })

  it.each(kems)('%s: gives the same bytes as the local key', async (name, algorithm) => {
    const local = await kemKey(algorithm, 3)
    const jwk = { ...toJwk(local, { secret: true }) }
    const keyPair = {
      privateKey: await subtle.importKey('jwk', jwk, names[name], false, ['deriveBits']),
      publicKey: await subtle.importKey(
        'jwk',
        { ...toJwk(local.publicKey) },
        names[name],
        true,
        [],
      ),
    }
    const key = await webCryptoKey({ algorithm, keyPair })
    expect(toHex(key.publicKey.id)).toBe(toHex(local.publicKey.id))
    const encapsulation = (await kemKey(algorithm, 4)).publicKey.bytes
    expect(toHex(await key.decapsulate(encapsulation))).toBe(
      toHex(await local.decapsulate(encapsulation)),
    )
  })

  it('halves of two keys are refused, before anybody seals to them', async () => {
    for (const [name, algorithm] of kems) {
      const [one, two] = [await pairOf(name), await pairOf(name)]
      const keyPair = { publicKey: one.publicKey, privateKey: two.privateKey }
      const error = await rejection(webCryptoKey({ algorithm, keyPair }))
      expect(error).toBeInstanceOf(TypeError)
      expect(String(error)).toContain('two halves')
    }
  })

  it('a key that WebCrypto no longer serves is unavailable', async () => {
    const keyPair = await pairOf('X25519')
    const key = await webCryptoKey({ algorithm: x25519, keyPair })
    const sealed = await seal(content, { recipients: [key.publicKey] })
    const real = Object.getOwnPropertyDescriptor(globalThis, 'crypto')!
    Object.defineProperty(globalThis, 'crypto', {
      configurable: true,
      value: { getRandomValues: crypto.getRandomValues.bind(crypto) },
    })
    try {
      expect(await codeOf(open(sealed, { as: key }))).toBe('ERR_KEY_UNAVAILABLE')
      const error = await rejection(webCryptoKey({ algorithm: x25519, keyPair }))
      expect(error).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE' })
      expect(String(error)).toContain('HTTPS')
    } finally {
      Object.defineProperty(globalThis, 'crypto', real)
    }
  })
})

describe('a signing key of WebCrypto', () => {
  it.each(signatures)('%s: signs what verifies, also in an identity', async (name, algorithm) => {
    const signer = await webCryptoKey({ algorithm, keyPair: await pairOf(name) })
    for (let i = 0; i < 8; i++) {
      const signature = await signer.sign(content)
      expect(await verifySignature(signer.publicKey, content, signature)).toBe(true)
      // Low-S: the upper half of the order begins with 7fff… or above.
      if (algorithm === es256) expect(signature[32]! < 0x80).toBe(true)
    }
    const identity = await createIdentity({ signer, decapsulator: await kemKey(x25519) })
    const sealed = await seal(content, { author: identity, recipients: [identity.public] })
    const authors = keyDirectory([identity.public])
    const opened = await open(sealed, { as: identity, authors })
    expect(opened.signers.map(({ id }) => toHex(id))).toEqual([toHex(signer.publicKey.id)])
  })

  it('heeds a signal and names a wrong argument', async () => {
    const reason = new Error('the user left')
    const signal = AbortSignal.abort(reason)
    const keyPair = await pairOf('Ed25519')
    const signer = await webCryptoKey({ algorithm: ed25519, keyPair })
    expect(await rejection(signer.sign(content, { signal }))).toBe(reason)
    expect(await rejection(webCryptoKey({ algorithm: ed25519, keyPair, signal }))).toBe(reason)
    expect(await rejection(signer.sign('text' as never))).toBeInstanceOf(TypeError)
  })
})

describe('a pair that is none', () => {
  const refused = async (algorithm: unknown, keyPair: unknown, message: string | RegExp) => {
    const options = { algorithm: algorithm as KemAlgorithm, keyPair: keyPair as WebCryptoPair }
    const error = await rejection(webCryptoKey(options))
    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).toMatch(message)
  }

  it('is refused with the reason', async () => {
    const ecdh = await pairOf('P-256')
    const ecdsa = await pairOf('ES256')
    const [x, ed] = [await pairOf('X25519'), await pairOf('Ed25519')]
    const swapped = { publicKey: ecdh.privateKey, privateKey: ecdh.publicKey }
    await refused(p256, swapped, /keyPair.publicKey must be a public CryptoKey/)
    await refused(
      p256,
      { publicKey: ecdh.publicKey, privateKey: ecdh.publicKey },
      /privateKey must/,
    )
    await refused(p256, ecdh.privateKey, /publicKey must be a public CryptoKey/)
    await refused(p256, null, /publicKey must be a public CryptoKey/)
    await refused(p256, ecdsa, /publicKey must be a key for ECDH P-256/)
    await refused(es256, ecdh, /must be a key for ECDSA P-256/)
    await refused(x25519, ed, /must be a key for X25519/)
    await refused(ed25519, x, /must be a key for Ed25519/)
    await refused(x25519, ecdh, /must be a key for X25519/)
    const p384 = { name: 'ECDH', namedCurve: 'P-384' }
    await refused(p256, await subtle.generateKey(p384, false, ['deriveBits']), /for ECDH P-256/)
    for (const algorithm of [xWing, es256k, mlDsa65]) {
      await refused(algorithm, ecdh, /algorithm must be p256, x25519, es256 or ed25519/)
    }
    await refused('P-256', ecdh, /algorithm must be/)
  })

  it('must have the usage', async () => {
    const pair = (await subtle.generateKey(names['P-256'], false, ['deriveKey'])) as CryptoKeyPair
    await refused(p256, pair, /privateKey must have the usage deriveBits/)
  })

  it('must have an extractable public key', async () => {
    const pair = await pairOf('P-256')
    const raw = await subtle.exportKey('raw', pair.publicKey)
    const publicKey = await subtle.importKey('raw', raw, names['P-256'], false, [])
    await refused(p256, { ...pair, publicKey, privateKey: pair.privateKey }, /extractable/)
  })

  it('a polluted prototype supplies nothing, and no option is misspelt', async () => {
    const pair = await pairOf('P-256')
    const prototype = Object.prototype as { publicKey?: unknown }
    prototype.publicKey = pair.publicKey
    try {
      await refused(p256, { privateKey: pair.privateKey }, /publicKey must/)
    } finally {
      delete prototype.publicKey
    }
    const misspelt = { algorithm: p256, keyPair: pair, extractible: true }
    expect(String(await rejection(webCryptoKey(misspelt)))).toContain('unknown option extractible')
  })

  it('an Ed25519 key that others take and careseal does not is refused', async () => {
    // The identity: WebCrypto imports it and would verify with it.
    const jwk = toJwk((await keyFromSeed(ed25519, new Uint8Array(32).fill(1))).publicKey)
    const x = Buffer.from([1, ...new Uint8Array(31)]).toString('base64url')
    const publicKey = await subtle.importKey('jwk', { ...jwk, x }, names.Ed25519, true, ['verify'])
    const { privateKey } = await pairOf('Ed25519')
    const options = { algorithm: ed25519 as SignatureAlgorithm, keyPair: { publicKey, privateKey } }
    expect(await codeOf(webCryptoKey(options))).toBe('ERR_KEY_MALFORMED')
    expect(() => fromJwk({ ...jwk, x } as Jwk)).toThrow()
  })
})
