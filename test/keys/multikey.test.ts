import { base58btc } from 'multiformats/bases/base58'
import { describe, expect, it } from 'vitest'
import {
  ed25519,
  es256,
  es256k,
  fromCoseKey,
  fromDidKey,
  fromJwk,
  fromMultikey,
  importPublicKey,
  type KemAlgorithm,
  keyFromSeed,
  mlDsa65,
  mlKem768P256,
  p256,
  type SignatureAlgorithm,
  toCoseKey,
  toDidKey,
  toJwk,
  toMultikey,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'
import { thrownCode } from '../helpers/errors.ts'
import { kemKey, kems, signatures, signKey } from '../helpers/keys.ts'
import { allowed } from '../helpers/time.ts'

type Any = KemAlgorithm | SignatureAlgorithm
const all: readonly Any[] = [...kems, ...signatures]
const seed = new Uint8Array(32).fill(7)
const malformed = 'ERR_KEY_MALFORMED'
const encode = (...bytes: number[]): string => base58btc.encode(Uint8Array.from(bytes))
const publicOf = async (algorithm: Any) => (await keyFromSeed(algorithm, seed)).publicKey

/** A Multikey around a JWK: multicodec 0xeb51 as a varint, then JSON. */
const jwkKey = (json: string): string => encode(0xd1, 0xd6, 0x03, ...utf8(json))

describe('Multikey', () => {
  it.each([
    ['X-Wing', xWing, [0xd1, 0xd6, 0x03]],
    ['MLKEM768-P256', mlKem768P256, [0xd1, 0xd6, 0x03]],
    ['P-256', p256, [0x80, 0x24]],
    ['X25519', x25519, [0xec, 0x01]],
    ['Ed25519', ed25519, [0xed, 0x01]],
    ['ES256', es256, [0x80, 0x24]],
    ['ES256K', es256k, [0xe7, 0x01]],
    ['ML-DSA-65', mlDsa65, [0x91, 0x24]],
  ] as const)('%s: begins with its code and comes back', async (_name, algorithm, code) => {
    const key = await publicOf(algorithm)
    const text = toMultikey(key)
    expect([...base58btc.decode(text).slice(0, code.length)]).toEqual(code)
    const again = fromMultikey(text, { algorithms: [algorithm as KemAlgorithm] })
    expect([toHex(again.id), again.algorithm]).toEqual([toHex(key.id), algorithm])
    const did = toDidKey(key)
    expect(did).toBe(`did:key:${text}`)
    expect(toHex(fromDidKey(did, { algorithms: [algorithm as KemAlgorithm] }).id)).toBe(
      toHex(key.id),
    )
  })

  it('by default X-Wing and Ed25519 are accepted', async () => {
    for (const algorithm of all) {
      const text = toMultikey(await publicOf(algorithm))
      if (algorithm === xWing || algorithm === ed25519) {
        expect(fromMultikey(text).algorithm).toBe(algorithm)
      } else expect(thrownCode(() => fromMultikey(text))).toBe('ERR_ALGORITHM_UNSUPPORTED')
    }
  })

  it('a key without a code is a JWK in RFC 8785 form, and in no other spelling', async () => {
    const key = await publicOf(xWing)
    const { alg, kty, pub } = toJwk(key)
    const canonical = `{"alg":"${alg}","kty":"${kty}","pub":"${pub}"}`
    expect(toMultikey(key)).toBe(jwkKey(canonical))
    const others = [
      `{"kty":"${kty}","alg":"${alg}","pub":"${pub}"}`,
      `{"alg": "${alg}","kty":"${kty}","pub":"${pub}"}`,
      `${canonical}\n`,
      `{"alg":"${alg}","kid":"x","kty":"${kty}","pub":"${pub}"}`,
      `{"alg":"${alg}","alg":"${alg}","kty":"${kty}","pub":"${pub}"}`,
      `{"alg":"HPKE\\u002d9-KE","kty":"${kty}","pub":"${pub}"}`,
      `{"__proto__":{},"alg":"${alg}","kty":"${kty}","pub":"${pub}"}`,
      `{"alg":"${alg}","kty":"${kty}","priv":"AA","pub":"${pub}"}`,
    ]
    for (const json of others)
      expect(
        thrownCode(() => fromMultikey(jwkKey(json))),
        json.slice(0, 40),
      ).toBe(malformed)
  })

  it('a key with a code of its own is not taken as a JWK', async () => {
    const { crv, kty, x } = toJwk(await publicOf(ed25519))
    const text = jwkKey(`{"crv":"${crv}","kty":"${kty}","x":"${x}"}`)
    expect(thrownCode(() => fromMultikey(text))).toBe(malformed)
  })

  it.each(['null', '1', '"jwk"', '[]', '{}', 'true', '', '{', '{"kty":null}', '\u0000'])(
    'a JWK that is %s is refused',
    (json) => {
      expect(thrownCode(() => fromMultikey(jwkKey(json)))).toBe(malformed)
    },
  )

  it('a JWK that is no UTF-8 is refused', () => {
    expect(thrownCode(() => fromMultikey(encode(0xd1, 0xd6, 0x03, 0x22, 0xff, 0x22)))).toBe(
      malformed,
    )
  })

  it.each([
    ['nothing', ''],
    ['another base', 'uAQID'],
    ['base58 without its prefix', encode(0xed, 1, ...seed).slice(1)],
    ['z alone', 'z'],
    ['a letter that base58 does not have', `${encode(0xed, 1, ...seed).slice(0, -1)}0`],
    ['white space', ` ${encode(0xed, 1, ...seed)}`],
    ['white space after it', `${encode(0xed, 1, ...seed)}\n`],
    ['a long varint', encode(0xed, 0x81, 0x00, ...seed)],
    ['a varint that does not end', encode(0xff, 0xff, 0xff, 0xff)],
    ['a varint of four bytes', encode(0x80, 0x80, 0x80, 0x01, ...seed)],
    ['a key one byte short', encode(0xed, 1, ...seed.slice(1))],
    ['a key one byte long', encode(0xed, 1, ...seed, 0)],
    ['a key that is no point', encode(0xed, 1, ...new Uint8Array(32).fill(2))],
    ['the identity point', encode(0xed, 1, 1, ...new Uint8Array(31))],
    ['a compressed point off the curve', encode(0x80, 0x24, 2, ...new Uint8Array(32).fill(255))],
    ['a point with another mark', encode(0x80, 0x24, 5, ...seed)],
    ['a low-order X25519 key', encode(0xec, 1, ...new Uint8Array(32))],
  ])('%s is refused', (_name, text) => {
    expect(thrownCode(() => fromMultikey(text, { algorithms: all }))).toBe(malformed)
  })

  it('an uncompressed point is refused', async () => {
    const { bytes } = await publicOf(p256)
    const text = encode(0x80, 0x24, ...bytes)
    expect(thrownCode(() => fromMultikey(text, { algorithms: all }))).toBe(malformed)
  })

  it.each([
    ['a private key', encode(0x80, 0x26, ...seed)],
    ['P-384', encode(0x81, 0x24, 2, ...new Uint8Array(48))],
    ['ML-KEM-768 alone', encode(0x8c, 0x24, ...new Uint8Array(1184))],
  ])('%s is of no algorithm that careseal has', (_name, text) => {
    expect(thrownCode(() => fromMultikey(text, { algorithms: all }))).toBe(
      'ERR_ALGORITHM_UNSUPPORTED',
    )
  })

  it('a text without end is refused before base58 takes its quadratic time', () => {
    const start = performance.now()
    for (const length of [3073, 100_000, 5_000_000]) {
      expect(thrownCode(() => fromMultikey(`z${'a'.repeat(length)}`))).toBe(malformed)
    }
    const longest = thrownCode(() => fromMultikey(`z${'2'.repeat(3071)}`))
    expect([malformed, 'ERR_ALGORITHM_UNSUPPORTED']).toContain(longest)
    expect(performance.now() - start).toBeLessThan(allowed(200))
  })

  it.each([null, undefined, 7, new Uint8Array(3), {}])('%o is no text', (value) => {
    expect(() => fromMultikey(value as never)).toThrow(TypeError)
    expect(() => fromDidKey(value as never)).toThrow(TypeError)
    expect(() => toMultikey(value as never)).toThrow(TypeError)
    expect(() => toDidKey(value as never)).toThrow(TypeError)
  })
})

describe('did:key', () => {
  it('is exactly the method and the Multikey', async () => {
    const did = toDidKey(await publicOf(ed25519))
    for (const bad of [
      did.replace('did:key', 'did:web'),
      did.replace('did:key:', 'DID:KEY:'),
      did.replace('did:key:', ''),
      `${did}#${did.slice(8)}`,
      `${did}?service=x`,
      `${did}/`,
      ` ${did}`,
      'did:key:',
    ]) {
      expect(
        thrownCode(() => fromDidKey(bad)),
        bad,
      ).toBe(malformed)
    }
  })

  it('a key made by hand is checked and encoded by its bytes', async () => {
    const key = await publicOf(ed25519)
    const byHand = { algorithm: ed25519, bytes: key.bytes, id: new Uint8Array(32) }
    expect(toDidKey(byHand)).toBe(toDidKey(key))
    const weak = { ...byHand, bytes: new Uint8Array(32).fill(2) }
    expect(thrownCode(() => toDidKey(weak))).toBe(malformed)
    expect(importPublicKey(ed25519, byHand.bytes).id).toEqual(key.id)
  })
})

describe('a multicodec', () => {
  it('has one encoding, the shortest: one key has one name', async () => {
    const { publicKey } = await signKey(ed25519)
    const long = (code: number[]) => base58btc.encode(Uint8Array.of(...code, ...publicKey.bytes))
    expect(fromMultikey(long([0xed, 0x01])).id).toEqual(publicKey.id)
    for (const code of [
      [0xed, 0x81, 0x00],
      [0xed, 0x81, 0x80, 0x00],
      [0x80, 0x00],
      [0xed, 0x81],
    ]) {
      expect(thrownCode(() => fromMultikey(long(code)))).toMatch(/^ERR_(KEY|ALGORITHM)_/)
    }
    expect(thrownCode(() => fromMultikey(long([0xed, 0x81, 0x00])))).toBe('ERR_KEY_MALFORMED')
  })
})

describe('a key of an algorithm that was not passed', () => {
  it('is refused with the name of the constant to import, in every encoding', async () => {
    const constants = { xWing, mlKem768P256, p256, x25519, ed25519, es256, es256k, mlDsa65 }
    for (const [name, algorithm] of Object.entries(constants)) {
      const key = algorithm.kind === 'kem' ? await kemKey(algorithm) : await signKey(algorithm)
      const options = { algorithms: [] }
      for (const call of [
        () => fromMultikey(toMultikey(key.publicKey), options),
        () => fromDidKey(toDidKey(key.publicKey), options),
        () => fromJwk(toJwk(key.publicKey), options),
        () => fromCoseKey(toCoseKey(key.publicKey), options),
      ]) {
        expect(thrownCode(call)).toBe('ERR_ALGORITHM_UNSUPPORTED')
        expect(call).toThrow(new RegExp(`\\b${name}\\b`))
      }
    }
  })
})
