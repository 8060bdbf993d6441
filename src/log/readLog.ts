import { LedgerConflict, LogCorrupt, ProofInvalid } from '../errors.ts'
import { throwIfAborted, untilAborted } from '../internal/abort.ts'
import { equalBytes } from '../internal/bytes.ts'
import { knownOptions, optionsOf } from '../internal/options.ts'
import { decodeUtf8 } from '../internal/utf8.ts'
import type { CallOptions } from '../keys/index.ts'
import { checkpointKey } from './head.ts'
import { judgeCheckpoint } from './judge.ts'
import type { LogReader, ProveInclusionOptions } from './log.ts'
import { proveConsistency, proveInclusion, readEntries, type SignedView } from './reading.ts'
import { loadEdge, type ReadStore, TileCache, TreeView } from './treeView.ts'
import type { LogPolicy, VerifiedCheckpoint } from './types.ts'

/** Options of {@link readLog}. */
export interface ReadLogOptions extends CallOptions {
  /** Where the log is published: anything that gets a key, such as a static server. It is not trusted. */
  readonly store: ReadStore
  /** Whom you trust. */
  readonly policy: LogPolicy
}

/**
 * Opens a log for reading: for auditors and monitors, without key and lock. Nothing that the store delivers is
 * believed: the checkpoint must be signed by a log of the policy, every tile and entry must fit its root, and every
 * later checkpoint must continue the one before. The quorum of the policy is not asked for: see `verifyCheckpoint`.
 *
 * @param options - Store and policy.
 * @returns The log as of its current checkpoint; `checkpoint()` looks for a newer one.
 * @throws {@link ProofMalformed} if what is published is no checkpoint.
 * @throws {@link ProofInvalid} if no log of the policy has signed it, or a signature by a key of the policy is bad.
 * @throws {@link LogCorrupt} if there is no checkpoint, or a tile does not fit it.
 * @example
 * An auditor counts the entries of a log that somebody else writes.
 * ```ts
 * import { ed25519, generateKey } from 'careseal/keys'
 * import { openLog, parseLogPolicy, readLog } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const store = memoryStore()
 * const signer = await generateKey(ed25519)
 * const log = await openLog({ origin: 'clinic.example/log', signer, store })
 * await log.append([new Uint8Array(32).fill(7)])
 *
 * const policy = parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`)
 * const reader = await readLog({ store: { get: (key) => store.get(key) }, policy })
 * let entries = 0
 * for await (const entry of reader.read(0, reader.size)) entries += entry.length / 32
 * console.log(entries) // 2
 * ```
 * @see https://c2sp.org/tlog-tiles
 */
export async function readLog(options: ReadLogOptions): Promise<LogReader> {
  const own = knownOptions(options, ['store', 'policy', 'signal'])
  const reader = new Reader(own.store, own.policy)
  await reader.refresh(own)
  return {
    origin: reader.current.verified.origin,
    get size() {
      return reader.current.view.size
    },
    async checkpoint(call: CallOptions = {}) {
      await reader.refresh(optionsOf(call))
      return reader.current.note
    },
    async proveInclusion(index: number, call: ProveInclusionOptions = {}) {
      const own = optionsOf(call)
      throwIfAborted(own.signal)
      const { current } = reader
      return proveInclusion(current, current.verified.origin, index, own, async (size) => {
        throw new RangeError(
          `A reader cannot sign the checkpoint of size ${size}. Pass the signed one in { checkpoint }.`,
        )
      })
    },
    async proveConsistency(from: number, to: number, call: CallOptions = {}) {
      const own = optionsOf(call)
      throwIfAborted(own.signal)
      return proveConsistency(reader.current.view, from, to, own)
    },
    read: (from: number, to: number, call: CallOptions = {}) =>
      readEntries(reader.current.view, from, to, optionsOf(call)),
  }
}

interface Current extends SignedView {
  readonly verified: VerifiedCheckpoint
}

/** Follows the checkpoints of one log. */
class Reader {
  readonly #store: ReadStore
  readonly #policy: LogPolicy
  readonly #cache = new TileCache()
  #current: Current | null = null
  /** Refreshing is one after the other: each new checkpoint is held against the one before it. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(store: ReadStore, policy: LogPolicy) {
    this.#store = store
    this.#policy = policy
  }

  /** The newest checkpoint that was verified. */
  get current(): Current {
    return this.#current!
  }

  /** Fetches the checkpoint and goes forward to it; an older one of the same history changes nothing. */
  async refresh(options: CallOptions): Promise<void> {
    throwIfAborted(options.signal)
    const verified = await this.#fetch(options)
    const advanced = this.#last.then(() => this.#advance(verified, options))
    this.#last = advanced.catch(() => {})
    // A server that is silent to one call keeps others waiting, but not beyond their own signal.
    await untilAborted(options.signal, () => advanced)
  }

  async #fetch(options: CallOptions): Promise<VerifiedCheckpoint> {
    const bytes = await this.#store.get(checkpointKey, options)
    if (bytes === null) {
      throw new LogCorrupt(
        'There is no checkpoint: nothing is published here, or the place is another one.',
      )
    }
    const note = decodeUtf8(bytes)
    return judgeCheckpoint(note ?? '', this.#policy)
  }

  async #advance(verified: VerifiedCheckpoint, options: CallOptions): Promise<void> {
    const before = this.#current
    if (before !== null && verified.origin !== before.verified.origin) {
      throw new ProofInvalid(`What is published here is no longer ${before.verified.origin}.`)
    }
    if (before === null || verified.size > before.view.size) {
      const edge = await loadEdge(this.#store, verified, options)
      // Tiles that only the new root vouches for must not be kept before it is known to continue the old one.
      const trial = new TreeView(this.#store, new TileCache(), verified, edge)
      if (before !== null) await requireSame(trial, before.verified, options)
      const view = new TreeView(this.#store, this.#cache, verified, edge)
      this.#current = { view, note: verified.note, verified }
      return
    }
    await requireSame(before.view, verified, options)
    // The same checkpoint may have more cosignatures by now.
    if (verified.size === before.view.size) {
      this.#current = { view: before.view, note: verified.note, verified }
    }
  }
}

/** An older checkpoint of a log must be one that a newer view of it went through. */
async function requireSame(
  view: TreeView,
  older: VerifiedCheckpoint,
  options: CallOptions,
): Promise<void> {
  if (older.size === 0 || equalBytes(await view.rootAt(older.size, options), older.root)) return
  throw new LedgerConflict(
    `${older.origin} has signed two histories: its checkpoints of size ${older.size} and ${view.size} do not fit together. Keep both as evidence and stop trusting this log.`,
  )
}
