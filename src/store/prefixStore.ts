import { checkPrefix, checkStoreKey } from './key.ts'
import type { Store } from './types.ts'

/**
 * A part of a store as a store of its own: several logs, tenants or modules share one.
 *
 * @param store - The store that holds everything.
 * @param prefix - The folder of this part, such as `tenants/7`; a key itself, a slash at the end is dropped.
 * @returns A store whose keys stand below the folder. It has `lock` and `putMany` if the store has them.
 * @throws {@link RangeError} if `prefix` is no valid key.
 * @example
 * Two parts that do not see each other.
 * ```ts
 * import { memoryStore, prefixStore } from 'careseal/store'
 *
 * const store = memoryStore()
 * await prefixStore(store, 'log').put('checkpoint', new Uint8Array([1]))
 * console.log(await prefixStore(store, 'outbox').get('checkpoint')) // null
 * for await (const key of store.list('')) console.log(key) // log/checkpoint
 * ```
 */
export function prefixStore(store: Store, prefix: string): Store {
  const folder = `${checkStoreKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix)}/`
  const inside = (key: string): string => folder + checkStoreKey(key)
  const { lock, putMany } = store
  return {
    get: async (key, options) => store.get(inside(key), options),
    put: async (key, value, options) => store.put(inside(key), value, options),
    async *list(start, options): AsyncGenerator<string> {
      for await (const key of store.list(folder + checkPrefix(start), options)) {
        yield key.slice(folder.length)
      }
    },
    ...(lock && { lock: async (key, options) => lock.call(store, inside(key), options) }),
    ...(putMany && {
      putMany: async (entries, options) =>
        putMany.call(
          store,
          entries.map(({ key, value }) => ({ key: inside(key), value })),
          options,
        ),
    }),
  }
}
