import { expect, it } from 'vitest'
import { fromBase64Url } from '../../src/internal/base64.ts'
import { concat } from '../../src/internal/bytes.ts'
import { isP256PublicKey, isP256Secret, p256Secret } from '../../src/internal/engine/p256.ts'
import { isX25519PublicKey, x25519Secret } from '../../src/internal/engine/x25519.ts'
import { hex, toHex } from '../helpers/bytes.ts'
import { describeVectors } from '../helpers/vectors.ts'
import { hasFlag, wycheproof } from '../helpers/wycheproof.ts'

type DhCase = Record<'public' | 'private' | 'shared', string>

describeVectors('Wycheproof, Diffie–Hellman', () => {
  it('X25519', async () => {
    const cases = wycheproof<object, DhCase>('x25519_test')
    expect(cases).toHaveLength(518)
    let zero = 0
    let second = 0
    for (const test of cases) {
      const agreed = await x25519Secret(hex(test.private)).agree(hex(test.public))
      // 'acceptable' means: RFC 7748 leaves it open. Twist and non-canonical points are agreed with, as the
      // RFC's ladder does; a shared secret of zeros is refused on every tier (RFC 9180 §7.1.4), and its public
      // keys are refused on import.
      const isZero = hasFlag(test, 'ZeroSharedSecret')
      if (isZero) zero++
      expect(agreed === null ? null : toHex(agreed), test.name).toBe(isZero ? null : test.shared)
      const isCanonical =
        BigInt(`0x${Buffer.from(test.public, 'hex').reverse().toString('hex')}`) < 2n ** 255n - 19n
      if (!isCanonical) second++
      // A key has one encoding: what the ladder would take beside it is refused on import.
      expect(isX25519PublicKey(hex(test.public)), test.name).toBe(!isZero && isCanonical)
    }
    expect(zero).toBe(31)
    expect(second).toBeGreaterThan(20)
  })

  it('ECDH on P-256', async () => {
    interface Jwk {
      readonly crv: string
      readonly x: string
      readonly y: string
      readonly d?: string
    }
    const cases = wycheproof<object, { public: Jwk; private: Jwk; shared: string }>(
      'ecdh_secp256r1_webcrypto_test',
    )
    expect(cases).toHaveLength(353)
    let refused = 0
    for (const { public: theirs, private: ours, shared, result, name } of cases) {
      const secret = fromBase64Url(ours.d!)!
      expect(isP256Secret(secret), name).toBe(true)
      const own = p256Secret(secret)
      const point = concat(Uint8Array.of(4), fromBase64Url(theirs.x)!, fromBase64Url(theirs.y)!)
      const agreed = await own.agree(point)
      if (result === 'invalid') refused++
      expect(agreed === null ? null : toHex(agreed), name).toBe(result === 'valid' ? shared : null)
      expect(isP256PublicKey(point), name).toBe(result === 'valid')
    }
    expect(refused).toBe(23)
  })

  it('ECDH on P-256, keys from X.509 files', async () => {
    // Our keys are bare uncompressed points, so only files with the one standard header concern us.
    const header = '3059301306072a8648ce3d020106082a8648ce3d030107034200'
    const cases = wycheproof<object, DhCase>('ecdh_secp256r1_test').filter(
      (test) => test.public.startsWith(header) && test.public.length === header.length + 130,
    )
    expect(cases.length).toBeGreaterThan(330)
    for (const test of cases) {
      const scalar = test.private.padStart(64, '0').slice(-64)
      const agreed = await p256Secret(hex(scalar)).agree(hex(test.public.slice(header.length)))
      const expected = test.result === 'valid' ? test.shared : null
      expect(agreed === null ? null : toHex(agreed), test.name).toBe(expected)
    }
  })
})
