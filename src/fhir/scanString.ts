import { malformed } from './malformed.ts'
import { escaped, quote, unnormalized } from './tape.ts'

/** What a string is found to contain. */
export interface StringScan {
  /** Offset of the closing quote. */
  end: number
  /** `escaped` and `unnormalized`, or nothing. */
  flags: number
}

/**
 * Reads a string from its first byte that is not plain ASCII: escapes, UTF-8, and what no string may
 * contain.
 *
 * @param bytes - The text, from an attacker, and a zero behind it.
 * @param i - Offset of that byte.
 * @param result - Is given the end of the string and what was found.
 */
export function scanString(bytes: Uint8Array, i: number, result: StringScan): void {
  let flags = 0
  let c = bytes[i]!
  while (c !== quote) {
    if (c === 0x5c) {
      const next = escapeEnd(bytes, i)
      flags |= isNormal(bytes, i) ? escaped : escaped | unnormalized
      i = next
    } else if (c < 0x20) {
      const isEnd = i === bytes.length - 1
      const problem = isEnd ? 'A string is not closed' : 'A control character stands in a string'
      throw malformed(bytes, problem, i)
    } else i = c < 0x80 ? i + 1 : sequenceEnd(bytes, i)
    c = bytes[i]!
  }
  result.end = i
  result.flags = flags
}

/** Checks the escape at `i`, a surrogate pair as one, and gives the offset behind it. */
function escapeEnd(bytes: Uint8Array, i: number): number {
  if (bytes[i + 1] !== 0x75) {
    // " / \ b f n r t
    if (shortEscape(bytes[i + 1]) !== undefined) return i + 2
    throw malformed(bytes, 'A string has an escape that JSON does not know', i)
  }
  const unit = hexUnit(bytes, i + 2)
  if (unit < 0xd800 || unit > 0xdfff) return i + 6
  if (unit < 0xdc00 && bytes[i + 6] === 0x5c && bytes[i + 7] === 0x75) {
    const second = hexUnit(bytes, i + 8)
    if (second >= 0xdc00 && second <= 0xdfff) return i + 12
  }
  throw malformed(bytes, 'A string has a lone surrogate, which is no character', i)
}

/** The character that a letter after a backslash stands for (RFC 8259 §7). */
export function shortEscape(letter: number | undefined): number | undefined {
  switch (letter) {
    case 0x22:
    case 0x2f:
    case 0x5c:
      return letter
    case 0x62:
      return 0x08
    case 0x66:
      return 0x0c
    case 0x6e:
      return 0x0a
    case 0x72:
      return 0x0d
    case 0x74:
      return 0x09
    default:
      return undefined
  }
}

/** The UTF-16 code unit that four hexadecimal digits write. */
export function hexUnit(bytes: Uint8Array, i: number): number {
  let unit = 0
  for (let k = i; k < i + 4; k++) {
    const c = bytes[k]!
    const letter = c | 0x20
    if (c >= 0x30 && c <= 0x39) unit = unit * 16 + c - 0x30
    else if (letter >= 0x61 && letter <= 0x66) unit = unit * 16 + letter - 0x57
    else throw malformed(bytes, 'A \\u escape has not four hexadecimal digits', i - 2)
  }
  return unit
}

/** Whether RFC 8785 §3.2.2.2 writes the escape just so: the short form, or `\u00` and lower case. */
function isNormal(bytes: Uint8Array, i: number): boolean {
  if (bytes[i + 1] !== 0x75) return bytes[i + 1] !== 0x2f
  const unit = hexUnit(bytes, i + 2)
  if (unit >= 0x20 || (unit >= 8 && unit <= 13 && unit !== 11)) return false
  return bytes[i + 5]! < 0x41 || bytes[i + 5]! > 0x46
}

/** Checks the UTF-8 sequence at `i` (RFC 3629 §4) and gives the offset behind it. */
function sequenceEnd(bytes: Uint8Array, i: number): number {
  const first = bytes[i]!
  const more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0
  const second = bytes[i + 1]!
  // Overlong forms, surrogates and what lies above U+10FFFF show in the second byte.
  const wrong =
    more === 0 ||
    (first === 0xe0 && second < 0xa0) ||
    (first === 0xed && second > 0x9f) ||
    (first === 0xf0 && second < 0x90) ||
    (first === 0xf4 && second > 0x8f)
  let k = 1
  while (!wrong && k <= more && (bytes[i + k]! & 0xc0) === 0x80) k++
  if (k <= more || wrong) throw malformed(bytes, 'The text is not valid UTF-8', i)
  return i + more + 1
}
