import { StreamTruncated } from '../../errors.ts'
import { wipe } from '../../internal/bytes.ts'
import { tagSize } from '../../internal/engine/aead.ts'
import { hashSize } from '../../internal/merkle/index.ts'
import { fieldOf, knownOptions } from '../../internal/options.ts'
import { decodeUint32, frameSize, lastMark } from '../../internal/stream/frame.ts'
import { decodeStreamHeader, streamHeaderSize } from '../../internal/stream/header.ts'
import { malformedStream } from '../../internal/stream/key.ts'
import { layoutOfBody, sealedSize } from '../../internal/stream/layout.ts'
import { readAt, wholeNumber } from '../../internal/stream/range.ts'
import {
  openSegments,
  type StoredSegments,
  segmentsOf,
  verifiedLeaves,
} from '../../internal/stream/segments.ts'
import { iterateOnce } from './iterateOnce.ts'
import {
  maximumSeal,
  notYet,
  type OpenedHead,
  openHead,
  openSeal,
  type PreparedOpening,
  prepareOpening,
} from './openedStream.ts'
import { envelopeLength, openStreamNames } from './openStream.ts'
import type { OpenRangeOptions, RangeSource, VerifiedRange, VerifiedStream } from './types.ts'

const names: readonly (keyof OpenRangeOptions)[] = [...openStreamNames, 'offset', 'length']

/**
 * Opens a part of a sealed stream, such as one slice of a study, without reading the rest. Before the first piece
 * comes, the seal at the end of the stream is verified with its author, and the leaf hashes (32 bytes for
 * each segment of the whole stream) against the root that it names; each segment then against its leaf hash.
 *
 * @param source - The sealed stream, readable at any place: its size and a function that reads a part of it.
 * @param options - The range, whose key opens, and who vouches for the author.
 * @returns The part of the content in pieces. Its iteration rejects with what is listed here.
 * @throws {@link EnvelopeMalformed} if the bytes are no sealed stream of this version.
 * @throws {@link StreamTruncated} if the source gives fewer bytes than it was asked for.
 * @throws {@link EnvelopeRecipientNotFound} if the reader is not among the readers.
 * @throws {@link EnvelopeOpenFailed} if it does not open: changed bytes, another key, a false signature.
 * @throws {@link EnvelopeAuthorUntrusted} if it is signed and the directory lacks the author.
 * @throws {@link EnvelopeSecurity} if it is weaker than `minimumSecurity`.
 * @throws {@link EnvelopeSignatureMissing} if its author did not sign with the one of `requiredSignatures`.
 * @throws {@link KeyUnavailable} if the key's home did not answer; retry.
 * @throws {@link KeyDisabled} if the reader's ring holds the key as disabled or destroyed.
 * @throws {@link RangeError} if `offset` lies behind the content's end, or is no whole number from 0 on; if
 *   `requiredSignatures` does not name exactly one algorithm.
 * @throws {@link TypeError} if an argument has the wrong type.
 * @example
 * Five bytes from the middle.
 * ```ts
 * import { openRange, sealStream } from 'careseal/envelope'
 * import { generateKey, xWing } from 'careseal/keys'
 *
 * const key = await generateKey(xWing)
 * const text = new TextEncoder().encode('Glucose 7.2 mmol/L')
 * const parts: Uint8Array[] = []
 * for await (const part of sealStream([text], { recipients: [key.publicKey] })) parts.push(part)
 * const file = new Blob(parts as BlobPart[])
 * const source = {
 *   size: file.size,
 *   async read(offset: number, length: number) {
 *     return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer())
 *   },
 * }
 * for await (const piece of openRange(source, { as: key, offset: 8, length: 3 })) {
 *   console.log(new TextDecoder().decode(piece)) // 7.2
 * }
 * ```
 * @see docs/formats.md §6
 */
export function openRange(source: RangeSource, options: OpenRangeOptions): VerifiedRange {
  let verified: VerifiedStream | null = null
  const iterate = iterateOnce(
    () => prepareRange(source, options),
    (prepared) =>
      openPieces(source, prepared, (result) => {
        verified = result
      }),
  )
  return {
    [Symbol.asyncIterator]: iterate,
    verified() {
      if (verified === null) throw notYet('wait for the first piece')
      return verified
    },
  }
}

/** A range that is wanted, and the size of the source, as they were when it was called. */
interface PreparedRange extends PreparedOpening {
  readonly offset: number
  readonly length: number | null
  readonly size: number
}

function prepareRange(source: RangeSource, options: OpenRangeOptions): PreparedRange {
  const { offset, length, ...own } = knownOptions(options, names)
  if (typeof fieldOf(source, 'read') !== 'function') {
    throw new TypeError('source must have a function read(offset, length)')
  }
  return {
    ...prepareOpening(own),
    offset: wholeNumber(offset, 'offset'),
    length: length === undefined ? null : wholeNumber(length, 'length'),
    size: wholeNumber(fieldOf(source, 'size'), 'source.size'),
  }
}

async function* openPieces(
  source: RangeSource,
  prepared: PreparedRange,
  done: (result: VerifiedStream) => void,
): AsyncGenerator<Uint8Array> {
  const { offset, length, signal } = prepared
  let head: OpenedHead | null = null
  try {
    const opened = await openStored(source, prepared)
    head = opened.head
    const { segments } = opened
    const { layout } = segments
    if (offset > layout.size) {
      throw new RangeError(`offset lies behind the content, which has ${layout.size} bytes`)
    }
    const rest = layout.size - offset
    const range = { offset, length: length === null ? rest : Math.min(length, rest) }
    const wanted = segmentsOf(layout, range.offset, range.length)
    const leaves = await verifiedLeaves(segments, opened.root, wanted, signal)
    done(opened.verified)
    yield* openSegments(segments, leaves, range, signal)
  } finally {
    wipe(head?.cipher.key)
  }
}

/** Opens envelope and seal; what they say of size and root is verified, the segments are not. */
async function openStored(
  source: RangeSource,
  prepared: PreparedRange,
): Promise<{
  head: OpenedHead
  root: Uint8Array
  verified: VerifiedStream
  segments: StoredSegments
}> {
  const { size, signal } = prepared
  const envelopeSize = envelopeLength(await readAt(source, 0, 4, signal))
  const start = 4 + envelopeSize + streamHeaderSize
  const front = await readAt(source, 4, envelopeSize + streamHeaderSize, signal)
  const header = front.subarray(envelopeSize)
  const sealSize = decodeUint32(await readAt(source, Math.max(0, size - 4), 4, signal))
  const known = decodeStreamHeader(header)
  if (known === null) throw malformedStream('an unknown header')
  const body = size - 4 - sealSize - start
  const layout = layoutOfBody(body, known.segmentSize, frameSize + tagSize + hashSize)
  if (sealSize < tagSize || sealSize > maximumSeal || layout === null) {
    // The number at its end is none of a seal: the end is missing, or something stands behind it.
    throw new StreamTruncated()
  }
  const sealed = await readAt(source, size - 4 - sealSize, sealSize, signal)
  const head = await openHead(front.subarray(0, envelopeSize), header, prepared)
  try {
    const read = { count: layout.count, size: layout.size, root: null }
    const { root, verified } = await openSeal(head, sealed, read)
    const checkFrame = (frame: Uint8Array, index: number): void => {
      const mark = index === layout.count - 1 ? lastMark : 0
      if (decodeUint32(frame) !== sealedSize(layout, index) + mark) {
        throw malformedStream('the length of a segment does not fit')
      }
    }
    const { cipher } = head
    const segments = { source, cipher, layout, start, frame: frameSize, checkFrame }
    return { head, root, verified, segments }
  } catch (error) {
    wipe(head.cipher.key)
    throw error
  }
}
