import { tagSize } from '../engine/aead.ts'
import { maximumSegments } from './header.ts'
import { malformedStream } from './key.ts'

/** Bytes in front of each segment of a sealed stream: its length, and whether it is the last. */
export const frameSize = 4
/** Marks the length of the last segment. */
export const lastMark: number = 2 ** 31

/** Four bytes, big-endian. */
export function encodeUint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** Four bytes, big-endian. */
export function decodeUint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
}

/** The length of a segment from its frame; only the last may be shorter, and only the first empty. */
export function segmentLength(frame: number, index: number, segmentSize: number): number {
  const last = frame >= lastMark
  const length = last ? frame - lastMark : frame
  const least = last ? tagSize + (index === 0 ? 0 : 1) : segmentSize + tagSize
  if (length < least || length > segmentSize + tagSize) {
    throw malformedStream('the length of a segment does not fit')
  }
  if (index >= maximumSegments) throw malformedStream('too many segments')
  return length
}
