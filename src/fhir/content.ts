import { FhirMalformed } from '../errors.ts'
import { isBytes } from '../internal/bytes.ts'
import { encodeUtf8 } from '../internal/utf8.ts'
import { type Limits, limitsArgument } from './limits.ts'
import { type ResourceTree, tapeOfTree } from './resourceTree.ts'
import { scan } from './scan.ts'
import type { Tape } from './tape.ts'

/** FHIR content as functions take it: JSON in UTF-8 bytes or as a string, or a parsed tree. */
export type FhirInput = Uint8Array | string | ResourceTree

/** Content on its way into a canonicalization. */
export interface Content {
  /** The text as it was given, in UTF-8; may be the caller's own bytes. */
  readonly bytes: Uint8Array
  /** Reads the text, if that was not done before. */
  readonly tape: () => Tape
}

/** Takes the content argument of a public function. */
export function contentArgument(input: FhirInput, limits?: Limits): Content {
  const known = tapeOfTree(input)
  if (known !== undefined) return { bytes: known.bytes, tape: () => known }
  const inForce = limitsArgument(limits)
  const bytes = typeof input === 'string' ? utf8Of(input) : input
  if (!isBytes(bytes)) {
    throw new TypeError('input must be a Uint8Array, a string, or a tree made by parse')
  }
  return { bytes, tape: () => scan(bytes, inForce) }
}

/**
 * A string with a lone surrogate has no UTF-8 form. The search for one is slow, so the engine is asked where
 * it can tell.
 */
function utf8Of(input: string): Uint8Array {
  const lone = input.search(/[\ud800-\udfff]/u)
  if (lone < 0) return encodeUtf8(input)
  throw new FhirMalformed('A lone surrogate is no character', {
    offset: encodeUtf8(input.slice(0, lone)).length,
  })
}
