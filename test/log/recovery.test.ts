import { describe, expect, it } from 'vitest'
import { LogBehind, LogCorrupt } from '../../src/errors.ts'
import { parseCheckpoint, readLog } from '../../src/log/index.ts'
import { memoryStore, type Store } from '../../src/store/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { batch, codeOf, collect, logOf, openTestLog, trust } from './helpers/logs.ts'
import { entry } from './helpers/reference.ts'

/** A copy of everything in a store. */
async function backup(store: Store): Promise<Map<string, Uint8Array>> {
  const copy = new Map<string, Uint8Array>()
  for (const key of await collect(store.list(''))) copy.set(key, (await store.get(key))!)
  return copy
}

async function restored(copy: ReadonlyMap<string, Uint8Array>): Promise<Store> {
  const store = memoryStore()
  for (const [key, value] of copy) await store.put(key, value)
  return store
}

/** A store that notes whether anything was written. */
function watched(store: Store): { store: Store; writes: string[] } {
  const writes: string[] = []
  return {
    writes,
    store: {
      ...store,
      put: (key, value, options) => {
        writes.push(key)
        return store.put(key, value, options)
      },
      putMany: async (entries, options) => {
        writes.push(...entries.map(({ key }) => key))
        await store.putMany!(entries, options)
      },
      lock: async (key, options) => {
        writes.push(`lock ${key}`)
        return store.lock!(key, options)
      },
    },
  }
}

async function headOf(log: { checkpoint(): Promise<string> }) {
  const { size, root } = parseCheckpoint(await log.checkpoint())
  return { size, root }
}

describe('a floor', () => {
  it('that the log has reached lets it open, and says that rollback is noticed', async () => {
    const { log, store } = await logOf(300)
    const known = await headOf(log)
    const earlier = parseCheckpoint(
      (await log.proveInclusion(0, { size: 7 })).split('\n\n').slice(1).join('\n\n'),
    )
    await log.append(batch(300, 5))
    const current = await headOf(log)
    await log.close()
    for (const floor of [known, earlier, current, { size: 0, root: entry(0) }, null]) {
      const again = await openTestLog(store, { floor: async () => floor })
      expect(again.rollbackProtection).toBe(true)
      expect(again.size).toBe(306)
      await again.close()
    }
  })

  it('refuses a restored backup before anything is written, the lock included', async () => {
    const { log, store } = await logOf(10)
    const copy = await backup(store)
    await log.append(batch(10, 5))
    const known = await headOf(log)
    const { store: old, writes } = watched(await restored(copy))
    const opening = openTestLog(old, { floor: async () => known })
    await expect(opening).rejects.toThrow(LogBehind)
    await expect(opening).rejects.toThrow(
      /ends at size 11.*2026-03-01.*size 16.*restore the newest/,
    )
    expect(writes).toEqual([])
    // Without a floor nobody can tell.
    expect((await openTestLog(old)).size).toBe(11)
  })

  it('refuses an empty store before the genesis is written', async () => {
    const { store, writes } = watched(memoryStore())
    const floor = async () => ({ size: 1, root: entry(0) })
    expect(await codeOf(openTestLog(store, { floor }))).toBe('ERR_LOG_BEHIND')
    expect(writes).toEqual([])
  })

  it('refuses a log that went another way', async () => {
    for (const common of [0, 3, 255, 256, 600]) {
      const { log } = await logOf(common)
      const fork = await logOf(common)
      await log.append(batch(1000, 20))
      const known = await headOf(log)
      await fork.log.append(batch(2000, 300))
      await fork.log.close()
      const { store, writes } = watched(fork.store)
      const opening = openTestLog(store, { floor: async () => known })
      await expect(opening, `after ${common}`).rejects.toThrow(LogBehind)
      expect(writes).toEqual([])
    }
  })

  it('that cannot be asked stops the opening', async () => {
    const { store, writes } = watched(memoryStore())
    const floor = async () => {
      throw new Error('ledger out of reach')
    }
    await expect(openTestLog(store, { floor })).rejects.toThrow('ledger out of reach')
    expect(writes).toEqual([])
  })
})

describe('a log that is behind itself', () => {
  it('is refused where the published checkpoint is ahead of the head', async () => {
    const { log, store } = await logOf(10)
    const head = (await store.get('.head'))!
    await log.append(batch(10, 5))
    await log.close()
    await store.put('.head', head)
    expect(await codeOf(openTestLog(store))).toBe('ERR_LOG_BEHIND')
  })

  it('is a conflict where it has published another root for that size', async () => {
    const one = await logOf(10)
    const other = await logOf(0)
    await other.log.append(batch(500, 10))
    await other.log.close()
    await one.log.close()
    await one.store.put('checkpoint', (await other.store.get('checkpoint'))!)
    const opening = openTestLog(one.store)
    expect(await codeOf(opening)).toBe('ERR_LEDGER_CONFLICT')
    await other.store.put('checkpoint', utf8('x'))
    const smaller = await logOf(3)
    await smaller.log.close()
    await other.store.put('checkpoint', (await smaller.store.get('checkpoint'))!)
    expect(await codeOf(openTestLog(other.store))).toBe('ERR_LEDGER_CONFLICT')
  })

  it('is refused where the head was left out of a copy', async () => {
    const { log, store } = await logOf(10)
    await log.close()
    await store.put('.head', null)
    const opening = openTestLog(store)
    await expect(opening).rejects.toThrow(LogCorrupt)
    await expect(opening).rejects.toThrow(/names that begin with a dot/)
  })
})

describe('damage', () => {
  it('of the head is a typed error that names the remedy, whichever bit it is', async () => {
    const { log, store } = await logOf(20)
    await log.close()
    const head = (await store.get('.head'))!
    for (let at = 0; at < head.length; at++) {
      const changed = head.slice()
      changed[at]! ^= 1 << (at % 8)
      await store.put('.head', changed)
      // The time it was written is for people only.
      const code = await codeOf(openTestLog(store).then((opened) => opened.close()))
      if (at < head.length - 5) expect(code, `byte ${at}`).toBe('ERR_LOG_CORRUPT')
      else expect(['ERR_LOG_CORRUPT', 'resolved']).toContain(code)
    }
    for (const cut of [0, 1, 100, head.length - 1]) {
      await store.put('.head', head.slice(0, cut))
      await expect(openTestLog(store)).rejects.toThrow(/Restore it from a copy/)
    }
    await store.put('.head', head)
    await openTestLog(store)
  })

  it('of tiles is found by whoever needs them', async () => {
    const { log, store } = await logOf(900)
    await log.append(batch(900, 100))
    await log.close()
    const policy = trust(log)
    const copy = await backup(store)
    const tiles = [...copy.keys()].filter((key) => key.startsWith('tile/'))
    expect(tiles.length).toBe(11)
    // Those of the checkpoint of size 901 stay, and nobody needs them now.
    for (const key of tiles.filter((one) => !one.endsWith('.p/133'))) {
      for (const damage of ['changed', 'missing', 'cut'] as const) {
        const damaged = await restored(copy)
        const value = copy.get(key)!.slice()
        value[value.length >> 1]! ^= 4
        const value_ = damage === 'missing' ? null : damage === 'cut' ? value.slice(1) : value
        await damaged.put(key, value_)
        const readAll = async (): Promise<number> => {
          const reader = await readLog({ store: damaged, policy })
          return (await collect(reader.read(0, reader.size))).length
        }
        const code = await codeOf(readAll())
        expect(code, `${key} ${damage}`).toBe('ERR_LOG_CORRUPT')
        // A writer needs the tiles above its last full ones; the last ones it writes again.
        const opened = await codeOf(openTestLog(damaged).then((writer) => writer.close()))
        expect(opened).toBe(key === 'tile/1/000.p/3' ? 'ERR_LOG_CORRUPT' : 'resolved')
        if (key.includes('003.p')) expect(await readAll()).toBe(1001)
      }
    }
  })

  it('of what a crash may leave undone is made good when the log is opened', async () => {
    const { log, store } = await logOf(200)
    await log.append(batch(200, 400))
    await log.close()
    const whole = await backup(store)
    // Everything that the last commit wrote after its head.
    const late = [...whole.keys()].filter((key) => key !== '.head')
    for (const key of late) {
      const damaged = await restored(whole)
      await damaged.put(key, null)
      await (await openTestLog(damaged)).close()
      expect(await damaged.get(key), key).toEqual(whole.get(key))
    }
    const nothing = memoryStore()
    await nothing.put('.head', whole.get('.head')!)
    const again = await openTestLog(nothing)
    expect(again.size).toBe(601)
    expect(await collect(again.read(1, 601))).toEqual(batch(0, 600))
    expect(text((await nothing.get('checkpoint'))!)).toBe(await again.checkpoint())
  })
})
