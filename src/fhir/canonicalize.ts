import type { Reason } from '../internal/reason.ts'
import { type CanonicalizeOptions, canonicalForm } from './canonicalForm.ts'
import type { FhirInput } from './content.ts'

/** A canonical form and what it does not tell. */
export interface Canonicalized {
  /** Name of the canonicalization, such as `lossless/1`. */
  readonly canonicalization: string
  /** The canonical form; a fresh array. */
  readonly bytes: Uint8Array
  /** The values that were changed or left out, in the order of the text; nothing of them but their place. */
  readonly losses: Reason[]
}

/**
 * Writes FHIR content in the one form that equal content has.
 *
 * With `lossless1`, the default, two texts have the same bytes only if they say the same, down to the zeros
 * behind a decimal point; other canonicalizations list what they lose in `losses`.
 *
 * @param input - JSON in UTF-8, as bytes or as a string, or a tree made by `parse`. A JavaScript object is
 * not taken, for it has lost `2.00` already.
 * @param options - The canonicalization, whether a loss is an error, limits.
 * @returns The canonical form, its name and its losses.
 * @throws {@link TypeError} if `input` is none of these, or the canonicalization is no constant of this
 * module.
 * @throws {@link RangeError} if a limit is out of range.
 * @throws {@link FhirMalformed} if the text is no JSON, or JSON that two readers may read differently.
 * @throws {@link FhirRefused} if the canonicalization does not admit the content.
 * @throws {@link FhirLossy} if something is lost and `strict` is set.
 * @example
 * The order of members and the white space do not count; the precision of a number does.
 * ```ts
 * import { canonicalize } from 'careseal/fhir'
 *
 * const { bytes } = canonicalize('{ "value": 7.10, "unit": "mmol/L" }')
 * console.log(new TextDecoder().decode(bytes)) // {"unit":"mmol/L","value":7.10}
 * ```
 * @see docs/fhir.md
 */
export function canonicalize(input: FhirInput, options: CanonicalizeOptions = {}): Canonicalized {
  const { canonicalization, bytes, losses, content } = canonicalForm(input, options)
  return { canonicalization, bytes: bytes === content ? new Uint8Array(bytes) : bytes, losses }
}
