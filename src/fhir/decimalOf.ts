/** A number as it is written: sign, digits, and the power of ten that they count. */
export interface Decimal {
  readonly sign: '' | '-'
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
  const sign = lexeme.startsWith('-') ? '-' : ''
  const mark = lexeme.search(/[eE]/)
  const mantissa = lexeme.slice(sign.length, mark < 0 ? lexeme.length : mark)
  const dot = mantissa.indexOf('.')
  const fraction = dot < 0 ? '' : mantissa.slice(dot + 1)
  const digits = (dot < 0 ? mantissa : mantissa.slice(0, dot)) + fraction
  const written = mark < 0 ? 0 : Number(lexeme.slice(mark + 1))
  return {
    sign,
    coefficient: digits.replace(/^0+(?=\d)/, ''),
    exponent: written - fraction.length,
  }
}
