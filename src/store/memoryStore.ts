import { LogLocked } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { equalBytes } from '../internal/bytes.ts'
import { optionsOf } from '../internal/options.ts'
import { checkPrefix, checkStoreKey, compareKeys, valueArgument } from './key.ts'
import type { PutManyOptions, PutOptions, Store, StoreCallOptions, StoreLock } from './types.ts'

/**
 * A store in memory: for tests, and for programs that need no yesterday.
 *
 * @returns An empty store.
 * @example
 * Compare-and-set.
 * ```ts
 * import { memoryStore } from 'careseal/store'
 *
 * const store = memoryStore()
 * console.log(await store.put('greeting', new Uint8Array([1]), { expect: null })) // true
 * console.log(await store.put('greeting', new Uint8Array([2]), { expect: null })) // false
 * ```
 */
export function memoryStore(): Store {
  const values = new Map<string, Uint8Array>()
  const locks = new Set<string>()
  const write = (key: string, value: Uint8Array | null): void => {
    if (value === null) values.delete(key)
    else values.set(key, value)
  }
  return {
    async get(key: string, options: StoreCallOptions = {}): Promise<Uint8Array | null> {
      checkStoreKey(key)
      throwIfAborted(optionsOf(options).signal)
      return values.get(key)?.slice() ?? null
    },
    async put(key: string, value: Uint8Array | null, options: PutOptions = {}): Promise<boolean> {
      checkStoreKey(key)
      const copy = valueArgument(value)
      const { expect: given, signal } = optionsOf(options)
      const expect = given === undefined ? undefined : valueArgument(given, 'expect')
      throwIfAborted(signal)
      if (expect !== undefined && !equalValues(values.get(key) ?? null, expect)) return false
      write(key, copy)
      return true
    },
    async *list(prefix: string, options: StoreCallOptions = {}): AsyncGenerator<string> {
      checkPrefix(prefix)
      const keys = [...values.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys)
      for (const key of keys) {
        throwIfAborted(optionsOf(options).signal)
        yield key
      }
    },
    async lock(key: string, options: StoreCallOptions = {}): Promise<StoreLock> {
      checkStoreKey(key)
      throwIfAborted(optionsOf(options).signal)
      if (locks.has(key)) {
        throw new LogLocked('This process holds the lock already. Close what holds it first.')
      }
      locks.add(key)
      let held = true
      return {
        async release(): Promise<void> {
          if (held) locks.delete(key)
          held = false
        },
      }
    },
    async putMany(entries, options: PutManyOptions = {}): Promise<void> {
      const copies = entries.map(({ key, value }) => ({
        key: checkStoreKey(key),
        value: valueArgument(value),
      }))
      throwIfAborted(optionsOf(options).signal)
      for (const { key, value } of copies) write(key, value)
    },
  }
}

/** Whether a key holds what a compare-and-set expects. */
export function equalValues(value: Uint8Array | null, expect: Uint8Array | null): boolean {
  return value === null || expect === null ? value === expect : equalBytes(value, expect)
}
