/** A number as it is written: sign, digits, and the power of ten that they count. */
export interface Decimal {
  /** Empty, or a minus sign. */
  readonly sign: string
  /** At least one digit; no leading zeros but in `0` itself. */
  readonly coefficient: string
  readonly exponent: number
}

/**
 * Takes a number apart without computing it, so that `1.0` and `1.00` stay two.
 *
 * @param lexeme - A number by the grammar of JSON.
 * @returns Its parts; the exponent of absurd numbers is only nearly exact.
 */
export function decimalOf(lexeme: string): Decimal {
  const parts = /^(-?)(\d+)\.?(\d*)[eE]?(.*)$/.exec(lexeme)!
  const [, sign, whole, fraction, written] = parts as unknown as string[]
  return {
    sign: sign!,
    coefficient: (whole! + fraction!).replace(/^0+(?=\d)/, ''),
    exponent: Number(written) - fraction!.length,
  }
}
