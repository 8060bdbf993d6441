import { FhirMalformed, FhirRefused } from '../errors.ts'
import { locate } from './locate.ts'
import type { Tape } from './tape.ts'

/**
 * The error for text that is no JSON, or that two readers may read differently.
 *
 * @param bytes - The text.
 * @param problem - What is wrong, without a word of the text.
 * @param offset - Byte offset of it; the text is well-formed up to there.
 * @param place - Byte offset that the element path is found by, where that is another one.
 */
export function malformed(
  bytes: Uint8Array,
  problem: string,
  offset: number,
  place: number = offset,
): FhirMalformed {
  return new FhirMalformed(problem, { offset, path: pathAt(bytes, place, place) })
}

/** The error for a value of well-formed text that a canonicalization does not admit. */
export function refused({ bytes, nodes }: Tape, problem: string, p: number): FhirRefused {
  const offset = nodes[p]!
  return new FhirRefused(problem, { offset, path: pathAt(bytes, offset, bytes.length) })
}

function pathAt(bytes: Uint8Array, offset: number, until: number): string | undefined {
  const path = locate(bytes, [offset], until)[0]!
  return path === '$' ? undefined : path
}
