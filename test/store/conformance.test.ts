import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { directoryBlobs, directoryStore } from '../../src/store/fs/index.ts'
import {
  type BlobStore,
  blobConformance,
  type ConformanceCase,
  memoryBlobs,
  memoryStore,
  prefixStore,
  type Store,
  storeConformance,
} from '../../src/store/index.ts'
import { temporaryDirectory } from './helpers/temporary.ts'

const bare = (store: Store): Store => ({
  get: store.get.bind(store),
  put: store.put.bind(store),
  list: store.list.bind(store),
})

const reopenable = new WeakMap<Store, string>()
const inDirectory = (): Store => {
  const path = join(temporaryDirectory(), 'deep/er')
  const store = directoryStore(path)
  reopenable.set(store, path)
  return store
}

const stores: Record<string, { create: () => Store; reopen?: (store: Store) => Store }> = {
  memoryStore: { create: memoryStore, reopen: (store) => store },
  'memoryStore without optional parts': { create: () => bare(memoryStore()) },
  prefixStore: { create: () => prefixStore(memoryStore(), 'some/where') },
  'prefixStore over a bare store': { create: () => prefixStore(bare(memoryStore()), 'p/') },
  directoryStore: {
    create: inDirectory,
    reopen: (store) => directoryStore(reopenable.get(store)!),
  },
  'prefixStore over directoryStore': { create: () => prefixStore(inDirectory(), 'some/where') },
}

for (const [name, { create, reopen }] of Object.entries(stores)) {
  describe(`storeConformance: ${name}`, () => {
    const optional = name.includes('bare') || name.includes('without')
    for (const { id, title, run } of storeConformance(create, { reopen })) {
      it(`${id}: ${title}`, async () => {
        const skipped =
          (optional && (id === 'lock' || id === 'put-many')) ||
          (id === 'reopen' && reopen === undefined)
        expect(await run()).toBe(skipped ? 'not-applicable' : 'passed')
      })
    }
  })
}

const blobStores: Record<string, () => BlobStore> = {
  memoryBlobs,
  directoryBlobs: () => directoryBlobs(join(temporaryDirectory(), 'blobs')),
}

for (const [name, create] of Object.entries(blobStores)) {
  describe(`blobConformance: ${name}`, () => {
    for (const { id, title, run } of blobConformance(create)) {
      it(`${id}: ${title}`, async () => {
        expect(await run()).toBe('passed')
      })
    }
  })
}

/** Stores with one fault each; the named case must find it. */
const brokenStores: Record<string, (good: Store) => Partial<Store>> = {
  absent: () => ({ get: async () => new Uint8Array(0) }),
  'round-trip': (good) => ({
    get: async (key) => (await good.get(key))?.slice(0, 65536) ?? null,
  }),
  'plain-bytes': (good) => ({
    get: async (key) => {
      const value = await good.get(key)
      return value === null ? null : Buffer.from(value)
    },
  }),
  replace: (good) => ({
    put: async (key, value, options) => value === null || good.put(key, value, options),
  }),
  'put-copies-in': (good) => ({
    put: async (key, value, options) => {
      await Promise.resolve()
      return good.put(key, value, options)
    },
  }),
  'get-copies-out': (good) => {
    const handed = new Map<string, Uint8Array | null>()
    return {
      get: async (key) => {
        if (!handed.has(key)) handed.set(key, await good.get(key))
        return handed.get(key)!
      },
      put: async (key, value, options) => {
        handed.delete(key)
        return good.put(key, value, options)
      },
    }
  },
  'keys-apart': (good) => {
    const mangle = (key: string): string => key.replace('.', '-')
    return {
      get: (key) => good.get(mangle(key)),
      put: (key, value, options) => good.put(mangle(key), value, options),
    }
  },
  'whole-values': (good) => ({
    put: async (key, value, options) => {
      const old = await good.get(key)
      if (value !== null && value.length > 30_000) {
        await good.put(key, new Uint8Array([...value.slice(0, 100), ...(old ?? [])]))
        return true
      }
      return good.put(key, value, options)
    },
  }),
  'expect-absent': (good) => ({
    put: (key, value, { expect, ...rest } = {}) =>
      good.put(key, value, expect === null ? rest : { ...rest, expect }),
  }),
  'expect-bytes': (good) => ({
    put: async (key, value, options = {}) => {
      const now = await good.get(key)
      if (options.expect && now !== null && now.length === options.expect.length) {
        return good.put(key, value)
      }
      return good.put(key, value, options)
    },
  }),
  'expect-delete': (good) => ({
    put: (key, value, options) => good.put(key, value, value === null ? {} : options),
  }),
  'expect-copies-in': (good) => ({
    put: async (key, value, options) => {
      const copy = value?.slice() ?? null
      await Promise.resolve()
      return good.put(key, copy, options)
    },
  }),
  'one-winner': (good) => ({
    put: async (key, value, { expect, ...rest } = {}) => {
      const copy = value?.slice() ?? null
      if (expect === null) {
        const absent = (await good.get(key)) === null
        return absent && good.put(key, copy, rest)
      }
      return good.put(key, copy, { ...rest, expect })
    },
  }),
  'no-lost-update': (good) => ({
    put: async (key, value, { expect, ...rest } = {}) => {
      const copy = value?.slice() ?? null
      const wanted = expect?.slice()
      if (wanted !== undefined) {
        const now = await good.get(key)
        await Promise.resolve()
        return now !== null && now.join() === wanted.join() && good.put(key, copy, rest)
      }
      return good.put(key, copy, { ...rest, expect })
    },
  }),
  list: (good) => ({
    async *list(prefix) {
      const keys: string[] = []
      for await (const key of good.list(prefix)) keys.push(key)
      yield* keys.sort((a, b) => a.localeCompare(b))
    },
  }),
  'list-many': (good) => ({
    async *list(prefix) {
      let count = 0
      for await (const key of good.list(prefix)) if (count++ < 100) yield key
    },
  }),
  'bad-keys': (good) => ({
    put: async (key, value, options) => good.put(key.replaceAll('\\', '_'), value, options),
  }),
  abort: (good) => ({
    put: (key, value, options) =>
      good.put(key, value, { expect: options?.expect, lazy: options?.lazy }),
  }),
  lazy: (good) => {
    const later = new Map<string, Uint8Array | null>()
    return {
      put: async (key, value, options) => {
        if (options?.lazy !== true) return good.put(key, value, options)
        later.set(key, value)
        return true
      },
    }
  },
  lock: () => ({ lock: async () => ({ release: async () => {} }) }),
  'put-many': (good) => ({
    putMany: async (entries) => {
      for (const { key, value } of entries.slice(0, 10)) await good.put(key, value)
    },
  }),
}

describe('storeConformance finds', () => {
  it('a fault for every one of its cases', () => {
    const cases = storeConformance(memoryStore).map(({ id }) => id)
    expect(Object.keys(brokenStores).sort()).toEqual(cases.filter((id) => id !== 'reopen').sort())
  })
  for (const [id, breakIt] of Object.entries(brokenStores)) {
    it(id, async () => {
      const create = (): Store => {
        const good = memoryStore()
        return { ...good, ...breakIt(good) }
      }
      const found = storeConformance(create).find((one) => one.id === id)
      await expect(found!.run()).rejects.toThrow(id)
    })
  }
  it('reopen: a store that forgets', async () => {
    const cases = storeConformance(memoryStore, { reopen: () => memoryStore() })
    await expect(cases.find(({ id }) => id === 'reopen')!.run()).rejects.toThrow('reopen')
  })
})

const brokenBlobs: Record<string, (good: BlobStore) => Partial<BlobStore>> = {
  'round-trip': () => ({ size: async () => 0 }),
  ranges: (good) => ({ read: (key, offset, length) => good.read(key, offset, length + 1) }),
  absent: () => ({ async *read() {} }),
  'read-copies-out': () => {
    const kept = new Uint8Array(0)
    let content: Uint8Array = kept
    return {
      put: async (_key, source) => {
        for await (const part of source) content = part
      },
      size: async () => content.length,
      async *read() {
        yield content
      },
    }
  },
  'put-copies-in': () => {
    const parts: Uint8Array[] = []
    return {
      put: async (_key, source) => {
        for await (const part of source) parts.push(part)
      },
      size: async () => parts.reduce((sum, part) => sum + part.length, 0),
      async *read() {
        yield* parts
      },
    }
  },
  'all-or-nothing': (good) => ({
    put: async (key, source, options) => {
      const parts: Uint8Array[] = []
      try {
        for await (const part of source) parts.push(part)
      } finally {
        await good.put(
          key,
          (async function* () {
            yield* parts
          })(),
          options,
        )
      }
    },
  }),
  'replace-and-delete': (good) => ({
    delete: async (key) => {
      if ((await good.size(key)) === null) throw new Error('absent')
      await good.delete(key)
    },
  }),
  refusals: (good) => ({ size: (key) => good.size(key) }),
}

describe('blobConformance finds', () => {
  it('a fault for every one of its cases', () => {
    const cases: ConformanceCase[] = blobConformance(memoryBlobs)
    expect(Object.keys(brokenBlobs).sort()).toEqual(cases.map(({ id }) => id).sort())
  })
  for (const [id, breakIt] of Object.entries(brokenBlobs)) {
    it(id, async () => {
      const create = (): BlobStore => {
        const good = memoryBlobs()
        return { ...good, ...breakIt(good) }
      }
      const found = blobConformance(create).find((one) => one.id === id)
      await expect(found!.run()).rejects.toThrow(id)
    })
  }
})
