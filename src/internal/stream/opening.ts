import { EnvelopeOpenFailed } from '../../errors.ts'
import { placeOf, type SegmentCipher, segmentNonce } from './header.ts'

const empty = new Uint8Array(0)

/** Decrypts a segment; fails as every opening does. */
export async function openSegment(
  cipher: SegmentCipher,
  index: number,
  place: number,
  sealed: Uint8Array,
): Promise<Uint8Array> {
  const content = await cipher.aead.open(cipher.key, segmentNonce(index, place), empty, sealed)
  if (content === null) throw new EnvelopeOpenFailed()
  return content
}

/** What stands at a place of a stream of so many segments. */
export function placeAt(index: number, count: number): number {
  return index === count - 1 ? placeOf.last : placeOf.inner
}
