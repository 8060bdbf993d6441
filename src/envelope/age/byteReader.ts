import { throwIfAborted, untilAborted } from '../../internal/abort.ts'
import { bytesArgument, concat } from '../../internal/bytes.ts'

/** Bytes in one piece or in chunks of any size. */
export type ByteSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Reads a source in the pieces that a format asks for, holding no more than one of them and a chunk. */
export interface ByteReader {
  /** Bytes taken so far. */
  readonly offset: number
  /** Up to `length` bytes, fewer only at the end. A fresh array. */
  read(length: number): Promise<Uint8Array>
  /** Up to and including the next LF; `null` if there is none within `limit` bytes or before the end. */
  line(limit: number): Promise<Uint8Array | null>
  /** The next bytes without taking them, fewer than `length` only at the end. */
  peek(length: number): Promise<Uint8Array>
  /** Tells the source that nothing more is wanted. */
  close(): Promise<void>
}

/** A reader of a caller's source. */
export function byteReader(source: ByteSource, signal: AbortSignal | undefined): ByteReader {
  const iterator = iteratorOf(source)
  let pending: Uint8Array = new Uint8Array(0)
  let ended = false
  let waiting = false
  let offset = 0

  /** Holds at least `length` bytes, if there are as many; chunks are joined once, however small they are. */
  async function fill(length: number): Promise<void> {
    if (pending.length >= length || ended) return
    const parts = pending.length === 0 ? [] : [pending]
    let total = pending.length
    while (total < length) {
      waiting = true
      const next = await untilAborted(signal, async () => iterator.next())
      waiting = false
      if (next.done === true) {
        ended = true
        break
      }
      const chunk = bytesArgument(next.value, 'a chunk of source')
      parts.push(chunk.slice())
      total += chunk.length
    }
    pending = parts.length === 1 ? parts[0]! : concat(...parts)
  }

  function take(length: number): Uint8Array {
    const taken = pending.slice(0, length)
    pending = pending.subarray(length)
    offset += taken.length
    return taken
  }

  return {
    get offset() {
      return offset
    },
    async read(length) {
      throwIfAborted(signal)
      await fill(length)
      return take(length)
    },
    async peek(length) {
      await fill(length)
      return pending.slice(0, length)
    },
    async line(limit) {
      let searched = 0
      for (;;) {
        const at = pending.indexOf(10, searched)
        if (at >= 0) return at < limit ? take(at + 1) : null
        if (pending.length >= limit || ended) return null
        searched = pending.length
        await fill(pending.length + 1)
      }
    },
    async close() {
      if (ended) return
      ended = true
      const closing = Promise.resolve(iterator.return?.())
      // A source that was left in the middle of an answer, or failed, is not waited for.
      if (waiting) closing.catch(() => {})
      else await closing
    },
  }
}

function iteratorOf(source: ByteSource): Iterator<Uint8Array> | AsyncIterator<Uint8Array> {
  if (ArrayBuffer.isView(source)) return [bytesArgument(source, 'source')][Symbol.iterator]()
  const iterable = source as Partial<AsyncIterable<Uint8Array> & Iterable<Uint8Array>> | null
  if (typeof iterable?.[Symbol.asyncIterator] === 'function') {
    return iterable[Symbol.asyncIterator]!()
  }
  if (typeof iterable?.[Symbol.iterator] === 'function' && typeof source !== 'string') {
    return iterable[Symbol.iterator]!()
  }
  throw new TypeError('source must be a Uint8Array or an iterable of them')
}
