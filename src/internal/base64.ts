const standard = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const urlSafe = `${standard.slice(0, 62)}-_`

/** Standard base64 with padding (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  const text = encode(bytes, standard)
  return text + '='.repeat((4 - (text.length % 4)) % 4)
}

/** Strict: canonical padding, no white space, no spare bits; `null` for anything else. */
export function fromBase64(text: string): Uint8Array | null {
  const end = text.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0)
  return text.length % 4 === 0 && end % 4 !== 1 ? decode(text.slice(0, end), standard) : null
}

/** base64url without padding (RFC 4648 §5). */
export function toBase64Url(bytes: Uint8Array): string {
  return encode(bytes, urlSafe)
}

/** Strict: no padding, no white space, no spare bits; `null` for anything else. */
export function fromBase64Url(text: string): Uint8Array | null {
  return decode(text, urlSafe)
}

/** Bytes that are encoded at a time: a multiple of 3, and few enough to be arguments of one call. */
const chunk = 3 * 1024

function encode(bytes: Uint8Array, alphabet: string): string {
  let text = ''
  for (let from = 0; from < bytes.length; from += chunk) {
    const end = Math.min(bytes.length, from + chunk)
    const codes: number[] = []
    for (let i = from; i < end; i += 3) {
      const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
      codes.push(alphabet.charCodeAt(group >> 18), alphabet.charCodeAt((group >> 12) & 63))
      if (i + 1 < end) codes.push(alphabet.charCodeAt((group >> 6) & 63))
      if (i + 2 < end) codes.push(alphabet.charCodeAt(group & 63))
    }
    text += String.fromCharCode(...codes)
  }
  return text
}

function decode(text: string, alphabet: string): Uint8Array | null {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let group = 0
  let bits = 0
  let n = 0
  for (let i = 0; i < text.length; i++) {
    const value = alphabet.indexOf(text[i]!)
    if (value < 0) return null
    group = ((group << 6) | value) & 0xfff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[n++] = group >> bits
    }
  }
  // What is left over must be less than a character, and zero: nothing has two forms.
  return bits < 6 && (group & ((1 << bits) - 1)) === 0 ? bytes : null
}
