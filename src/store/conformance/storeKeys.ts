import { badKeys, collect, demand, demandRejection, sample } from './cases.ts'
import { holds, type StoreCase } from './storeChecks.ts'

/** Which keys there are. */
export const listing: readonly StoreCase[] = [
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

/** What every store refuses. */
export const refusals: readonly StoreCase[] = [
  [
    'bad-keys',
    'keys that some store could not keep are a RangeError everywhere',
    async (store) => {
      for (const key of badKeys()) {
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
