import { createHash } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { isCaresealError, LogLocked, StoreFailed } from '../../errors.ts'
import { throwIfAborted } from '../../internal/abort.ts'
import { codeOf, type Files, isAbsent } from './files.ts'
import type { Host } from './host.node.ts'
import { FileLocks, type Holder } from './locks.node.ts'

/** One name to change: the finished file that takes it, or `null` to delete it. */
export interface Change {
  readonly key: string
  readonly file: string | null
}

/** What became of a write that failed. */
type Outcome = 'not-applied' | 'unknown'

/** How long a write waits for the writes of other processes, in milliseconds. */
const patience = 10_000
/** What fails for a reason that may go away by itself. */
const transient = [
  'EAGAIN',
  'EBUSY',
  'EDQUOT',
  'EINTR',
  'EMFILE',
  'ENFILE',
  'ENOSPC',
  'ESTALE',
  'ETIMEDOUT',
]
/** Failures after which nobody knows whether the call did its work. */
const undecided = ['EIO', 'ESTALE', 'ETIMEDOUT']
/** Directories that are remembered as durable; beyond it they are synced once more. */
const remembered = 4096

/**
 * A directory whose files change in one step and durably. Content goes to a temporary file and is made durable
 * first; then, under a lock that all writers of all processes share, it is moved to its name; then the name is
 * made durable.
 */
export class Directory {
  readonly #root: string
  readonly #folder: string
  readonly #files: Files
  readonly #host: Host
  readonly #locks: FileLocks
  /** Directories whose own name is known to be durable, by what tells them from a later one of that name. */
  readonly #durable = new Map<string, string>()
  #ready: Promise<void> | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(path: string, files: Files, host: Host) {
    this.#root = resolve(path)
    this.#folder = join(this.#root, '.~store')
    this.#files = files
    this.#host = host
    this.#locks = new FileLocks(files, this.#folder, host)
  }

  /** The file or folder of a key; `''` is the directory itself. */
  path(key: string): string {
    return join(this.#root, ...key.split('/'))
  }

  /** Writes a temporary file and waits until its content is durable, unless it is lazy. */
  async prepare(
    source: AsyncIterable<Uint8Array> | readonly Uint8Array[],
    lazy: boolean,
  ): Promise<string> {
    await this.#prepareFolder()
    const path = this.#locks.temporary()
    const file = await this.#files.create(path)
    try {
      try {
        for await (const piece of source) await file.write(piece)
        if (!lazy) await file.sync('content')
      } finally {
        await file.close()
      }
      return path
    } catch (error) {
      await this.discard([path])
      throw error
    }
  }

  /** Removes temporary files that are not needed after all. */
  async discard(paths: readonly (string | null)[]): Promise<void> {
    for (const path of paths) {
      // What cannot be removed now is removed when another process finds this one gone.
      if (path !== null) await this.#files.unlink(path).catch(() => undefined)
    }
  }

  /**
   * Makes the changes if the condition still holds under the lock; resolves to whether it did. `reached` is told
   * how far things went, for the error that says so.
   */
  async apply(
    changes: readonly Change[],
    condition: (() => Promise<boolean>) | null,
    lazy: boolean,
    signal: AbortSignal | undefined,
    reached: (outcome: Outcome) => void,
  ): Promise<boolean> {
    await this.#prepareFolder()
    const touched = new Set<string>()
    const applied = await this.#exclusively(signal, async () => {
      if (condition !== null && !(await condition())) return false
      throwIfAborted(signal)
      for (const { key, file } of changes) {
        try {
          touched.add(file === null ? await this.#remove(key) : await this.#move(file, key))
        } catch (error) {
          if (undecided.includes(codeOf(error))) reached('unknown')
          throw error
        }
        // Others see it from now on; whether it lasts is known when the directory has been synced.
        reached('unknown')
      }
      return true
    })
    // Side by side, for a journal takes them in one go.
    if (applied && !lazy) await Promise.all([...touched].map((path) => this.#settle(path)))
    return applied
  }

  /** Takes a lock that lasts. */
  async lock(key: string): Promise<{ release(): Promise<void> }> {
    await this.#prepareFolder()
    const name = `lock-${fileName(key)}`
    const taken = await this.#locks.take(name)
    if (taken !== 'taken') throw locked(taken.holder, this.#locks.path(name))
    let held = true
    return {
      release: async () => {
        if (!held) return
        held = false
        await this.#locks.release(name)
      },
    }
  }

  /** Makes the directory and what the store keeps in it, once; after a failure it is tried again. */
  #prepareFolder(): Promise<void> {
    this.#ready ??= this.#makeFolder().catch((error) => {
      this.#ready = undefined
      throw error
    })
    return this.#ready
  }

  async #makeFolder(): Promise<void> {
    const made = await this.#makeDirectories(this.#root)
    // What was there may have been made a moment ago by a process that did not come to make it durable.
    for (let path = this.#root; path !== dirname(path); path = dirname(path)) {
      const synced = this.#files.syncDirectory(dirname(path), 'root')
      await (made.includes(path) ? synced : synced.catch(() => undefined))
    }
    await this.#makeDirectories(this.#folder)
    await this.#locks.announce()
    await this.#locks.removeLeftovers()
  }

  /** Makes a directory and those above it; resolves to the ones that were not there. */
  async #makeDirectories(path: string): Promise<string[]> {
    try {
      await this.#files.mkdir(path)
      return [path]
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return []
      if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    }
    const above = await this.#makeDirectories(dirname(path))
    try {
      await this.#files.mkdir(path)
      return [...above, path]
    } catch (error) {
      // Still ENOENT where the one above is a link to something that is not there: the caller learns of it.
      if (codeOf(error) !== 'EEXIST') throw error
      return above
    }
  }

  async #move(file: string, key: string): Promise<string> {
    const path = this.path(key)
    try {
      await this.#files.rename(file, path)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      await this.#makeDirectories(dirname(path))
      await this.#files.rename(file, path)
    }
    return dirname(path)
  }

  /** Deletes a file and the folders that it leaves empty; resolves to the directory that lost a name. */
  async #remove(key: string): Promise<string> {
    const path = this.path(key)
    let directory = dirname(path)
    try {
      await this.#files.unlink(path)
    } catch (error) {
      if (!isAbsent(error)) throw error
    }
    while (directory !== this.#root) {
      try {
        await this.#files.rmdir(directory)
      } catch (error) {
        // ENOENT: the key was never there, nor its folder.
        if (codeOf(error) !== 'ENOENT') break
      }
      this.#durable.delete(directory)
      directory = dirname(directory)
    }
    return directory
  }

  /** Makes the names in a directory durable, and the names of the directory itself and those above it. */
  async #settle(directory: string): Promise<void> {
    let identity = await this.#sync(directory, 'entry')
    for (let path = directory; path !== this.#root; path = dirname(path)) {
      if (identity !== null && this.#durable.get(path) === identity) return
      const above = await this.#sync(dirname(path), 'parent')
      if (this.#durable.size >= remembered) this.#durable.clear()
      if (identity !== null) this.#durable.set(path, identity)
      identity = above
    }
  }

  /** `null` if the directory is gone: a later delete has emptied and removed it. */
  async #sync(directory: string, why: 'entry' | 'parent'): Promise<string | null> {
    try {
      return await this.#files.syncDirectory(directory, why)
    } catch (error) {
      if (isAbsent(error)) return null
      throw error
    }
  }

  /** One at a time in this process, and then one at a time of all processes. */
  #exclusively<T>(signal: AbortSignal | undefined, action: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(async () => {
      await this.#takeWriteLock(signal)
      try {
        return await action()
      } finally {
        await this.#locks.release('write')
      }
    })
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  async #takeWriteLock(signal: AbortSignal | undefined): Promise<void> {
    for (let waited = 0, pause = 1; ; waited += pause, pause = Math.min(pause * 2, 20)) {
      throwIfAborted(signal)
      const taken = await this.#locks.take('write')
      // One at a time here: if it is ours, giving it back has failed before.
      if (taken === 'taken' || this.#locks.isOwn(taken.holder)) return
      if (waited > patience) {
        throw new StoreFailed(
          `Another process holds the write lock of the directory for too long: ${describe(taken.holder)}. If it is certainly gone, delete ${this.#locks.path('write')}.`,
          { outcome: 'not-applied', retryable: true },
        )
      }
      await this.#host.wait(pause)
    }
  }
}

/** What an operation of a directory store rejects with: our own errors and aborts as they are. */
export function storeFailed(
  what: string,
  error: unknown,
  outcome: Outcome,
  signal?: AbortSignal,
): unknown {
  if (isCaresealError(error) || (signal?.aborted === true && error === signal.reason)) return error
  const code = codeOf(error)
  if (code === '') return error
  const state = outcome === 'unknown' ? ' Read again before the next write.' : ''
  return new StoreFailed(`${what} failed (${code}).${state}`, {
    cause: error,
    outcome,
    retryable: transient.includes(code),
  })
}

function locked(holder: Holder, path: string): LogLocked {
  return new LogLocked(
    `${describe(holder)} holds the lock. Close it there first; if that process is certainly gone, delete ${path}.`,
  )
}

function describe(holder: Holder): string {
  return holder === null ? 'Somebody' : `Process ${holder.pid} on ${holder.host}`
}

/** A key as the name of one file. */
function fileName(key: string): string {
  const safe = key.replace(/[^A-Za-z0-9._-]/g, '_')
  const hash = createHash('sha256').update(key).digest('hex')
  return safe === key && key.length <= 100 ? key : `${safe.slice(0, 80)}-${hash.slice(0, 16)}`
}
