import { StreamTruncated } from '../../errors.ts'
import { throwIfAborted, untilAborted } from '../abort.ts'
import { type ByteSource, piecesOf } from './source.ts'

/** Something that can be read at any place. */
export interface PlaceReader {
  read(
    offset: number,
    length: number,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Uint8Array> | AsyncIterable<Uint8Array>
}

/** A part of a source as pieces, never more than was asked for. */
export async function* piecesAt(
  source: PlaceReader,
  offset: number,
  length: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  throwIfAborted(signal)
  const answer = source.read(offset, length, { signal })
  const iterable = typeof (answer as { then?: unknown })?.then !== 'function'
  // An abort may come first: then nobody waits for the answer, nor for its failure.
  if (!iterable) Promise.resolve(answer).catch(() => {})
  const pieces = iterable
    ? (answer as ByteSource)
    : [await untilAborted(signal, () => answer as Promise<Uint8Array>)]
  let left = length
  for await (const piece of piecesOf(pieces, signal)) {
    yield piece.length > left ? piece.subarray(0, left) : piece
    left -= Math.min(left, piece.length)
    if (left === 0) return
  }
}

/** Exactly those bytes; a source that has fewer was cut off. */
export async function readAt(
  source: PlaceReader,
  offset: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let at = 0
  for await (const piece of piecesAt(source, offset, length, signal)) {
    bytes.set(piece, at)
    at += piece.length
  }
  if (at < length) throw new StreamTruncated()
  return bytes
}

/** An offset or a length. */
export function wholeNumber(value: unknown, name: string): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number of bytes`)
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${name} must be a whole number from 0 on`)
  }
  return value
}
