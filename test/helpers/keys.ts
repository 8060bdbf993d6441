import {
  createIdentity,
  ed25519,
  es256,
  es256k,
  type Identity,
  type KemAlgorithm,
  keyFromSeed,
  type LocalDecapsulator,
  type LocalSigner,
  mlDsa65,
  mlKem768P256,
  p256,
  type SignatureAlgorithm,
  x25519,
  xWing,
} from '../../src/keys/index.ts'

/** All KEMs. */
export const kems: readonly KemAlgorithm[] = [xWing, mlKem768P256, p256, x25519]
/** All signature algorithms. */
export const signatures: readonly SignatureAlgorithm[] = [ed25519, es256, es256k, mlDsa65]

/** The same key for the same number, in every run and on every tier: a seed of that byte. */
export function kemKey(algorithm: KemAlgorithm, n = 1): Promise<LocalDecapsulator> {
  return keyFromSeed(algorithm, new Uint8Array(32).fill(n))
}

/** The same signing key for the same number. */
export function signKey(algorithm: SignatureAlgorithm, n = 1): Promise<LocalSigner> {
  return keyFromSeed(algorithm, new Uint8Array(32).fill(n))
}

/** A day in the past on which test cards were signed. */
export const issuedAt: Date = new Date('2026-01-02T03:04:05Z')

/** The same person for the same number. */
export async function person(
  n: number,
  kem: KemAlgorithm = x25519,
  signature: SignatureAlgorithm = ed25519,
): Promise<Identity> {
  return createIdentity({
    signer: await signKey(signature, n),
    decapsulator: await kemKey(kem, n),
    now: issuedAt,
  })
}
