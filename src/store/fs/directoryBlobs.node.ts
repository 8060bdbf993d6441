import { throwIfAborted } from '../../internal/abort.ts'
import { bytesArgument } from '../../internal/bytes.ts'
import { optionsOf } from '../../internal/options.ts'
import type { BlobStore, StoreCallOptions } from '../index.ts'
import { blobAbsent, checkStoreKey, positionArgument } from '../key.ts'
import { Directory, storeFailed } from './directory.node.ts'
import { type FileReader, type Files, isAbsent } from './files.ts'
import { type Host, nodeHost } from './host.node.ts'
import { nodeFiles } from './nodeFiles.node.ts'

/** Pieces in which a blob is read. */
const piece = 65536

/**
 * A blob store in a directory: a key is the file of that name. A blob appears whole and durable or not at all.
 * A directory may hold the keys of a `directoryStore` and blobs side by side.
 *
 * @param path - The directory; it is made at the first write.
 * @returns The blob store.
 * @throws {@link TypeError} if `path` is no string or empty.
 * @example
 * Writing in pieces, reading a part.
 * ```ts
 * import { mkdtemp } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { directoryBlobs } from 'careseal/store/fs'
 *
 * const blobs = directoryBlobs(await mkdtemp(join(tmpdir(), 'careseal-')))
 * async function* source() {
 *   yield new Uint8Array([1, 2, 3])
 *   yield new Uint8Array([4, 5])
 * }
 * await blobs.put('scan', source())
 * for await (const part of blobs.read('scan', 1, 3)) console.log(part.join()) // 2,3,4
 * ```
 */
export function directoryBlobs(path: string): BlobStore {
  if (typeof path !== 'string' || path === '') throw new TypeError('path must be a directory')
  return blobsOver(path, nodeFiles, nodeHost())
}

/** The blob store over any files; the tests put recording ones in. */
export function blobsOver(path: string, files: Files, host: Host): BlobStore {
  const directory = new Directory(path, files, host)

  const write = async (
    key: string,
    source: AsyncIterable<Uint8Array> | null,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    let outcome: 'not-applied' | 'unknown' = 'not-applied'
    let file: string | null = null
    let broken: unknown = null
    try {
      throwIfAborted(signal)
      if (source !== null) {
        const content = pieces(source, signal, (error) => {
          broken = error
        })
        file = await directory.prepare(content, false)
      }
      throwIfAborted(signal)
      await directory.apply([{ key, file }], null, false, signal, () => {
        outcome = 'unknown'
      })
    } catch (error) {
      await directory.discard([file])
      // What the source threw is the caller's own.
      if (broken !== null && error === broken) throw error
      throw storeFailed(`Writing ${key} in ${path}`, error, outcome, signal)
    }
  }

  const open = async (key: string): Promise<FileReader | null> => {
    try {
      return await files.open(directory.path(key))
    } catch (error) {
      if (isAbsent(error)) return null
      throw storeFailed(`Reading ${key} in ${path}`, error, 'not-applied')
    }
  }

  return {
    async put(key, source, options: StoreCallOptions = {}): Promise<void> {
      if (typeof source?.[Symbol.asyncIterator] !== 'function') {
        throw new TypeError('source must be an AsyncIterable of Uint8Array chunks')
      }
      await write(checkStoreKey(key), source, optionsOf(options).signal)
    },
    async *read(key, offset, length, options: StoreCallOptions = {}): AsyncGenerator<Uint8Array> {
      checkStoreKey(key)
      const from = positionArgument(offset, 'offset')
      const to = from + positionArgument(length, 'length')
      throwIfAborted(optionsOf(options).signal)
      const file = await open(key)
      if (file === null) throw blobAbsent(key)
      try {
        for (let at = from; at < Math.min(to, file.size); ) {
          throwIfAborted(optionsOf(options).signal)
          const part = await file.read(at, Math.min(piece, to - at, file.size - at))
          if (part.length === 0) break
          at += part.length
          yield part
        }
      } catch (error) {
        throw storeFailed(
          `Reading ${key} in ${path}`,
          error,
          'not-applied',
          optionsOf(options).signal,
        )
      } finally {
        await file.close()
      }
    },
    async size(key, options: StoreCallOptions = {}): Promise<number | null> {
      checkStoreKey(key)
      throwIfAborted(optionsOf(options).signal)
      const file = await open(key)
      await file?.close()
      return file?.size ?? null
    },
    async delete(key, options: StoreCallOptions = {}): Promise<void> {
      await write(checkStoreKey(key), null, optionsOf(options).signal)
    },
  }
}

async function* pieces(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
  failed: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of source) {
      throwIfAborted(signal)
      yield bytesArgument(part, 'source')
    }
  } catch (error) {
    failed(error)
    throw error
  }
}
