import { chacha } from '../engine/chacha.ts'
import { gcm } from '../engine/gcm.ts'
import { isP256PublicKey, isP256Secret, p256Secret } from '../engine/p256.ts'
import type { DhSecret } from '../engine/x25519.ts'
import { isX25519PublicKey, x25519Secret } from '../engine/x25519.ts'
import { dhkem } from './dhkem.ts'
import { hkdfSha256 } from './kdf.ts'
import type { HpkeSuite } from './kem.ts'
import { hybridKem } from './mlkem.ts'
import { shakeKdf } from './shakeKdf.ts'

/** HPKE-4: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. */
export const x25519Suite: HpkeSuite = /* @__PURE__ */ (() => ({
  kem: dhkem({
    id: 0x0020,
    publicKeySize: 32,
    isPublicKey: isX25519PublicKey,
    isSecret: () => true,
    secret: x25519Secret,
  }),
  kdf: hkdfSha256,
  aead: chacha,
  aeadId: 3,
}))()

/** HPKE-7: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. */
export const p256Suite: HpkeSuite = /* @__PURE__ */ (() => ({
  kem: dhkem({
    id: 0x0010,
    publicKeySize: 65,
    isPublicKey: isP256PublicKey,
    isSecret: isP256Secret,
    secret: p256Secret,
  }),
  kdf: hkdfSha256,
  aead: gcm,
  aeadId: 2,
}))()

/** HPKE-9: X-Wing (ML-KEM-768 with X25519), SHAKE256, AES-256-GCM. */
export const xWingSuite: HpkeSuite = /* @__PURE__ */ (() => ({
  kem: hybridKem({
    id: 0x647a,
    label: '\\.//^\\',
    publicKeySize: 32,
    seedSize: 32,
    isPublicKey: isX25519PublicKey,
    secret: x25519Secret,
  }),
  kdf: shakeKdf,
  aead: gcm,
  aeadId: 2,
}))()

/** HPKE-8: ML-KEM-768 with P-256, SHAKE256, AES-256-GCM. */
export const mlKem768P256Suite: HpkeSuite = /* @__PURE__ */ (() => ({
  kem: hybridKem({
    id: 0x0050,
    label: 'MLKEM768-P256',
    publicKeySize: 65,
    seedSize: 128,
    isPublicKey: isP256PublicKey,
    secret: p256FromSeed,
  }),
  kdf: shakeKdf,
  aead: gcm,
  aeadId: 2,
}))()

/** RandomScalar of draft-irtf-cfrg-concrete-hybrid-kems: the first of four candidates that is in range. */
function p256FromSeed(seed: Uint8Array): DhSecret {
  for (let i = 0; i < seed.length; i += 32) {
    const candidate = seed.subarray(i, i + 32)
    if (isP256Secret(candidate)) return p256Secret(candidate)
  }
  // Happens once in 2¹²⁸.
  throw new RangeError('no P-256 private key in this seed')
}
