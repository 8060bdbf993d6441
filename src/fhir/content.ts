import { FhirMalformed } from '../errors.ts'
import { bytesArgument } from '../internal/bytes.ts'
import { encodeUtf8, isWellFormed } from '../internal/utf8.ts'
import { type Limits, limitsArgument } from './limits.ts'
import { type ResourceTree, tapeOfTree } from './resourceTree.ts'
import { scan } from './scan.ts'
import type { Tape } from './tape.ts'

/** FHIR content as functions take it: bytes, a string, or a parsed tree. */
export type FhirInput = Uint8Array | string | ResourceTree

/** Content on its way into a canonicalization. */
export interface Content {
  /** The text as it was given, in UTF-8. */
  readonly bytes: Uint8Array
  /** The text, read; reading happens when this is called first. */
  readonly tape: () => Tape
}

/** Takes the content argument of a public function. */
export function contentArgument(input: FhirInput, limits?: Limits): Content {
  const known = tapeOfTree(input)
  if (known !== undefined) return { bytes: known.bytes, tape: () => known }
  const inForce = limitsArgument(limits)
  const bytes = textBytes(input as Uint8Array | string)
  return { bytes, tape: () => scan(bytes, inForce) }
}

/** Bytes of a text argument. A string with a lone surrogate has no UTF-8 form. */
export function textBytes(input: Uint8Array | string): Uint8Array {
  if (typeof input !== 'string') return bytesArgument(input, 'input')
  if (!isWellFormed(input)) {
    const before = input.slice(0, input.search(/[\ud800-\udfff]/u))
    throw new FhirMalformed('The text has a lone surrogate, which is no character', {
      offset: encodeUtf8(before).length,
    })
  }
  return encodeUtf8(input)
}
