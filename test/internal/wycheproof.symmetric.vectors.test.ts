import { expect, it } from 'vitest'
import { concat, equalBytes } from '../../src/internal/bytes.ts'
import type { Aead } from '../../src/internal/engine/aead.ts'
import { unwrapKey, wrapKey } from '../../src/internal/engine/aesKw.ts'
import { chacha } from '../../src/internal/engine/chacha.ts'
import { gcm } from '../../src/internal/engine/gcm.ts'
import { hkdf, hmacSha256 } from '../../src/internal/engine/hash.ts'
import { hex, toHex } from '../helpers/bytes.ts'
import { describeVectors } from '../helpers/vectors.ts'
import { wycheproof } from '../helpers/wycheproof.ts'

interface AeadGroup {
  readonly ivSize: number
  readonly keySize: number
  readonly tagSize: number
}
type AeadCase = Record<'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag', string>

async function checkAead(aead: Aead, file: string, expected: number): Promise<void> {
  // Our interface is 256-bit keys, 96-bit nonces and 128-bit tags; the type system admits nothing else.
  const cases = wycheproof<AeadGroup, AeadCase>(file).filter(
    ({ ivSize, keySize, tagSize }) => ivSize === 96 && keySize === 256 && tagSize === 128,
  )
  expect(cases).toHaveLength(expected)
  for (const { key, iv, aad, msg, ct, tag, result, name } of cases) {
    const sealed = concat(hex(ct), hex(tag))
    const opened = await aead.open(hex(key), hex(iv), hex(aad), sealed)
    expect(opened === null ? null : toHex(opened), name).toBe(result === 'valid' ? msg : null)
    // Encryption is only stated for valid cases; the others carry a changed tag.
    if (result !== 'valid') continue
    expect(toHex(await aead.seal(hex(key), hex(iv), hex(aad), hex(msg))), name).toBe(ct + tag)
  }
}

describeVectors('Wycheproof, symmetric', () => {
  it('AES-256-GCM', () => checkAead(gcm, 'aes_gcm_test', 66))

  it('ChaCha20-Poly1305', () => checkAead(chacha, 'chacha20_poly1305_test', 316))

  it('refuses a sealed text that is shorter than its tag', async () => {
    for (const aead of [gcm, chacha]) {
      for (const length of [0, 1, 15]) {
        const opened = await aead.open(
          new Uint8Array(32),
          new Uint8Array(12),
          new Uint8Array(0),
          new Uint8Array(length),
        )
        expect(opened).toBeNull()
      }
    }
  })

  it('AES-256 key wrap', () => {
    interface Group {
      readonly keySize: number
    }
    const cases = wycheproof<Group, Record<'key' | 'msg' | 'ct', string>>('aes_wrap_test').filter(
      ({ keySize }) => keySize === 256,
    )
    expect(cases).toHaveLength(68)
    for (const { key, msg, ct, result, name } of cases) {
      // 'acceptable' is a key of 64 bits, less than RFC 3394 §2 wraps: refused.
      const unwrapped = unwrapKey(hex(key), hex(ct))
      expect(unwrapped === null ? null : toHex(unwrapped), name).toBe(
        result === 'valid' ? msg : null,
      )
      if (result === 'valid') expect(toHex(wrapKey(hex(key), hex(msg))), name).toBe(ct)
    }
  })

  it('HMAC-SHA-256', () => {
    interface Group {
      readonly tagSize: number
    }
    const cases = wycheproof<Group, Record<'key' | 'msg' | 'tag', string>>('hmac_sha256_test')
    expect(cases).toHaveLength(174)
    for (const { key, msg, tag, tagSize, result, name } of cases) {
      // Groups of 128 bits hold truncated tags; ours are always whole, so the test truncates.
      const mac = hmacSha256(hex(key), hex(msg)).slice(0, tagSize / 8)
      expect(equalBytes(mac, hex(tag)), name).toBe(result === 'valid')
    }
  })

  it('HKDF-SHA-256', () => {
    interface Case {
      readonly ikm: string
      readonly salt: string
      readonly info: string
      readonly size: number
      readonly okm: string
    }
    const cases = wycheproof<object, Case>('hkdf_sha256_test')
    expect(cases).toHaveLength(86)
    for (const { ikm, salt, info, size, okm, result, name } of cases) {
      const derive = (): string => toHex(hkdf(hex(ikm), hex(salt), size, hex(info)))
      if (result === 'valid') expect(derive(), name).toBe(okm)
      else expect(derive, name).toThrow(RangeError)
    }
  })
})
