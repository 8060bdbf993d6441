import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/internal/bytes.ts'
import {
  cosign,
  formatCheckpoint,
  formatNote,
  parseLogPolicy,
  parseNote,
  readLog,
  verifyInclusion,
} from '../../src/log/index.ts'
import { TileTree } from '../../src/log/tileTree.ts'
import { TileCache } from '../../src/log/treeView.ts'
import { memoryStore, type Store } from '../../src/store/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import {
  batch,
  codeOf,
  collect,
  logOf,
  openTestLog,
  origin,
  signerOf,
  trust,
  vkey,
} from './helpers/logs.ts'
import { entry, sha256 } from './helpers/reference.ts'

const genesis = sha256(utf8('careseal/genesis/1'), utf8(origin))

/** A static server: some keys may be answered by somebody else. */
function server(
  store: Store,
  lies: (
    key: string,
    value: Uint8Array | null,
  ) => Uint8Array | null | Promise<Uint8Array | null> = (_key, value) => value,
) {
  const asked: string[] = []
  return {
    asked,
    get: async (key: string) => {
      asked.push(key)
      return lies(key, await store.get(key))
    },
  }
}

describe('readLog', () => {
  it('gives what the writer gives, with nothing but get', async () => {
    const { log, store } = await logOf(700)
    const policy = trust(log)
    const reader = await readLog({ store: server(store), policy })
    expect(reader.origin).toBe(origin)
    expect(reader.size).toBe(701)
    expect(await reader.checkpoint()).toBe(await log.checkpoint())
    for (const index of [0, 255, 256, 511, 512, 700]) {
      expect(await reader.proveInclusion(index)).toBe(await log.proveInclusion(index))
    }
    for (const [from, to] of [
      [1, 701],
      [256, 512],
      [300, 700],
      [701, 701],
    ] as const) {
      expect(await reader.proveConsistency(from, to)).toEqual(await log.proveConsistency(from, to))
    }
    expect(await collect(reader.read(0, 701))).toEqual([genesis, ...batch(0, 700)])
  })

  it('fetches each full tile once', async () => {
    const { log, store } = await logOf(700)
    const web = server(store)
    const reader = await readLog({ store: web, policy: trust(log) })
    await Promise.all(Array.from({ length: 50 }, (_, i) => reader.proveInclusion(i * 14)))
    const tiles = web.asked.filter((key) => key.startsWith('tile/0/00'))
    expect(tiles.sort()).toEqual(['tile/0/000', 'tile/0/001', 'tile/0/002.p/189'])
  })

  it('keeps a bounded number of tiles, those that were used last', async () => {
    const cache = new TileCache()
    let loads = 0
    const use = (key: string) =>
      cache.get(key, async () => {
        loads++
        return new TileTree(new Uint8Array(32))
      })
    for (let i = 0; i < 600; i++) {
      await use(`${i}`)
      await use('0')
    }
    expect(loads).toBe(600)
    await use('0')
    await use('599')
    await use('90')
    expect(loads).toBe(600)
    await use('88')
    expect(loads).toBe(601)
    // What was computed here is not loaded.
    const hashes = new Uint8Array(64).fill(5)
    cache.add('own', hashes)
    const own = (await use('own')) as TileTree
    expect(loads).toBe(601)
    expect(own.node(0, 1)).toEqual(new Uint8Array(32).fill(5))
    expect(await use('own')).toBe(own)
  })

  it('goes forward with the log, and not before it is asked to', async () => {
    const { log, store } = await logOf(100)
    const reader = await readLog({ store: server(store), policy: trust(log) })
    const old = await log.checkpoint()
    await log.append(batch(100, 500))
    expect(reader.size).toBe(101)
    const note = await reader.checkpoint()
    expect(note).toBe(await log.checkpoint())
    expect(reader.size).toBe(601)
    // A proof against an older checkpoint needs that checkpoint: a reader has no key.
    await expect(reader.proveInclusion(3, { size: 101 })).rejects.toThrow(/Pass the signed one/)
    const proof = await reader.proveInclusion(3, { checkpoint: old })
    expect(proof.endsWith(old)).toBe(true)
    const verified = await verifyInclusion(proof, { commitment: entry(2), policy: trust(log) })
    expect(verified.size).toBe(101)
  })

  it('begins with an empty log, and goes forward from it', async () => {
    const { log, store } = await logOf(5)
    const text = formatCheckpoint({ origin, size: 0, root: sha256() })
    const { name, keyId } = parseNote(await log.checkpoint()).signatures[0]!
    const signature = await (await signerOf(1)).sign(utf8(text))
    const empty = utf8(formatNote({ text, signatures: [{ name, keyId, signature }] }))
    let young = true
    const web = server(store, (key, value) => (young && key === 'checkpoint' ? empty : value))
    const reader = await readLog({ store: web, policy: trust(log) })
    expect(reader.size).toBe(0)
    expect(await collect(reader.read(0, 0))).toEqual([])
    await expect(reader.proveInclusion(0)).rejects.toThrow(RangeError)
    expect(await reader.checkpoint()).toContain('\n0\n')
    young = false
    expect(await reader.checkpoint()).toBe(await log.checkpoint())
    young = true
    expect(await reader.checkpoint()).toBe(await log.checkpoint())
    expect(reader.size).toBe(6)
  })

  it('serves a checkpoint that lost its partial tiles from the full one', async () => {
    const { log, store } = await logOf(100)
    const old = (await store.get('checkpoint'))!
    await log.append(batch(100, 500))
    expect(await store.get('tile/0/000.p/101')).toBeNull()
    const stale = server(store, (key, value) => (key === 'checkpoint' ? old : value))
    const reader = await readLog({ store: stale, policy: trust(log) })
    expect(reader.size).toBe(101)
    expect(await collect(reader.read(0, 101))).toEqual([genesis, ...batch(0, 100)])
    await reader.proveInclusion(100)
  })

  it('does not follow two histories, however their checkpoints arrive', async () => {
    const [one, two] = [await logOf(100), await logOf(100)]
    await one.log.append(batch(100, 20))
    await two.log.append(batch(500, 30))
    // A server that shows each request another history.
    const checkpoints = [(await logOf(100)).store, one.store, two.store]
    const web = {
      get: async (key: string) =>
        key === 'checkpoint'
          ? checkpoints.shift()!.get(key)
          : ((await one.store.get(key)) ?? (await two.store.get(key))),
    }
    const reader = await readLog({ store: web, policy: trust(one.log) })
    expect(reader.size).toBe(101)
    const outcomes = await Promise.all([codeOf(reader.checkpoint()), codeOf(reader.checkpoint())])
    expect(outcomes).toEqual(['resolved', 'ERR_LEDGER_CONFLICT'])
    expect(reader.size).toBe(121)
  })

  it('is not held up by a call that got no answer', async () => {
    const { log, store } = await logOf(3)
    let silent = false
    const web = {
      get: (key: string) => (silent ? new Promise<null>(() => {}) : store.get(key)),
    }
    const reader = await readLog({ store: web, policy: trust(log) })
    silent = true
    void reader.checkpoint()
    silent = false
    expect(await reader.checkpoint()).toBe(await log.checkpoint())
  })

  it('does not depend on what becomes of the arrays of a store', async () => {
    const { log, store } = await logOf(300)
    const pool: Buffer[] = []
    const web = {
      async get(key: string) {
        const bytes = await store.get(key)
        if (bytes === null) return null
        pool.push(Buffer.from(bytes))
        return pool.at(-1)!
      },
    }
    const reader = await readLog({ store: web, policy: trust(log) })
    const before = await reader.proveInclusion(5)
    for (const buffer of pool) buffer.fill(0x66)
    expect(await reader.proveInclusion(5)).toBe(before)
    for await (const found of reader.read(1, 2)) {
      for (const buffer of pool) buffer.fill(0x66)
      expect(found).toEqual(batch(0, 1)[0])
    }
  })

  it('stays where it is when a stale server answers', async () => {
    const { log, store } = await logOf(100)
    const old = (await store.get('checkpoint'))!
    await log.append(batch(100, 300))
    let stale = false
    const web = server(store, (key, value) => (stale && key === 'checkpoint' ? old : value))
    const reader = await readLog({ store: web, policy: trust(log) })
    stale = true
    expect(await reader.checkpoint()).toBe(await log.checkpoint())
    expect(reader.size).toBe(401)
  })

  it('sees cosignatures that come later', async () => {
    const { log, store } = await logOf(3)
    const reader = await readLog({ store: server(store), policy: trust(log) })
    const cosigned = await cosign(await log.checkpoint(), { name: 'w', signer: await signerOf(5) })
    await store.put('checkpoint', utf8(cosigned))
    expect(await reader.checkpoint()).toBe(cosigned)
  })

  it('refuses what is not signed by a log of the policy', async () => {
    const { log, store } = await logOf(3)
    const policy = parseLogPolicy(`log ${await vkey('other.example', 8, 1)}\nquorum none\n`)
    expect(await codeOf(readLog({ store, policy }))).toBe('ERR_PROOF_INVALID')
    expect(await codeOf(readLog({ store: memoryStore(), policy }))).toBe('ERR_LOG_CORRUPT')
    await store.put('checkpoint', Uint8Array.of(0xff, 0xfe))
    expect(await codeOf(readLog({ store, policy: trust(log) }))).toBe('ERR_PROOF_MALFORMED')
    await expect(readLog({ store, policy: {} as never })).rejects.toThrow(TypeError)
  })

  it('finds a fork: of one size, of a larger size, of a smaller one', async () => {
    const one = await logOf(300)
    const policy = trust(one.log)
    for (const common of [0, 200, 256, 299]) {
      for (const size of [250, 300, 301, 600, 2000]) {
        if (size < common) continue
        const fork = await logOf(common)
        if (size > common) await fork.log.append(batch(5000, size - common))
        let forked = false
        const web = server(one.store, async (key, value) => (forked ? fork.store.get(key) : value))
        const reader = await readLog({ store: web, policy })
        const proof = await reader.proveInclusion(100)
        forked = true
        const same = size >= common && common === 299 && size === 299
        expect(await codeOf(reader.checkpoint()), `${common} ${size}`).toBe(
          same ? 'resolved' : 'ERR_LEDGER_CONFLICT',
        )
        // It stays with what it had, and nothing of the fork got into it.
        forked = false
        expect(reader.size).toBe(301)
        expect(await reader.proveInclusion(100)).toBe(proof)
        expect(await collect(reader.read(1, 301))).toEqual(batch(0, 300))
      }
    }
  })

  it('refuses another log in its place', async () => {
    const { log, store } = await logOf(3)
    const other = memoryStore()
    const stranger = await openTestLog(other, {
      origin: 'other.example',
      signer: await signerOf(2),
    })
    const policy = parseLogPolicy(
      `log ${log.verifierKey}\nlog ${stranger.verifierKey}\nquorum none\n`,
    )
    let switched = false
    const web = server(store, async (key, value) => (switched ? other.get(key) : value))
    const reader = await readLog({ store: web, policy })
    switched = true
    expect(await codeOf(reader.checkpoint())).toBe('ERR_PROOF_INVALID')
  })

  it('believes no tile and no entry: every lie of a server is found', async () => {
    const { log, store } = await logOf(600)
    await log.append(batch(600, 1))
    const policy = trust(log)
    const honest = await readLog({ store, policy })
    const proofs = [0, 300, 601].map((index) => honest.proveInclusion(index))
    const expected = await Promise.all(proofs)
    const keys = (await collect(store.list('tile/'))).filter((key) => !key.includes('p/89'))
    const ways: Record<string, (value: Uint8Array) => Uint8Array | null> = {
      'one bit': (value) => value.map((byte, i) => (i === value.length - 9 ? byte ^ 1 : byte)),
      'one bit at the start': (value) => value.map((byte, i) => (i === 3 ? byte ^ 0x80 : byte)),
      'a byte more': (value) => Uint8Array.of(...value, 0),
      'cut off': (value) => value.slice(0, -32),
      nothing: () => new Uint8Array(0),
      missing: () => null,
      'two parts swapped': (value) =>
        Uint8Array.of(...value.slice(value.length >> 1), ...value.slice(0, value.length >> 1)),
      zeros: (value) => new Uint8Array(value.length),
      'a huge one': () => new Uint8Array(100_000),
    }
    for (const key of keys) {
      for (const [name, way] of Object.entries(ways)) {
        const value = (await store.get(key))!
        const changed = way(value)
        if (changed !== null && equalBytes(changed, value)) continue
        const web = server(store, (asked, real) => (asked === key ? changed : real))
        const attempt = async (): Promise<void> => {
          const reader = await readLog({ store: web, policy })
          for (const [i, index] of [0, 300, 601].entries()) {
            expect(await reader.proveInclusion(index)).toBe(expected[i])
          }
          expect(await collect(reader.read(0, 602))).toEqual([genesis, ...batch(0, 601)])
        }
        expect(await codeOf(attempt()), `${key}: ${name}`).toBe('ERR_LOG_CORRUPT')
      }
    }
  })

  it('recovers when the server does: a lie is not kept', async () => {
    const { log, store } = await logOf(600)
    let lying = true
    const web = server(store, (key, value) =>
      lying && key === 'tile/0/000' ? new Uint8Array(8192) : value,
    )
    const reader = await readLog({ store: web, policy: trust(log) })
    expect(await codeOf(reader.proveInclusion(3))).toBe('ERR_LOG_CORRUPT')
    lying = false
    expect(await reader.proveInclusion(3)).toBe(await log.proveInclusion(3))
  })

  it('stops when it is aborted', async () => {
    const { log, store } = await logOf(3)
    const policy = trust(log)
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(readLog({ store, policy, signal })).rejects.toThrow('enough')
    const reader = await readLog({ store, policy })
    await expect(reader.checkpoint({ signal })).rejects.toThrow('enough')
    await expect(reader.proveInclusion(0, { signal })).rejects.toThrow('enough')
    await expect(reader.proveConsistency(1, 2, { signal })).rejects.toThrow('enough')
    await expect(collect(reader.read(0, 1, { signal }))).rejects.toThrow('enough')
    expect(text((await store.get('checkpoint'))!)).toBe(await reader.checkpoint())
  })
})
