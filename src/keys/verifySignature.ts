import { internalsOf, verifierOf } from '../internal/algorithm.ts'
import { bytesArgument } from '../internal/bytes.ts'
import { publicKeyArgument } from '../internal/publicKey.ts'
import type { SignaturePublicKey } from './types.ts'

/**
 * Verifies a raw signature, with the same verdict on every tier. Ed25519 is verified without cofactor; both
 * ECDSA forms (low and high s) are accepted here, though not in careseal's own structures.
 *
 * @param key - The public key of the signer.
 * @param message - The message itself, not its hash.
 * @param signature - The raw signature: 64 bytes (Ed25519, ECDSA as r ‖ s), 3309 bytes (ML-DSA-65).
 * @returns Whether it is the key's signature over the message.
 * @throws {@link TypeError} if an argument has the wrong type.
 * @example
 * Signing and verifying a message.
 * ```ts
 * import { ed25519, generateKey, verifySignature } from 'careseal/keys'
 *
 * const signer = await generateKey(ed25519)
 * const message = new TextEncoder().encode('discharged today')
 * const signature = await signer.sign(message)
 * console.log(await verifySignature(signer.publicKey, message, signature)) // true
 * ```
 * @see RFC 8032 §5.1.7, FIPS 186-5 §6.4.2, FIPS 204 §5.3
 */
export async function verifySignature(
  key: SignaturePublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const publicKey = publicKeyArgument(key, 'signature', 'key')
  // Copies: on some tiers the check runs later than this call returns.
  const bytes = bytesArgument(signature, 'signature').slice()
  const signed = bytesArgument(message, 'message').slice()
  if (bytes.length !== internalsOf(publicKey.algorithm).signatureSize) return false
  return verifierOf(publicKey).verify(signed, bytes)
}
