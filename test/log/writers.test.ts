import { describe, expect, it } from 'vitest'
import { isCaresealError, StoreFailed } from '../../src/errors.ts'
import { parseCheckpoint, readLog } from '../../src/log/index.ts'
import { memoryStore, type Store } from '../../src/store/index.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'
import { rejection } from '../helpers/errors.ts'
import { dice } from '../store/helpers/disk.ts'
import { bare, batch, codeOf, collect, logOf, openTestLog, trust } from './helpers/logs.ts'
import { entry } from './helpers/reference.ts'

/** All checkpoints that came out, by size: two roots for one size would be a fork. */
class Witness {
  readonly #roots = new Map<number, string>()
  see(note: string): void {
    const { size, root } = parseCheckpoint(note)
    expect(this.#roots.get(size) ?? toHex(root), `two roots for size ${size}`).toBe(toHex(root))
    this.#roots.set(size, toHex(root))
  }
}

describe('a second writer', () => {
  it('is refused where the store has locks, until the first has closed', async () => {
    const store = memoryStore()
    const first = await openTestLog(store)
    const error = await rejection(openTestLog(store))
    expect(isCaresealError(error, 'ERR_LOG_LOCKED')).toBe(true)
    expect((error as Error).message).toBe(
      `The log ${first.origin} has another writer. This process holds the lock already. Close what holds it first.`,
    )
    await first.close()
    await (await openTestLog(store)).close()
  })

  it('without locks: the one that comes late at a commit is refused, and stays so', async () => {
    const store = bare(memoryStore())
    const first = await openTestLog(store)
    const second = await openTestLog(store)
    await first.append(batch(0, 1))
    expect(await codeOf(second.append(batch(1, 1)))).toBe('ERR_LOG_LOCKED')
    expect(await codeOf(second.append(batch(1, 1)))).toBe('ERR_LOG_LOCKED')
    // It never shows a checkpoint that was not committed.
    expect(second.size).toBe(1)
    expect(parseCheckpoint(await second.checkpoint()).size).toBe(1)
    await second.close()
    const third = await openTestLog(store)
    await third.append(batch(1, 1))
    expect(await codeOf(first.append(batch(2, 1)))).toBe('ERR_LOG_LOCKED')
    expect(await collect(third.read(1, 3))).toEqual(batch(0, 2))
  })

  it('that begins the log at the same time: one wins', async () => {
    const store = bare(memoryStore())
    const results = await Promise.allSettled([openTestLog(store), openTestLog(store)])
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1)
    const [lost] = results.filter((result) => result.status === 'rejected')
    expect((lost!.reason as { code: string }).code).toBe('ERR_LOG_LOCKED')
  })

  it('that opens while the first one writes is not told that it is behind', async () => {
    for (let moment = 0; moment < 6; moment++) {
      const store = bare(memoryStore())
      const first = await openTestLog(store)
      await first.append(batch(0, 5))
      let calls = 0
      const watched: Store = {
        ...store,
        get: async (key) => {
          const value = await store.get(key)
          if (calls++ === moment) await first.append(batch(5, 300))
          return value
        },
      }
      const code = await codeOf(openTestLog(watched))
      expect(['resolved', 'ERR_LOG_LOCKED'], `moment ${moment}`).toContain(code)
    }
  })

  it('never makes a fork, however the two take turns', async () => {
    for (let seed = 1; seed <= 25; seed++) {
      const roll = dice(seed)
      const shared = memoryStore()
      const pause = async (): Promise<void> => {
        for (let i = roll(5); i > 0; i--) await Promise.resolve()
        if (roll(3) === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      const turns: Store = {
        get: async (key) => {
          await pause()
          return shared.get(key)
        },
        put: async (key, value, options) => {
          await pause()
          const applied = await shared.put(key, value, options)
          if (key === 'checkpoint' && applied) witness.see(text(value!))
          await pause()
          return applied
        },
        list: shared.list.bind(shared),
      }
      const witness = new Witness()
      const acknowledged: { index: number; value: string }[] = []
      let next = 0
      const work = async (): Promise<void> => {
        for (let opened = 0; opened < 6; opened++) {
          try {
            const log = await openTestLog(turns)
            witness.see(await log.checkpoint())
            for (;;) {
              const values = batch(next, 1 + roll(90))
              next += values.length
              const places = await log.append(values)
              places.forEach(({ index }, i) => {
                acknowledged.push({ index, value: toHex(values[i]!) })
              })
              witness.see(await log.checkpoint())
              if (log.size > 1500) return
            }
          } catch (error) {
            if ((error as { code?: string }).code !== 'ERR_LOG_LOCKED') throw error
          }
        }
      }
      await Promise.all([work(), work()])
      const log = await openTestLog(turns)
      const entries = (await collect(log.read(0, log.size))).map(toHex)
      expect(acknowledged.length).toBeGreaterThan(100)
      for (const { index, value } of acknowledged) expect(entries[index]).toBe(value)
    }
  }, 60_000)
})

/** A store whose calls can be made to fail: before they are done, or after. */
function unreliable(good: Store): Store & { fault: (key: string) => 'before' | 'after' | null } {
  const store = {
    ...bare(good),
    fault: (_key: string): 'before' | 'after' | null => null,
    put: async (key: string, value: Uint8Array | null, options?: object) => {
      const fault = store.fault(key)
      const failure = new StoreFailed('The line is down.', { outcome: 'unknown', retryable: true })
      if (fault === 'before') throw failure
      const applied = await good.put(key, value, options)
      if (fault === 'after') throw failure
      return applied
    },
  }
  return store
}

describe('a store that fails', () => {
  for (const when of ['before', 'after'] as const) {
    for (const what of ['.head', 'checkpoint', 'tile/0/', 'tile/entries/']) {
      it(`${when} writing ${what}: the append rejects, the next one goes on`, async () => {
        const store = unreliable(memoryStore())
        const log = await openTestLog(store)
        await log.append(batch(0, 250))
        store.fault = (key) => (key.startsWith(what) ? when : null)
        const failed = await log
          .append(batch(250, 10))
          .catch((error: unknown) => error as StoreFailed)
        expect((failed as StoreFailed).code).toBe('ERR_STORE_FAILED')
        expect((failed as StoreFailed).retryable).toBe(true)
        // What follows the head does not undo that the entries are in the log.
        if (what !== '.head') expect((failed as StoreFailed).outcome).toBe('applied')
        else expect((failed as StoreFailed).outcome).not.toBe('applied')
        // Nothing is shown that was not acknowledged.
        expect(log.size).toBe(251)
        expect(await codeOf(log.append(batch(250, 10)))).toBe('ERR_STORE_FAILED')
        store.fault = () => null
        await log.append(batch(260, 3))
        const entries = await collect(log.read(1, log.size))
        expect(entries.slice(0, 250)).toEqual(batch(0, 250))
        expect(entries.slice(-3)).toEqual(batch(260, 3))
        await log.close()
        const again = await openTestLog(store)
        expect(again.size).toBe(log.size)
        const reader = await readLog({ store, policy: trust(log) })
        expect((await collect(reader.read(1, reader.size))).slice(0, 250)).toEqual(batch(0, 250))
      })
    }
  }

  it('while opening: the lock is free again and nothing is wrong', async () => {
    for (const what of ['.head', 'checkpoint', 'tile/0/']) {
      const good = memoryStore()
      const failing = unreliable(good)
      failing.fault = (key) => (key.startsWith(what) ? 'after' : null)
      const locked: Store = { ...failing, lock: good.lock!.bind(good) }
      expect(await codeOf(openTestLog(locked))).toBe('ERR_STORE_FAILED')
      const log = await openTestLog(good)
      expect(log.size).toBe(1)
    }
  })

  it('that says no to what it has done, because its own retry came late: the append is done', async () => {
    const good = memoryStore()
    let late = false
    const store: Store = {
      ...bare(good),
      put: async (key, value, options) => {
        if (!late || key !== '.head') return good.put(key, value, options)
        await good.put(key, value, options)
        return options?.expect !== undefined && (await good.put(key, value, options))
      },
    }
    const log = await openTestLog(store)
    late = true
    expect(await log.append(batch(0, 2)).then(([first]) => first)).toEqual({ index: 1 })
    late = false
    expect(await log.append(batch(2, 1))).toEqual([{ index: 3 }])
    expect(await collect(log.read(1, 4))).toEqual(batch(0, 3))
  })

  it('while another writer moves on: the first one finds out when it tries again', async () => {
    const store = unreliable(memoryStore())
    const first = await openTestLog(store)
    const second = await openTestLog(store)
    store.fault = (key) => (key === '.head' ? 'before' : null)
    expect(await codeOf(first.append(batch(0, 1)))).toBe('ERR_STORE_FAILED')
    store.fault = () => null
    await second.append(batch(1, 1))
    expect(await codeOf(first.append(batch(0, 1)))).toBe('ERR_LOG_LOCKED')
  })

  it('when deleting outdated tiles does no harm', async () => {
    const good = memoryStore()
    const store: Store = {
      ...bare(good),
      list: () => {
        throw new StoreFailed('no listing today', { outcome: 'not-applied' })
      },
    }
    const log = await openTestLog(store)
    for (let i = 0; i < 4; i++) await log.append(batch(i * 100, 100))
    expect(log.size).toBe(401)
    expect(await collect(log.read(1, 401))).toEqual(batch(0, 400))
  })

  it('a key that fails: the append rejects, the next one goes on', async () => {
    const { signerOf } = await import('./helpers/logs.ts')
    const good = await signerOf(1)
    let broken = false
    const signer = {
      publicKey: good.publicKey,
      sign: async (message: Uint8Array) => {
        if (broken) throw new Error('HSM silent')
        return good.sign(message)
      },
    }
    const log = await openTestLog(memoryStore(), { signer })
    broken = true
    expect(await codeOf(log.append(batch(0, 1)))).toBe('ERR_KEY_UNAVAILABLE')
    broken = false
    expect(await log.append(batch(1, 1))).toEqual([{ index: 1 }])
  })

  it('a head that was seen before it was durable is written again before anything builds on it', async () => {
    const { log, store } = await logOf(5)
    await log.close()
    const writes: string[] = []
    const watched: Store = {
      ...store,
      put: (key, value, options) => {
        writes.push(`${key}${options?.lazy === true ? ' lazy' : ''}`)
        return store.put(key, value, options)
      },
    }
    await openTestLog(watched)
    expect(writes[0]).toBe('.head')
  })
})

describe('what an append waits for', () => {
  it('is one durable write, and one more round where tiles became full', async () => {
    const { log, store } = await logOf(0)
    await log.close()
    const writes: string[] = []
    const note = (key: string, lazy: boolean | undefined): void => {
      writes.push(`${key}${lazy === true ? ' lazy' : ''}`)
    }
    const watched: Store = {
      ...bare(store),
      put: (key, value, options) => {
        note(value === null ? `delete ${key}` : key, options?.lazy)
        return store.put(key, value, options)
      },
    }
    const again = await openTestLog(watched)
    writes.length = 0
    await again.append(batch(0, 1))
    expect(writes).toEqual([
      '.head',
      'tile/0/000.p/2 lazy',
      'tile/entries/000.p/2 lazy',
      'checkpoint lazy',
    ])
    writes.length = 0
    await again.append(batch(1, 300))
    expect(writes).toEqual([
      '.head',
      'tile/0/000',
      'tile/entries/000',
      'tile/1/000.p/1',
      'tile/0/001.p/46 lazy',
      'tile/entries/001.p/46 lazy',
      'checkpoint lazy',
      'delete tile/0/000.p/1 lazy',
      'delete tile/0/000.p/2 lazy',
      'delete tile/entries/000.p/1 lazy',
      'delete tile/entries/000.p/2 lazy',
    ])
    // The tile above did not change: it is not written again.
    writes.length = 0
    await again.append(batch(301, 1))
    expect(writes).not.toContain('tile/1/000.p/1')
  })
})

describe('the published checkpoint', () => {
  it('never goes back, and is put right when it is damaged', async () => {
    const { log, store } = await logOf(5)
    await log.close()
    await store.put('checkpoint', utf8('not a checkpoint'))
    const again = await openTestLog(store)
    expect(text((await store.get('checkpoint'))!)).toBe(await again.checkpoint())
    await store.put('checkpoint', null)
    await again.append([entry(7)])
    expect(text((await store.get('checkpoint'))!)).toBe(await again.checkpoint())
  })

  it('keeps cosignatures that somebody added, as long as it stands', async () => {
    const { log, store } = await logOf(5)
    const { cosign } = await import('../../src/log/index.ts')
    const { signerOf } = await import('./helpers/logs.ts')
    const cosigned = await cosign(await log.checkpoint(), { name: 'w', signer: await signerOf(3) })
    await store.put('checkpoint', utf8(cosigned))
    await log.close()
    const again = await openTestLog(store)
    expect(text((await store.get('checkpoint'))!)).toBe(cosigned)
    await again.append([entry(7)])
    expect(text((await store.get('checkpoint'))!)).toBe(await again.checkpoint())
  })
})
