import { bytesArgument } from '../../internal/bytes.ts'
import { type ByteSource, piecesOf } from '../../internal/stream/source.ts'

/** Reads a source in the lines and lengths that age asks for, holding no more than one of them and a piece. */
export class AgeReader {
  readonly #pieces: AsyncGenerator<Uint8Array>
  /** What was given and not taken yet stands from `#start` to `#end`. */
  #buffer: Uint8Array = new Uint8Array(0)
  #start = 0
  #end = 0
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
    return this.#pending().slice(0, length)
  }

  /** Up to and including the next LF; `null` if there is none within `limit` bytes or before the end. */
  async line(limit: number): Promise<Uint8Array | null> {
    let searched = 0
    for (;;) {
      const pending = this.#pending()
      const at = pending.indexOf(10, searched)
      if (at >= 0) return at < limit ? this.#take(at + 1) : null
      if (pending.length >= limit || this.#ended) return null
      searched = pending.length
      await this.#fill(searched + 1)
    }
  }

  /** Tells the source that nothing more will be read. */
  async close(): Promise<void> {
    await this.#pieces.return(undefined)
  }

  #pending(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end)
  }

  async #fill(length: number): Promise<void> {
    while (this.#end - this.#start < length && !this.#ended) {
      const next = await this.#pieces.next()
      if (next.done === true) this.#ended = true
      else this.#append(bytesArgument(next.value, 'source'))
    }
  }

  /** Pieces are copied, for their owner may use them again. Room is doubled, so that tiny ones are not moved each time. */
  #append(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#buffer.length) {
      const pending = this.#pending()
      const needed = pending.length + piece.length
      const room = this.#buffer.length
      const next = 2 * needed <= room ? this.#buffer : new Uint8Array(Math.max(needed, 2 * room))
      next.set(pending)
      this.#buffer = next
      this.#start = 0
      this.#end = pending.length
    }
    this.#buffer.set(piece, this.#end)
    this.#end += piece.length
  }

  #take(length: number): Uint8Array {
    const taken = this.#pending().slice(0, length)
    this.#start += taken.length
    this.#offset += taken.length
    return taken
  }
}
