import { equalBytes } from '../../../src/internal/bytes.ts'
import type { FileReader, Files, FileWriter } from '../../../src/store/fs/files.ts'
import type { Host } from '../../../src/store/fs/host.node.ts'

/*
 * A disk that remembers every operation, and what may be left of it when the power fails: content that was not
 * synced may be missing in part or whole, and of the names in a directory that was not synced each may be as it
 * was at any moment since. That is more than most file systems lose.
 */

type Inode = number
type Operation =
  | { readonly type: 'write'; readonly inode: Inode; readonly bytes: Uint8Array }
  | { readonly type: 'sync'; readonly inode: Inode }
  | {
      readonly type: 'name'
      readonly directory: Inode
      readonly name: string
      readonly inode: Inode | null
    }
  | { readonly type: 'sync-directory'; readonly directory: Inode }
  | { readonly type: 'mark'; readonly value: unknown }

/** Which wait for the disk is left out, to see that it was needed. */
export type LeftOut = 'content' | 'entry' | 'parent' | 'root' | null

const root: Inode = 0

class Missing extends Error {
  readonly code: string
  constructor(code: string, path: string) {
    super(`${code}: ${path}`)
    this.code = code
  }
}

export class Disk implements Files {
  readonly operations: Operation[] = []
  readonly #contents = new Map<Inode, Uint8Array>()
  readonly #directories = new Map<Inode, Map<string, Inode>>([[root, new Map()]])
  readonly #leftOut: LeftOut
  #next = 1

  constructor(leftOut: LeftOut = null) {
    this.#leftOut = leftOut
  }

  /** Notes something about the program in the recording. */
  mark(value: unknown): void {
    this.operations.push({ type: 'mark', value })
  }

  /** All paths of files, for assertions. */
  paths(directory: Inode = root, above = ''): string[] {
    return [...this.#directories.get(directory)!].flatMap(([name, inode]) =>
      this.#directories.has(inode) ? this.paths(inode, `${above}/${name}`) : [`${above}/${name}`],
    )
  }

  /** Changes a file behind the back of the store. */
  overwrite(path: string, bytes: Uint8Array): void {
    this.#contents.set(this.#lookUp(path), bytes)
  }

  /** The disk as a power failure after so many operations leaves it; `choose` picks among the possibilities. */
  static afterPowerFailure(
    operations: readonly Operation[],
    choose: (possibilities: number) => number,
  ): Disk {
    const synced = new Map<Inode, Uint8Array>()
    const contents = new Map<Inode, Uint8Array>()
    const names = new Map<Inode, Map<string, (Inode | null)[]>>()
    for (const operation of operations) {
      if (operation.type === 'write') {
        const before = contents.get(operation.inode) ?? new Uint8Array(0)
        contents.set(operation.inode, Uint8Array.of(...before, ...operation.bytes))
      } else if (operation.type === 'sync') {
        synced.set(operation.inode, contents.get(operation.inode) ?? new Uint8Array(0))
      } else if (operation.type === 'name') {
        const directory = names.get(operation.directory) ?? new Map<string, (Inode | null)[]>()
        names.set(operation.directory, directory)
        const history = directory.get(operation.name) ?? [null]
        directory.set(operation.name, [...history, operation.inode])
      } else if (operation.type === 'sync-directory') {
        for (const [name, history] of names.get(operation.directory) ?? []) {
          names.get(operation.directory)!.set(name, history.slice(-1))
        }
      }
    }
    const disk = new Disk()
    disk.#next = 1_000_000
    const directories = new Set<Inode>([root])
    for (const operation of operations) {
      if (operation.type === 'name' && operation.inode !== null && operation.inode < 0) {
        directories.add(operation.inode)
      }
    }
    for (const inode of directories) disk.#directories.set(inode, new Map())
    const pick = <T>(possibilities: readonly T[]): T =>
      possibilities[possibilities.length === 1 ? 0 : choose(possibilities.length)]!
    for (const [inode, directory] of names) {
      for (const [name, history] of directory) {
        const chosen = pick(history)
        if (chosen !== null) disk.#directories.get(inode)?.set(name, chosen)
      }
    }
    for (const [inode, whole] of contents) {
      const safe = synced.get(inode)
      const possibilities =
        safe !== undefined && equalBytes(safe, whole)
          ? [whole]
          : [
              safe ?? new Uint8Array(0),
              whole.slice(0, whole.length >> 1),
              new Uint8Array(whole.length),
              whole,
            ]
      disk.#contents.set(inode, pick(possibilities))
    }
    // A file that was created and never written.
    for (const directory of disk.#directories.values()) {
      for (const inode of directory.values()) {
        if (inode > 0 && !disk.#contents.has(inode)) disk.#contents.set(inode, new Uint8Array(0))
      }
    }
    return disk
  }

  async read(path: string): Promise<Uint8Array> {
    await Promise.resolve()
    const content = this.#contents.get(this.#lookUp(path))
    if (content === undefined) throw new Missing('EISDIR', path)
    return content.slice()
  }

  async open(path: string): Promise<FileReader> {
    const content = await this.read(path)
    return {
      size: content.length,
      read: async (offset, length) => content.slice(offset, offset + length),
      close: async () => {},
    }
  }

  async create(path: string): Promise<FileWriter> {
    await Promise.resolve()
    const { directory, name } = this.#parent(path)
    if (this.#directories.get(directory)!.has(name)) throw new Missing('EEXIST', path)
    const inode = this.#next++
    this.#contents.set(inode, new Uint8Array(0))
    this.#name(directory, name, inode)
    return {
      write: async (bytes) => {
        const before = this.#contents.get(inode)!
        this.#contents.set(inode, Uint8Array.of(...before, ...bytes))
        this.operations.push({ type: 'write', inode, bytes: bytes.slice() })
      },
      sync: async (why) => {
        await Promise.resolve()
        if (why !== this.#leftOut) this.operations.push({ type: 'sync', inode })
      },
      close: async () => {},
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await Promise.resolve()
    const source = this.#parent(from)
    const target = this.#parent(to)
    const inode = this.#lookUp(from)
    const there = this.#directories.get(target.directory)!.get(target.name)
    if (there !== undefined && this.#directories.has(there)) throw new Missing('EISDIR', to)
    this.#name(target.directory, target.name, inode)
    this.#name(source.directory, source.name, null)
  }

  async link(from: string, to: string): Promise<void> {
    await Promise.resolve()
    const { directory, name } = this.#parent(to)
    if (this.#directories.get(directory)!.has(name)) throw new Missing('EEXIST', to)
    this.#name(directory, name, this.#lookUp(from))
  }

  async unlink(path: string): Promise<void> {
    await Promise.resolve()
    if (this.#directories.has(this.#lookUp(path))) throw new Missing('EISDIR', path)
    const { directory, name } = this.#parent(path)
    this.#name(directory, name, null)
  }

  async mkdir(path: string): Promise<void> {
    await Promise.resolve()
    const { directory, name } = this.#parent(path)
    if (this.#directories.get(directory)!.has(name)) throw new Missing('EEXIST', path)
    // Negative numbers are directories.
    const inode = -this.#next++
    this.#directories.set(inode, new Map())
    this.#name(directory, name, inode)
  }

  async rmdir(path: string): Promise<void> {
    await Promise.resolve()
    const inode = this.#lookUp(path)
    if ((this.#directories.get(inode)?.size ?? 1) > 0) throw new Missing('ENOTEMPTY', path)
    const { directory, name } = this.#parent(path)
    this.#name(directory, name, null)
  }

  async list(path: string): Promise<{ name: string; directory: boolean }[]> {
    await Promise.resolve()
    const entries = this.#directories.get(this.#lookUp(path))
    if (entries === undefined) throw new Missing('ENOTDIR', path)
    return [...entries].map(([name, inode]) => ({ name, directory: inode < 0 }))
  }

  async syncDirectory(path: string, why: 'entry' | 'parent' | 'root'): Promise<string> {
    await Promise.resolve()
    const directory = this.#lookUp(path)
    if (why !== this.#leftOut) this.operations.push({ type: 'sync-directory', directory })
    return String(directory)
  }

  async isLocal(): Promise<boolean> {
    return true
  }

  #name(directory: Inode, name: string, inode: Inode | null): void {
    const entries = this.#directories.get(directory)!
    if (inode === null) entries.delete(name)
    else entries.set(name, inode)
    this.operations.push({ type: 'name', directory, name, inode })
  }

  #lookUp(path: string): Inode {
    let inode: Inode = root
    for (const name of path.split('/').filter((part) => part !== '')) {
      const entries = this.#directories.get(inode)
      if (entries === undefined) throw new Missing('ENOTDIR', path)
      const next = entries.get(name)
      if (next === undefined) throw new Missing('ENOENT', path)
      inode = next
    }
    return inode
  }

  #parent(path: string): { directory: Inode; name: string } {
    const at = path.lastIndexOf('/')
    const directory = this.#lookUp(path.slice(0, at))
    if (!this.#directories.has(directory)) throw new Missing('ENOTDIR', path)
    return { directory, name: path.slice(at + 1) }
  }
}

/** A machine of the tests: processes are dead when its boot is not theirs or their id is not among the living. */
export function machine(pid: number, boot = 'id:1', living: readonly number[] = [pid]): Host {
  return {
    self: { pid, host: 'test', boot, start: `ticks:${pid}` },
    isDead: (owner, local) => (owner.boot === boot ? !living.includes(owner.pid) : local),
    wait: () => new Promise((resolve) => setTimeout(resolve, 1)),
  }
}

/** Pseudo-random numbers that are the same in every run. */
export function dice(seed: number): (sides: number) => number {
  let state = seed >>> 0
  return (sides) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    return ((state ^ (state >>> 13)) >>> 0) % sides
  }
}

/** How many possibilities a power failure has to choose from, and in how many places. */
function choices(operations: readonly Operation[]): number[] {
  const found: number[] = []
  Disk.afterPowerFailure(operations, (possibilities) => {
    found.push(possibilities)
    return 0
  })
  return found
}

/**
 * The disks that a power failure after `count` operations may leave: all of them where they are few, else the
 * two extremes, each possibility of each place with the others at both extremes, and some at random.
 */
export function* powerFailures(
  operations: readonly Operation[],
  count: number,
  exhaustive: number,
  random: number,
): Generator<Disk> {
  const before = operations.slice(0, count)
  const places = choices(before)
  const make = (chosen: readonly number[]): Disk => {
    let at = 0
    return Disk.afterPowerFailure(before, () => chosen[at++]!)
  }
  const total = places.reduce((product, possibilities) => product * possibilities, 1)
  if (total <= exhaustive) {
    for (let n = 0; n < total; n++) {
      let rest = n
      yield make(
        places.map((possibilities) => {
          const chosen = rest % possibilities
          rest = Math.floor(rest / possibilities)
          return chosen
        }),
      )
    }
    return
  }
  const oldest = places.map(() => 0)
  const newest = places.map((possibilities) => possibilities - 1)
  yield make(oldest)
  yield make(newest)
  const roll = dice(count)
  for (let i = 0; i < random; i++) {
    const base = [oldest, newest, places.map((possibilities) => roll(possibilities))][i % 3]!
    const at = roll(places.length)
    yield make(base.map((chosen, place) => (place === at ? roll(places[place]!) : chosen)))
  }
}

/** The marks among the first `count` operations. */
export function marks(operations: readonly Operation[], count: number): unknown[] {
  return operations
    .slice(0, count)
    .flatMap((operation) => (operation.type === 'mark' ? [operation.value] : []))
}
