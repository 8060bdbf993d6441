import { StreamTruncated } from '../../errors.ts'
import { throwIfAborted, untilAborted } from '../abort.ts'
import { bytesArgument } from '../bytes.ts'
import { turn } from '../turn.ts'

/** Content that comes in pieces of any size: an iterable of byte arrays, asynchronous or not, or a WHATWG stream. */
export type ByteSource =
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>
  | ReadableStream<Uint8Array>

/** Pieces after which others get a turn: a source of tiny ones may never wait for anything itself. */
const turnEvery = 256

/** Pieces of a source as plain byte arrays. An abort is noticed while the source is silent, too. */
export async function* piecesOf(
  source: ByteSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const iterator = iteratorOf(source)
  let reading = false
  try {
    for (let count = 1; ; count++) {
      reading = true
      const next = await untilAborted(signal, async () => iterator.next())
      reading = false
      if (next.done === true) return
      const piece = bytesArgument(next.value, 'each piece of source')
      const { length } = piece
      yield piece
      // Who shrinks it while it is being read would lose bytes and not learn of it.
      if (piece.length !== length) {
        throw new TypeError('each piece of source must keep its length until the next is asked for')
      }
      if (count % turnEvery === 0) await turn()
    }
  } finally {
    // A source that is being read is told to end, but not waited for: it may never answer.
    const ended = Promise.resolve(iterator.return?.())
    if (reading || signal?.aborted === true) ended.catch(() => {})
    else await untilAborted(signal, () => ended)
  }
}

export type ByteIterator = AsyncIterator<Uint8Array, unknown> | Iterator<Uint8Array, unknown>

/** The iterator of a source; a TypeError for what is none. */
export function iteratorOf(source: ByteSource): ByteIterator {
  const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = Object(source)
  if (typeof later === 'function') return later.call(source)
  if (typeof now === 'function' && typeof source !== 'string' && !ArrayBuffer.isView(source)) {
    return now.call(source)
  }
  if (typeof (source as ReadableStream)?.getReader === 'function') {
    return readerIterator((source as ReadableStream<Uint8Array>).getReader())
  }
  throw new TypeError(
    'source must be an iterable of Uint8Array pieces or a ReadableStream; put a single array into a list: [bytes]',
  )
}

/** Older browsers have ReadableStream without asynchronous iteration. */
function readerIterator(reader: ReadableStreamDefaultReader<Uint8Array>): ByteIterator {
  return {
    next: () => reader.read() as Promise<IteratorResult<Uint8Array, unknown>>,
    async return() {
      await reader.cancel()
      reader.releaseLock()
      return { done: true, value: undefined }
    },
  }
}

/** Reads exact lengths from pieces of any size; holds at most one piece more than it was asked for. */
export class ByteReader {
  readonly #pieces: AsyncGenerator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(source: ByteSource, signal: AbortSignal | undefined) {
    throwIfAborted(signal)
    this.#pieces = piecesOf(source, signal)
  }

  /** Exactly that many bytes, perhaps a view of a piece; a stream that ends before is truncated. */
  async read(length: number): Promise<Uint8Array> {
    const bytes = await this.readUpTo(length)
    if (bytes.length < length) throw new StreamTruncated()
    return bytes
  }

  /** That many bytes, or as many as there are. */
  async readUpTo(length: number): Promise<Uint8Array> {
    if (this.#rest.length >= length) return this.#take(length)
    // Copied before the next piece is asked for: the source may use its array again.
    const bytes = new Uint8Array(length)
    let filled = 0
    for (;;) {
      const part = this.#take(Math.min(this.#rest.length, length - filled))
      bytes.set(part, filled)
      filled += part.length
      if (filled === length) return bytes
      const next = await this.#pieces.next()
      if (next.done === true) return bytes.subarray(0, filled)
      this.#rest = next.value
    }
  }

  #take(length: number): Uint8Array {
    const part = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return part
  }

  /** Tells the source that nothing more will be read. */
  async close(): Promise<void> {
    await this.#pieces.return(undefined)
  }
}
