import type { Reason } from '../internal/reason.ts'
import { type CanonicalizeOptions, canonicalForm } from './canonicalForm.ts'
import type { FhirInput } from './content.ts'

export interface Canonicalized {
  readonly canonicalization: string
  readonly bytes: Uint8Array
  readonly losses: Reason[]
}
export function canonicalize(input: FhirInput, options: CanonicalizeOptions = {}): Canonicalized {
  const form = canonicalForm(input, options)
  return form.bytes === input ? { ...form, bytes: form.bytes.slice() } : form
}
