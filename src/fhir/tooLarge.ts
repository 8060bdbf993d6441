import { FhirRefused } from '../errors.ts'

/** The error for a form that outgrows its limit: a short text may stand for a very long one. */
export function tooLarge(maximum: number): FhirRefused {
  return new FhirRefused(
    `The canonical form is larger than ${maximum} bytes. Raise limits.bytes, or use raw`,
  )
}
