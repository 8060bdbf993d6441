import { FhirMalformed } from '../errors.ts'
import { isBytes } from '../internal/bytes.ts'

/** Options of {@link readNdjson}. */
export interface ReadNdjsonOptions {
  /**
   * Byte offset in the source at which to begin: the `offset` of a line that was given out before. What comes
   * before is read and passed over, so that `line` counts on.
   *
   * @defaultValue 0
   */
  readonly offset?: number | undefined
  /**
   * The longest line that is given out, in bytes.
   *
   * @defaultValue 67108864 (64 MiB)
   */
  readonly maximumLine?: number | undefined
}

/** One line of NDJSON. */
export interface NdjsonLine {
  /** Number of the line in the source, from 1; blank lines count. */
  readonly line: number
  /** Byte offset of its first byte in the source. */
  readonly offset: number
  /** The line without its end, as it stands: it may be anything. A fresh array. */
  readonly bytes: Uint8Array
}

/**
 * Splits NDJSON (FHIR Bulk Data) into lines and does nothing else, so that one bad line harms one record.
 * Lines end with LF or CRLF, the last one need not; blank lines are passed over.
 *
 * A line longer than `maximumLine` is not kept in memory: when its end is reached, the iteration rejects with
 * `FhirMalformed`, whose `offset` is that of the line. Iterate again over the same object to go on behind it.
 *
 * @param source - Bytes, in one piece or in chunks of any size: a Uint8Array, an iterable, an async iterable,
 * a WHATWG ReadableStream where streams can be iterated. To read from the middle of a file, give all of it
 * and `offset`, or the rest of it and add its beginning to each `offset` yourself.
 * @param options - Where to begin, and how long a line may be.
 * @returns The lines. The source is read no faster than they are taken.
 * @throws {@link RangeError} if an option is out of range, or, on iteration, if at `offset` no line begins.
 * @throws {@link TypeError} on iteration, if `source` does not give bytes.
 * @throws {@link FhirMalformed} on iteration, for a line longer than `maximumLine`.
 * @example
 * What is a resource is hashed; what is not is reported.
 * ```ts
 * import { isCaresealError } from 'careseal/errors'
 * import { digest, digestToText, readNdjson } from 'careseal/fhir'
 *
 * const source = new TextEncoder().encode('{"resourceType":"Patient"}\n{broken\n')
 * for await (const { line, offset, bytes } of readNdjson(source)) {
 *   try {
 *     console.log(line, digestToText(digest(bytes)))
 *   } catch (error) {
 *     if (!isCaresealError(error)) throw error
 *     console.log(line, offset, error.code) // 2 27 ERR_FHIR_MALFORMED
 *   }
 * }
 * ```
 */
export function readNdjson(
  source: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: ReadNdjsonOptions = {},
): AsyncIterableIterator<NdjsonLine> {
  const { offset = 0, maximumLine = 0x4000000 } = options
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new RangeError('offset must be an integer from 0')
  }
  if (!Number.isSafeInteger(maximumLine) || maximumLine < 1) {
    throw new RangeError('maximumLine must be an integer from 1')
  }
  const lines = split(isBytes(source) ? [source] : source, offset, maximumLine)
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    // Not the generator itself: one that throws has ended, and this one can be asked for the next line.
    async next() {
      const result = await lines.next()
      if (result.value instanceof FhirMalformed) throw result.value
      return result as IteratorResult<NdjsonLine>
    },
    async return() {
      await lines.return(undefined)
      return { done: true, value: undefined }
    },
  }
}

async function* split(
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  begin: number,
  maximum: number,
): AsyncGenerator<NdjsonLine | FhirMalformed, undefined, undefined> {
  let line = 1
  // Offset of the current line, and how much of it there is so far; of a line that is too long only its size
  // is kept.
  let offset = 0
  let size = 0
  let kept = new Uint8Array(256)

  const finish = (): NdjsonLine | FhirMalformed | null => {
    if (offset < begin) return null
    const end = size <= kept.length && kept[size - 1] === 0x0d ? size - 1 : size
    if (end > maximum) {
      return new FhirMalformed(`Line ${line} is longer than ${maximum} bytes`, { offset })
    }
    const bytes = kept.slice(0, end)
    return bytes.every(isSpace) ? null : { line, offset, bytes }
  }

  let position = 0
  for await (const chunk of source) {
    if (!isBytes(chunk)) throw new TypeError('source must give Uint8Array chunks')
    for (let i = 0; i < chunk.length; ) {
      const lineFeed = chunk.indexOf(0x0a, i)
      const end = lineFeed < 0 ? chunk.length : lineFeed
      if (offset < begin) {
        // Only the end of a line may stand between the offset and the next line.
        const rest = chunk.subarray(Math.max(i, Math.min(end, begin - position)), end)
        if (!rest.every(isSpace)) throw new RangeError('At offset no line begins')
      } else if (size + end - i <= maximum + 1) {
        if (size + end - i > kept.length) {
          const wider = new Uint8Array(Math.max(size + end - i, kept.length * 2))
          wider.set(kept.subarray(0, size))
          kept = wider
        }
        kept.set(chunk.subarray(i, end), size)
      }
      size += end - i
      i = end + 1
      if (lineFeed < 0) break
      const item = finish()
      if (item !== null) yield item
      line++
      offset = position + i
      size = 0
    }
    position += chunk.length
  }
  if (position < begin) throw new RangeError('offset is behind the end of the source')
  const item = size > 0 ? finish() : null
  if (item !== null) yield item
  return undefined
}

function isSpace(c: number): boolean {
  return c === 0x20 || c === 0x09 || c === 0x0d
}
