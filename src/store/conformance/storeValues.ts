import { equalBytes } from '../../internal/bytes.ts'
import { demand, sample } from './cases.ts'
import { applies, holds, type StoreCase } from './storeChecks.ts'

/** What is put comes back, whole and unshared. */
export const readWrite: readonly StoreCase[] = [
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

/** Writes that depend on what is there. */
export const compareAndSet: readonly StoreCase[] = [
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
