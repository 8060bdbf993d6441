import { decimalOf } from './decimalOf.ts'

/** Larger exponents are refused, so that a short number cannot stand for a very long one. */
const largestExponent = 1000

/**
 * Writes a number so that its coefficient and its exponent show, and in no other way
 * (docs/formats/lossless-1.md §3).
 *
 * @param lexeme - A number by the grammar of JSON.
 * @returns The one form of all numbers with this sign, coefficient and exponent, or `null` if the exponent is
 * beyond ±1000.
 */
export function losslessNumber(lexeme: string): string | null {
  const { sign, coefficient, exponent } = decimalOf(lexeme)
  if (Math.abs(exponent) > largestExponent) return null
  if (exponent > 0) return `${sign}${coefficient}E+${exponent}`
  if (exponent === 0) return sign + coefficient
  const digits = coefficient.padStart(1 - exponent, '0')
  return `${sign}${digits.slice(0, exponent)}.${digits.slice(exponent)}`
}
