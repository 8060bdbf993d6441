import { bytesArgument } from '../../internal/bytes.ts'
import { type ByteSource, iteratorOf } from '../../internal/stream/source.ts'

/**
 * Makes a WHATWG stream of pieces, such as {@link sealStream} and {@link openStream} give, for `fetch`, `Response`
 * or a file picker. An error of the iteration is the stream's; cancelling the stream ends the iteration. Where
 * the platform has `ReadableStream.from`, this does the same with bytes alone.
 *
 * @param source - Pieces of bytes.
 * @returns The stream; a piece is made when it is asked for.
 * @example
 * Sealing an upload.
 * ```ts
 * import { sealStream, toReadableStream } from 'careseal/envelope'
 * import { generateKey, xWing } from 'careseal/keys'
 *
 * const key = await generateKey(xWing)
 * const upload = new Response('a large file').body ?? []
 * const body = toReadableStream(sealStream(upload, { recipients: [key.publicKey] }))
 * console.log((await new Response(body).arrayBuffer()).byteLength > 1400) // true
 * ```
 * @see https://streams.spec.whatwg.org/
 */
export function toReadableStream(source: ByteSource): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = iteratorOf(source)
  let reading = false
  const underlying = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) {
      reading = true
      const next = await pieces.next()
      reading = false
      if (next.done === true) controller.close()
      else
        controller.enqueue(
          bytesArgument(next.value, 'each piece of source') as Uint8Array<ArrayBuffer>,
        )
    },
    async cancel() {
      const ended = Promise.resolve(pieces.return?.())
      // A source that is being read is told to end, but not waited for: it may be silent.
      if (reading) ended.catch(() => {})
      else await ended
    },
  }
  // Nothing is asked for ahead: a source may use its array again once the next piece is.
  return new ReadableStream(underlying, { highWaterMark: 0 })
}
