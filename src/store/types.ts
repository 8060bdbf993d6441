/** Options of every call of a store. */
export interface StoreCallOptions {
  /** Aborts the call; it then rejects with the signal's reason. A write that was already made stays made. */
  readonly signal?: AbortSignal | undefined
}

/** Options of a write. */
export interface PutOptions extends StoreCallOptions {
  /**
   * Compare-and-set: write only if the key holds exactly these bytes (`null`: if it is absent). Left out:
   * write whatever is there.
   */
  readonly expect?: Uint8Array | null | undefined
  /**
   * The caller can make this value again: the store may resolve before it is durable. Readers see it at once
   * all the same. A store may ignore this.
   */
  readonly lazy?: boolean | undefined
}

/** Options of a write of several keys. */
export interface PutManyOptions extends StoreCallOptions {
  /** As in {@link PutOptions}. */
  readonly lazy?: boolean | undefined
}

/** One key with its new value. */
export interface StoreEntry {
  /** The key; see {@link Store} for what a key may be. */
  readonly key: string
  /** The new value; `null` deletes the key. */
  readonly value: Uint8Array | null
}

/** A lock that is held until it is released. */
export interface StoreLock {
  /** Gives the lock back. A second call does nothing. */
  release(): Promise<void>
}

/**
 * Small values under keys, kept by the host: the log, the outbox, device state, ceremonies live here.
 *
 * A key is 1 to 1000 UTF-8 bytes of segments joined by `/`, each of 1 to 255 bytes, without control characters
 * and backslashes; no segment is `.` or `..`, none begins with `.~` (that is where a store keeps what is its
 * own), and no key is the folder of another one. Anything else is a `RangeError`. Whoever wants to move between
 * stores keeps to lower-case ASCII: file systems of Windows and macOS take `A` for `a`.
 *
 * I/O that fails rejects with `StoreFailed`; its `outcome` says what became of a write.
 */
export interface Store {
  /** Resolves to a copy of the value, or `null` if the key is absent. */
  get(key: string, options?: StoreCallOptions): Promise<Uint8Array | null>
  /**
   * Writes or (`null`) deletes. Resolves to whether the write was applied: always `true` without `expect`. Once
   * it resolves to `true` the write survives a crash of the machine, unless it was `lazy`. Compare and set is
   * one step, also between processes. Values are taken as they are at the time of the call.
   */
  put(key: string, value: Uint8Array | null, options?: PutOptions): Promise<boolean>
  /**
   * All keys that begin with the text `prefix` (`''`: all), sorted by their UTF-8 bytes. What is written or
   * deleted meanwhile may or may not be seen.
   */
  list(prefix: string, options?: StoreCallOptions): AsyncIterable<string>
  /**
   * Optional. Takes a lock that lasts until it is released or the process dies; rejects with `LogLocked` while
   * another holder lives. It keeps writers from working in vain; what keeps them from doing harm is
   * compare-and-set, so a store that has no such lock leaves this out.
   */
  lock?(key: string, options?: StoreCallOptions): Promise<StoreLock>
  /**
   * Optional. Writes several keys, in no particular order and not as one step: when it rejects, some may have
   * been written. For stores that do this faster than one after another.
   */
  putMany?(entries: readonly StoreEntry[], options?: PutManyOptions): Promise<void>
}

/** Large contents under keys, kept by the host. Keys are those of {@link Store}. */
export interface BlobStore {
  /**
   * Writes the whole content or nothing: if the source fails, what was there before stays. Once it resolves,
   * the content survives a crash of the machine.
   */
  put(key: string, source: AsyncIterable<Uint8Array>, options?: StoreCallOptions): Promise<void>
  /**
   * The bytes from `offset` on, at most `length` of them, in pieces; fewer where the content ends before.
   * Rejects with `StoreFailed` if the key is absent.
   */
  read(
    key: string,
    offset: number,
    length: number,
    options?: StoreCallOptions,
  ): AsyncIterable<Uint8Array>
  /** Resolves to the size in bytes, or `null` if the key is absent. */
  size(key: string, options?: StoreCallOptions): Promise<number | null>
  /** Deletes the key; an absent one is no error. */
  delete(key: string, options?: StoreCallOptions): Promise<void>
}
