import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js'
import { wipe } from '../bytes.ts'
import { randomBytes } from '../random.ts'
import type { SigningSecret } from './ed25519.ts'
import type { SignatureVerifier } from './ed25519Verify.ts'

/** ML-DSA-65 (FIPS 204), hedged, empty context. The seed ξ is 32 bytes. No platform offers it on Node 20. */
export function mlDsaSecret(seed: Uint8Array): SigningSecret {
  const { secretKey, publicKey } = ml_dsa65.keygen(seed)
  return {
    publicKey,
    wipe: () => wipe(secretKey),
    sign: (message) => ml_dsa65.sign(message, secretKey, { extraEntropy: randomBytes(32) }),
  }
}

/** The private key of FIPS 204 that ξ expands to, 4032 bytes. */
export function mlDsaExpand(seed: Uint8Array): Uint8Array {
  return ml_dsa65.keygen(seed).secretKey
}

/** Verifies ML-DSA-65 with the empty context. */
export function mlDsaVerifier(publicKey: Uint8Array): SignatureVerifier {
  return {
    verify: (message, signature) =>
      signature.length === 3309 && ml_dsa65.verify(signature, message, publicKey),
  }
}
