import { isCaresealError, LogLocked, StoreFailed } from '../errors.ts'
import { equalBytes } from '../internal/bytes.ts'
import { toSeconds } from '../internal/time.ts'
import { decodeUtf8, encodeUtf8 } from '../internal/utf8.ts'
import type { Store } from '../store/index.ts'
import { GrowingTree } from './growingTree.ts'
import { checkpointKey, encodeHead, headKey } from './head.ts'
import { loadLog, type StoredLog } from './load.ts'
import { deleteOutdated, publishTiles } from './publish.ts'
import type { SignedView } from './reading.ts'
import type { LogSigner } from './signer.ts'
import { tileWidth } from './tileNames.ts'
import { cacheKey, TileCache, TreeView } from './treeView.ts'

/** How often a checkpoint that others move on at the same time is tried. */
const maximumAttempts = 100

/** What a writer works with. */
export interface WriterParts {
  readonly store: Store
  readonly signer: LogSigner
  readonly clock: () => Date
}

/**
 * Moves a log on, one commit at a time. A commit is one compare-and-set of the head, which carries the signed
 * checkpoint and every entry that no durable tile holds yet; tiles and the published checkpoint follow from it and
 * are written after. Whatever fails after that is made up for by the next commit or by whoever opens the log next.
 */
export class Writer {
  readonly #parts: WriterParts
  readonly #cache = new TileCache()
  /** What was committed last. */
  #stored: StoredLog
  /** What was published last: what readers of this object see. */
  #view: SignedView
  /** The bytes under `checkpoint`, as far as known. */
  #published: Uint8Array | null = null
  /** Heads of ours of which one is in the store, if it is not certain which, or if not all is published. */
  #unsettled: readonly Uint8Array[]
  #lost: LogLocked | null = null

  private constructor(parts: WriterParts, stored: StoredLog) {
    this.#parts = parts
    this.#stored = stored
    this.#view = this.#viewOf(stored)
    this.#unsettled = [stored.head]
  }

  /** Continues the stored log, or begins one with its genesis entry. */
  static async open(
    parts: WriterParts,
    stored: StoredLog | null,
    genesis: Uint8Array,
  ): Promise<Writer> {
    const writer = new Writer(parts, stored ?? (await begin(parts, genesis)))
    await writer.#adopt(writer.#stored)
    return writer
  }

  /** The last published state. */
  get view(): SignedView {
    return this.#view
  }

  /** Commits and publishes entries of 32 bytes each; resolves to the index of the first. */
  async commit(entries: Uint8Array): Promise<number> {
    if (this.#lost !== null) throw this.#lost
    if (this.#unsettled.length > 0) await this.#settle()
    const before = this.#stored
    const next = await extend(this.#parts, before.tree, entries)
    this.#unsettled = [before.head, next.head]
    const won = await this.#parts.store.put(headKey, next.head, { expect: before.head })
    this.#unsettled = [next.head]
    // A store that tried again after its answer was lost says no to what it has done: then our head is there.
    if (!won) await this.#settle()
    else {
      await this.#publish(next).catch((error: unknown) => {
        throw afterCommit(error)
      })
    }
    return before.tree.size
  }

  /** After a failure: finds out which of the possible heads is there, and publishes what follows from it. */
  async #settle(): Promise<void> {
    const stored = await loadLog(this.#parts.store, this.#parts.signer, null)
    if (stored === null || !this.#unsettled.some((head) => equalBytes(head, stored.head))) {
      throw this.#lose()
    }
    await this.#adopt(stored)
  }

  /** Goes on from a head that was found: what it signs must not be lost any more, so it is written again. */
  async #adopt(stored: StoredLog): Promise<void> {
    if (!(await this.#parts.store.put(headKey, stored.head, { expect: stored.head }))) {
      throw this.#lose()
    }
    await this.#publish(stored)
  }

  async #publish(stored: StoredLog): Promise<void> {
    // Whoever appends asks for proofs next: what was just computed need not be read and hashed again. Copied before
    // a store has them, which may do with its arrays what it likes.
    const computed = stored.full.flatMap(({ level, index, bytes }) =>
      level === 'entries' ? [] : [{ key: cacheKey(level, index), hashes: bytes.slice() }],
    )
    await publishTiles(this.#parts.store, stored.tree, stored.full)
    await this.#publishCheckpoint(stored)
    await deleteOutdated(this.#parts.store, stored.full)
    for (const { key, hashes } of computed) this.#cache.add(key, hashes)
    this.#stored = { ...stored, full: [] }
    this.#view = this.#viewOf(stored)
    this.#unsettled = []
  }

  /** Moves the published checkpoint forward, never back. */
  async #publishCheckpoint({ note, tree }: StoredLog): Promise<void> {
    const { store, signer } = this.#parts
    const bytes = encodeUtf8(note)
    // It follows from the head like the tiles do, so it may be lazy.
    for (
      let attempt = 0;
      !(await store.put(checkpointKey, bytes, { expect: this.#published, lazy: true }));
      attempt++
    ) {
      if (attempt === maximumAttempts) throw unsettled()
      this.#published = await store.get(checkpointKey)
      const text = this.#published === null ? null : decodeUtf8(this.#published)
      const there = await signer.recognize(text)
      if (there !== null && there.size >= tree.size) return
    }
    this.#published = bytes
  }

  #viewOf({ note, tree }: StoredLog): SignedView {
    const { store } = this.#parts
    const head = { size: tree.size, root: tree.root() }
    return { view: new TreeView(store, this.#cache, head, tree.edge()), note }
  }

  #lose(): LogLocked {
    this.#lost = new LogLocked(
      'Another writer has moved this log on. Make sure that one process writes it, and open it again.',
    )
    return this.#lost
  }
}

/** The entries are in the log: who reads that they are not would append them again. */
function afterCommit(error: unknown): unknown {
  if (!isCaresealError(error, 'ERR_STORE_FAILED')) return error
  return new StoreFailed(
    `The entries are in the log, but publishing them failed. ${error.message}`,
    {
      cause: error,
      outcome: 'applied',
      retryable: error.retryable,
    },
  )
}

function unsettled(): StoreFailed {
  return new StoreFailed(
    `The store has refused to write ${checkpointKey} again and again, though nobody else moved it on. Its compare-and-set does not work.`,
    { outcome: 'unknown', retryable: true },
  )
}

/** The first commit of a log: its genesis entry. */
async function begin(parts: WriterParts, genesis: Uint8Array): Promise<StoredLog> {
  const first = await extend(parts, GrowingTree.from([]), genesis)
  if (await parts.store.put(headKey, first.head, { expect: null })) return first
  throw new LogLocked('Another writer has begun this log at the same time. Open it again.')
}

/** The log with more entries, signed, not yet written. */
async function extend(
  { signer, clock }: WriterParts,
  before: GrowingTree,
  entries: Uint8Array,
): Promise<StoredLog> {
  const tree = before.clone()
  const untiled = tree.lastEntries()
  const full = tree.append(entries)
  const note = await signer.sign(tree.size, tree.root())
  const carried = new Uint8Array(untiled.length + entries.length)
  carried.set(untiled)
  carried.set(entries, untiled.length)
  const head = encodeHead({
    note,
    tiled: before.size - (before.size % tileWidth),
    entries: carried,
    writtenAt: toSeconds(clock(), 'clock()'),
  })
  return { head, note, tree, full }
}
