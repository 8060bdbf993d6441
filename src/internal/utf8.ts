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
  const bytes = new Uint8Array(utf8Length(text))
  writeUtf8(bytes, 0, text)
  return bytes
}

/** Strict UTF-8 to a string: no overlong forms, no surrogates, nothing replaced, a BOM kept. `null` if invalid. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  const decoder = bytes.length > 64 ? strictDecoder() : null
  if (decoder !== null) {
    try {
      return decoder.decode(bytes)
    } catch {
      return null
    }
  }
  const chunks: string[] = []
  let units: number[] = []
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i++]!
    if (first < 0x80) units.push(first)
    else {
      const more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0
      if (more === 0 || i + more > bytes.length) return null
      let c = first & (0x3f >> more)
      for (let k = 0; k < more; k++) {
        const next = bytes[i++]!
        if ((next & 0xc0) !== 0x80) return null
        c = (c << 6) | (next & 63)
      }
      if (more === 2 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) return null
      if (more === 3 && (c < 0x10000 || c > 0x10ffff)) return null
      if (c < 0x10000) units.push(c)
      else units.push(0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 1023))
    }
    if (units.length > 4096) {
      chunks.push(String.fromCharCode(...units))
      units = []
    }
  }
  return chunks.join('') + String.fromCharCode(...units)
}

/** The platform's decoder, or `null` where it is missing or does not honour both options, as on small runtimes. */
function strictDecoder(): TextDecoder | null {
  if (typeof TextDecoder !== 'function') return null
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return decoder.fatal && decoder.ignoreBOM ? decoder : null
  } catch {
    return null
  }
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
