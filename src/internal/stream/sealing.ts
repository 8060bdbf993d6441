import { ContentTooLarge } from '../../errors.ts'
import { throwIfAborted } from '../abort.ts'
import { turn } from '../turn.ts'
import { maximumSegments, placeOf, type SegmentCipher, segmentNonce } from './header.ts'
import { LeafHashes, segmentHash } from './leaves.ts'
import { type ByteSource, piecesOf } from './source.ts'

/** What is known of a stream once all of it was sealed. */
export class StreamTally {
  readonly leaves: LeafHashes = new LeafHashes()
  /** Bytes of content. */
  size = 0
}

/** One encrypted segment. */
export interface SealedSegment {
  readonly bytes: Uint8Array
  readonly last: boolean
}

const empty = new Uint8Array(0)
/** Bytes after which others get a turn: the source may never wait for anything itself. */
const turnEvery = 1024 * 1024

/**
 * Encrypts content in segments (docs/formats.md §6). Holds one segment of content; a full one is sealed as soon as
 * a byte follows it, for only then is it known not to be the last.
 */
export async function* sealSegments(
  source: ByteSource,
  cipher: SegmentCipher,
  tally: StreamTally,
  signal: AbortSignal | undefined,
): AsyncGenerator<SealedSegment> {
  const { aead, key, segmentSize } = cipher
  const held = new Uint8Array(segmentSize)
  let filled = 0
  let sinceTurn = 0
  const seal = async (content: Uint8Array, last: boolean): Promise<SealedSegment> => {
    throwIfAborted(signal)
    const index = tally.leaves.count
    if (index >= maximumSegments) throw tooLarge(segmentSize)
    const nonce = segmentNonce(index, last ? placeOf.last : placeOf.inner)
    const bytes = await aead.seal(key, nonce, empty, content)
    tally.leaves.push(segmentHash(bytes))
    tally.size += content.length
    sinceTurn += content.length
    if (sinceTurn >= turnEvery) {
      sinceTurn = 0
      await turn()
    }
    return { bytes, last }
  }
  try {
    for await (const piece of piecesOf(source, signal)) {
      let at = 0
      const { length } = piece
      if (filled > 0) {
        at = Math.min(segmentSize - filled, length)
        held.set(piece.subarray(0, at), filled)
        filled += at
        if (at < length) {
          yield await seal(held, false)
          filled = 0
        }
      }
      for (; length - at > segmentSize; at += segmentSize) {
        yield await seal(piece.subarray(at, at + segmentSize), false)
      }
      const rest = piece.subarray(at, length)
      // It shrank while a segment was being taken; see piecesOf.
      if (rest.length !== length - at) continue
      held.set(rest, filled)
      filled += rest.length
    }
    yield await seal(held.subarray(0, filled), true)
  } finally {
    held.fill(0)
  }
}

function tooLarge(segmentSize: number): ContentTooLarge {
  return new ContentTooLarge(
    `A stream holds at most ${maximumSegments} segments of ${segmentSize} bytes. Seal it with a larger segmentSize, or in parts.`,
  )
}
