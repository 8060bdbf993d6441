import { base64pad, base64url } from 'multiformats/bases/base64'

interface Base {
  baseEncode(bytes: Uint8Array): string
  baseDecode(text: string): Uint8Array
}

/** Standard base64 with padding (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  return base64pad.baseEncode(bytes)
}

/** Strict: canonical padding, no white space, no spare bits; `null` for anything else. */
export function fromBase64(text: string): Uint8Array | null {
  return strictDecode(base64pad, text)
}

/** base64url without padding (RFC 4648 §5). */
export function toBase64Url(bytes: Uint8Array): string {
  return base64url.baseEncode(bytes)
}

/** Strict: no padding, no white space, no spare bits; `null` for anything else. */
export function fromBase64Url(text: string): Uint8Array | null {
  return strictDecode(base64url, text)
}

/** Only text that is exactly what encoding gives back: nothing has two forms. */
export function strictDecode(base: Base, text: string): Uint8Array | null {
  try {
    const bytes = base.baseDecode(text)
    return base.baseEncode(bytes) === text ? new Uint8Array(bytes) : null
  } catch {
    return null
  }
}
