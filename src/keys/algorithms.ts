import type { KeyShape, PointEncoding } from '../internal/algorithm.ts'
import {
  defineKem,
  defineSignature,
  type KemAlgorithm,
  type SignatureAlgorithm,
} from '../internal/algorithm.ts'
import type { Ecdsa } from '../internal/engine/ecdsa.ts'
import { ed25519Secret } from '../internal/engine/ed25519.ts'
import { ed25519Verifier, isEd25519PublicKey } from '../internal/engine/ed25519Verify.ts'
import { es256Engine } from '../internal/engine/es256.ts'
import { es256kEngine } from '../internal/engine/es256k.ts'
import { mlDsaExpand, mlDsaSecret, mlDsaVerifier } from '../internal/engine/mldsa.ts'
import { p256Points } from '../internal/engine/p256.ts'
import type { HpkeSuite } from '../internal/hpke/kem.ts'
import { mlKem768P256Suite, p256Suite, x25519Suite, xWingSuite } from '../internal/hpke/suites.ts'

/**
 * X-Wing: ML-KEM-768 with X25519; holds as long as one of the two does. The default.
 *
 * @see draft-connolly-cfrg-xwing-kem; COSE-HPKE algorithm 57 (HPKE-9-KE)
 */
export const xWing: KemAlgorithm = /* @__PURE__ */ kem('X-Wing', true, 'xWing', 57, xWingSuite, {
  kty: 7,
  curve: 57,
  jwk: 'HPKE-9-KE',
  multicodec: null,
})

/**
 * ML-KEM-768 with P-256: the post-quantum hybrid for hardware that has P-256, such as Secure Enclaves.
 *
 * @see draft-irtf-cfrg-concrete-hybrid-kems; COSE-HPKE algorithm 55 (HPKE-8-KE)
 */
export const mlKem768P256: KemAlgorithm = /* @__PURE__ */ kem(
  'MLKEM768-P256',
  true,
  'mlKem768P256',
  55,
  mlKem768P256Suite,
  { kty: 7, curve: 55, jwk: 'HPKE-8-KE', multicodec: null },
)

/**
 * DHKEM over P-256: classical, for HSMs and KMSs.
 *
 * @see RFC 9180 §4.1; COSE-HPKE algorithm 53 (HPKE-7-KE)
 */
export const p256: KemAlgorithm = /* @__PURE__ */ kem(
  'P-256',
  false,
  'p256',
  53,
  p256Suite,
  { kty: 2, curve: 1, jwk: 'P-256', multicodec: 0x1200 },
  p256Points,
)

/**
 * DHKEM over X25519: classical, the smallest in code and bytes.
 *
 * @see RFC 9180 §4.1; COSE-HPKE algorithm 50 (HPKE-4-KE)
 */
export const x25519: KemAlgorithm = /* @__PURE__ */ kem(
  'X25519',
  false,
  'x25519',
  50,
  x25519Suite,
  {
    kty: 1,
    curve: 4,
    jwk: 'X25519',
    multicodec: 0xec,
  },
)

/**
 * Ed25519, verified without cofactor. The default.
 *
 * @see RFC 8032; COSE algorithm -19 (RFC 9864), -8 accepted on reading
 */
export const ed25519: SignatureAlgorithm = /* @__PURE__ */ defineSignature('Ed25519', false, {
  constant: 'ed25519',
  coseAlg: -19,
  coseAlgs: [-19, -8],
  shape: { kty: 1, curve: 6, jwk: 'Ed25519', multicodec: 0xed },
  publicKeySize: 32,
  signatureSize: 64,
  isPublicKey: isEd25519PublicKey,
  isSeed: () => true,
  points: null,
  secret: ed25519Secret,
  expand: null,
  verifier: ed25519Verifier,
  isNormal: () => true,
  normalize: (signature) => signature,
})

/**
 * ECDSA on P-256 with SHA-256: for HSMs, Secure Enclaves and WebCrypto. A native signature is
 * randomised; ours in JavaScript is deterministic (RFC 6979).
 *
 * @see FIPS 186-5; COSE algorithm -9 (RFC 9864), -7 accepted on reading
 */
export const es256: SignatureAlgorithm = /* @__PURE__ */ ecdsaAlgorithm(
  'ES256',
  'es256',
  [-9, -7],
  es256Engine,
  { kty: 2, curve: 1, jwk: 'P-256', multicodec: 0x1200 },
)

/**
 * ECDSA on secp256k1 with SHA-256: the key of an Ethereum account.
 *
 * @see RFC 8812; COSE algorithm -47
 */
export const es256k: SignatureAlgorithm = /* @__PURE__ */ ecdsaAlgorithm(
  'ES256K',
  'es256k',
  [-47],
  es256kEngine,
  { kty: 2, curve: 8, jwk: 'secp256k1', multicodec: 0xe7 },
)

/**
 * ML-DSA-65, hedged, with the empty context: signatures that outlive classical cryptography.
 *
 * @see FIPS 204; COSE algorithm -49 (RFC 9964)
 */
export const mlDsa65: SignatureAlgorithm = /* @__PURE__ */ defineSignature('ML-DSA-65', true, {
  constant: 'mlDsa65',
  coseAlg: -49,
  coseAlgs: [-49],
  shape: { kty: 7, curve: -49, jwk: 'ML-DSA-65', multicodec: 0x1211 },
  publicKeySize: 1952,
  signatureSize: 3309,
  isPublicKey: () => true,
  isSeed: () => true,
  points: null,
  secret: mlDsaSecret,
  expand: mlDsaExpand,
  verifier: mlDsaVerifier,
  isNormal: () => true,
  normalize: (signature) => signature,
})

function kem(
  name: string,
  postQuantum: boolean,
  constant: string,
  coseAlg: number,
  suite: HpkeSuite,
  shape: KeyShape,
  points: PointEncoding | null = null,
): KemAlgorithm {
  return defineKem(name, postQuantum, {
    constant,
    coseAlg,
    suite,
    shape,
    points,
    publicKeySize: suite.kem.publicKeySize,
    isPublicKey: suite.kem.isPublicKey,
    isSeed: suite.kem.isSeed,
  })
}

function ecdsaAlgorithm(
  name: string,
  constant: string,
  coseAlgs: readonly [number, ...number[]],
  engine: Ecdsa,
  shape: KeyShape,
): SignatureAlgorithm {
  return defineSignature(name, false, {
    constant,
    coseAlg: coseAlgs[0],
    coseAlgs,
    shape,
    publicKeySize: 65,
    signatureSize: 64,
    isPublicKey: engine.isPublicKey,
    isSeed: engine.isSecret,
    points: engine.points,
    secret: engine.secret,
    expand: null,
    verifier: engine.verifier,
    isNormal: engine.isLowS,
    normalize: engine.toLowS,
  })
}
