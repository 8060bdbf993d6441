import type { Store } from '../types.ts'
import { type ConformanceCase, conformanceCases, sample } from './cases.ts'
import { holds } from './storeChecks.ts'
import { listing, refusals } from './storeKeys.ts'
import { optionalParts } from './storeOptions.ts'
import { compareAndSet, readWrite } from './storeValues.ts'

/** Options of the conformance kit of stores. */
export interface StoreConformanceOptions {
  /** Opens the same store again, as after a restart; without it that case is `not-applicable`. */
  readonly reopen?: ((store: Store) => Store | Promise<Store>) | undefined
}

/**
 * The cases that every {@link Store} passes, for any test runner. They see what can be seen from inside one
 * process; that a resolved `put` survives a power failure is the store's own to prove.
 *
 * @param createStore - Makes a fresh, empty store for each case.
 * @param options - A way to open a store again.
 * @returns The cases.
 * @example
 * In a test file, here without a runner.
 * ```ts
 * import { memoryStore, storeConformance } from 'careseal/store'
 *
 * for (const { id, run } of storeConformance(memoryStore)) console.log(id, await run())
 * ```
 */
export function storeConformance(
  createStore: () => Store | Promise<Store>,
  options: StoreConformanceOptions = {},
): ConformanceCase[] {
  return conformanceCases<Store>(createStore, [
    ...readWrite,
    ...compareAndSet,
    ...listing,
    ...refusals,
    ...optionalParts,
    [
      'reopen',
      'everything is there after the store was opened again',
      async (store) => {
        if (options.reopen === undefined) return 'not-applicable'
        await store.put('a/b', sample(1))
        await store.put('a/c', sample(2))
        await store.put('a/c', null)
        const again = await options.reopen(store)
        await holds(again, 'a/b', sample(1))
        await holds(again, 'a/c', null)
        return undefined
      },
    ],
  ])
}
