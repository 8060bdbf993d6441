/** Entries of one commit at most: the head that carries them stays small. */
const commitSize = 1024

/** One append that waits for its commits. */
interface Pending {
  /** The commitments, 32 bytes each. */
  readonly entries: Uint8Array
  /** Bytes of them that were committed or are being. */
  taken: number
  /** Index of the first one, once that is committed. */
  first: number | null
  readonly resolve: (places: { readonly index: number }[]) => void
  readonly reject: (reason: unknown) => void
}

/** What one commit takes of an append. */
interface Share {
  readonly pending: Pending
  readonly entries: Uint8Array
}

/**
 * Gathers appends: while one commit runs, the next one collects. All appends of a commit share its checkpoint; a
 * large append takes several commits.
 */
export class AppendQueue {
  readonly #commit: (entries: Uint8Array) => Promise<number>
  /** In order; leaves when it is settled. */
  readonly #pending = new Set<Pending>()
  #running: Promise<void> | null = null

  /** `commit` takes entries of 32 bytes each and resolves to the index of the first. */
  constructor(commit: (entries: Uint8Array) => Promise<number>) {
    this.#commit = commit
  }

  /**
   * Appends one or more commitments of 32 bytes; copied at once. An abort takes back what no commit has begun with,
   * and stops waiting for what one has.
   */
  append(
    commitments: readonly Uint8Array[],
    signal: AbortSignal | undefined,
  ): Promise<{ readonly index: number }[]> {
    const entries = new Uint8Array(commitments.length * 32)
    commitments.forEach((commitment, i) => {
      entries.set(commitment, i * 32)
    })
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        entries,
        taken: 0,
        first: null,
        resolve: (places) => {
          signal?.removeEventListener('abort', abort)
          resolve(places)
        },
        reject: (reason) => {
          signal?.removeEventListener('abort', abort)
          reject(reason)
        },
      }
      const abort = (): void => this.#drop(pending, signal?.reason)
      signal?.addEventListener('abort', abort)
      this.#pending.add(pending)
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing is left to commit. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    // Appends of the same moment come together.
    await Promise.resolve()
    for (let batch = this.#gather(); batch.length > 0; batch = this.#gather()) {
      try {
        let index = await this.#commit(joined(batch))
        for (const share of batch) {
          this.#settle(share.pending, index)
          index += share.entries.length / 32
        }
      } catch (error) {
        for (const { pending } of batch) this.#drop(pending, error)
      }
    }
    this.#running = null
  }

  #gather(): Share[] {
    const batch: Share[] = []
    let room = commitSize * 32
    for (const pending of this.#pending) {
      if (room === 0) break
      const entries = pending.entries.subarray(pending.taken, pending.taken + room)
      pending.taken += entries.length
      room -= entries.length
      batch.push({ pending, entries })
    }
    return batch
  }

  /** Notes that a share is committed, and answers the append when it was its last. */
  #settle(pending: Pending, index: number): void {
    pending.first ??= index
    if (pending.taken < pending.entries.length || !this.#pending.delete(pending)) return
    const places: { readonly index: number }[] = []
    for (let i = 0; i < pending.entries.length / 32; i++) places.push({ index: pending.first + i })
    pending.resolve(places)
  }

  #drop(pending: Pending, reason: unknown): void {
    if (this.#pending.delete(pending)) pending.reject(reason)
  }
}

function joined(batch: readonly Share[]): Uint8Array {
  const out = new Uint8Array(batch.reduce((sum, { entries }) => sum + entries.length, 0))
  let at = 0
  for (const { entries } of batch) {
    out.set(entries, at)
    at += entries.length
  }
  return out
}
