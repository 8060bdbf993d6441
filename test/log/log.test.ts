import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/internal/bytes.ts'
import { verifyConsistency, verifyInclusion } from '../../src/log/index.ts'
import { memoryStore, type Store } from '../../src/store/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { rejection } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'
import { bare, batch, codeOf, collect, logOf, openTestLog, origin, trust } from './helpers/logs.ts'
import { proof as consistency, entry, leaf, mth, path, sha256 } from './helpers/reference.ts'

const genesis = sha256(utf8('careseal/genesis/1'), utf8(origin))
const leavesOf = (entries: number): Uint8Array[] => [genesis, ...batch(0, entries)].map(leaf)

describe('openLog', () => {
  it('begins with the genesis entry, and says who it is', async () => {
    const store = memoryStore()
    const log = await openTestLog(store)
    expect(log.origin).toBe(origin)
    expect(log.size).toBe(1)
    expect(log.rollbackProtection).toBe(false)
    expect(log.verifierKey).toMatch(/^clinic\.example\/log\+[0-9a-f]{8}\+A/)
    expect(await collect(log.read(0, 1))).toEqual([genesis])
    expect((await log.checkpoint()).split('\n').slice(0, 2)).toEqual([origin, '1'])
    const keys = await collect(store.list(''))
    expect(keys).toEqual(['.head', 'checkpoint', 'tile/0/000.p/1', 'tile/entries/000.p/1'])
  })

  it('continues where it ended', async () => {
    const { log, store } = await logOf(300)
    const before = await log.checkpoint()
    await log.close()
    const again = await openTestLog(store)
    expect(await again.checkpoint()).toBe(before)
    expect(await again.append(batch(300, 2))).toEqual([{ index: 301 }, { index: 302 }])
    expect(await collect(again.read(0, 303))).toEqual([genesis, ...batch(0, 302)])
  })

  it('refuses bad names, bad keys and bad floors before it writes anything', async () => {
    const store = memoryStore()
    for (const bad of ['', 'a b', 'a+b', 'a\nb', 'x'.repeat(256), '\ud800', 5 as never]) {
      await expect(openTestLog(store, { origin: bad })).rejects.toThrow(RangeError)
    }
    const floor = async () => ({ size: -1, root: entry(0) })
    await expect(openTestLog(store, { floor })).rejects.toThrow(RangeError)
    const short = async () => ({ size: 1, root: new Uint8Array(31) })
    await expect(openTestLog(store, { floor: short })).rejects.toThrow(RangeError)
    expect(await collect(store.list(''))).toEqual([])
  })

  it('refuses a store that holds another log, naming the remedy', async () => {
    const { log, store } = await logOf(3)
    await log.close()
    const other = openTestLog(store, { origin: 'other.example/log' })
    await expect(other).rejects.toThrow(/holds the log clinic\.example\/log.*prefixStore/)
    const { signerOf } = await import('./helpers/logs.ts')
    const stranger = openTestLog(store, { signer: await signerOf(9) })
    await expect(stranger).rejects.toThrow(/another key.*its own signer/)
    expect(await codeOf(openTestLog(store, { origin: 'other.example/log' }))).toBe(
      'ERR_LOG_CORRUPT',
    )
  })

  it('signs with Ed25519 only', async () => {
    const { es256, generateKey } = await import('../../src/keys/index.ts')
    const signer = await generateKey(es256)
    expect(await codeOf(openTestLog(memoryStore(), { signer }))).toBe('ERR_ALGORITHM_UNSUPPORTED')
  })

  it('is not signed by an identity, and is not told to take its signer', async () => {
    const error = await rejection(
      openTestLog(memoryStore(), { signer: (await person(1)) as never }),
    )
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toBe('signer must be a signer, such as generateKey(ed25519)')
  })

  it('leaves the lock to others when it fails', async () => {
    const { log, store } = await logOf(3)
    await log.close()
    await expect(openTestLog(store, { origin: 'other.example/log' })).rejects.toThrow()
    const clock = () => new Date(Number.NaN)
    await expect(openTestLog(memoryStore(), { clock })).rejects.toThrow(RangeError)
    await (await openTestLog(store)).close()
  })
})

describe('append', () => {
  it('gives every commitment its place, and all of them are there', async () => {
    const { log } = await logOf(0)
    expect(await log.append(batch(0, 1))).toEqual([{ index: 1 }])
    expect(await log.append(batch(1, 3))).toEqual([{ index: 2 }, { index: 3 }, { index: 4 }])
    expect(log.size).toBe(5)
    expect(await collect(log.read(0, 5))).toEqual([genesis, ...batch(0, 4)])
  })

  it('of nothing does nothing', async () => {
    const { log } = await logOf(0)
    expect(await log.append([])).toEqual([])
    expect(log.size).toBe(1)
  })

  it('of a wrong length is refused as a whole', async () => {
    const { log } = await logOf(0)
    for (const bad of [new Uint8Array(31), new Uint8Array(33), new Uint8Array(0)]) {
      await expect(log.append([entry(0), bad])).rejects.toThrow(RangeError)
    }
    await expect(log.append([entry(0), 'text' as never])).rejects.toThrow(TypeError)
    expect(log.size).toBe(1)
  })

  it('takes the bytes as they are at the call', async () => {
    const { log } = await logOf(0)
    const commitment = entry(0)
    const pending = log.append([commitment])
    commitment.fill(0)
    await pending
    expect(await collect(log.read(1, 2))).toEqual([entry(0)])
  })

  it('of many at once shares checkpoints', async () => {
    const store = memoryStore()
    let commits = 0
    const counting: Store = {
      ...store,
      put: (key, value, options) => {
        if (key === '.head') commits++
        return store.put(key, value, options)
      },
    }
    const log = await openTestLog(counting)
    commits = 0
    const places = await Promise.all(batch(0, 100).map((commitment) => log.append([commitment])))
    expect(places.map(([place]) => place!.index)).toEqual(
      Array.from({ length: 100 }, (_, i) => i + 1),
    )
    expect(commits).toBe(1)
    // While a commit runs the next ones gather.
    const first = log.append(batch(100, 1))
    await new Promise((resolve) => setTimeout(resolve, 0))
    await Promise.all([first, ...batch(101, 50).map((commitment) => log.append([commitment]))])
    expect(commits).toBeLessThanOrEqual(3)
  })

  it('larger than a tile and larger than a commit keeps its order', async () => {
    const { log } = await logOf(0)
    const large = log.append(batch(0, 3000))
    const small = log.append(batch(3000, 2))
    expect((await large).map(({ index }) => index)).toEqual(
      Array.from({ length: 3000 }, (_, i) => i + 1),
    )
    expect(await small).toEqual([{ index: 3001 }, { index: 3002 }])
    expect(await collect(log.read(0, 3003))).toEqual([genesis, ...batch(0, 3002)])
  })

  it('that is aborted before its commit is taken back', async () => {
    const { log } = await logOf(0)
    const reason = new Error('changed my mind')
    await expect(log.append(batch(0, 1), { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
    const controller = new AbortController()
    const running = log.append(batch(0, 1))
    await Promise.resolve()
    await Promise.resolve()
    const waiting = log.append(batch(1, 1), { signal: controller.signal })
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await running
    await log.append(batch(2, 1))
    expect(await collect(log.read(1, log.size))).toEqual([entry(0), entry(2)])
  })

  it('that is aborted while it is written stops waiting', async () => {
    const store = memoryStore()
    let stop: (() => void) | undefined
    let hang = false
    const slow: Store = {
      ...store,
      put: async (key, value, options) => {
        if (hang && key === '.head')
          await new Promise<void>((resolve) => {
            stop = resolve
          })
        return store.put(key, value, options)
      },
    }
    const log = await openTestLog(slow)
    hang = true
    const controller = new AbortController()
    const pending = log.append(batch(0, 1), { signal: controller.signal })
    while (stop === undefined) await new Promise((resolve) => setTimeout(resolve, 0))
    controller.abort(new Error('too slow'))
    await expect(pending).rejects.toThrow('too slow')
    hang = false
    stop()
    expect(await log.append(batch(1, 1))).toEqual([{ index: 2 }])
  })
})

describe('close', () => {
  it('waits for what runs, refuses what comes, and may be called again', async () => {
    const { log, store } = await logOf(0)
    const running = log.append(batch(0, 2000))
    const closing = log.close()
    expect(log.close()).toBe(closing)
    expect(await codeOf(log.append(batch(0, 1)))).toBe('ERR_LOG_CLOSED')
    await closing
    await running
    await log.close()
    expect(log.size).toBe(2001)
    const again = await openTestLog(store)
    expect(again.size).toBe(2001)
    expect(await collect(log.read(0, 1))).toEqual([genesis])
  })
})

describe('proofs', () => {
  it('are those of RFC 9162 and verify', async () => {
    const { log } = await logOf(299)
    const leaves = leavesOf(299)
    const policy = trust(log)
    for (const index of [0, 1, 127, 128, 255, 256, 257, 299]) {
      const text = await log.proveInclusion(index)
      const commitment = index === 0 ? genesis : entry(index - 1)
      const verified = await verifyInclusion(text, { commitment, policy })
      expect(verified.index).toBe(index)
      expect(verified.size).toBe(300)
      expect(verified.root).toEqual(mth(leaves))
      expect(text.split('\n').slice(2, 2 + path(index, leaves).length)).toEqual(
        path(index, leaves).map((hash) => Buffer.from(hash).toString('base64')),
      )
    }
  })

  it('are made against any earlier size, with the checkpoint that was signed then', async () => {
    const store = memoryStore()
    const log = await openTestLog(store)
    const policy = trust(log)
    const notes = new Map<number, string>()
    for (let i = 0; i < 40; i++) {
      await log.append(batch(log.size - 1, 1 + (i % 17)))
      notes.set(log.size, await log.checkpoint())
    }
    for (const [size, note] of notes) {
      for (const index of [0, 1, size - 1]) {
        const proof = await log.proveInclusion(index, { size })
        expect(proof.endsWith(note)).toBe(true)
        expect(await log.proveInclusion(index, { checkpoint: note })).toBe(proof)
        const commitment = index === 0 ? genesis : entry(index - 1)
        expect((await verifyInclusion(proof, { commitment, policy })).size).toBe(size)
      }
    }
  })

  it('of consistency are those of RFC 9162 and verify', async () => {
    const store = memoryStore()
    const log = await openTestLog(store)
    const policy = trust(log)
    const notes = [await log.checkpoint()]
    for (const count of [1, 5, 200, 100, 256, 1]) {
      await log.append(batch(log.size - 1, count))
      notes.push(await log.checkpoint())
    }
    const sizes = [1, 2, 7, 207, 307, 563, 564]
    const leaves = leavesOf(563)
    for (const [i, from] of sizes.entries()) {
      for (const [k, to] of sizes.entries()) {
        if (from > to) continue
        const proof = await log.proveConsistency(from, to)
        expect(proof).toEqual(consistency(from, leaves.slice(0, to)))
        const verified = await verifyConsistency(proof, {
          older: notes[i]!,
          newer: notes[k]!,
          policy,
        })
        expect(verified.newer.size).toBe(to)
      }
    }
  })

  it('are refused for what the log does not have', async () => {
    const { log } = await logOf(10)
    const refused = [
      () => log.proveInclusion(11),
      () => log.proveInclusion(-1),
      () => log.proveInclusion(0.5),
      () => log.proveInclusion(5, { size: 5 }),
      () => log.proveInclusion(0, { size: 0 }),
      () => log.proveInclusion(0, { size: 12 }),
      () => log.proveConsistency(0, 5),
      () => log.proveConsistency(6, 5),
      () => log.proveConsistency(1, 12),
      () => collect(log.read(-1, 5)),
      () => collect(log.read(5, 4)),
      () => collect(log.read(0, 12)),
    ]
    for (const call of refused) await expect(call()).rejects.toThrow(RangeError)
    const other = await logOf(20)
    const foreign = await other.log.checkpoint()
    expect(await codeOf(log.proveInclusion(0, { checkpoint: foreign }))).toBe('RangeError')
    const { log: fork } = await logOf(0)
    await fork.append(batch(50, 10))
    const forked = await fork.checkpoint()
    expect(await codeOf(log.proveInclusion(0, { checkpoint: forked }))).toBe('ERR_PROOF_INVALID')
  })
})

describe('reading', () => {
  it('gives any range, across bundles', async () => {
    const { log } = await logOf(600)
    const all = [genesis, ...batch(0, 600)]
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [255, 257],
      [256, 512],
      [500, 601],
      [1, 600],
    ] as const) {
      expect(await collect(log.read(from, to))).toEqual(all.slice(from, to))
    }
  })

  it('stops when it is aborted', async () => {
    const { log } = await logOf(600)
    const controller = new AbortController()
    const seen: Uint8Array[] = []
    const reading = (async () => {
      for await (const item of log.read(0, 601, { signal: controller.signal })) {
        seen.push(item)
        if (seen.length === 10) controller.abort(new Error('enough'))
      }
    })()
    await expect(reading).rejects.toThrow('enough')
    expect(seen.length).toBe(256)
    const signal = AbortSignal.abort(new Error('before'))
    await expect(log.checkpoint({ signal })).rejects.toThrow('before')
    await expect(log.proveInclusion(0, { signal })).rejects.toThrow('before')
    await expect(log.proveConsistency(1, 2, { signal })).rejects.toThrow('before')
    await expect(openTestLog(memoryStore(), { signal })).rejects.toThrow('before')
  })
})

describe('what a store holds', () => {
  it('is the same over a bare store', async () => {
    const full = memoryStore()
    const least = memoryStore()
    for (const store of [full, bare(least)]) {
      const log = await openTestLog(store)
      for (const count of [3, 250, 10, 700]) await log.append(batch(log.size - 1, count))
      await log.close()
    }
    const keys = await collect(full.list(''))
    expect(await collect(least.list(''))).toEqual(keys)
    for (const key of keys)
      expect(equalBytes((await full.get(key))!, (await least.get(key))!)).toBe(true)
  })

  it('has no partial tiles that a full one replaces', async () => {
    const { log, store } = await logOf(0)
    for (let i = 0; i < 30; i++) await log.append(batch(i * 10, 10))
    const keys = await collect(store.list('tile/'))
    expect(keys.filter((key) => key.includes('000.p') && !key.startsWith('tile/1'))).toEqual([])
    expect(keys).toContain('tile/0/000')
    expect(keys).toContain('tile/entries/000')
    // Those of the last tile stay: somebody may hold a checkpoint of that size.
    expect(keys.filter((key) => key.startsWith('tile/0/001.p/')).length).toBe(5)
    expect(text((await store.get('checkpoint'))!)).toBe(await log.checkpoint())
  })
})
