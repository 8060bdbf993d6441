import { FhirMalformed } from '../errors.ts'
import { isBytes } from '../internal/bytes.ts'
import type { HashName } from './hash.ts'

/** A hash of something. */
export interface HashValue {
  /** Which hash. */
  readonly hash: HashName
  /** The hash: 32 bytes (SHA-256) or 64 bytes (SHA-512). */
  readonly value: Uint8Array
}

/** Takes a hash argument of a public function. */
export function hashValueArgument(digest: HashValue): HashValue {
  if (isBytes(digest?.value) && digest.value.length === sizeOf(digest.hash)) return digest
  throw new TypeError("digest must have hash 'sha-256' and value of 32 bytes, or 'sha-512' and 64")
}

/** What was read from text, if it is a hash of the right size. */
export function hashValueFrom(
  hash: string | undefined,
  value: Uint8Array | null,
  form: string,
): HashValue {
  if (value === null || value.length !== sizeOf(hash)) {
    throw new FhirMalformed(`The text is no digest of the form ${form}`)
  }
  return { hash: hash as HashName, value }
}

function sizeOf(hash: string | undefined): number {
  return hash === 'sha-256' ? 32 : hash === 'sha-512' ? 64 : -1
}
