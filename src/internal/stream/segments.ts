import { EnvelopeOpenFailed } from '../../errors.ts'
import { throwIfAborted } from '../abort.ts'
import { equalBytes } from '../bytes.ts'
import { tagSize } from '../engine/aead.ts'
import { hashSize } from '../merkle/index.ts'
import { turn } from '../turn.ts'
import type { SegmentCipher } from './header.ts'
import { type SegmentLayout, sealedSize } from './layout.ts'
import { LeafRoot, segmentHash } from './leaves.ts'
import { openSegment, placeAt } from './opening.ts'
import { type PlaceReader, piecesAt } from './range.ts'
import { ByteReader } from './source.ts'

/** Segments of a stream at rest, and what is known of them. */
export interface StoredSegments {
  readonly source: PlaceReader
  readonly cipher: SegmentCipher
  readonly layout: SegmentLayout
  /** Where the first segment begins. */
  readonly start: number
  /** Bytes in front of each segment. */
  readonly frame: number
  /** Checks what stands in front of a segment. */
  checkFrame(frame: Uint8Array, index: number): void
}

/** Bytes after which others get a turn. */
export const turnEvery: number = 1024 * 1024
/** Leaf hashes that are read at once. */
const leavesAtOnce = 2048

/** First and last segment of a range of content, the last one included. */
export function segmentsOf(
  layout: SegmentLayout,
  offset: number,
  length: number,
): { readonly first: number; readonly last: number } {
  const end = Math.max(offset, offset + length - 1)
  const most = layout.count - 1
  return {
    first: Math.min(most, Math.floor(offset / layout.segmentSize)),
    last: Math.min(most, Math.floor(end / layout.segmentSize)),
  }
}

/**
 * Reads all leaf hashes, checks that they make the signed root, and returns those of some segments. Held: those, and
 * one piece of 64 kB.
 */
export async function verifiedLeaves(
  segments: StoredSegments,
  root: Uint8Array,
  wanted: { readonly first: number; readonly last: number },
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { source, layout, start, frame } = segments
  const at = start + layout.size + layout.count * (frame + tagSize)
  const reader = new ByteReader(piecesAt(source, at, layout.count * hashSize, signal), signal)
  const kept = new Uint8Array((wanted.last - wanted.first + 1) * hashSize)
  const tree = new LeafRoot()
  try {
    for (let index = 0; index < layout.count; index += leavesAtOnce) {
      const many = Math.min(layout.count - index, leavesAtOnce)
      const hashes = await reader.read(many * hashSize)
      tree.push(hashes)
      const from = Math.max(index, wanted.first)
      const to = Math.min(index + many, wanted.last + 1)
      if (from < to) {
        const part = hashes.subarray((from - index) * hashSize, (to - index) * hashSize)
        kept.set(part, (from - wanted.first) * hashSize)
      }
    }
  } finally {
    await reader.close()
  }
  if (!tree.equals(root)) throw new EnvelopeOpenFailed()
  return kept
}

/** Decrypts a range of content; each segment is checked against its leaf hash before its tag. */
export async function* openSegments(
  segments: StoredSegments,
  leaves: Uint8Array,
  range: { readonly offset: number; readonly length: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const { source, cipher, layout, start, frame } = segments
  const { first, last } = segmentsOf(layout, range.offset, range.length)
  const unit = frame + layout.segmentSize + tagSize
  const from = start + first * unit
  const length = (last - first) * unit + frame + sealedSize(layout, last)
  const reader = new ByteReader(piecesAt(source, from, length, signal), signal)
  const end = range.offset + range.length
  let sinceTurn = 0
  try {
    for (let index = first; index <= last; index++) {
      throwIfAborted(signal)
      if (frame > 0) segments.checkFrame(await reader.read(frame), index)
      const sealed = await reader.read(sealedSize(layout, index))
      const at = (index - first) * hashSize
      if (!equalBytes(segmentHash(sealed), leaves.subarray(at, at + hashSize))) {
        throw new EnvelopeOpenFailed()
      }
      const content = await openSegment(cipher, index, placeAt(index, layout.count), sealed)
      const begin = index * layout.segmentSize
      const part = content.subarray(Math.max(0, range.offset - begin), Math.max(0, end - begin))
      if (part.length > 0) yield part
      sinceTurn += sealed.length
      if (sinceTurn >= turnEvery) {
        sinceTurn = 0
        await turn()
      }
    }
  } finally {
    await reader.close()
  }
}
