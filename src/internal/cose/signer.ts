import { callKey } from '../abort.ts'
import { internalsOf, type SignatureAlgorithm, verifierOf } from '../algorithm.ts'
import { isBytes } from '../bytes.ts'

/** A public signing key, as far as a signature needs it. */
export interface VerificationKey {
  readonly algorithm: SignatureAlgorithm
  readonly id: Uint8Array
  readonly bytes: Uint8Array
}

/** A signer, as far as a signature needs it. */
export interface SignerLike {
  readonly publicKey: VerificationKey
  sign(
    message: Uint8Array,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Uint8Array>
}

/** Signs, and brings what an HSM returned to the one form that our structures admit. */
export async function signBytes(
  signer: SignerLike,
  message: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { signatureSize, normalize } = internalsOf(signer.publicKey.algorithm)
  const signature = await callKey('Signing', signal, () => signer.sign(message, { signal }))
  if (!isBytes(signature) || signature.length !== signatureSize) {
    throw new TypeError(
      `signer.sign must resolve to ${signatureSize} raw bytes for ${signer.publicKey.algorithm.name}`,
    )
  }
  return normalize(new Uint8Array(signature))
}

/** Verifies a signature of our own structures: one form only, the algorithm that the header names. */
export async function verifyBytes(
  key: VerificationKey,
  coseAlg: number,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const { coseAlgs, signatureSize, isNormal } = internalsOf(key.algorithm)
  return (
    coseAlgs.includes(coseAlg) &&
    signature.length === signatureSize &&
    isNormal(signature) &&
    verifierOf(key).verify(message, signature)
  )
}
