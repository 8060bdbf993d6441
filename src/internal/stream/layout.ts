import { tagSize } from '../engine/aead.ts'
import { maximumSegments } from './header.ts'

/** How the content of a stream lies in its segments. */
export interface SegmentLayout {
  /** Number of segments, at least 1. */
  readonly count: number
  /** Bytes of content. */
  readonly size: number
  readonly segmentSize: number
  /** Bytes of content in the last segment. */
  readonly lastSize: number
}

/** The segments of content of a known size; `null` if they are too many. */
export function layoutOf(size: number, segmentSize: number): SegmentLayout | null {
  const count = Math.max(1, Math.ceil(size / segmentSize))
  if (count > maximumSegments) return null
  return { count, size, segmentSize, lastSize: size - (count - 1) * segmentSize }
}

/**
 * The segments in a body of segments and leaf hashes, where every segment has `overhead` bytes beside its content;
 * `null` if no content gives a body of that length.
 */
export function layoutOfBody(
  length: number,
  segmentSize: number,
  overhead: number,
): SegmentLayout | null {
  const count = Math.ceil(length / (segmentSize + overhead))
  const size = length - count * overhead
  const layout = count < 1 || size < 0 ? null : layoutOf(size, segmentSize)
  return layout?.count === count ? layout : null
}

/** Bytes of an encrypted segment. */
export function sealedSize(layout: SegmentLayout, index: number): number {
  return (index === layout.count - 1 ? layout.lastSize : layout.segmentSize) + tagSize
}
