const tables: { [alphabet in 'standard' | 'url']?: Uint8Array } = {}

/** 255 for what is no character of the alphabet. */
function tableOf(alphabet: 'standard' | 'url'): Uint8Array {
  let table = tables[alphabet]
  if (table === undefined) {
    table = new Uint8Array(128).fill(255)
    const extra = alphabet === 'url' ? '-_' : '+/'
    const text = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${extra}`
    for (let i = 0; i < 64; i++) table[text.charCodeAt(i)] = i
    tables[alphabet] = table
  }
  return table
}

/**
 * Base64 without padding (RFC 4648 §4 and §5) for text of megabytes: strict as base64.ts, which is small instead of
 * fast. `null` for anything but the one form of some bytes.
 */
export function decodeRadix64(text: string, alphabet: 'standard' | 'url'): Uint8Array | null {
  const rest = text.length % 4
  if (rest === 1) return null
  const table = tableOf(alphabet)
  const digit = (i: number): number => table[text.charCodeAt(i)] ?? 255
  const bytes = new Uint8Array((text.length - rest) * 0.75 + (rest === 0 ? 0 : rest - 1))
  let n = 0
  let wrong = 0
  const whole = text.length - rest
  for (let i = 0; i < whole; i += 4) {
    const [a, b, c, d] = [digit(i), digit(i + 1), digit(i + 2), digit(i + 3)] as const
    wrong |= a | b | c | d
    bytes[n++] = (a << 2) | (b >> 4)
    bytes[n++] = (b << 4) | (c >> 2)
    bytes[n++] = (c << 6) | d
  }
  if (rest > 0) {
    const [a, b, c] = [digit(whole), digit(whole + 1), rest === 3 ? digit(whole + 2) : 0] as const
    wrong |= a | b | c
    bytes[n++] = (a << 2) | (b >> 4)
    if (rest === 3) bytes[n] = (b << 4) | (c >> 2)
    // Spare bits must be zero: nothing has two forms.
    if ((rest === 2 ? b & 15 : c & 3) !== 0) return null
  }
  return wrong < 64 ? bytes : null
}
