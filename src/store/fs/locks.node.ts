import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { equalBytes } from '../../internal/bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../../internal/utf8.ts'
import { codeOf, type Files, isAbsent } from './files.ts'
import type { Host, Owner } from './host.node.ts'

/** Who holds a lock, as far as the file tells; `null` if a power failure left it unreadable. */
export type Holder = Owner | null

/**
 * Locks as files. Taking one is giving the file that names this owner a second name (`link`), which only one
 * can do and which has its whole content from the first moment. A lock of a process that is gone is taken over
 * in three steps that only one taker at a time can be in: take the right to replace exactly that lock file
 * (itself such a lock, named by the content that it replaces), look whether the content is still the same,
 * move the own name over it. Whoever was late finds another content and starts again.
 */
export class FileLocks {
  readonly #files: Files
  readonly #folder: string
  readonly #host: Host
  readonly #owner: Owner
  readonly #ownerFile: string
  #counter = 0

  /** `folder` holds the lock files; it is made by the caller. */
  constructor(files: Files, folder: string, host: Host) {
    this.#files = files
    this.#folder = folder
    this.#host = host
    this.#owner = { token: randomUUID(), ...host.self }
    this.#ownerFile = join(folder, `owner-${this.#owner.token}`)
  }

  /** A fresh path for a file that nobody else sees; `removeLeftovers` knows whose it was. */
  temporary(): string {
    return join(this.#folder, `tmp-${this.#owner.token}-${this.#counter++}`)
  }

  /** The file of a lock, for messages that name the remedy. */
  path(name: string): string {
    return join(this.#folder, name)
  }

  /** Puts down who this is, in one step; temporary files and locks refer to it. */
  async announce(): Promise<void> {
    const unfinished = this.temporary()
    const file = await this.#files.create(unfinished)
    try {
      await file.write(encodeUtf8(JSON.stringify(this.#owner)))
    } finally {
      await file.close()
    }
    await this.#files.rename(unfinished, this.#ownerFile)
  }

  /** Takes a lock; resolves to who holds it instead, if somebody does who may be alive. */
  async take(name: string): Promise<'taken' | { readonly holder: Holder }> {
    const path = this.path(name)
    for (;;) {
      if (await this.#link(path)) return 'taken'
      const content = await this.#read(path)
      if (content === null) continue
      const holder = parseOwner(content)
      if (!(await this.#isDead(holder))) return { holder }
      // Only a file of this very content may be replaced, and only by whoever holds the right to do so.
      const right = rightTo(name, content)
      const other = await this.take(right)
      if (other !== 'taken') return other
      try {
        const now = await this.#read(path)
        if (now === null || !equalBytes(now, content)) continue
        const own = this.temporary()
        await this.#link(own)
        await this.#files.rename(own, path)
        return 'taken'
      } finally {
        await this.release(right)
      }
    }
  }

  /** Gives back a lock that was taken; that somebody deleted it by hand is no error. */
  async release(name: string): Promise<void> {
    const content = await this.#read(this.path(name))
    // Deleted by hand, somebody else may hold it by now.
    if (content !== null && this.isOwn(parseOwner(content))) await this.#remove(name)
  }

  /** Whether a lock is held in the name of this very object. */
  isOwn(holder: Holder): boolean {
    return holder?.token === this.#owner.token
  }

  /** Removes what processes that are gone left behind: unfinished files and their names. */
  async removeLeftovers(): Promise<void> {
    const names = (await this.#files.list(this.#folder)).map(({ name }) => name)
    for (const name of names) {
      // Rights are removed by taking them, or a third process could believe that it holds one.
      if (name.startsWith('take-') && (await this.take(name)) === 'taken') await this.release(name)
      if (!name.startsWith('owner-')) continue
      const content = await this.#read(join(this.#folder, name))
      if (content === null || !(await this.#isDead(parseOwner(content)))) continue
      const token = name.slice('owner-'.length)
      for (const file of names) {
        if (file.startsWith(`tmp-${token}-`)) await this.#remove(file)
      }
      await this.#remove(name)
    }
  }

  async #link(path: string): Promise<boolean> {
    for (;;) {
      try {
        await this.#files.link(this.#ownerFile, path)
        return true
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false
        // Somebody tidied up too much.
        if (codeOf(error) !== 'ENOENT') throw error
        await this.announce()
      }
    }
  }

  async #read(path: string): Promise<Uint8Array | null> {
    try {
      return await this.#files.read(path)
    } catch (error) {
      if (isAbsent(error)) return null
      throw error
    }
  }

  async #remove(name: string): Promise<void> {
    try {
      await this.#files.unlink(join(this.#folder, name))
    } catch (error) {
      if (!isAbsent(error)) throw error
    }
  }

  /** A lock file is whole while the system runs: an unreadable one is from before a power failure. */
  async #isDead(holder: Holder): Promise<boolean> {
    const local = await this.#files.isLocal(this.#folder)
    return holder === null ? local : this.#host.isDead(holder, local)
  }
}

/** The lock that whoever replaces this content of this lock file must hold. */
function rightTo(name: string, content: Uint8Array): string {
  const hash = createHash('sha256').update(`${name}\n`).update(content).digest('hex')
  return `take-${hash.slice(0, 32)}`
}

function parseOwner(content: Uint8Array): Holder {
  try {
    const owner = JSON.parse(decodeUtf8(content) ?? '') as Owner
    const texts = [owner.token, owner.host, owner.boot, owner.start]
    return texts.every((text) => typeof text === 'string') && Number.isSafeInteger(owner.pid)
      ? owner
      : null
  } catch {
    return null
  }
}
