import { concat } from '../bytes.ts'
import type { Aead } from '../engine/aead.ts'
import { hkdf } from '../engine/hash.ts'
import { aeadOf } from '../envelope/aeads.ts'
import { algA256Gcm, algChaCha20Poly1305 } from '../registry.ts'
import { ascii } from '../utf8.ts'

/** Bytes of a stream header: magic, aead, log2 of the segment size, salt (docs/formats.md §6). */
export const streamHeaderSize = 38
/** log2 of the smallest, the usual and the largest segment. */
const segmentBits = { least: 12, usual: 18, most: 22 } as const
/** Segments of one stream: its leaf hashes, 32 bytes each, are held while it is sealed. */
export const maximumSegments: number = 2 ** 22

const magic = 'CSS1'
const saltSize = 32

/** log2 of a segment size that the caller chose. */
export function segmentBitsOf(segmentSize: number | undefined): number {
  if (segmentSize === undefined) return segmentBits.usual
  const bits = Math.log2(segmentSize)
  if (!Number.isInteger(bits) || bits < segmentBits.least || bits > segmentBits.most) {
    throw new RangeError('segmentSize must be a power of two from 4096 to 4194304')
  }
  return bits
}

/** What a stream header says. */
export interface StreamHeader {
  readonly aead: number
  /** Bytes of content in every segment but the last. */
  readonly segmentSize: number
}

/** Encodes a stream header. */
export function encodeStreamHeader(aead: number, bits: number, salt: Uint8Array): Uint8Array {
  return concat(ascii(magic), Uint8Array.of(aead, bits), salt)
}

/** Takes a stream header apart; `null` for one of another version, cipher or size. */
export function decodeStreamHeader(bytes: Uint8Array): StreamHeader | null {
  const aead = bytes[4]
  const bits = bytes[5] ?? 0
  const known =
    bytes.length === magic.length + 2 + saltSize &&
    [...magic].every((letter, i) => bytes[i] === letter.charCodeAt(0)) &&
    (aead === algA256Gcm || aead === algChaCha20Poly1305) &&
    bits >= segmentBits.least &&
    bits <= segmentBits.most
  return known ? { aead, segmentSize: 2 ** bits } : null
}

/** The key of one stream's segments: bound to its header and its envelope. */
export function streamKey(
  contentKey: Uint8Array,
  header: Uint8Array,
  envelopeId: Uint8Array,
): Uint8Array {
  const salt = header.subarray(streamHeaderSize - saltSize)
  return hkdf(contentKey, salt, 32, concat(ascii('careseal/stream/1'), header, envelopeId))
}

/** What encrypts and decrypts the segments of one stream. */
export interface SegmentCipher {
  readonly aead: Aead
  readonly key: Uint8Array
  readonly segmentSize: number
}

/** The cipher of a received stream; `null` where its header is none of this version. */
export function segmentCipher(
  header: Uint8Array,
  contentKey: Uint8Array,
  envelopeId: Uint8Array,
): SegmentCipher | null {
  const known = decodeStreamHeader(header)
  if (known === null) return null
  const key = streamKey(contentKey, header, envelopeId)
  return { aead: aeadOf(known.aead), key, segmentSize: known.segmentSize }
}

/** Last byte of a nonce: what stands at this place of the stream. */
export const placeOf = { inner: 0, last: 1, seal: 2 } as const

/** The nonce of a segment, or of the seal: an 11-byte counter and the kind of place (STREAM). */
export function segmentNonce(index: number, place: number): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(7, index)
  nonce[11] = place
  return nonce
}
