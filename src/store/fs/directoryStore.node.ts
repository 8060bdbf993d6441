import { throwIfAborted } from '../../internal/abort.ts'
import { optionsOf } from '../../internal/options.ts'
import type { PutManyOptions, PutOptions, Store, StoreCallOptions, StoreLock } from '../index.ts'
import { checkPrefix, checkStoreKey, compareKeys, valueArgument } from '../key.ts'
import { equalValues } from '../memoryStore.ts'
import { Directory, storeFailed } from './directory.node.ts'
import { type Files, isAbsent } from './files.ts'
import { type Host, nodeHost } from './host.node.ts'
import { nodeFiles } from './nodeFiles.node.ts'

/** Files that are written side by side. */
const parallel = 8

/**
 * A store in a directory: a key is the file of that name. Writes are atomic and durable, compare-and-set holds
 * between processes, and a lock of a process that is gone is taken over. Needs a file system with hard links.
 *
 * What the store keeps for itself is in the folder `.~store`; do not publish it.
 *
 * @param path - The directory; it is made at the first write.
 * @returns The store. It is not opened and not closed: nothing is held between calls but locks.
 * @throws {@link TypeError} if `path` is no string or empty.
 * @example
 * A value that survives the process.
 * ```ts
 * import { mkdtemp } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { directoryStore } from 'careseal/store/fs'
 *
 * const store = directoryStore(await mkdtemp(join(tmpdir(), 'careseal-')))
 * await store.put('settings/language', new TextEncoder().encode('de'))
 * console.log((await store.get('settings/language'))?.length) // 2
 * ```
 */
export function directoryStore(path: string): Store {
  if (typeof path !== 'string' || path === '') throw new TypeError('path must be a directory')
  return storeOver(path, nodeFiles, nodeHost())
}

/** The store over any files; the tests put recording ones in. */
export function storeOver(path: string, files: Files, host: Host): Store {
  const directory = new Directory(path, files, host)

  const read = async (key: string): Promise<Uint8Array | null> => {
    try {
      return await files.read(directory.path(key))
    } catch (error) {
      if (isAbsent(error)) return null
      throw error
    }
  }

  const write = async (
    entries: readonly { key: string; value: Uint8Array | null }[],
    expect: Uint8Array | null | undefined,
    options: PutManyOptions,
  ): Promise<boolean> => {
    const { signal, lazy = false } = optionsOf(options)
    throwIfAborted(signal)
    const prepared: (string | null)[] = []
    let outcome: 'not-applied' | 'unknown' = 'not-applied'
    try {
      await inParallel(entries, parallel, async ({ value }, i) => {
        prepared[i] = value === null ? null : await directory.prepare([value], lazy)
      })
      throwIfAborted(signal)
      const applied = await directory.apply(
        entries.map(({ key }, i) => ({ key, file: prepared[i]! })),
        expect === undefined ? null : async () => equalValues(await read(entries[0]!.key), expect),
        lazy,
        signal,
        () => {
          outcome = 'unknown'
        },
      )
      if (!applied) await directory.discard(prepared)
      return applied
    } catch (error) {
      await directory.discard(prepared)
      throw storeFailed(
        `Writing ${entries[0]?.key ?? 'nothing'} in ${path}`,
        error,
        outcome,
        signal,
      )
    }
  }

  return {
    async get(key: string, options: StoreCallOptions = {}): Promise<Uint8Array | null> {
      checkStoreKey(key)
      throwIfAborted(optionsOf(options).signal)
      try {
        return await read(key)
      } catch (error) {
        throw storeFailed(`Reading ${key} in ${path}`, error, 'not-applied')
      }
    },
    async put(key: string, value: Uint8Array | null, options: PutOptions = {}): Promise<boolean> {
      const entry = { key: checkStoreKey(key), value: valueArgument(value) }
      const { expect } = optionsOf(options)
      return write(
        [entry],
        expect === undefined ? undefined : valueArgument(expect, 'expect'),
        options,
      )
    },
    async *list(prefix: string, options: StoreCallOptions = {}): AsyncGenerator<string> {
      checkPrefix(prefix)
      try {
        const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
        yield* walk(directory, files, prefix, folder, optionsOf(options).signal)
      } catch (error) {
        throw storeFailed(`Listing ${path}`, error, 'not-applied', optionsOf(options).signal)
      }
    },
    async lock(key: string, options: StoreCallOptions = {}): Promise<StoreLock> {
      checkStoreKey(key)
      throwIfAborted(optionsOf(options).signal)
      try {
        return await directory.lock(key)
      } catch (error) {
        throw storeFailed(`Locking ${key} in ${path}`, error, 'not-applied')
      }
    },
    async putMany(entries, options: PutManyOptions = {}): Promise<void> {
      const copies = entries.map(({ key, value }) => ({
        key: checkStoreKey(key),
        value: valueArgument(value),
      }))
      await write(copies, undefined, options)
    },
  }
}

/** Keys below a folder (`''` or with a slash at the end) that begin with the prefix, in order. */
async function* walk(
  directory: Directory,
  files: Files,
  prefix: string,
  folder: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  throwIfAborted(signal)
  let found: Awaited<ReturnType<Files['list']>>
  try {
    found = await files.list(directory.path(folder))
  } catch (error) {
    if (isAbsent(error)) return
    throw error
  }
  // With its slash a folder sorts among the files as the keys below it do.
  const names = found
    .filter(({ name }) => !name.startsWith('.~'))
    .map(({ name, directory }) => (directory ? `${name}/` : name))
    .sort(compareKeys)
  for (const name of names) {
    const key = folder + name
    throwIfAborted(signal)
    if (!name.endsWith('/')) {
      if (key.startsWith(prefix) && isKey(key)) yield key
    } else if (key.startsWith(prefix) || prefix.startsWith(key)) {
      yield* walk(directory, files, prefix, key, signal)
    }
  }
}

/** Files that were put there by others under names that are no keys are none of ours. */
function isKey(name: string): boolean {
  try {
    return checkStoreKey(name) === name
  } catch {
    return false
  }
}

/** Runs a task for every item, some at a time; waits for all that began before it rejects. */
async function inParallel<T>(
  items: readonly T[],
  width: number,
  task: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const failures: unknown[] = []
  const worker = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next++
      await task(items[index]!, index).catch((error) => failures.push(error))
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  if (failures.length > 0) throw failures[0]
}
