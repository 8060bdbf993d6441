import { expect, it } from 'vitest'
import { type CborMap, decodeForeign, encodeCbor, Tagged } from '../../src/internal/cbor/index.ts'
import {
  ed25519,
  es256,
  es256k,
  fromDidKey,
  fromJwk,
  importPublicKey,
  type Jwk,
  keyFromSeed,
  mlDsa65,
  p256,
  type SignatureAlgorithm,
  toDidKey,
  toJwk,
  verifySignature,
  x25519,
} from '../../src/keys/index.ts'
import { hex, toHex, utf8 } from '../helpers/bytes.ts'
import { refused } from '../helpers/cbor.ts'
import { thrownCode } from '../helpers/errors.ts'
import { describeVectors, vectorJson, vectorNames } from '../helpers/vectors.ts'

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

describeVectors('COSE working group examples of COSE_Sign1', () => {
  interface Example {
    readonly title: string
    readonly fail?: boolean
    readonly input: {
      readonly sign0: {
        readonly external?: string
        readonly alg: string
        readonly key: Record<string, string>
      }
    }
    readonly intermediates: { readonly ToBeSign_hex: string }
    readonly output: { readonly cbor: string }
  }
  const algorithms: Record<string, SignatureAlgorithm> = { ES256: es256, EdDSA: ed25519 }

  it('have the Sig_structure that we build and signatures that verify', async () => {
    const files = [
      ...vectorNames('crypto/cose-wg/sign1-tests').map((name) => `sign1-tests/${name}`),
      'ecdsa-examples/ecdsa-sig-01.json',
      'eddsa-examples/eddsa-sig-01.json',
    ]
    let passed = 0
    const failed: string[] = []
    for (const file of files) {
      const { input, intermediates, output, fail, title } = vectorJson<Example>(
        `crypto/cose-wg/${file}`,
      )
      const { key, alg, external = '' } = input.sign0
      const algorithm = algorithms[alg]!
      const jwk = key['x_hex'] === undefined ? key : { ...key, x: base64Url(hex(key['x_hex'])) }
      const { kid: _kid, d: _d, x_hex: _xHex, d_hex: _dHex, ...members } = jwk
      const publicKey = fromJwk(members as unknown as Jwk, { algorithms: [algorithm] })
      const decoded = decodeForeign(hex(output.cbor), refused, [18, 998])
      // One example goes without its tag.
      const message = decoded instanceof Tagged ? decoded.value : decoded
      const [header, , payload, signature] = message as Uint8Array[]
      const bytes = toHex(header!) === 'a0' ? new Uint8Array(0) : header!
      const signed = encodeCbor(['Signature1', bytes, hex(external), payload!])
      const verified = await verifySignature(publicKey, signed, signature!)
      if (fail === true) failed.push(`${file} ${verified}`)
      else {
        expect(toHex(signed), title).toBe(intermediates.ToBeSign_hex.toLowerCase())
        expect(verified, title).toBe(true)
        passed++
      }
    }
    expect(passed).toBe(5)
    // The first has only another tag, which is the decoder's to refuse; the others do not verify.
    expect(failed).toEqual([
      'sign1-tests/sign-fail-01.json true',
      'sign1-tests/sign-fail-02.json false',
      'sign1-tests/sign-fail-03.json false',
      'sign1-tests/sign-fail-04.json false',
      'sign1-tests/sign-fail-06.json false',
      'sign1-tests/sign-fail-07.json false',
    ])
  })
})

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
