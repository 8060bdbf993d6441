import { isCaresealError } from '../../errors.ts'
import type { StoreLock } from '../types.ts'
import { collect, demand, demandRejection, sample } from './cases.ts'
import { applies, holds, type StoreCase } from './storeChecks.ts'

/** Lazy writes, locks and writes of several keys. */
export const optionalParts: readonly StoreCase[] = [
  [
    'lazy',
    'a lazy write is seen at once',
    async (store) => {
      await applies(store.put('key', sample(1), { lazy: true }), true, 'a lazy put')
      await holds(store, 'key', sample(1))
      await applies(store.put('key', sample(2), { lazy: true, expect: null }), false, 'a lazy put')
      return undefined
    },
  ],
  [
    'lock',
    'a lock that is held is refused with ERR_LOG_LOCKED until it is released',
    async (store) => {
      if (store.lock === undefined) return 'not-applicable'
      const first: StoreLock = await store.lock('key')
      const other = await store.lock('other')
      const refused = async (): Promise<void> => {
        const error = await demandRejection(() => store.lock!('key'), 'a held lock must be refused')
        demand(isCaresealError(error, 'ERR_LOG_LOCKED'), 'a held lock must be ERR_LOG_LOCKED')
      }
      await refused()
      await holds(store, 'key', null)
      demand((await collect(store.list(''))).length === 0, 'a lock must not be listed as a key')
      await first.release()
      const second = await store.lock('key')
      await first.release()
      await refused()
      await second.release()
      await other.release()
      return undefined
    },
  ],
  [
    'put-many',
    'putMany writes and deletes several keys',
    async (store) => {
      if (store.putMany === undefined) return 'not-applicable'
      await store.put('gone', sample(1))
      const entries = Array.from({ length: 20 }, (_, i) => ({
        key: `many/${i % 3}/${i}`,
        value: sample(i),
      }))
      const pending = store.putMany([...entries, { key: 'gone', value: null }])
      entries[0]!.value.fill(0)
      await pending
      for (let i = 0; i < 20; i++) await holds(store, `many/${i % 3}/${i}`, sample(i))
      await holds(store, 'gone', null)
      await store.putMany([])
      const error = await demandRejection(
        () => store.putMany!([{ key: 'a//b', value: sample(1) }]),
        'putMany must refuse a bad key',
      )
      demand(error instanceof RangeError, 'a bad key must be a RangeError')
      return undefined
    },
  ],
]
