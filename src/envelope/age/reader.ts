import { bytesArgument, concat } from '../../internal/bytes.ts'
import { type ByteSource, piecesOf } from '../../internal/stream/source.ts'

/** Reads a source in the lines and lengths that age asks for, holding no more than one of them and a piece. */
export class AgeReader {
  readonly #pieces: AsyncGenerator<Uint8Array>
  #pending: Uint8Array = new Uint8Array(0)
  #ended = false
  #offset = 0

  constructor(source: ByteSource, signal: AbortSignal | undefined) {
    this.#pieces = piecesOf(source, signal)
  }

  /** Bytes taken so far. */
  get offset(): number {
    return this.#offset
  }

  /** Up to `length` bytes, fewer only at the end. A fresh array. */
  async read(length: number): Promise<Uint8Array> {
    await this.#fill(length)
    return this.#take(length)
  }

  /** The next bytes without taking them, fewer than `length` only at the end. */
  async peek(length: number): Promise<Uint8Array> {
    await this.#fill(length)
    return this.#pending.slice(0, length)
  }

  /** Up to and including the next LF; `null` if there is none within `limit` bytes or before the end. */
  async line(limit: number): Promise<Uint8Array | null> {
    let searched = 0
    for (;;) {
      const at = this.#pending.indexOf(10, searched)
      if (at >= 0) return at < limit ? this.#take(at + 1) : null
      if (this.#pending.length >= limit || this.#ended) return null
      searched = this.#pending.length
      await this.#fill(searched + 1)
    }
  }

  /** Tells the source that nothing more will be read. */
  async close(): Promise<void> {
    await this.#pieces.return(undefined)
  }

  /** Pieces are copied, for their owner may use them again, and joined once, however small they are. */
  async #fill(length: number): Promise<void> {
    if (this.#pending.length >= length || this.#ended) return
    const parts = this.#pending.length === 0 ? [] : [this.#pending]
    let total = this.#pending.length
    while (total < length) {
      const next = await this.#pieces.next()
      if (next.done === true) {
        this.#ended = true
        break
      }
      parts.push(bytesArgument(next.value, 'source').slice())
      total += next.value.length
    }
    this.#pending = parts.length === 1 ? parts[0]! : concat(...parts)
  }

  #take(length: number): Uint8Array {
    const taken = this.#pending.slice(0, length)
    this.#pending = this.#pending.subarray(length)
    this.#offset += taken.length
    return taken
  }
}
