import { untilAborted } from '../../internal/abort.ts'
import { bytesArgument } from '../../internal/bytes.ts'

const first = 65536

/**
 * Cuts a source into parts of one size; the last one is shorter, and empty if nothing is left. One buffer holds
 * them all in turn: a part is good until the next one is asked for.
 */
export async function* partsOf(
  source: AsyncIterable<Uint8Array>,
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const iterator = source[Symbol.asyncIterator]()
  let buffer = new Uint8Array(Math.min(first, size))
  let length = 0
  let ended = false
  try {
    for (;;) {
      // A source that fails has ended by itself.
      ended = true
      const pending = untilAborted(signal, () => iterator.next())
      const { done, value } = await pending.catch((error: unknown) => {
        ended = signal?.aborted !== true
        throw error
      })
      if (done === true) break
      ended = false
      const chunk = bytesArgument(value, 'source')
      for (let at = 0; at < chunk.length; ) {
        const take = Math.min(chunk.length - at, size - length)
        if (length + take > buffer.length) buffer = grown(buffer, length + take, size)
        buffer.set(chunk.subarray(at, at + take), length)
        length += take
        at += take
        if (length === size) {
          yield buffer.subarray(0, size)
          length = 0
        }
      }
    }
    yield buffer.subarray(0, length)
  } finally {
    if (!ended) {
      const closing = iterator.return?.()
      // A source that never answers must not hold up an abort.
      if (signal?.aborted === true) closing?.catch(() => {})
      else await closing
    }
  }
}

function grown(
  buffer: Uint8Array<ArrayBuffer>,
  least: number,
  most: number,
): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(most, Math.max(least, 2 * buffer.length)))
  larger.set(buffer)
  return larger
}
