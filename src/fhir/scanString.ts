import { malformed } from './malformed.ts'
import { hexUnit, shortEscape } from './strings.ts'
import { escaped, quote, unnormalized } from './tape.ts'

/** What a scanner finds besides the end. */
export interface Found {
  /** Flags of the tape. */
  flags: number
}

/**
 * Reads a string: escapes, UTF-8, and what no string may contain.
 *
 * @param bytes - The text, from an attacker, and a zero behind it.
 * @param i - Offset behind the opening quote.
 * @param found - Is given `escaped` and `unnormalized` where they apply.
 * @returns Offset of the closing quote.
 */
export function scanString(bytes: Uint8Array, i: number, found: Found): number {
  let c = bytes[i]!
  while ((c > quote && c < 0x80 && c !== 0x5c) || c === 0x20 || c === 0x21) c = bytes[++i]!
  found.flags = 0
  return c === quote ? i : scanSpecial(bytes, i, found)
}

/** The rest of a string, from its first byte that is not plain ASCII. */
function scanSpecial(bytes: Uint8Array, i: number, found: Found): number {
  let c = bytes[i]!
  while (c !== quote) {
    if (c === 0x5c) {
      const letter = bytes[i + 1]!
      // RFC 8785 §3.2.2.2 never writes \/, and \u only for some control characters; those are looked at
      // again.
      found.flags |= letter === 0x75 || letter === 0x2f ? escaped | unnormalized : escaped
      i = escapeEnd(bytes, i)
    } else if (c < 0x20) {
      const isEnd = i === bytes.length - 1
      const problem = isEnd ? 'A string is not closed' : 'A control character stands in a string'
      throw malformed(bytes, problem, i)
    } else i = c < 0x80 ? i + 1 : sequenceEnd(bytes, i)
    c = bytes[i]!
  }
  return i
}

/** Checks the escape at `i`, a surrogate pair as one, and gives the offset behind it. */
function escapeEnd(bytes: Uint8Array, i: number): number {
  const isUnit = bytes[i + 1] === 0x75
  const meaning = isUnit ? hexUnit(bytes, i + 2) : shortEscape(bytes[i + 1]!)
  if (Number.isNaN(meaning)) {
    throw malformed(bytes, 'A string has an unknown escape', i)
  }
  if (!isUnit) return i + 2
  if (meaning < 0xd800 || meaning > 0xdfff) return i + 6
  if (meaning < 0xdc00 && bytes[i + 6] === 0x5c && bytes[i + 7] === 0x75) {
    const second = hexUnit(bytes, i + 8)
    if (second >= 0xdc00 && second <= 0xdfff) return i + 12
  }
  throw malformed(bytes, 'A lone surrogate is no character', i)
}

/** Checks the UTF-8 sequence at `i` (RFC 3629 §4) and gives the offset behind it. */
function sequenceEnd(bytes: Uint8Array, i: number): number {
  const first = bytes[i]!
  const second = bytes[i + 1]!
  const more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0
  let k = 1
  while (k <= more && (bytes[i + k]! & 0xc0) === 0x80) k++
  // Overlong forms, surrogates and what lies above U+10FFFF show in the second byte.
  const isWrong =
    more === 0 ||
    k <= more ||
    (first === 0xe0 && second < 0xa0) ||
    (first === 0xed && second > 0x9f) ||
    (first === 0xf0 && second < 0x90) ||
    (first === 0xf4 && second > 0x8f)
  if (isWrong) throw malformed(bytes, 'The text is not valid UTF-8', i)
  return i + k
}
