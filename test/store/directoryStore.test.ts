import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isCaresealError, type StoreFailed } from '../../src/errors.ts'
import { blobsOver } from '../../src/store/fs/directoryBlobs.node.ts'
import { storeOver } from '../../src/store/fs/directoryStore.node.ts'
import type { Files } from '../../src/store/fs/files.ts'
import { directoryBlobs, directoryStore } from '../../src/store/fs/index.ts'
import { Disk, machine } from './helpers/disk.ts'
import { temporaryDirectory } from './helpers/temporary.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

async function keys(source: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = []
  for await (const key of source) found.push(key)
  return found
}

describe('directoryStore', () => {
  it('keeps a key in the file of that name', async () => {
    const path = temporaryDirectory()
    const store = directoryStore(path)
    await store.put('tile/0/x001/000.p/5', bytes(1, 2))
    expect([...readFileSync(join(path, 'tile/0/x001/000.p/5'))]).toEqual([1, 2])
    writeFileSync(join(path, 'tile/by-hand'), 'x')
    expect(await store.get('tile/by-hand')).toEqual(bytes(120))
    expect(await keys(store.list(''))).toEqual(['tile/0/x001/000.p/5', 'tile/by-hand'])
  })

  it('lists no files that are no keys, and nothing of its own', async () => {
    const path = temporaryDirectory()
    const store = directoryStore(path)
    await store.put('a', bytes(1))
    writeFileSync(join(path, 'back\\slash'), '')
    mkdirSync(join(path, 'empty'))
    symlinkSync('a', join(path, 'link'))
    expect(await keys(store.list(''))).toEqual(['a'])
    expect(readdirSync(path)).toContain('.~store')
    await expect(store.get('.~store/write')).rejects.toThrow(RangeError)
    expect(await keys(directoryStore(join(path, 'nowhere')).list(''))).toEqual([])
  })

  it('removes folders that a delete leaves empty, and no others', async () => {
    const path = temporaryDirectory()
    const store = directoryStore(path)
    await store.put('a/b/c/d', bytes(1))
    await store.put('a/e', bytes(1))
    await store.put('a/b/c/d', null)
    expect(readdirSync(join(path, 'a'))).toEqual(['e'])
    await store.put('a/e', null)
    expect(readdirSync(path)).toEqual(['.~store'])
    await store.put('a/b/c/d', bytes(2))
    expect(await store.get('a/b/c/d')).toEqual(bytes(2))
    await store.put('never/was/there', null)
  })

  it('leaves no temporary files behind, whether it wrote or not', async () => {
    const path = temporaryDirectory()
    const store = directoryStore(path)
    await store.put('a', bytes(1))
    await store.put('a', bytes(2), { expect: null })
    await expect(store.put('a/b', bytes(1))).rejects.toThrow()
    const controller = new AbortController()
    const aborted = store.put('a', bytes(3), { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    expect(await store.get('a')).toEqual(bytes(1))
    expect(readdirSync(join(path, '.~store')).filter((name) => !name.startsWith('owner-'))).toEqual(
      [],
    )
  })

  it('removes the leftovers of processes that are gone, and only theirs', async () => {
    const path = temporaryDirectory()
    const living = directoryStore(path)
    await living.put('a', bytes(1))
    const folder = join(path, '.~store')
    const [owner] = readdirSync(folder).filter((name) => name.startsWith('owner-'))
    const who = JSON.parse(readFileSync(join(folder, owner!), 'utf8')) as Record<string, unknown>
    const dead = { ...who, token: 'gone', pid: 2 ** 22 - 3, start: 'ticks:1' }
    writeFileSync(join(folder, 'owner-gone'), JSON.stringify(dead))
    writeFileSync(join(folder, 'tmp-gone-0'), 'unfinished')
    writeFileSync(join(folder, `tmp-${String(who['token'])}-99`), 'being written')
    writeFileSync(join(folder, 'write'), JSON.stringify(dead))
    const store = directoryStore(path)
    await store.put('a', bytes(2))
    const left = readdirSync(folder)
    expect(left).not.toContain('owner-gone')
    expect(left).not.toContain('tmp-gone-0')
    expect(left).not.toContain('write')
    expect(left).toContain(owner)
    expect(left).toContain(`tmp-${String(who['token'])}-99`)
  })

  it('names the holder and the remedy when a lock is held', async () => {
    const path = temporaryDirectory()
    const held = await directoryStore(path).lock!('.head')
    const error = await directoryStore(path).lock!('.head').catch(
      (caught: unknown) => caught as Error,
    )
    expect(isCaresealError(error, 'ERR_LOG_LOCKED')).toBe(true)
    expect((error as Error).message).toContain(`Process ${process.pid}`)
    expect((error as Error).message).toContain(join(path, '.~store', 'lock-.head'))
    await held.release()
    await (await directoryStore(path).lock!('.head')).release()
  })

  it('gives locks of different keys different files, however odd or long the keys are', async () => {
    const store = directoryStore(temporaryDirectory())
    const odd = ['a/b', 'a_b', 'a b', 'a:b', `${'x'.repeat(120)}/1`, `${'x'.repeat(120)}/2`]
    const locks = []
    for (const key of odd) locks.push(await store.lock!(key))
    for (const key of odd) await expect(store.lock!(key)).rejects.toThrow('holds the lock')
    for (const lock of locks) await lock.release()
  })

  it('refuses a path that is none', () => {
    expect(() => directoryStore('')).toThrow(TypeError)
    expect(() => directoryStore(5 as never)).toThrow(TypeError)
    expect(() => directoryBlobs('')).toThrow(TypeError)
    expect(() => directoryBlobs(5 as never)).toThrow(TypeError)
  })

  it('says when it waited too long for the writes of others', async () => {
    const disk = new Disk()
    const waits: number[] = []
    const patient = {
      ...machine(1, 'id:1', [1, 2]),
      wait: async (ms: number) => void waits.push(ms),
    }
    const store = storeOver('/s', disk, patient)
    await store.put('a', bytes(1))
    const hanging = new Proxy(disk, {
      get: (target, name) =>
        name === 'rename'
          ? (from: string, to: string) =>
              to.endsWith('/a') ? new Promise(() => {}) : target.rename(from, to)
          : (Reflect.get(target, name) as () => void).bind?.(target),
    })
    void storeOver('/s', hanging as unknown as Files, machine(2, 'id:1', [1, 2])).put('a', bytes(2))
    while (!disk.paths().some((path) => path.endsWith('/write'))) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    const error = (await store.put('a', bytes(3)).catch((caught: unknown) => caught)) as StoreFailed
    expect(error.code).toBe('ERR_STORE_FAILED')
    expect(error.retryable).toBe(true)
    expect(error.outcome).toBe('not-applied')
    expect(error.message).toContain('/s/.~store/write')
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(9_000)
  })
})

/** A disk on which one operation fails. */
function failing(operation: string, code: string, when: (path: string) => boolean): Files {
  const disk = new Disk()
  return new Proxy(disk, {
    get: (target, name) => {
      const member = Reflect.get(target, name) as (...parameters: unknown[]) => Promise<unknown>
      return async (...parameters: unknown[]) => {
        const result = name === 'create' ? await member.apply(target, parameters) : null
        const fails = (what: string): boolean =>
          what === operation && parameters.some((path) => when(String(path)))
        if (fails(String(name))) throw Object.assign(new Error(code), { code })
        if (name !== 'create') return member.apply(target, parameters)
        const file = result as {
          write(b: Uint8Array): Promise<void>
          sync(w: string): Promise<void>
        }
        return {
          ...file,
          write: async (content: Uint8Array) => {
            if (fails('write')) throw Object.assign(new Error(code), { code })
            await file.write(content)
          },
          sync: async (why: string) => {
            if (fails('sync')) throw Object.assign(new Error(code), { code })
            await file.sync(why)
          },
        }
      }
    },
  }) as unknown as Files
}

describe('a disk that fails', () => {
  const cases = [
    ['create', 'ENOSPC', '/tmp-', 'not-applied', true],
    ['write', 'ENOSPC', '/tmp-', 'not-applied', true],
    ['sync', 'EIO', '/tmp-', 'not-applied', false],
    ['rename', 'EACCES', '/s/key', 'not-applied', false],
    ['rename', 'EIO', '/s/key', 'unknown', false],
    ['syncDirectory', 'EIO', '/s', 'unknown', false],
    ['link', 'EPERM', '/write', 'not-applied', false],
    ['mkdir', 'EROFS', '/s', 'not-applied', false],
  ] as const
  for (const [operation, code, end, outcome, retryable] of cases) {
    it(`${operation} ${code}: ERR_STORE_FAILED, ${outcome}`, async () => {
      let armed = false
      const files = failing(
        operation,
        code,
        (path) => armed && (path.endsWith(end) || (end === '/tmp-' && path.includes(end))),
      )
      const store = storeOver('/s', files, machine(1))
      if (operation !== 'mkdir') await store.put('other', bytes(0))
      armed = true
      const error = (await store
        .put('key', bytes(1))
        .catch((caught: unknown) => caught)) as StoreFailed
      expect(isCaresealError(error, 'ERR_STORE_FAILED')).toBe(true)
      expect(error.outcome).toBe(outcome)
      expect(error.retryable).toBe(retryable)
      expect((error.cause as { code: string }).code).toBe(code)
      expect(error.message).toContain('key')
      armed = false
      if (outcome === 'not-applied') expect(await store.get('key')).toBeNull()
      expect(await store.put('key', bytes(2))).toBe(true)
      expect(await store.get('key')).toEqual(bytes(2))
    })
  }

  it('reading and listing: ERR_STORE_FAILED too, and never "absent"', async () => {
    let armed = false
    const read = storeOver(
      '/s',
      failing('read', 'EIO', () => armed),
      machine(1),
    )
    await read.put('key', bytes(1))
    armed = true
    await expect(read.get('key')).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
    armed = false
    const list = storeOver(
      '/s',
      failing('list', 'EIO', () => armed),
      machine(1),
    )
    await list.put('key', bytes(1))
    armed = true
    await expect(keys(list.list(''))).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
    const blobs = blobsOver(
      '/s',
      failing('open', 'EIO', () => true),
      machine(1),
    )
    await expect(blobs.size('key')).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
  })

  it('a source that breaks with a system error is not the disk', async () => {
    const blobs = blobsOver('/s', new Disk(), machine(1))
    const reason = Object.assign(new Error('no camera'), { code: 'ENOENT' })
    const source = (async function* (): AsyncGenerator<Uint8Array> {
      yield bytes(1)
      throw reason
    })()
    await expect(blobs.put('key', source)).rejects.toBe(reason)
  })
})

const child = `
import { directoryStore } from ${JSON.stringify(new URL('../../src/store/fs/index.ts', import.meta.url).href)}
const [path, rounds] = process.argv.slice(1)
const store = directoryStore(path)
const read = (bytes) => (bytes === null ? 0 : Number(new TextDecoder().decode(bytes)))
for (let done = 0; done < Number(rounds); ) {
  const seen = await store.get('counter')
  const next = new TextEncoder().encode(String(read(seen) + 1))
  if (await store.put('counter', next, { expect: seen })) {
    done++
    process.stdout.write('+')
  }
}
`

function start(path: string, rounds: number): { done: Promise<number>; kill(): void } {
  const process_ = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', child, path, String(rounds)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let count = 0
  process_.stdout.on('data', (chunk: Uint8Array) => {
    count += chunk.length
  })
  const done = new Promise<number>((resolve) => process_.on('close', () => resolve(count)))
  return { done, kill: () => process_.kill('SIGKILL') }
}

describe('several processes', () => {
  it('raise one counter by compare-and-set and lose nothing, though some are killed', async () => {
    const path = temporaryDirectory()
    const runs = [start(path, 40), start(path, 40), start(path, 100_000), start(path, 100_000)]
    const counter = (): number => {
      const file = join(path, 'counter')
      return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
    }
    while (counter() < 60) await new Promise((resolve) => setTimeout(resolve, 5))
    runs[2]!.kill()
    while (counter() < 90) await new Promise((resolve) => setTimeout(resolve, 5))
    runs[3]!.kill()
    const acknowledged = (await Promise.all(runs.map(({ done }) => done))).reduce(
      (a, b) => a + b,
      0,
    )
    expect(counter()).toBeGreaterThanOrEqual(acknowledged)
    // Each of the killed may have written once without having said so.
    expect(counter()).toBeLessThanOrEqual(acknowledged + 2)
    const store = directoryStore(path)
    const seen = await store.get('counter')
    expect(await store.put('counter', bytes(48), { expect: seen })).toBe(true)
  }, 60_000)
})

describe('a directory that is a link to something that is not there', () => {
  it.each([
    ['a store', (path: string) => directoryStore(path).put('a', new Uint8Array(1))],
    [
      'blobs',
      (path: string) =>
        directoryBlobs(path).put(
          'a/b',
          (async function* () {
            yield new Uint8Array(1)
          })(),
        ),
    ],
  ])('is an error of %s, and no endless loop', async (_, write) => {
    const path = join(temporaryDirectory(), 'dangling')
    symlinkSync('/nowhere/at/all', path)
    const error = await write(path).then(
      () => null,
      (reason: unknown) => reason,
    )
    expect(isCaresealError(error, 'ERR_STORE_FAILED')).toBe(true)
  })
})
