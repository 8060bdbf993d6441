import { isCaresealError } from '../../errors.ts'
import { equalBytes } from '../../internal/bytes.ts'
import type { Store, StoreLock } from '../types.ts'
import {
  badKeys,
  type ConformanceCase,
  collect,
  conformanceCases,
  demand,
  demandRejection,
  sample,
} from './cases.ts'

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

type Body = Parameters<typeof conformanceCases<Store>>[1][number]

async function holds(store: Store, key: string, expected: Uint8Array | null): Promise<void> {
  const value = await store.get(key)
  demand(
    value === null || expected === null ? value === expected : equalBytes(value, expected),
    `get('${key}') must give ${expected === null ? 'null' : 'the bytes that were put'}`,
  )
}

async function applies(result: Promise<boolean>, expected: boolean, what: string): Promise<void> {
  demand((await result) === expected, `${what} must resolve to ${expected}`)
}

const readWrite: readonly Body[] = [
  [
    'absent',
    'an absent key is null',
    async (store) => {
      await holds(store, 'nothing', null)
      await store.put('folder/key', sample(1))
      await holds(store, 'folder', null)
      return undefined
    },
  ],
  [
    'round-trip',
    'the bytes that were put come back, an empty value and a large one too',
    async (store) => {
      for (const [i, length] of [0, 1, 300, 70_000, 1_000_000].entries()) {
        await applies(store.put(`key-${i}`, sample(i, length)), true, 'put')
        await holds(store, `key-${i}`, sample(i, length))
      }
      return undefined
    },
  ],
  [
    'plain-bytes',
    'a value comes back as a plain Uint8Array',
    async (store) => {
      await store.put('key', sample(1))
      const value = await store.get('key')
      demand(
        value !== null && Object.getPrototypeOf(value) === Uint8Array.prototype,
        'get must give a Uint8Array, not a Buffer',
      )
      return undefined
    },
  ],
  [
    'replace',
    'put without expect replaces, and null deletes',
    async (store) => {
      await store.put('key', sample(1, 100))
      await applies(store.put('key', sample(2, 3)), true, 'put over a value')
      await holds(store, 'key', sample(2, 3))
      await applies(store.put('key', null), true, 'put(null)')
      await holds(store, 'key', null)
      await applies(store.put('key', null), true, 'put(null) of an absent key')
      return undefined
    },
  ],
  [
    'put-copies-in',
    'a value is taken as it is at the time of the call',
    async (store) => {
      const value = sample(1)
      const pending = store.put('key', value)
      value.fill(0)
      await pending
      await holds(store, 'key', sample(1))
      value.fill(1)
      await holds(store, 'key', sample(1))
      return undefined
    },
  ],
  [
    'get-copies-out',
    'what get gave can be changed without changing the store',
    async (store) => {
      await store.put('key', sample(1))
      const value = await store.get('key')
      value?.fill(0)
      await holds(store, 'key', sample(1))
      return undefined
    },
  ],
  [
    'keys-apart',
    'keys that look alike are different keys',
    async (store) => {
      const keys = ['a', 'ab', 'a.b', 'a-b', 'b/a', 'b/.a', '.a', 'a%2Fb', 'c/a']
      for (const [i, key] of keys.entries()) await store.put(key, sample(i))
      for (const [i, key] of keys.entries()) await holds(store, key, sample(i))
      return undefined
    },
  ],
  [
    'whole-values',
    'of two writes at the same time one is there, whole',
    async (store) => {
      for (let round = 0; round < 5; round++) {
        const values = [sample(round, 40_000), sample(round + 50, 60_000)]
        await Promise.all(values.map((value) => store.put('key', value)))
        const found = await store.get('key')
        demand(
          values.some((value) => found !== null && equalBytes(value, found)),
          'the value must be one of the two',
        )
      }
      return undefined
    },
  ],
]

const compareAndSet: readonly Body[] = [
  [
    'expect-absent',
    'expect: null writes only an absent key',
    async (store) => {
      await applies(store.put('key', sample(1), { expect: null }), true, 'put to an absent key')
      await applies(store.put('key', sample(2), { expect: null }), false, 'put to a present key')
      await holds(store, 'key', sample(1))
      await store.put('key', null)
      await applies(store.put('key', sample(3), { expect: null }), true, 'put after a delete')
      await store.put('empty', new Uint8Array(0))
      await applies(store.put('empty', sample(1), { expect: null }), false, 'put to an empty value')
      return undefined
    },
  ],
  [
    'expect-bytes',
    'expect: bytes writes only where exactly these are',
    async (store) => {
      await store.put('key', sample(1, 40))
      const wrong = sample(1, 40)
      wrong[39]! ^= 1
      await applies(store.put('key', sample(2), { expect: wrong }), false, 'put over other bytes')
      const shorter = sample(1, 40).slice(0, 39)
      await applies(
        store.put('key', sample(2), { expect: shorter }),
        false,
        'put over longer bytes',
      )
      await applies(
        store.put('key', sample(2), { expect: new Uint8Array(0) }),
        false,
        'put that expects an empty value',
      )
      await holds(store, 'key', sample(1, 40))
      await applies(store.put('key', sample(2), { expect: sample(1, 40) }), true, 'put over these')
      await holds(store, 'key', sample(2))
      await applies(store.put('none', sample(2), { expect: sample(2) }), false, 'put over nothing')
      await holds(store, 'none', null)
      return undefined
    },
  ],
  [
    'expect-delete',
    'deleting takes expect too',
    async (store) => {
      await store.put('key', sample(1))
      await applies(store.put('key', null, { expect: sample(2) }), false, 'delete of other bytes')
      await applies(
        store.put('key', null, { expect: null }),
        false,
        'delete of what should be absent',
      )
      await holds(store, 'key', sample(1))
      await applies(store.put('key', null, { expect: sample(1) }), true, 'delete of these bytes')
      await holds(store, 'key', null)
      await applies(store.put('key', null, { expect: null }), true, 'delete of an absent key')
      return undefined
    },
  ],
  [
    'expect-copies-in',
    'expect is taken as it is at the time of the call',
    async (store) => {
      await store.put('key', sample(1))
      const expect = sample(1)
      const pending = store.put('key', sample(2), { expect })
      expect.fill(0)
      await applies(pending, true, 'put')
      return undefined
    },
  ],
  [
    'one-winner',
    'of many that create one key at once exactly one wins',
    async (store) => {
      const tries = Array.from({ length: 8 }, (_, i) => store.put('k', sample(i), { expect: null }))
      const won = (await Promise.all(tries))
        .map((applied, i) => (applied ? i : -1))
        .filter((i) => i >= 0)
      demand(won.length === 1, `exactly one put must be applied, ${won.length} were`)
      await holds(store, 'k', sample(won[0]!))
      return undefined
    },
  ],
  [
    'no-lost-update',
    'a counter that many raise by compare-and-set loses nothing',
    async (store) => {
      await store.put('counter', Uint8Array.of(0))
      const raise = async (): Promise<void> => {
        for (let done = 0; done < 5; ) {
          const seen = (await store.get('counter'))!
          const next = Uint8Array.of(seen[0]! + 1)
          if (await store.put('counter', next, { expect: seen })) done++
        }
      }
      await Promise.all([raise(), raise(), raise(), raise()])
      await holds(store, 'counter', Uint8Array.of(20))
      return undefined
    },
  ],
]

const listing: readonly Body[] = [
  [
    'list',
    'list gives all keys that begin with the prefix, sorted by their bytes, and no deleted ones',
    async (store) => {
      const keys = ['b', 'a/b', 'ab', 'a-', 'a.b', 'c/.x/y', '.dot', 'Z', 'a0/c', 'é']
      for (const key of [...keys, 'a/gone']) await store.put(key, sample(1))
      await store.put('a/gone', null)
      const sorted = ['.dot', 'Z', 'a-', 'a.b', 'a/b', 'a0/c', 'ab', 'b', 'c/.x/y', 'é']
      const expectation: readonly (readonly [string, readonly string[]])[] = [
        ['', sorted],
        ['a', ['a-', 'a.b', 'a/b', 'a0/c', 'ab']],
        ['a/', ['a/b']],
        ['a/b', ['a/b']],
        ['a/b/', []],
        ['c/.', ['c/.x/y']],
        ['x', []],
      ]
      for (const [prefix, expected] of expectation) {
        const found = await collect(store.list(prefix))
        demand(
          found.join('\n') === expected.join('\n'),
          `list('${prefix}') must give ${expected.join(' ')}, gave ${found.join(' ')}`,
        )
      }
      return undefined
    },
  ],
  [
    'list-many',
    'list gives hundreds of keys, each once',
    async (store) => {
      const keys = Array.from(
        { length: 300 },
        (_, i) => `many/${i % 7}/${String(i).padStart(4, '0')}`,
      )
      await Promise.all(keys.map((key) => store.put(key, sample(1, 1))))
      const found = await collect(store.list('many/'))
      demand(found.join() === [...keys].sort().join(), 'every key must be there, once, sorted')
      return undefined
    },
  ],
]

const refusals: readonly Body[] = [
  [
    'bad-keys',
    'keys that some store could not keep are a RangeError everywhere',
    async (store) => {
      for (const key of badKeys) {
        const calls = [
          () => store.get(key),
          () => store.put(key, sample(1)),
          () => store.put(key, null, { expect: null }),
        ]
        for (const call of calls) {
          const error = await demandRejection(
            call,
            `the key ${JSON.stringify(key)} must be refused`,
          )
          demand(error instanceof RangeError, `${JSON.stringify(key)} must be a RangeError`)
        }
      }
      for (const prefix of ['/', '../', 'a//', 'a/../', '.~', 'a\\']) {
        const error = await demandRejection(
          () => collect(store.list(prefix)),
          `the prefix ${JSON.stringify(prefix)} must be refused`,
        )
        demand(error instanceof RangeError, `${JSON.stringify(prefix)} must be a RangeError`)
      }
      demand((await collect(store.list(''))).length === 0, 'nothing may have been written')
      return undefined
    },
  ],
  [
    'abort',
    'a call whose signal is aborted rejects with its reason and writes nothing',
    async (store) => {
      await store.put('key', sample(1))
      const reason = new Error('no longer needed')
      const signal = AbortSignal.abort(reason)
      const calls = [
        () => store.get('key', { signal }),
        () => store.put('key', sample(2), { signal }),
        () => store.put('key', null, { signal, expect: sample(1) }),
        () => collect(store.list('', { signal })),
      ]
      for (const call of calls) {
        const error = await demandRejection(call, 'an aborted call must reject')
        demand(error === reason, 'an aborted call must reject with the reason of its signal')
      }
      await holds(store, 'key', sample(1))
      return undefined
    },
  ],
]

const optionalParts: readonly Body[] = [
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
