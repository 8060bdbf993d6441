import type { Random } from './random.ts'

/** Bytes after one to four changes: what transmission errors and impatient attackers do. */
export function damaged(random: Random, bytes: Uint8Array): Uint8Array {
  let out = bytes
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    if (out.length > 0) out = change(random, out)
  }
  return out === bytes ? bytes.slice() : out
}

function change(random: Random, bytes: Uint8Array): Uint8Array {
  const at = random.below(bytes.length)
  const end = Math.min(bytes.length, at + 1 + random.below(16))
  const replaced = (value: number): Uint8Array => {
    const copy = bytes.slice()
    copy[at] = value
    return copy
  }
  switch (random.below(7)) {
    case 0:
      return replaced(random.below(256))
    case 1:
      return replaced(bytes[at]! ^ (1 << random.below(8)))
    case 2:
      return bytes.slice(0, at)
    case 3:
      return spliced(bytes, at, at, Uint8Array.of(random.below(256)))
    case 4:
      return spliced(bytes, at, end, new Uint8Array(0))
    case 5:
      return spliced(bytes, at, at, bytes.subarray(at, end))
    default: {
      const from = random.below(bytes.length)
      return spliced(bytes, at, at, bytes.subarray(from, from + random.below(bytes.length - from)))
    }
  }
}

function spliced(bytes: Uint8Array, from: number, to: number, between: Uint8Array): Uint8Array {
  const out = new Uint8Array(from + between.length + bytes.length - to)
  out.set(bytes.subarray(0, from))
  out.set(between, from)
  out.set(bytes.subarray(to), from + between.length)
  return out
}
