import { toHex } from '../internal/bytes.ts'
import type { BlobStore } from '../store/index.ts'

/** Where the blob of a record lies (docs/formats.md §6): rekeying and sharing do not move it. */
export function blobKey(envelopeId: Uint8Array): string {
  return `careseal-stream/${toHex(envelopeId)}`
}

/** A blob store argument. */
export function blobsArgument(blobs: BlobStore): BlobStore {
  const { put, read, size } = (blobs ?? {}) as Partial<BlobStore>
  if (typeof put !== 'function' || typeof read !== 'function' || typeof size !== 'function') {
    throw new TypeError('blobs must be a blob store, such as memoryBlobs() or directoryBlobs(path)')
  }
  return blobs
}
