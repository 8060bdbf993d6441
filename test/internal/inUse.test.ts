import { describe, expect, it, vi } from 'vitest'
import { internalsOf } from '../../src/internal/algorithm.ts'
import { unwrapKey, wrapKey } from '../../src/internal/engine/aesKw.ts'
import { chacha } from '../../src/internal/engine/chacha.ts'
import { gcm } from '../../src/internal/engine/gcm.ts'
import { hmacSha256, sha256 } from '../../src/internal/engine/hash.ts'
import { sha3, shake256 } from '../../src/internal/engine/sha3.ts'
import {
  ed25519,
  es256,
  es256k,
  type KemAlgorithm,
  p256,
  type SignatureAlgorithm,
  verifySignature,
  x25519,
} from '../../src/keys/index.ts'
import { kemKey, signKey } from '../helpers/keys.ts'

// Node.js 20 has all of these in OpenSSL. A probe that fails there by mistake falls back to JavaScript, which gives the
// same bytes many times slower: no other test would notice.
const native = process.env['CARESEAL_TIER'] === 'native'
type Name = 'createCipheriv' | 'createDecipheriv' | 'createHmac' | 'createHash' | 'hash'
type Asymmetric = 'sign' | 'verify' | 'createECDH' | 'diffieHellman'

const [key, iv] = [new Uint8Array(32).fill(1), new Uint8Array(12).fill(2)]
const text = new Uint8Array(40).fill(3)
const signing = async (algorithm: SignatureAlgorithm) => (await signKey(algorithm)).sign(text)
const verifying = async (algorithm: SignatureAlgorithm) => {
  const signer = await signKey(algorithm)
  expect(await verifySignature(signer.publicKey, text, await signer.sign(text))).toBe(true)
}
const agreeing = async (algorithm: KemAlgorithm) => {
  const { kem } = internalsOf(algorithm).suite
  const { publicKey } = await kemKey(algorithm)
  expect(await kem.encapsulator(publicKey.bytes).encapsulate(key.slice())).not.toBeNull()
}

const cases: [string, Name | Asymmetric, () => unknown][] = [
  ['AES-256-GCM seals', 'createCipheriv', () => gcm.seal(key, iv, text, text)],
  ['AES-256-GCM opens', 'createDecipheriv', () => gcm.open(key, iv, text, text)],
  ['ChaCha20-Poly1305 seals', 'createCipheriv', () => chacha.seal(key, iv, text, text)],
  ['ChaCha20-Poly1305 opens', 'createDecipheriv', () => chacha.open(key, iv, text, text)],
  ['AES key wrap wraps', 'createCipheriv', () => wrapKey(key, key)],
  ['AES key wrap unwraps', 'createDecipheriv', () => unwrapKey(key, text)],
  ['SHA-256 of parts', 'createHash', () => sha256(text, text)],
  ['HMAC-SHA-256', 'createHmac', () => hmacSha256(key, text)],
  ['SHA3-256', 'createHash', () => sha3(text)],
  ['SHAKE256', 'createHash', () => shake256(10, text)],
  ['X25519', 'diffieHellman', () => agreeing(x25519)],
  ['P-256', 'createECDH', () => agreeing(p256)],
  ['Ed25519 signs', 'sign', () => signing(ed25519)],
  ['Ed25519 verifies', 'verify', () => verifying(ed25519)],
  ['ES256 signs', 'sign', () => signing(es256)],
  ['ES256 verifies', 'verify', () => verifying(es256)],
  ['ES256K signs', 'sign', () => signing(es256k)],
  ['ES256K verifies', 'verify', () => verifying(es256k)],
]

describe.runIf(native)("Node's own crypto is in use", () => {
  it.each(cases)('%s', async (_name, method, call) => {
    // The first call tries the platform with known values; those do not count.
    await call()
    const spy = vi.spyOn(process.getBuiltinModule('node:crypto'), method as 'sign')
    try {
      await call()
      expect(spy).toHaveBeenCalled()
    } finally {
      spy.mockRestore()
    }
  })
})
