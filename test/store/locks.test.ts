import { describe, expect, it } from 'vitest'
import { isCaresealError } from '../../src/errors.ts'
import { storeOver } from '../../src/store/fs/directoryStore.node.ts'
import type { Files } from '../../src/store/fs/files.ts'
import type { Host } from '../../src/store/fs/host.node.ts'
import { nodeHost } from '../../src/store/fs/host.node.ts'
import type { Store, StoreLock } from '../../src/store/index.ts'
import { Disk, dice, machine } from './helpers/disk.ts'

/** Processes on one machine that share one disk, take turns at random and may die in the middle of anything. */
class Machine {
  readonly disk = new Disk()
  readonly living: number[] = []
  /** The process that runs this operation dies right after it. */
  fatal: ((name: string, parameters: unknown[]) => boolean) | undefined
  readonly #roll: (sides: number) => number

  constructor(seed: number) {
    this.#roll = dice(seed)
  }

  start(pid: number): Store {
    this.living.push(pid)
    const host: Host = { ...machine(pid, 'id:1', this.living), wait: () => this.#turn(pid) }
    const files = new Proxy(this.disk, {
      get: (disk, name) => {
        const member = Reflect.get(disk, name) as unknown
        if (typeof member !== 'function') return member
        return async (...parameters: unknown[]) => {
          await this.#turn(pid)
          const result: unknown = await Reflect.apply(member, disk, parameters)
          if (this.fatal?.(String(name), parameters) === true) this.kill(pid)
          await this.#turn(pid)
          return result
        }
      },
    })
    return storeOver('/store', files as unknown as Files, host)
  }

  kill(pid: number): void {
    this.living.splice(this.living.indexOf(pid), 1)
  }

  async #turn(pid: number): Promise<void> {
    for (let i = this.#roll(6); i > 0; i--) await Promise.resolve()
    if (this.#roll(4) === 0) await new Promise((resolve) => setImmediate(resolve))
    // A dead process does nothing any more.
    if (!this.living.includes(pid)) await new Promise(() => {})
  }
}

const seeds = Array.from({ length: 400 }, (_, i) => i + 1)

describe('the lock of a dead process', () => {
  it('is taken over by exactly one of many', async () => {
    for (const seed of seeds) {
      const box = new Machine(seed)
      await box.start(1).lock!('log')
      box.kill(1)
      const results = await Promise.allSettled(
        [2, 3, 4, 5].map((pid) => box.start(pid).lock!('log')),
      )
      const won = results.filter(({ status }) => status === 'fulfilled')
      expect(won.length, `seed ${seed}`).toBeLessThanOrEqual(1)
      for (const result of results) {
        if (result.status === 'rejected') {
          expect(isCaresealError(result.reason, 'ERR_LOG_LOCKED'), String(result.reason)).toBe(true)
        }
      }
      // Whoever came while another one was taking over may have been turned away; now it is decided.
      const again = await Promise.allSettled([box.start(6).lock!('log')])
      expect(won.length + again.filter(({ status }) => status === 'fulfilled').length).toBe(1)
    }
  })

  it('is held by at most one, whoever dies and whenever', async () => {
    for (const seed of seeds) {
      const box = new Machine(seed)
      const roll = dice(seed * 7919)
      let holder: number | null = null
      let overlaps = 0
      let taken = 0
      const run = async (pid: number): Promise<void> => {
        const store = box.start(pid)
        for (let i = 0; i < 4; i++) {
          let lock: StoreLock
          try {
            lock = await store.lock!('log')
          } catch (error) {
            if (!isCaresealError(error, 'ERR_LOG_LOCKED')) throw error
            continue
          }
          if (holder !== null && box.living.includes(holder)) overlaps++
          holder = pid
          taken++
          await new Promise((resolve) => setImmediate(resolve))
          if (!box.living.includes(pid)) return
          if (holder === pid) holder = null
          await lock.release()
        }
      }
      const pids = [1, 2, 3, 4, 5, 6]
      const runs = pids.map((pid) => run(pid))
      const killer = (async () => {
        for (const pid of [1, 2, 3, 4]) {
          for (let i = roll(12); i > 0; i--) await new Promise((resolve) => setImmediate(resolve))
          box.kill(pid)
        }
      })()
      await killer
      await Promise.all([runs[4], runs[5]])
      expect(overlaps, `seed ${seed}`).toBe(0)
      // A dead holder does not keep it for ever.
      const last = await box.start(9).lock!('log')
      await last.release()
      expect(taken).toBeGreaterThan(0)
    }
  }, 60_000)
})

describe('compare-and-set between processes', () => {
  it('loses no update, whoever dies and whenever', async () => {
    for (const seed of seeds.slice(0, 30)) {
      const box = new Machine(seed)
      const roll = dice(seed * 104729)
      const number = (bytes: Uint8Array | null): number => (bytes === null ? 0 : bytes[0]!)
      let acknowledged = 0
      let unknown = 0
      const run = async (pid: number): Promise<void> => {
        const store = box.start(pid)
        for (let done = 0; done < 6; ) {
          const seen = await store.get('counter')
          const next = Uint8Array.of(number(seen) + 1)
          if (await store.put('counter', next, { expect: seen })) {
            done++
            acknowledged++
          }
        }
      }
      const runs = [1, 2, 3, 4].map((pid) => run(pid))
      for (const pid of [1, 2]) {
        for (let i = roll(30); i > 0; i--) await new Promise((resolve) => setImmediate(resolve))
        box.kill(pid)
        unknown++
      }
      await Promise.all([runs[2], runs[3]])
      const final = number(await box.start(9).get('counter'))
      expect(final, `seed ${seed}`).toBeGreaterThanOrEqual(acknowledged)
      expect(final, `seed ${seed}`).toBeLessThanOrEqual(acknowledged + unknown)
    }
  }, 60_000)

  it('works on after a process died with the write lock, and cleans up after it', async () => {
    const box = new Machine(5)
    const dead = box.start(1)
    await dead.put('key', Uint8Array.of(1))
    box.fatal = (name, [, to]) => name === 'link' && String(to).endsWith('/write')
    void dead.put('key', Uint8Array.of(2))
    while (box.living.includes(1)) await new Promise((resolve) => setImmediate(resolve))
    box.fatal = undefined
    expect(box.disk.paths().some((path) => path.endsWith('/write'))).toBe(true)
    const store = box.start(2)
    expect(await store.put('key', Uint8Array.of(3))).toBe(true)
    expect(await store.get('key')).toEqual(Uint8Array.of(3))
    const own = box.disk.paths().filter((path) => path.includes('.~store'))
    expect(own.length).toBe(1)
  })
})

describe('whether a process is dead', () => {
  const host = nodeHost()
  const self = { token: 't', ...host.self }

  it('is asked by process id on the same host and boot only', () => {
    expect(host.isDead(self, true)).toBe(false)
    const gone = { ...self, pid: 2 ** 22 - 3, start: 'ticks:1' }
    expect(host.isDead(gone, false)).toBe(true)
    expect(host.isDead({ ...gone, host: 'elsewhere' }, true)).toBe(false)
  })

  it('is certain where the boot is another and the file system belongs to one system at a time', () => {
    if (!self.boot.startsWith('id:')) return
    const other = { ...self, boot: 'id:00000000-0000-0000-0000-000000000000' }
    expect(host.isDead(other, true)).toBe(true)
    expect(host.isDead({ ...other, host: 'elsewhere' }, true)).toBe(true)
    expect(host.isDead(other, false)).toBe(false)
    expect(host.isDead({ ...self, boot: 'time:5' }, true)).toBe(false)
  })

  it('sees that a process id was given to another process', () => {
    if (!self.start.startsWith('ticks:')) return
    expect(host.isDead({ ...self, start: 'ticks:1' }, false)).toBe(true)
    expect(host.isDead({ ...self, start: 'unknown' }, false)).toBe(false)
  })
})
