/**
 * The short escapes of RFC 8259 §7: the letter behind the backslash, and the character that it stands for.
 */
const letters = '"\\/bfnrt'
const meanings = '"\\/\b\f\n\r\t'

/** The character that an escape's letter stands for; `NaN` for a letter that is none. */
export function shortEscape(letter: number): number {
  if (letter === 0x22) return letter
  return meanings.charCodeAt(letters.indexOf(String.fromCharCode(letter)))
}

/** The UTF-16 code unit that four hexadecimal digits write; `NaN` where they are none. */
export function hexUnit(bytes: Uint8Array, i: number): number {
  let unit = 0
  for (let k = i; k < i + 4; k++) {
    const c = bytes[k]!
    const letter = c | 0x20
    unit *= 16
    if (c >= 0x30 && c <= 0x39) unit += c - 0x30
    else unit += letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN
  }
  return unit
}

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
    else if (bytes[i] !== 0x75) out[n++] = shortEscape(bytes[i++]!)
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

/** Text of one character for each byte; what ASCII is, stays. */
export function byteText(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = ''
  for (let i = start; i < end; i += 4096) {
    text += String.fromCharCode(...bytes.subarray(i, Math.min(i + 4096, end)))
  }
  return text
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

/** Whether a character is escaped in a JSON string. */
export function isEscaped(c: number): boolean {
  return c < 0x20 || c === 0x22 || c === 0x5c
}

/** Writes the escape of such a character and gives the offset behind it. */
export function putEscape(out: Uint8Array, n: number, c: number): number {
  const short = meanings.indexOf(String.fromCharCode(c))
  const text = short < 0 ? `\\u${c.toString(16).padStart(4, '0')}` : `\\${letters[short]}`
  for (let k = 0; k < text.length; k++) out[n++] = text.charCodeAt(k)
  return n
}
