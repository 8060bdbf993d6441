const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const

/** Bech32 (BIP 173) without its limit of length; `null` for anything that is not the one form of some bytes. */
export function decodeBech32(
  text: string,
): { readonly prefix: string; readonly bytes: Uint8Array } | null {
  const lower = text.toLowerCase()
  // Never mixed case; the prefix ends at the last 1.
  if (text !== lower && text !== text.toUpperCase()) return null
  const separator = lower.lastIndexOf('1')
  if (separator < 1 || lower.length - separator < 7 || !/^[!-~]+$/.test(lower)) return null
  const prefix = lower.slice(0, separator)
  const digits = [...lower.slice(separator + 1)].map((c) => alphabet.indexOf(c))
  if (digits.includes(-1)) return null
  const codes = [...prefix].map((c) => c.charCodeAt(0))
  const all = [...codes.map((c) => c >> 5), 0, ...codes.map((c) => c & 31), ...digits]
  if (checksum(all) !== 1) return null
  const bytes = regroup(digits.slice(0, -6))
  return bytes === null ? null : { prefix, bytes }
}

function checksum(values: readonly number[]): number {
  let sum = 1
  for (const value of values) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (let i = 0; i < 5; i++) if ((top >> i) & 1) sum ^= generator[i]!
  }
  return sum
}

/** Groups of five bits to bytes; what is left over is less than a group, and zero. */
function regroup(digits: readonly number[]): Uint8Array | null {
  const bytes = new Uint8Array(Math.floor((digits.length * 5) / 8))
  let group = 0
  let bits = 0
  let n = 0
  for (const digit of digits) {
    group = ((group << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[n++] = group >> bits
    }
  }
  return bits < 5 && (group & ((1 << bits) - 1)) === 0 ? bytes : null
}
