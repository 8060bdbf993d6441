import { EnvelopeSignatureMissing } from '../../errors.ts'
import { internalsOf, type SignatureAlgorithm } from '../algorithm.ts'
import { equalBytes } from '../bytes.ts'
import type { VerificationKey } from '../cose/signer.ts'
import { fieldOf } from '../options.ts'
import { publicKeyArgument } from '../publicKey.ts'

/** A directory's record of a signer, as far as the demand for signatures needs it. */
interface SignedBy {
  readonly key: VerificationKey
  readonly identity: { readonly signing: VerificationKey }
}

/**
 * The algorithms that a verifier demands, or `null` for no demand; checked before anything is opened. `single` says
 * what has one signature only: a longer list could never be met there.
 */
export function requiredArgument(
  required: readonly SignatureAlgorithm[] | undefined,
  single?: string,
): readonly SignatureAlgorithm[] | null {
  if (required === undefined) return null
  if (!Array.isArray(required)) {
    throw new TypeError('requiredSignatures must be an array of signature algorithms')
  }
  // An empty list is rather a mistake than the wish that nothing be demanded.
  if (required.length === 0) {
    throw new RangeError('requiredSignatures must name at least one algorithm')
  }
  if (single !== undefined && required.length > 1) {
    throw new RangeError(`requiredSignatures must name one algorithm: ${single} has one signature`)
  }
  for (const algorithm of required) {
    if (fieldOf(algorithm, 'kind') !== 'signature') {
      throw new TypeError(
        'requiredSignatures must hold signature algorithms of careseal/keys, such as mlDsa65',
      )
    }
    internalsOf(algorithm)
  }
  return [...required]
}

/**
 * Whether every author signed with every algorithm that is demanded; called after all signatures have verified. It is
 * asked of each author on his own: whoever can forge one algorithm would otherwise put his own signature in the
 * other beside it. Unsigned content has no author and fails.
 */
export function checkRequired(
  required: readonly SignatureAlgorithm[] | null,
  authors: readonly SignedBy[],
): void {
  if (required === null) return
  const signed = authors.map(({ key, identity }) => ({
    alg: internalsOf(key.algorithm).coseAlg,
    person: publicKeyArgument(identity?.signing, 'signature', 'the identity of a directory record')
      .id,
  }))
  const missing = required.filter((algorithm) => {
    const { coseAlg } = internalsOf(algorithm)
    const signedBy = (person: Uint8Array): boolean =>
      signed.some((one) => one.alg === coseAlg && equalBytes(one.person, person))
    return signed.length === 0 || !signed.every(({ person }) => signedBy(person))
  })
  if (missing.length === 0) return
  const names = missing.map(({ name }) => name)
  throw new EnvelopeSignatureMissing(
    `requiredSignatures demands ${names.join(' and ')} of each author, and that is not here. Ask the author to sign with it too; a further key of one person stands in the directory under that person's identity.`,
    names,
  )
}
