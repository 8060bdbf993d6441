import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { describeVectors, vectorNames } from '../helpers/vectors.ts'

/** Why a Wycheproof file concerns nothing of ours. */
const notOurs: Record<string, string> = {
  aead_aes_siv_cmac_test: 'AES-SIV',
  aes_gcm_siv_test: 'AES-GCM-SIV',
  aes_kwp_test: 'key wrap with padding',
  aes_siv_cmac_test: 'AES-SIV',
  ecdh_secp256k1_test: 'secp256k1 only signs',
  ecdsa_secp256k1_sha256_test: 'DER; the same numbers as the raw and the low-s file',
  ecdsa_secp256r1_sha256_test: 'DER; the same numbers as the raw file',
  hkdf_sha384_test: 'SHA-384',
  hkdf_sha512_test: 'HKDF with SHA-512',
  json_web_crypto_test: 'JWS',
  json_web_encryption_test: 'JWE',
  json_web_key_test: 'sets of JWKs',
  json_web_signature_test: 'JWS',
  mldsa_44_verify_test: 'ML-DSA-44',
  mlkem_1024_test: 'ML-KEM-1024',
  pbkdf2_hmacsha256_test: 'PBKDF2',
  x25519_asn_test: 'X.509 encodings of keys',
  xchacha20_poly1305_test: 'XChaCha20',
}

describeVectors('Wycheproof', () => {
  it('every file is read by a test, or there is a reason', () => {
    const root = new URL('../', import.meta.url)
    const tests = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.vectors.test.ts') && !path.includes('/vectors.'))
      .map((path) => readFileSync(new URL(path, root), 'utf8'))
    const files = vectorNames('crypto/wycheproof').map((name) => name.replace(/\.json$/, ''))
    expect(files).toHaveLength(37)
    const read = files.filter((file) => tests.some((test) => test.includes(`'${file}'`)))
    expect(read.length).toBeGreaterThanOrEqual(19)
    expect(files.filter((file) => !read.includes(file) && notOurs[file] === undefined)).toEqual([])
    expect(Object.keys(notOurs).filter((file) => !files.includes(file))).toEqual([])
  })
})
