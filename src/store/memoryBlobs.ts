import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument, concat } from '../internal/bytes.ts'
import { optionsOf } from '../internal/options.ts'
import { blobAbsent, checkStoreKey, positionArgument } from './key.ts'
import type { BlobStore, StoreCallOptions } from './types.ts'

/** Pieces in which a blob is read. */
const piece = 65536

/**
 * A blob store in memory: for tests and small programs.
 *
 * @returns An empty blob store.
 * @example
 * Writing in pieces, reading a part.
 * ```ts
 * import { memoryBlobs } from 'careseal/store'
 *
 * const blobs = memoryBlobs()
 * async function* source() {
 *   yield new Uint8Array([1, 2, 3])
 *   yield new Uint8Array([4, 5])
 * }
 * await blobs.put('scan', source())
 * for await (const part of blobs.read('scan', 1, 3)) console.log(part.join()) // 2,3,4
 * ```
 */
export function memoryBlobs(): BlobStore {
  const blobs = new Map<string, Uint8Array>()
  return {
    async put(key, source, options: StoreCallOptions = {}): Promise<void> {
      checkStoreKey(key)
      throwIfAborted(optionsOf(options).signal)
      const parts: Uint8Array[] = []
      for await (const part of source) {
        throwIfAborted(optionsOf(options).signal)
        parts.push(bytesArgument(part, 'source').slice())
      }
      throwIfAborted(optionsOf(options).signal)
      blobs.set(key, concat(...parts))
    },
    async *read(key, offset, length, options: StoreCallOptions = {}): AsyncGenerator<Uint8Array> {
      checkStoreKey(key)
      const from = positionArgument(offset, 'offset')
      const to = from + positionArgument(length, 'length')
      throwIfAborted(optionsOf(options).signal)
      const blob = blobs.get(key)
      if (blob === undefined) throw blobAbsent(key)
      for (let at = from; at < Math.min(to, blob.length); at += piece) {
        throwIfAborted(optionsOf(options).signal)
        yield blob.slice(at, Math.min(at + piece, to))
      }
    },
    async size(key, options: StoreCallOptions = {}): Promise<number | null> {
      checkStoreKey(key)
      throwIfAborted(optionsOf(options).signal)
      return blobs.get(key)?.length ?? null
    },
    async delete(key, options: StoreCallOptions = {}): Promise<void> {
      checkStoreKey(key)
      throwIfAborted(optionsOf(options).signal)
      blobs.delete(key)
    },
  }
}
