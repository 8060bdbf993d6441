import { AlgorithmUnsupported } from '../errors.ts'
import { sha256 } from '../internal/engine/hash.ts'
import { plain } from '../internal/engine/node.ts'
import { nativeCrypto } from '../internal/engine/tier.ts'
import { optionsOf } from '../internal/options.ts'
import { type CanonicalizeOptions, canonicalForm } from './canonicalForm.ts'
import type { FhirInput } from './content.ts'
import type { HashAlgorithm, HashName } from './hash.ts'
import type { HashValue } from './hashValue.ts'

/** Options of {@link digest}. */
export interface DigestOptions extends CanonicalizeOptions {
  /**
   * The hash. `'sha-256'` is always there. `'sha-512'` is where the platform has it (Node, Bun, Deno);
   * elsewhere import `sha512` and pass that, which works everywhere: so bundles that do not need it do not
   * carry it.
   *
   * @defaultValue `'sha-256'`
   */
  readonly hash?: HashName | HashAlgorithm | undefined
}

/** The digest of FHIR content: without the name of the canonicalization nobody can check it. */
export interface Digest extends HashValue {
  /** Name of the canonicalization, such as `lossless/1`. */
  readonly canonicalization: string
}

/**
 * Hashes the canonical form of FHIR content.
 *
 * A digest hides nothing: who can guess the content can check the guess. What goes to a log or a ledger is a
 * salted commitment, made by `sealRecord`.
 *
 * @param input - JSON in UTF-8, as bytes or as a string, or a tree made by `parse`; any bytes with `raw`.
 * @param options - Canonicalization, hash, whether a loss is an error, limits.
 * @returns The digest with the names of what made it.
 * @throws {@link TypeError} if `input`, the canonicalization or the hash is not what it should be.
 * @throws {@link RangeError} if a limit is out of range.
 * @throws {@link AlgorithmUnsupported} if the platform has no SHA-512; import `sha512`.
 * @throws {@link FhirMalformed} if the text is no JSON, or JSON that two readers may read differently.
 * @throws {@link FhirRefused} if the canonicalization does not admit the content.
 * @throws {@link FhirLossy} if something is lost and `strict` is set.
 * @example
 * ```ts
 * import { digest, digestToText } from 'careseal/fhir'
 *
 * const one = digest('{"resourceType":"Patient","active":true}')
 * const two = digest('{ "active": true, "resourceType": "Patient" }')
 * console.log(digestToText(one) === digestToText(two)) // true
 * ```
 */
export function digest(input: FhirInput, options: DigestOptions = {}): Digest {
  const { hash: given, ...how } = optionsOf(options)
  const { name: hash, digest: hashOf } = hashArgument(given)
  const { canonicalization, bytes } = canonicalForm(input, how)
  return { canonicalization, hash, value: hashOf(bytes) }
}

function hashArgument(hash: HashName | HashAlgorithm = 'sha-256'): HashAlgorithm {
  if (typeof hash === 'object' && typeof hash?.digest === 'function') return hash
  if (hash === 'sha-256') return { name: hash, digest: (bytes) => sha256(bytes) }
  if (hash !== 'sha-512')
    throw new TypeError("hash must be 'sha-256', 'sha-512' or the constant sha512")
  const node = nativeCrypto()
  if (node === null) {
    throw new AlgorithmUnsupported(
      'This platform has no SHA-512 of its own. Import sha512 from careseal/fhir and pass it as hash',
    )
  }
  return { name: hash, digest: (bytes) => plain(node.createHash('sha512').update(bytes).digest()) }
}
