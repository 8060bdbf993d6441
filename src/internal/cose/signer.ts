import { callKey } from '../abort.ts'
import { internalsOf, type SignatureAlgorithm, verifierOf } from '../algorithm.ts'
import { isBytes } from '../bytes.ts'
import { fieldOf } from '../options.ts'

/** A public signing key, as far as a signature needs it. */
export interface VerificationKey {
  readonly algorithm: SignatureAlgorithm
  readonly id: Uint8Array
  readonly bytes: Uint8Array
}

/** A signer, as far as a signature needs it. */
export interface SignerLike {
  readonly publicKey: VerificationKey
  /** Whether the key is one of ours, in this process. */
  readonly local?: boolean
  sign(
    message: Uint8Array,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Uint8Array>
}

/**
 * Signs, and brings what an HSM returned to the one form that our structures admit. What came from elsewhere is
 * verified: a wrong signature inside an envelope would lock everybody out of it.
 */
export async function signBytes(
  signer: SignerLike,
  message: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { publicKey } = signer
  const { signatureSize, normalize } = internalsOf(publicKey.algorithm)
  const raw = await callKey('Signing', signal, () => signer.sign(message, { signal }))
  if (!isBytes(raw) || raw.length !== signatureSize) {
    throw new TypeError(
      `signer.sign must resolve to ${signatureSize} raw bytes for ${publicKey.algorithm.name}`,
    )
  }
  const signature = normalize(new Uint8Array(raw))
  if (
    fieldOf(signer, 'local') !== true &&
    !(await verifierOf(publicKey).verify(message, signature))
  ) {
    throw new TypeError(
      'signer.sign must resolve to a signature over the message itself by the key of signer.publicKey',
    )
  }
  return signature
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
