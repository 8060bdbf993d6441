import { toHex } from '../internal/bytes.ts'
import { fieldOf } from '../internal/options.ts'
import type { BlobStore } from '../store/index.ts'

/** Where the blob of a record lies (docs/formats.md §6): rekeying and sharing do not move it. */
export function blobKey(envelopeId: Uint8Array): string {
  return `careseal-stream/${toHex(envelopeId)}`
}

/** A blob store argument. */
export function blobsArgument(blobs: BlobStore): BlobStore {
  const members = ['put', 'read', 'size', 'delete']
  if (members.some((name) => typeof fieldOf(blobs, name) !== 'function')) {
    throw new TypeError('blobs must be a blob store, such as memoryBlobs() or directoryBlobs(path)')
  }
  return blobs
}
