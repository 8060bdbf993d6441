import { createHash } from 'node:crypto'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { expect, it } from 'vitest'
import { concat } from '../../src/internal/bytes.ts'
import { x25519Secret } from '../../src/internal/engine/x25519.ts'
import { mlKem768P256Suite, xWingSuite } from '../../src/internal/hpke/suites.ts'
import { hex, toHex } from '../helpers/bytes.ts'
import { describeVectors } from '../helpers/vectors.ts'
import { wycheproof } from '../helpers/wycheproof.ts'

// ML-KEM-768 is no KEM of its own here: it is the lattice half of X-Wing and MLKEM768-P256. Its encapsulation is
// therefore checked through X-Wing with a fixed X25519 half; keys and decapsulation of a bare 64-byte seed,
// which X-Wing derives from 32 bytes, are checked on the implementation below it. No tier of Node 20 offers
// ML-KEM natively, so all three run the same code.
describeVectors('Wycheproof, ML-KEM-768', () => {
  const own = x25519Secret(new Uint8Array(32).fill(7))
  const ephemeral = new Uint8Array(32).fill(9)

  it('encapsulates as in every vector, and refuses keys above the modulus', async () => {
    const cases = wycheproof<object, Record<'m' | 'ek' | 'c' | 'K', string>>(
      'mlkem_768_encaps_test',
    )
    expect(cases).toHaveLength(265)
    const { kem } = xWingSuite
    let refused = 0
    for (const { m, ek, c, K, result, name } of cases) {
      const publicKey = concat(hex(ek), own.publicKey)
      const usable = publicKey.length === kem.publicKeySize && kem.isPublicKey(publicKey)
      expect(usable, name).toBe(result === 'valid')
      if (!usable) {
        refused++
        continue
      }
      const sent = await kem.encapsulator(publicKey).encapsulate(concat(hex(m), ephemeral))
      const groupHalf = x25519Secret(ephemeral)
      expect(toHex(sent!.encapsulation), name).toBe(c + toHex(groupHalf.publicKey))
      const dh = await groupHalf.agree(own.publicKey)
      const combined = createHash('sha3-256')
        .update(hex(K))
        .update(dh!)
        .update(groupHalf.publicKey)
        .update(own.publicKey)
        .update('\\.//^\\', 'latin1')
        .digest('hex')
      expect(toHex(sent!.sharedSecret), name).toBe(combined)
    }
    expect(refused).toBe(132)
  })

  it('checks the modulus in the other hybrid too', () => {
    const point = mlKem768P256Suite.kem.secret(new Uint8Array(32).fill(1)).publicKey.slice(1184)
    for (const { ek, result, name } of wycheproof<object, { ek: string }>(
      'mlkem_768_encaps_test',
    )) {
      const publicKey = concat(hex(ek), point)
      if (publicKey.length !== 1249) continue
      expect(mlKem768P256Suite.kem.isPublicKey(publicKey), name).toBe(result === 'valid')
    }
  })

  it('makes keys from seeds and decapsulates as in every vector', () => {
    const cases = wycheproof<object, Record<'seed' | 'ek' | 'c' | 'K', string>>('mlkem_768_test')
    expect(cases).toHaveLength(193)
    for (const { seed, ek, c, K, result, name } of cases) {
      // Invalid cases have a ciphertext or a seed of the wrong length.
      const run = (): string => {
        const { publicKey, secretKey } = ml_kem768.keygen(hex(seed))
        if (ek !== undefined) expect(toHex(publicKey), name).toBe(ek)
        return toHex(ml_kem768.decapsulate(hex(c), secretKey))
      }
      if (result === 'valid') expect(run(), name).toBe(K)
      else expect(run, name).toThrow()
    }
    for (const { seed, ek, name } of wycheproof<object, Record<'seed' | 'ek', string>>(
      'mlkem_768_keygen_seed_test',
    )) {
      expect(toHex(ml_kem768.keygen(hex(seed)).publicKey), name).toBe(ek)
    }
  })

  it('refuses expanded keys that do not fit together', () => {
    const cases = wycheproof<object, Record<'dk' | 'c' | 'K', string>>(
      'mlkem_768_semi_expanded_decaps_test',
    )
    expect(cases).toHaveLength(9)
    for (const { dk, c, K, result, name } of cases) {
      const run = (): string => toHex(ml_kem768.decapsulate(hex(c), hex(dk)))
      if (result === 'valid') expect(run(), name).toBe(K)
      else expect(run, name).toThrow()
    }
  })
})
