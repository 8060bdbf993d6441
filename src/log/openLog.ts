import { isCaresealError, LogClosed, LogLocked } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument, equalBytes } from '../internal/bytes.ts'
import { sha256 } from '../internal/engine/hash.ts'
import { hashSize, isSize } from '../internal/merkle/index.ts'
import { knownOptions, optionsOf } from '../internal/options.ts'
import { ascii, encodeUtf8 } from '../internal/utf8.ts'
import type { CallOptions, Signer } from '../keys/index.ts'
import type { Store, StoreLock } from '../store/index.ts'
import { AppendQueue } from './appendQueue.ts'
import { headKey } from './head.ts'
import { type KnownHead, loadLog } from './load.ts'
import type { Log, ProveInclusionOptions } from './log.ts'
import { proveConsistency, proveInclusion, readEntries } from './reading.ts'
import { LogSigner } from './signer.ts'
import { Writer } from './writer.ts'

/** Options of {@link openLog}. */
export interface OpenLogOptions extends CallOptions {
  /** The unique name of the log: a schema-less URL, such as `clinic.example/log`; never changed. */
  readonly origin: string
  /** The key of the log, Ed25519; used for nothing else. */
  readonly signer: Signer
  /** Where the log is kept; `prefixStore` gives each log a part of a store. */
  readonly store: Store
  /**
   * The largest head of this log that is known outside of the store (from a ledger or a witness), or `null` if
   * none is. Asked before anything is written.
   */
  readonly floor?: (() => Promise<KnownHead | null>) | undefined
  /** The clock; its time is noted in the head, for people. */
  readonly clock?: (() => Date) | undefined
}

/**
 * Opens a log for writing, or begins it. One writer at a time: where the store has locks, a second one is refused;
 * where it has none, the one that comes late at a commit is. Close it when done.
 *
 * @param options - Name, key and store of the log.
 * @returns The log. Its entry 0 is SHA-256("careseal/genesis/1" ‖ origin).
 * @throws {@link RangeError} if `origin` is no key name of at most 255 bytes.
 * @throws {@link AlgorithmUnsupported} if the key is not Ed25519.
 * @throws {@link LogLocked} if another writer has it.
 * @throws {@link LogBehind} if the store is behind `floor`, or behind what it has published itself.
 * @throws {@link LogCorrupt} if the store holds another log, or a damaged one.
 * @throws {@link LedgerConflict} if the store has published another history.
 * @throws {@link StoreFailed} if the store fails.
 * @throws {@link KeyUnavailable} if the key's home does not answer.
 * @example
 * Append and prove.
 * ```ts
 * import { ed25519, generateKey } from 'careseal/keys'
 * import { openLog } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const signer = await generateKey(ed25519)
 * const log = await openLog({ origin: 'clinic.example/log', signer, store: memoryStore() })
 * const [entry] = await log.append([new Uint8Array(32).fill(7)])
 * console.log(entry!.index) // 1
 * console.log((await log.proveInclusion(1)).split('\n')[0]) // c2sp.org/tlog-proof@v1
 * await log.close()
 * ```
 * @see https://c2sp.org/tlog-tiles
 */
export async function openLog(options: OpenLogOptions): Promise<Log> {
  const own = knownOptions(options, ['origin', 'signer', 'store', 'floor', 'clock', 'signal'])
  const { store, signal, clock = () => new Date() } = own
  if (typeof store?.get !== 'function' || typeof store.put !== 'function') {
    throw new TypeError('store must be a store, such as directoryStore(path) of careseal/store/fs')
  }
  const signer = new LogSigner(own.origin, own.signer)
  throwIfAborted(signal)
  const floor = own.floor === undefined ? null : floorArgument(await own.floor())
  // Before the lock, so that nothing at all is written to a log that is behind.
  const seen = await loadLog(store, signer, floor)
  throwIfAborted(signal)
  const lock = await lockHead(store, signer.origin, signal)
  try {
    const head = await store.get(headKey, { signal })
    const same = head !== null && seen !== null && equalBytes(head, seen.head)
    const stored = same ? seen : await loadLog(store, signer, floor)
    throwIfAborted(signal)
    const genesis = sha256(ascii('careseal/genesis/1'), encodeUtf8(signer.origin))
    const writer = await Writer.open({ store, signer, clock }, stored, genesis)
    return logOver(writer, signer, own.floor !== undefined, async () => lock?.release())
  } catch (error) {
    await lock?.release()
    throw error
  }
}

/** A store knows the lock by its key only; the caller knows the log by its origin. */
async function lockHead(
  store: Store,
  origin: string,
  signal: AbortSignal | undefined,
): Promise<StoreLock | undefined> {
  try {
    return await store.lock?.(headKey, { signal })
  } catch (error) {
    if (!isCaresealError(error, 'ERR_LOG_LOCKED')) throw error
    throw new LogLocked(`The log ${origin} has another writer. ${error.message}`)
  }
}

function logOver(
  writer: Writer,
  signer: LogSigner,
  rollbackProtection: boolean,
  release: () => Promise<void>,
): Log {
  const queue = new AppendQueue((entries) => writer.commit(entries))
  let closed: Promise<void> | null = null
  return {
    origin: signer.origin,
    verifierKey: signer.verifierKey,
    rollbackProtection,
    get size() {
      return writer.view.view.size
    },
    async append(commitments: readonly Uint8Array[], options: CallOptions = {}) {
      const copies = commitments.map((commitment, i) =>
        bytesArgument(commitment, `commitments[${i}]`, hashSize),
      )
      const { signal } = optionsOf(options)
      throwIfAborted(signal)
      if (closed !== null) throw new LogClosed()
      return copies.length === 0 ? [] : queue.append(copies, signal)
    },
    async checkpoint(options: CallOptions = {}) {
      throwIfAborted(optionsOf(options).signal)
      return writer.view.note
    },
    async proveInclusion(index: number, options: ProveInclusionOptions = {}) {
      const own = optionsOf(options)
      throwIfAborted(own.signal)
      return proveInclusion(writer.view, signer.origin, index, own, (size, root) =>
        signer.sign(size, root, own.signal),
      )
    },
    async proveConsistency(from: number, to: number, options: CallOptions = {}) {
      const own = optionsOf(options)
      throwIfAborted(own.signal)
      return proveConsistency(writer.view.view, from, to, own)
    },
    read: (from: number, to: number, options: CallOptions = {}) =>
      readEntries(writer.view.view, from, to, optionsOf(options)),
    close() {
      closed ??= queue.idle().then(release)
      return closed
    },
  }
}

function floorArgument(floor: KnownHead | null): KnownHead | null {
  if (floor === null) return null
  if (!isSize(floor.size)) throw new RangeError('floor() must resolve to a size from 0 to 2^53 - 1')
  // Every log continues the empty one.
  return floor.size === 0
    ? null
    : { size: floor.size, root: bytesArgument(floor.root, 'root of floor()', hashSize).slice() }
}
