/** Joins byte strings into one fresh array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** Compares in constant time for a given length; the length itself is no secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}

/** Bytewise lexicographic order, the shorter of two equal beginnings first (RFC 8949 §4.2.1). */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Overwrites secrets as far as JavaScript lets us: copies made by the engine stay out of reach. */
export function wipe(...secrets: readonly (Uint8Array | null | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0)
}

/** Lower-case hexadecimal digits; also a Map key for short byte strings. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += (bytes[i]! + 256).toString(16).slice(1)
  return text
}

/** Hexadecimal digits to bytes; the text is ours, so it is not checked. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** Big-endian bytes to an integer. */
export function bytesToBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`)
}

/** An integer to big-endian bytes of a fixed length. */
export function bigIntToBytes(value: bigint, length: number): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * length, '0'))
}

/** Whether a value is a Uint8Array, of this realm or another one, a Buffer included. */
export function isBytes(value: unknown): value is Uint8Array {
  return (
    value instanceof Uint8Array ||
    (ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]')
  )
}

/**
 * Takes a byte argument of a public function: any Uint8Array, seen as a plain one, so that a Buffer's
 * own `slice` (a view, not a copy) never runs. Shared memory is copied, for it may change under us.
 */
export function bytesArgument(value: unknown, name: string, length?: number): Uint8Array {
  if (!isBytes(value)) {
    const remedy =
      typeof value === 'string'
        ? ", not text: decode it first, e.g. with Uint8Array.fromBase64 or Buffer.from(text, 'base64')"
        : ''
    throw new TypeError(`${name} must be a Uint8Array${remedy}`)
  }
  if (length !== undefined && value.length !== length) {
    throw new RangeError(`${name} must be ${length} bytes, got ${value.length}`)
  }
  const view = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  const shared = Object.prototype.toString.call(value.buffer) === '[object SharedArrayBuffer]'
  return shared ? new Uint8Array(view) : view
}

/** A copy of an optional byte argument, for a call that outlives the present moment; empty where it is missing. */
export function optionalBytes(value: unknown, name: string): Uint8Array {
  return value === undefined ? new Uint8Array(0) : bytesArgument(value, name).slice()
}

/** Sorts byte strings and drops repeated ones; the input stays as it is. */
export function sortedUnique(list: Iterable<Uint8Array>): Uint8Array[] {
  const sorted = [...list].sort(compareBytes)
  return sorted.filter((item, i) => i === 0 || compareBytes(sorted[i - 1]!, item) !== 0)
}

/** Whether byte strings are sorted bytewise and unique. */
export function isSortedUnique(list: readonly Uint8Array[]): boolean {
  return list.every((item, i) => i === 0 || compareBytes(list[i - 1]!, item) < 0)
}
