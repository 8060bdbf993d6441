import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import type { SealStreamOptions } from '../../src/envelope/index.ts'
import { sealStream } from '../../src/envelope/index.ts'

/** The smallest segment that the format has. */
export const segmentSize = 4096

/** Content that differs at every place. */
export function contentOf(size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 7 + (i >> 8) * 13) & 0xff
  return bytes
}

/** Everything that an iteration gives, in one array. */
export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const piece of pieces) parts.push(piece)
  return new Uint8Array(Buffer.concat(parts))
}

/** Seals content into one array. */
export function sealed(
  content: Uint8Array,
  options: SealStreamOptions,
  pieceSize = 1000,
): Promise<Uint8Array> {
  return collect(sealStream(inPieces(content, pieceSize), { segmentSize, ...options }))
}

/** Bytes in pieces of one size. */
export function* inPieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** An array as a source that is read at any place. */
export function placed(bytes: Uint8Array): {
  size: number
  read(offset: number, length: number): Promise<Uint8Array>
  reads: [number, number][]
} {
  const reads: [number, number][] = []
  return {
    size: bytes.length,
    reads,
    async read(offset, length) {
      reads.push([offset, length])
      return bytes.slice(offset, offset + length)
    },
  }
}

/** The parts of a sealed stream, as docs/formats.md §6 orders them. */
export interface StreamParts {
  envelope: Uint8Array
  header: Uint8Array
  /** Encrypted segments with the number in front of each. */
  segments: { frame: number; bytes: Uint8Array }[]
  leaves: Uint8Array
  seal: Uint8Array
  sealLength: number
}

/** Takes a sealed stream apart, by offsets alone. */
export function split(stream: Uint8Array): StreamParts {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.length)
  const end = 4 + view.getUint32(0)
  const envelope = stream.slice(4, end)
  const header = stream.slice(end, end + 38)
  const segments: StreamParts['segments'] = []
  let at = end + 38
  for (let last = false; !last; ) {
    const frame = view.getUint32(at)
    last = frame >= 2 ** 31
    const length = frame % 2 ** 31
    segments.push({ frame, bytes: stream.slice(at + 4, at + 4 + length) })
    at += 4 + length
  }
  const leaves = stream.slice(at, at + 32 * segments.length)
  const seal = stream.slice(at + leaves.length, -4)
  return { envelope, header, segments, leaves, seal, sealLength: view.getUint32(stream.length - 4) }
}

/** Puts parts together again; lengths are as the parts say, so that they may lie. */
export function join(parts: StreamParts): Uint8Array {
  const uint32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }
  return new Uint8Array(
    Buffer.concat([
      uint32(parts.envelope.length),
      parts.envelope,
      parts.header,
      ...parts.segments.flatMap(({ frame, bytes }) => [uint32(frame), bytes]),
      parts.leaves,
      parts.seal,
      uint32(parts.sealLength),
    ]),
  )
}

/** A segment's key by formats §6, with node:crypto alone. */
export function otherStreamKey(
  contentKey: Uint8Array,
  header: Uint8Array,
  envelopeId: Uint8Array,
): Uint8Array {
  const info = Buffer.concat([Buffer.from('careseal/stream/1'), header, envelopeId])
  return new Uint8Array(hkdfSync('sha256', contentKey, header.subarray(6), info, 32))
}

const cipherOf = (header: Uint8Array): 'aes-256-gcm' =>
  (header[4] === 3 ? 'aes-256-gcm' : 'chacha20-poly1305') as 'aes-256-gcm'

function nonceOf(index: number, place: number): Uint8Array {
  const nonce = Buffer.alloc(12, 0)
  nonce.writeUInt32BE(index, 7)
  nonce[11] = place
  return nonce
}

/** What a reader, who has the key, can make: a segment of any content at any place. */
export function forgeSegment(
  key: Uint8Array,
  header: Uint8Array,
  index: number,
  place: number,
  content: Uint8Array,
): Uint8Array {
  const options = { authTagLength: 16 }
  const cipher = createCipheriv(cipherOf(header), key, nonceOf(index, place), options)
  return new Uint8Array(
    Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]),
  )
}

/** Decrypts a segment with node:crypto alone. */
export function otherSegment(
  key: Uint8Array,
  header: Uint8Array,
  index: number,
  place: number,
  sealedSegment: Uint8Array,
): Uint8Array {
  const options = { authTagLength: 16 }
  const decipher = createDecipheriv(cipherOf(header), key, nonceOf(index, place), options)
  decipher.setAuthTag(sealedSegment.subarray(-16))
  return new Uint8Array(
    Buffer.concat([decipher.update(sealedSegment.subarray(0, -16)), decipher.final()]),
  )
}

/** RFC 9162 §2.1.1 as it is written there, recursively. */
export function treeHash(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!
  let half = 1
  while (half * 2 < leaves.length) half *= 2
  const node = Buffer.concat([
    Uint8Array.of(1),
    treeHash(leaves.slice(0, half)),
    treeHash(leaves.slice(half)),
  ])
  return new Uint8Array(createHash('sha256').update(node).digest())
}

/** The leaf hash of an encrypted segment. */
export function otherLeaf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(Uint8Array.of(0)).update(bytes).digest())
}
