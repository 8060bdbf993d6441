import { StreamTruncated } from '../../errors.ts'
import { throwIfAborted, untilAborted } from '../abort.ts'
import { bytesArgument } from '../bytes.ts'

/** Content that comes in pieces of any size: an iterable of byte arrays, asynchronous or not, or a WHATWG stream. */
export type ByteSource =
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>
  | ReadableStream<Uint8Array>

/** Pieces of a source as plain byte arrays. An abort is noticed while the source is silent, too. */
export async function* piecesOf(
  source: ByteSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const iterator = iteratorOf(source)
  let reading = false
  try {
    for (;;) {
      reading = true
      const next = await untilAborted(signal, async () => iterator.next())
      reading = false
      if (next.done === true) return
      yield bytesArgument(next.value, 'each piece of source')
    }
  } finally {
    // A source that is being read is told to end, but not waited for: it may never answer.
    const ended = Promise.resolve(iterator.return?.())
    if (reading) ended.catch(() => {})
    else await ended
  }
}

type ByteIterator = AsyncIterator<Uint8Array, unknown> | Iterator<Uint8Array, unknown>

function iteratorOf(source: ByteSource): ByteIterator {
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
    const parts: Uint8Array[] = []
    let missing = length
    while (this.#rest.length < missing) {
      if (this.#rest.length > 0) parts.push(this.#rest)
      missing -= this.#rest.length
      const next = await this.#pieces.next()
      this.#rest = next.done === true ? new Uint8Array(0) : next.value
      if (next.done === true) return joined(parts, length - missing)
    }
    parts.push(this.#rest.subarray(0, missing))
    this.#rest = this.#rest.subarray(missing)
    return joined(parts, length)
  }

  /** Tells the source that nothing more will be read. */
  async close(): Promise<void> {
    await this.#pieces.return(undefined)
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0]!
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
