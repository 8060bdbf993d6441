import type { SigningSecret } from './engine/ed25519.ts'
import type { SignatureVerifier } from './engine/ed25519Verify.ts'
import type { HpkeSuite, KemEncapsulator } from './hpke/kem.ts'

/** A key encapsulation algorithm; import one of the constants of `careseal/keys`. */
export interface KemAlgorithm {
  /** Tells the two kinds of algorithm apart. */
  readonly kind: 'kem'
  /** Name for people, such as `X-Wing`. */
  readonly name: string
  /** Whether it also holds against an attacker with a quantum computer. */
  readonly postQuantum: boolean
}

/** A signature algorithm; import one of the constants of `careseal/keys`. */
export interface SignatureAlgorithm {
  /** Tells the two kinds of algorithm apart. */
  readonly kind: 'signature'
  /** Name for people, such as `Ed25519`. */
  readonly name: string
  /** Whether it also holds against an attacker with a quantum computer. */
  readonly postQuantum: boolean
}

/** How a public key stands in a COSE_Key (RFC 9679 §4): the members that make its thumbprint. */
export interface KeyShape {
  /** 1 = OKP, 2 = EC2, 7 = AKP. */
  readonly kty: 1 | 2 | 7
  /** COSE curve of OKP and EC2; COSE algorithm of AKP. */
  readonly curve: number
  /** `crv` of a JWK; `alg` of an AKP JWK. */
  readonly jwk: string
  /** Code in the multicodec table, or `null` where none is registered. */
  readonly multicodec: number | null
}

interface Common {
  /** Name of the constant to import. */
  readonly constant: string
  readonly shape: KeyShape
  readonly publicKeySize: number
  isPublicKey(bytes: Uint8Array): boolean
  isSeed(seed: Uint8Array): boolean
  /** Compressed points, where an encoding wants them (did:key); `null` for other keys. */
  readonly points: PointEncoding | null
}

/** The two encodings of a point on a Weierstrass curve (SEC 1 §2.3). */
export interface PointEncoding {
  compress(bytes: Uint8Array): Uint8Array
  /** `null` if the bytes are no compressed point. */
  uncompress(bytes: Uint8Array): Uint8Array | null
}

/** What stands behind a {@link KemAlgorithm}. */
export interface KemInternals extends Common {
  /** COSE-HPKE key encryption algorithm. */
  readonly coseAlg: number
  readonly suite: HpkeSuite
}

/** What stands behind a {@link SignatureAlgorithm}. */
export interface SignatureInternals extends Common {
  /** COSE algorithm that is written. */
  readonly coseAlg: number
  /** Algorithms accepted on reading: the written one and older aliases. */
  readonly coseAlgs: readonly number[]
  readonly signatureSize: number
  secret(seed: Uint8Array): SigningSecret
  /** The private key that the standard derives from the seed, where others store it; `null` where the seed is all. */
  readonly expand: ((seed: Uint8Array) => Uint8Array) | null
  verifier(publicKey: Uint8Array): SignatureVerifier
  /** Whether a signature has the one form that our own structures admit (low-S). */
  isNormal(signature: Uint8Array): boolean
  /** The one form of a signature, such as an HSM's brought to low-S. */
  normalize(signature: Uint8Array): Uint8Array
}

/** Hidden from the public types; `Symbol.for`, so that two loaded copies understand each other. */
const hidden: symbol = /* @__PURE__ */ Symbol.for('careseal.algorithm/1')

/** Builds the constant of a KEM. */
export function defineKem(
  name: string,
  postQuantum: boolean,
  internals: KemInternals,
): KemAlgorithm {
  return Object.freeze({ kind: 'kem', name, postQuantum, [hidden]: internals })
}

/** Builds the constant of a signature algorithm. */
export function defineSignature(
  name: string,
  postQuantum: boolean,
  internals: SignatureInternals,
): SignatureAlgorithm {
  return Object.freeze({ kind: 'signature', name, postQuantum, [hidden]: internals })
}

/** What stands behind a constant; a TypeError for anything else. */
export function internalsOf(algorithm: KemAlgorithm): KemInternals
export function internalsOf(algorithm: SignatureAlgorithm): SignatureInternals
export function internalsOf(
  algorithm: KemAlgorithm | SignatureAlgorithm,
): KemInternals | SignatureInternals
export function internalsOf(
  algorithm: KemAlgorithm | SignatureAlgorithm,
): KemInternals | SignatureInternals {
  const internals = (
    algorithm as unknown as Record<symbol, KemInternals & SignatureInternals> | null
  )?.[hidden]
  if (internals === undefined) {
    throw new TypeError('algorithm must be a constant of careseal/keys, such as xWing or ed25519')
  }
  return internals
}

/** A public key of either kind, as the engine's caches see it. */
interface AnyPublicKey<A> {
  readonly algorithm: A
  readonly bytes: Uint8Array
}

const encapsulators = /* @__PURE__ */ new WeakMap<object, KemEncapsulator>()
const verifiers = /* @__PURE__ */ new WeakMap<object, SignatureVerifier>()

/** The parsed form of a KEM key, kept as long as the key object lives. */
export function encapsulatorOf(key: AnyPublicKey<KemAlgorithm>): KemEncapsulator {
  let found = encapsulators.get(key)
  if (found === undefined) {
    found = internalsOf(key.algorithm).suite.kem.encapsulator(key.bytes)
    encapsulators.set(key, found)
  }
  return found
}

/** The parsed form of a verification key, kept as long as the key object lives. */
export function verifierOf(key: AnyPublicKey<SignatureAlgorithm>): SignatureVerifier {
  let found = verifiers.get(key)
  if (found === undefined) {
    found = internalsOf(key.algorithm).verifier(key.bytes)
    verifiers.set(key, found)
  }
  return found
}
