import { malformed } from './malformed.ts'
import type { Found } from './scanString.ts'
import { decimal, exponent, long } from './tape.ts'

/** More fraction digits than this are refused by `lossless/1`, as larger exponents are. */
const mostFractionDigits = 1000

/**
 * Reads a number by the grammar of RFC 8259 §6.
 *
 * @param bytes - The text, from an attacker.
 * @param start - Offset of its first byte.
 * @param found - Is given `decimal`, `exponent` or `long`, or nothing.
 * @returns Offset behind its last byte.
 */
export function scanNumber(bytes: Uint8Array, start: number, found: Found): number {
  let i = bytes[start] === 0x2d ? start + 1 : start
  const leading = i
  i = digitsEnd(bytes, i)
  if (bytes[leading] === 0x30 && i > leading + 1) {
    throw malformed(bytes, 'A number has a leading zero', leading)
  }
  let flags = 0
  if (bytes[i] === 0x2e) {
    const dot = i
    i = digitsEnd(bytes, dot + 1)
    flags = i - dot - 1 > mostFractionDigits ? exponent : decimal
  }
  const mark = bytes[i]
  if (mark === 0x65 || mark === 0x45) {
    const sign = bytes[i + 1]
    i = digitsEnd(bytes, sign === 0x2b || sign === 0x2d ? i + 2 : i + 1)
    flags = exponent
  }
  const isNegativeZero = leading > start && bytes[leading] === 0x30
  if (flags === 0 && (isNegativeZero || i - leading > 15)) flags = long
  found.flags = flags
  return i
}

/** The end of at least one digit. */
function digitsEnd(bytes: Uint8Array, i: number): number {
  const start = i
  while (bytes[i]! >= 0x30 && bytes[i]! <= 0x39) i++
  if (i === start) throw malformed(bytes, 'A digit is missing in a number', i)
  return i
}
