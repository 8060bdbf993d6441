import { expect, it } from 'vitest'
import { KeyMalformed } from '../../src/errors.ts'
import { internalsOf } from '../../src/internal/algorithm.ts'
import {
  ed25519,
  es256,
  es256k,
  importPublicKey,
  keyFromSeed,
  mlDsa65,
  type SignatureAlgorithm,
  verifySignature,
} from '../../src/keys/index.ts'
import { hex, toHex } from '../helpers/bytes.ts'
import { describeVectors } from '../helpers/vectors.ts'
import { hasFlag, wycheproof } from '../helpers/wycheproof.ts'

interface KeyGroup {
  readonly publicKey: { readonly pk?: string; readonly uncompressed?: string }
}
type SignatureCase = Record<'msg' | 'sig', string>

describeVectors('Wycheproof, signatures', () => {
  it('Ed25519', async () => {
    const cases = wycheproof<KeyGroup, SignatureCase>('ed25519_test')
    expect(cases).toHaveLength(151)
    for (const { publicKey, msg, sig, result, name } of cases) {
      const key = importPublicKey(ed25519, hex(publicKey.pk!))
      expect(await verifySignature(key, hex(msg), hex(sig)), name).toBe(result === 'valid')
    }
  })

  const checkEcdsa = async (algorithm: SignatureAlgorithm, file: string): Promise<void> => {
    const { isNormal } = internalsOf(algorithm)
    const cases = wycheproof<KeyGroup, SignatureCase>(file)
    expect(cases.length).toBeGreaterThan(250)
    let highS = 0
    for (const { publicKey, msg, sig, result, name } of cases) {
      const key = importPublicKey(algorithm, hex(publicKey.uncompressed!))
      // The p1363 files accept both halves of s, and so does verifySignature (docs/formats.md §1). Our own
      // structures ask isNormal beside it.
      expect(await verifySignature(key, hex(msg), hex(sig)), name).toBe(result === 'valid')
      if (result === 'valid' && !isNormal(hex(sig))) highS++
    }
    expect(highS).toBeGreaterThan(30)
  }

  it('ECDSA on P-256', () => checkEcdsa(es256, 'ecdsa_secp256r1_sha256_p1363_test'))

  it('ECDSA on secp256k1', () => checkEcdsa(es256k, 'ecdsa_secp256k1_sha256_p1363_test'))

  it('ECDSA on secp256k1 with low s alone, as in our own structures', async () => {
    const cases = wycheproof<KeyGroup, SignatureCase>('ecdsa_secp256k1_sha256_bitcoin_test')
    expect(cases).toHaveLength(463)
    const { isNormal } = internalsOf(es256k)
    let highS = 0
    for (const test of cases) {
      const { publicKey, msg, sig, result, name } = test
      const key = importPublicKey(es256k, hex(publicKey.uncompressed!))
      // DER is not read anywhere here: what has no strict one has no raw form.
      const raw = rawOf(hex(sig))
      const good = raw !== null && (await verifySignature(key, hex(msg), raw))
      if (good && !isNormal(raw)) highS++
      expect(good && isNormal(raw), name).toBe(result === 'valid')
    }
    expect(highS).toBeGreaterThan(0)
  })

  it('ML-DSA-65 verification', async () => {
    const cases = wycheproof<{ publicKey: string }, SignatureCase & { ctx?: string }>(
      'mldsa_65_verify_test',
    )
    expect(cases).toHaveLength(210)
    let withContext = 0
    for (const test of cases) {
      const { publicKey, msg, sig, ctx = '', result, name } = test
      if (hasFlag(test, 'IncorrectPublicKeyLength')) {
        expect(() => importPublicKey(mlDsa65, hex(publicKey)), name).toThrow(KeyMalformed)
        continue
      }
      // Ours is the empty context alone: what was signed under another one is no signature of ours.
      const valid = result === 'valid' && ctx === ''
      if (result === 'valid' && ctx !== '') withContext++
      const key = importPublicKey(mlDsa65, hex(publicKey))
      expect(await verifySignature(key, hex(msg), hex(sig)), name).toBe(valid)
    }
    expect(withContext).toBeGreaterThan(0)
  })

  it('ML-DSA-65 keys from seeds', async () => {
    interface Group {
      readonly privateSeed: string
      readonly publicKey: string
    }
    interface Case {
      readonly msg?: string
      readonly sig: string
      readonly ctx?: string
    }
    const seen = new Set<string>()
    let verified = 0
    for (const test of wycheproof<Group, Case>('mldsa_65_sign_seed_test')) {
      const { privateSeed, publicKey, msg, sig, ctx = '', result, name } = test
      if (hasFlag(test, 'IncorrectPrivateKeyLength')) {
        await expect(keyFromSeed(mlDsa65, hex(privateSeed)), name).rejects.toThrow(RangeError)
        continue
      }
      if (!seen.has(privateSeed)) {
        const key = await keyFromSeed(mlDsa65, hex(privateSeed))
        expect(toHex(key.publicKey.bytes), name).toBe(publicKey)
        seen.add(privateSeed)
      }
      // Signing is hedged here, so signatures are not compared; 'Internal' cases sign a hash of their own.
      if (result !== 'valid' || ctx !== '' || msg === undefined || hasFlag(test, 'Internal'))
        continue
      const key = importPublicKey(mlDsa65, hex(publicKey))
      expect(await verifySignature(key, hex(msg), hex(sig)), name).toBe(true)
      verified++
    }
    expect(seen.size).toBeGreaterThan(30)
    expect(verified).toBeGreaterThan(60)
  })
})

/** A strict DER signature as r ‖ s; `null` for every other encoding, and for numbers of more than 32 bytes. */
function rawOf(der: Uint8Array): Uint8Array | null {
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 127) return null
  const raw = new Uint8Array(64)
  let at = 2
  for (const end of [32, 64]) {
    const length = der[at + 1] ?? 0
    const number = der.slice(at + 2, at + 2 + length)
    const [first = 0x80, second = 0x80] = number
    const padded = first === 0 && length > 1
    if (der[at] !== 2 || number.length !== length || first >= 0x80) return null
    if (padded && second < 0x80) return null
    const digits = padded ? number.slice(1) : number
    if (digits.length > 32) return null
    raw.set(digits, end - digits.length)
    at += 2 + length
  }
  return at === der.length ? raw : null
}
