import { equalBytes } from './bytes.ts'

interface Indexed<T> {
  readonly bytes: Uint8Array
  readonly value: T
}

/**
 * Values under byte strings of 6 bytes or more, such as key ids, found without text keys. Looked up by 48 of their bits,
 * then compared whole; who makes them all collide pays with entries, of which there are at most a thousand.
 */
export class ByteIndex<T> {
  readonly #buckets = new Map<number, Indexed<T>[]>()

  add(bytes: Uint8Array, value: T): void {
    const prefix = prefixOf(bytes)
    const bucket = this.#buckets.get(prefix)
    if (bucket === undefined) this.#buckets.set(prefix, [{ bytes, value }])
    else bucket.push({ bytes, value })
  }

  /** All values under these bytes, in the order in which they were added. */
  get(bytes: Uint8Array): readonly T[] {
    const found: T[] = []
    for (const indexed of this.#buckets.get(prefixOf(bytes)) ?? []) {
      if (equalBytes(indexed.bytes, bytes)) found.push(indexed.value)
    }
    return found
  }

  /** Whether one byte string was added twice. */
  hasDoubles(): boolean {
    for (const bucket of this.#buckets.values()) {
      for (let i = 1; i < bucket.length; i++) {
        for (let j = 0; j < i; j++) if (equalBytes(bucket[i]!.bytes, bucket[j]!.bytes)) return true
      }
    }
    return false
  }
}

function prefixOf(bytes: Uint8Array): number {
  let prefix = 0
  for (let i = 0; i < 6; i++) prefix = prefix * 256 + (bytes[i] ?? 0)
  return prefix
}
