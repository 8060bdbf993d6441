/** With the `u` flag a surrogate pair is one code point, so only lone surrogates match. */
const lone = /[\ud800-\udfff]/u

/** Whether a string has no lone surrogate, so that it has a UTF-8 form. */
export function isWellFormed(text: string): boolean {
  return !lone.test(text)
}

/** ASCII domain strings of this package to bytes. */
export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** A string to UTF-8. The caller has checked {@link isWellFormed}. */
export function encodeUtf8(text: string): Uint8Array {
  // Below some length the call into the platform costs more than the loop.
  if (text.length > 128 && typeof TextEncoder === 'function') return new TextEncoder().encode(text)
  const bytes = new Uint8Array(3 * text.length)
  return bytes.slice(0, writeUtf8(bytes, 0, text))
}

/**
 * Strict UTF-8 to a string: no overlong forms, no surrogates, nothing replaced, a BOM kept. `null` if invalid.
 * Written out, because not every runtime has a TextDecoder that refuses and keeps all of that.
 */
export function decodeUtf8(bytes: Uint8Array): string | null {
  let text = ''
  for (let i = 0; i < bytes.length; ) {
    const units: number[] = []
    while (i < bytes.length && units.length < 4096) {
      let c = bytes[i++]!
      const more = c < 0x80 ? 0 : c < 0xc2 ? 4 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : 4
      if (i + more > bytes.length) return null
      if (more > 0) c &= 0x3f >> more
      for (let k = 0; k < more; k++) {
        const next = bytes[i++]!
        if (next >> 6 !== 2) return null
        c = (c << 6) | (next & 63)
      }
      if (c < 0x10000) units.push(c)
      else units.push(0xd7c0 + (c >> 10), 0xdc00 + (c & 1023))
      // What is not the shortest form, a surrogate, or beyond the last code point.
      if (more > 1 && (c < 1 << (5 * more + 1) || c >> 11 === 0x1b || c > 0x10ffff)) return null
    }
    text += String.fromCharCode(...units)
  }
  return text
}

/** Bytes of the UTF-8 form, or -1 for text with a lone surrogate. */
export function utf8Length(text: string): number {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x80) continue
    if (c < 0x800) length += 1
    else if (c < 0xd800 || c > 0xdfff) length += 2
    else {
      const next = text.charCodeAt(i + 1)
      if (c > 0xdbff || !(next >= 0xdc00 && next < 0xe000)) return -1
      // Two units become four bytes.
      length += 2
      i++
    }
  }
  return length
}

/** Writes the UTF-8 form of well-formed text and returns where it ends. */
export function writeUtf8(out: Uint8Array, offset: number, text: string): number {
  let n = offset
  for (let i = 0; i < text.length; i++) {
    let c = text.charCodeAt(i)
    if (c < 0x80) {
      out[n++] = c
      continue
    }
    if (c < 0x800) out[n++] = 0xc0 | (c >> 6)
    else {
      if (c >= 0xd800 && c < 0xdc00) {
        c = 0x10000 + ((c - 0xd800) << 10) + (text.charCodeAt(++i) - 0xdc00)
        out[n++] = 0xf0 | (c >> 18)
        out[n++] = 0x80 | ((c >> 12) & 63)
      } else out[n++] = 0xe0 | (c >> 12)
      out[n++] = 0x80 | ((c >> 6) & 63)
    }
    out[n++] = 0x80 | (c & 63)
  }
  return n
}
