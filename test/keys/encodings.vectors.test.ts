import { expect, it } from 'vitest'
import { internalsOf } from '../../src/internal/algorithm.ts'
import { fromBase64Url } from '../../src/internal/base64.ts'
import {
  type CborMap,
  decodeForeign,
  encodeCbor,
  type Tagged,
} from '../../src/internal/cbor/index.ts'
import { isX25519PublicKey, x25519Secret } from '../../src/internal/engine/x25519.ts'
import {
  ed25519,
  es256,
  es256k,
  fromCoseKey,
  fromDidKey,
  fromJwk,
  importPublicKey,
  type Jwk,
  keyFromSeed,
  mlDsa65,
  mlKem768P256,
  p256,
  toDidKey,
  toJwk,
  verifySignature,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { hex, toHex, utf8 } from '../helpers/bytes.ts'
import { refused } from '../helpers/cbor.ts'
import { thrownCode } from '../helpers/errors.ts'
import { describeVectors, vectorJson, vectorText } from '../helpers/vectors.ts'
import { wycheproof } from '../helpers/wycheproof.ts'

describeVectors('RFC 9679 thumbprint', () => {
  it('is the id of the key, whatever the key is for', () => {
    const vector = vectorJson<{ key: { x: string; y: string }; sha256: string }>(
      'crypto/cose-key/rfc9679-thumbprint.json',
    )
    const bytes = hex(`04${vector.key.x}${vector.key.y}`)
    for (const algorithm of [p256, es256]) {
      expect(toHex(importPublicKey(algorithm, bytes).id)).toBe(vector.sha256)
    }
  })
})

describeVectors('did:key', () => {
  interface DidVector {
    readonly did: string
    readonly multicodec: string
    readonly publicKeyHex: string
  }
  const load = (): DidVector[] =>
    vectorJson<{ decode: DidVector[] }>('crypto/did-key/did-key.json').decode
  const algorithms = [ed25519, x25519, es256, es256k]

  it('decodes to the key of the vector, and encodes to the same text', () => {
    const ours = load().filter(({ multicodec }) => multicodec !== '0x1201')
    expect(ours).toHaveLength(10)
    for (const { did, publicKeyHex } of ours) {
      const key = fromDidKey(did, { algorithms })
      // Points are compressed in a did:key and uncompressed in a key of ours: x is the same.
      const x = key.bytes.length === 65 ? key.bytes.slice(1, 33) : key.bytes
      expect(toHex(x), did).toBe(publicKeyHex.slice(-64))
      expect(toDidKey(key)).toBe(did)
    }
  })

  it('refuses a curve that careseal does not have', () => {
    const p384 = load().find(({ multicodec }) => multicodec === '0x1201')!
    expect(thrownCode(() => fromDidKey(p384.did, { algorithms }))).toBe('ERR_ALGORITHM_UNSUPPORTED')
  })
})

describeVectors('ML-DSA-65 (RFC 9964)', () => {
  it('COSE: key, key id and signature', async () => {
    const vector = vectorJson<Record<'priv' | 'key' | 'sign1' | 'raw_to_be_signed', string>>(
      'crypto/cose-mldsa/ML_DSA_65.cose.json',
    )
    const key = await keyFromSeed(mlDsa65, hex(vector.priv))
    const coseKey = decodeForeign(hex(vector.key), refused) as CborMap
    expect([coseKey.get(1), coseKey.get(3)]).toEqual([7, -49])
    expect(toHex(coseKey.get(-1) as Uint8Array)).toBe(toHex(key.publicKey.bytes))
    expect(toHex(coseKey.get(2) as Uint8Array)).toBe(toHex(key.publicKey.id))
    const sign1 = decodeForeign(hex(vector.sign1), refused, [18]) as Tagged
    const [header, , payload, signature] = sign1.value as Uint8Array[]
    const message = encodeCbor(['Signature1', header!, new Uint8Array(0), payload!])
    expect(toHex(message)).toBe(vector.raw_to_be_signed)
    expect(await verifySignature(key.publicKey, message, signature!)).toBe(true)
    message[0]! ^= 1
    expect(await verifySignature(key.publicKey, message, signature!)).toBe(false)
  })

  it('JOSE: key and signature', async () => {
    const vector = vectorJson<{
      priv: string
      jwk: Jwk & { kid: string }
      jws: string
      raw_signature: string
    }>('crypto/cose-mldsa/ML_DSA_65.jose.json')
    const { kid, ...jwk } = vector.jwk
    const secret = await keyFromSeed(mlDsa65, hex(vector.priv))
    const ours = { kty: 'AKP', alg: 'ML-DSA-65', pub: jwk.pub! }
    expect(kid).toHaveLength(43)
    expect(toJwk(secret.publicKey)).toEqual(ours)
    const key = fromJwk(ours, { algorithms: [mlDsa65] })
    const signed = vector.jws.slice(0, vector.jws.lastIndexOf('.'))
    expect(await verifySignature(key, utf8(signed), hex(vector.raw_signature))).toBe(true)
  })
})

describeVectors('ML-DSA of other sizes (RFC 9964)', () => {
  it.each([44, 87])('ML-DSA-%i: is no algorithm of ours, as COSE_Key and as JWK', (size) => {
    const algorithms = [ed25519, es256, es256k, mlDsa65, x25519, p256]
    const cose = vectorJson<{ key: string }>(`crypto/cose-mldsa/ML_DSA_${size}.cose.json`)
    const members = decodeForeign(hex(cose.key), refused) as CborMap
    const shape = [1, 3, -1].map((label) => [label, members.get(label)!] as const)
    const bare = encodeCbor(new Map(shape))
    const unsupported = 'ERR_ALGORITHM_UNSUPPORTED'
    expect(thrownCode(() => fromCoseKey(bare, { algorithms }))).toBe(unsupported)
    const { jwk } = vectorJson<{ jwk: Jwk }>(`crypto/cose-mldsa/ML_DSA_${size}.jose.json`)
    const { kty, alg, pub } = jwk
    const other = { kty, alg, pub } as Jwk
    expect(thrownCode(() => fromJwk(other, { algorithms }))).toBe(unsupported)
  })
})

describeVectors('multicodec table', () => {
  it('has our codes under the names of our keys, and none for the hybrids', () => {
    const rows = vectorText('crypto/multicodec/table.csv')
      .split('\n')
      .map((line) => line.split(',').map((cell) => cell.trim()))
    const codeOfName = (name: string): number => Number(rows.find(([first]) => first === name)?.[2])
    for (const [algorithm, name] of [
      [x25519, 'x25519-pub'],
      [p256, 'p256-pub'],
      [ed25519, 'ed25519-pub'],
      [es256, 'p256-pub'],
      [es256k, 'secp256k1-pub'],
      [mlDsa65, 'mldsa-65-pub'],
    ] as const) {
      expect(internalsOf(algorithm).shape.multicodec, name).toBe(codeOfName(name))
    }
    for (const hybrid of [xWing, mlKem768P256]) {
      expect(internalsOf(hybrid).shape.multicodec).toBeNull()
    }
    expect(rows.some(([name]) => /x-?wing|mlkem-?768-?(x25519|p256)/i.test(name!))).toBe(false)
    expect(codeOfName('jwk_jcs-pub')).toBe(0xeb51)
    expect(codeOfName('dag-cose')).toBe(0x86)
  })
})

describeVectors('Wycheproof, X25519 keys as JWK', () => {
  interface Case {
    readonly public: Jwk
    readonly private: Jwk
    readonly shared: string
  }
  it('what is no key is refused, what is one agrees', async () => {
    const cases = wycheproof<object, Case>('x25519_jwk_test')
    expect(cases).toHaveLength(531)
    const bare = ({ kty, crv, x, y }: Jwk): Jwk =>
      (y === undefined ? { kty, crv, x } : { kty, crv, x, y }) as Jwk
    let refusedKeys = 0
    for (const test of cases) {
      const raw = test.public.kty === 'OKP' && test.public.crv === 'X25519' ? test.public.x : ''
      const bytes = fromBase64Url(String(raw))
      // Low order and second encodings of a point are refused on import, whatever RFC 7748 says of them.
      const usable = bytes !== null && bytes.length === 32 && isX25519PublicKey(bytes)
      const read = (): string => toHex(fromJwk(bare(test.public), { algorithms: [x25519] }).bytes)
      if (!usable) {
        expect(thrownCode(read), test.name).toMatch(/^ERR_(KEY_MALFORMED|ALGORITHM_UNSUPPORTED)$/)
        refusedKeys++
        continue
      }
      expect(test.result, test.name).not.toBe('invalid')
      expect(read(), test.name).toBe(toHex(bytes))
      const own = x25519Secret(fromBase64Url(String(test.private['d']))!)
      expect(toHex((await own.agree(bytes))!), test.name).toBe(test.shared)
    }
    expect(refusedKeys).toBe(57)
  })
})
