import { hexUnit, shortEscape } from './scanString.ts'

/**
 * Decodes the inside of a JSON string that was scanned before.
 *
 * @param bytes - The text.
 * @param start - Offset behind the opening quote.
 * @param end - Offset of the closing quote.
 * @returns Its characters in UTF-8.
 */
export function stringContent(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const out = new Uint8Array(end - start)
  let n = 0
  for (let i = start; i < end; ) {
    const c = bytes[i++]!
    if (c !== 0x5c) out[n++] = c
    else if (bytes[i] !== 0x75) out[n++] = shortEscape(bytes[i++])!
    else {
      let point = hexUnit(bytes, i + 1)
      i += 5
      if (point >= 0xd800 && point < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + hexUnit(bytes, i + 2) - 0xdc00
        i += 6
      }
      n = putUtf8(out, n, point)
    }
  }
  return out.subarray(0, n)
}

/** Writes a character in UTF-8 and gives the offset behind it. */
export function putUtf8(out: Uint8Array, n: number, point: number): number {
  if (point < 0x80) out[n++] = point
  else {
    if (point < 0x800) out[n++] = 0xc0 | (point >> 6)
    else {
      if (point < 0x10000) out[n++] = 0xe0 | (point >> 12)
      else {
        out[n++] = 0xf0 | (point >> 18)
        out[n++] = 0x80 | ((point >> 12) & 63)
      }
      out[n++] = 0x80 | ((point >> 6) & 63)
    }
    out[n++] = 0x80 | (point & 63)
  }
  return n
}

/**
 * Writes characters as a JSON string in the one form of RFC 8785 §3.2.2.2.
 *
 * @param characters - Valid UTF-8.
 * @returns The string with its quotes.
 */
export function toJsonString(characters: Uint8Array): Uint8Array {
  let length = characters.length + 2
  for (let i = 0; i < characters.length; i++) {
    const c = characters[i]!
    if (isEscaped(c)) length += shortLetter(c) === 0 ? 5 : 1
  }
  const out = new Uint8Array(length).fill(0x22)
  let n = 1
  for (let i = 0; i < characters.length; i++) {
    const c = characters[i]!
    if (isEscaped(c)) n = putEscape(out, n, c)
    else out[n++] = c
  }
  return out
}

/** Whether a byte of a string stands for a character that JSON escapes. */
export function isEscaped(c: number): boolean {
  return c < 0x20 || c === 0x22 || c === 0x5c
}

/** The letter after the backslash, or 0 where there is no short form. */
function shortLetter(c: number): number {
  // b t n - f r
  if (c >= 8 && c <= 13) return [0x62, 0x74, 0x6e, 0, 0x66, 0x72][c - 8]!
  return c < 0x20 ? 0 : c
}

/** Writes the escape of a quote, a backslash or a control character and gives the offset behind it. */
export function putEscape(out: Uint8Array, n: number, c: number): number {
  const letter = shortLetter(c)
  out[n++] = 0x5c
  if (letter !== 0) out[n++] = letter
  else {
    const text = `u${c.toString(16).padStart(4, '0')}`
    for (let k = 0; k < 5; k++) out[n++] = text.charCodeAt(k)
  }
  return n
}
