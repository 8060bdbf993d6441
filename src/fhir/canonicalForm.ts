import { FhirLossy } from '../errors.ts'
import type { Reason } from '../internal/reason.ts'
import { type Canonicalization, ruleOf } from './canonicalization.ts'
import { contentArgument, type FhirInput } from './content.ts'
import type { Limits } from './limits.ts'
import { lossless1 } from './lossless1.ts'

/** Options of {@link canonicalize}. */
export interface CanonicalizeOptions {
  /**
   * The rule; a constant of `careseal/fhir`.
   *
   * @defaultValue `lossless1`
   */
  readonly canonicalization?: Canonicalization | undefined
  /**
   * Whether a loss is an error.
   *
   * @defaultValue `false`: losses are listed
   */
  readonly strict?: boolean | undefined
  /** How much is read; not asked for a tree, which was parsed under limits of its own. */
  readonly limits?: Limits | undefined
}

/**
 * The canonical form of content; its bytes are those of the content itself where the rule changes nothing.
 */
export function canonicalForm(
  input: FhirInput,
  options: CanonicalizeOptions,
): { canonicalization: string; bytes: Uint8Array; losses: Reason[]; content: Uint8Array } {
  const {
    canonicalization = lossless1,
    strict = false,
    limits,
    ...others
  }: CanonicalizeOptions = Object.assign(Object.create(null), options)
  // Such as a canonicalization where its option belongs: another one would be used without a word.
  for (const name of Object.keys(others)) throw new TypeError(`unknown option ${name}`)
  const content = contentArgument(input, limits)
  const { bytes, losses = [] } = ruleOf(canonicalization)(content)
  const { name } = canonicalization
  if (strict && losses.length > 0) {
    const { path, text } = losses[0]!
    throw new FhirLossy(
      `${name} would not keep ${losses.length} values, first ${path}: ${text} Use lossless1, or leave out strict.`,
    )
  }
  return { canonicalization: name, bytes, losses, content: content.bytes }
}
