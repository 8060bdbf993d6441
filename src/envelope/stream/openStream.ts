import { StreamTruncated } from '../../errors.ts'
import { throwIfAborted } from '../../internal/abort.ts'
import { wipe } from '../../internal/bytes.ts'
import { formOf } from '../../internal/cose/mistaken.ts'
import { tagSize } from '../../internal/engine/aead.ts'
import { hashSize } from '../../internal/merkle/index.ts'
import { knownOptions } from '../../internal/options.ts'
import { decodeUint32, frameSize, lastMark, segmentLength } from '../../internal/stream/frame.ts'
import { placeOf, streamHeaderSize } from '../../internal/stream/header.ts'
import { malformedStream } from '../../internal/stream/key.ts'
import { LeafRoot, segmentHash } from '../../internal/stream/leaves.ts'
import { openSegment } from '../../internal/stream/opening.ts'
import { turnEvery } from '../../internal/stream/segments.ts'
import { ByteReader, type ByteSource } from '../../internal/stream/source.ts'
import { turn } from '../../internal/turn.ts'
import { iterateOnce } from './iterateOnce.ts'
import {
  maximumEnvelope,
  maximumSeal,
  notYet,
  type OpenedHead,
  openHead,
  openSeal,
  type PreparedOpening,
  prepareOpening,
} from './openedStream.ts'
import type { OpenStreamOptions, ProvisionalStream, VerifiedStream } from './types.ts'

export const openStreamNames: readonly (keyof OpenStreamOptions)[] = [
  'as',
  'authors',
  'externalAad',
  'minimumSecurity',
  'requiredSignatures',
  'signal',
]

/**
 * Opens a sealed stream while it arrives, in constant memory. What comes out is provisional until the iteration
 * ends: write it to a temporary place, and use it once `verified()` answers. A stream that was cut off, changed
 * or mixed ends in an error, never in a short file.
 *
 * @param source - The sealed stream in pieces of any size.
 * @param options - Whose key opens, and who vouches for the author.
 * @returns The content in pieces. Its iteration rejects with what is listed here.
 * @throws {@link EnvelopeMalformed} if the bytes are no sealed stream of this version, or something follows its end.
 * @throws {@link StreamTruncated} if the source ends before the stream does.
 * @throws {@link EnvelopeRecipientNotFound} if the reader is not among the readers.
 * @throws {@link EnvelopeOpenFailed} if it does not open: changed bytes, another key, a false signature.
 * @throws {@link EnvelopeAuthorUntrusted} if it is signed and the directory lacks the author; before any content.
 * @throws {@link EnvelopeSecurity} if it is weaker than `minimumSecurity`.
 * @throws {@link EnvelopeSignatureMissing} if its author did not sign with the one of `requiredSignatures`; before any
 *   content.
 * @throws {@link KeyUnavailable} if the key's home did not answer; retry.
 * @throws {@link KeyDisabled} if the reader's ring holds the key as disabled or destroyed.
 * @throws {@link TypeError} if an argument has the wrong type.
 * @throws {@link RangeError} if `requiredSignatures` does not name exactly one algorithm.
 * @example
 * A temporary place until the end.
 * ```ts
 * import { openStream, sealStream } from 'careseal/envelope'
 * import { generateKey, xWing } from 'careseal/keys'
 *
 * const key = await generateKey(xWing)
 * const sealed = sealStream([new TextEncoder().encode('ACGT')], { recipients: [key.publicKey] })
 * const stream = openStream(sealed, { as: key })
 * const temporary: Uint8Array[] = []
 * for await (const piece of stream) temporary.push(piece)
 * console.log(stream.verified().size, temporary.length) // 4 1
 * ```
 * @see docs/formats.md §6
 */
export function openStream(source: ByteSource, options: OpenStreamOptions): ProvisionalStream {
  let verified: VerifiedStream | null = null
  const iterate = iterateOnce(
    () => prepareOpening(knownOptions(options, openStreamNames)),
    (prepared) =>
      openPieces(source, prepared, (result) => {
        verified = result
      }),
  )
  return {
    [Symbol.asyncIterator]: iterate,
    verified() {
      if (verified === null) throw notYet('iterate the stream to its end first')
      return verified
    },
  }
}

async function* openPieces(
  source: ByteSource,
  prepared: PreparedOpening,
  done: (result: VerifiedStream) => void,
): AsyncGenerator<Uint8Array> {
  const { signal } = prepared
  const reader = new ByteReader(source, signal)
  let head: OpenedHead | null = null
  try {
    const envelope = await reader.read(envelopeLength(await reader.read(4)))
    head = await openHead(envelope, await reader.read(streamHeaderSize), prepared)
    const computed = new LeafRoot()
    let size = 0
    let count = 0
    let sinceTurn = 0
    for (let last = false; !last; count++) {
      const frame = decodeUint32(await reader.read(frameSize))
      last = frame >= lastMark
      const length = segmentLength(frame, count, head.cipher.segmentSize)
      const sealed = await reader.read(length)
      throwIfAborted(signal)
      computed.push(segmentHash(sealed))
      const place = last ? placeOf.last : placeOf.inner
      const content = await openSegment(head.cipher, count, place, sealed)
      size += content.length
      if (content.length > 0) yield content
      sinceTurn += sealed.length
      if (sinceTurn >= turnEvery) {
        sinceTurn = 0
        await turn()
      }
    }
    const root = computed.root()
    await checkLeaves(reader, count, root)
    const seal = sealOf(await reader.readUpTo(maximumSeal + 5))
    done((await openSeal(head, seal, { count, size, root })).verified)
  } finally {
    wipe(head?.cipher.key)
    await reader.close()
  }
}

/** Leaf hashes that are read at once. */
const leavesAtOnce = 2048

/** The leaf hashes that follow the segments are those of the segments, in the same order. */
async function checkLeaves(reader: ByteReader, count: number, root: Uint8Array): Promise<void> {
  const listed = new LeafRoot()
  for (let left = count; left > 0; left -= leavesAtOnce) {
    listed.push(await reader.read(Math.min(left, leavesAtOnce) * hashSize))
  }
  if (!listed.equals(root)) throw malformedStream('leaf hashes that are not those of its segments')
}

/** The length of the envelope at the beginning of a sealed stream. */
export function envelopeLength(bytes: Uint8Array): number {
  if (formOf(bytes) === 'envelope') {
    throw malformedStream('this is an envelope; use open, openRecord or openRecordStream', 0)
  }
  const length = decodeUint32(bytes)
  if (length === 0 || length > maximumEnvelope) {
    throw malformedStream('it does not begin with the length of an envelope', 0)
  }
  return length
}

/** The seal from what follows the leaf hashes: its bytes, and their number at the very end. */
function sealOf(rest: Uint8Array): Uint8Array {
  const length = rest.length - 4
  if (
    length >= tagSize &&
    length <= maximumSeal &&
    decodeUint32(rest.subarray(length)) === length
  ) {
    return rest.subarray(0, length)
  }
  // If a seal that is whole stands at the beginning, something follows it; else its end is missing.
  for (let end = tagSize; end < length; end++) {
    if (decodeUint32(rest.subarray(end)) === end) throw malformedStream('bytes after its end')
  }
  if (rest.length > maximumSeal) throw malformedStream('it does not end with its seal')
  throw new StreamTruncated()
}
