import { RecordInvalid, RecordMalformed, StoreFailed, StreamTruncated } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { equalBytes, wipe } from '../internal/bytes.ts'
import { tagSize } from '../internal/engine/aead.ts'
import { startSha256 } from '../internal/engine/hash.ts'
import { hashSize } from '../internal/merkle/index.ts'
import { knownOptions, optionsOf } from '../internal/options.ts'
import { segmentCipher } from '../internal/stream/header.ts'
import { layoutOf } from '../internal/stream/layout.ts'
import { wholeNumber } from '../internal/stream/range.ts'
import {
  openSegments,
  type StoredSegments,
  segmentsOf,
  verifiedLeaves,
} from '../internal/stream/segments.ts'
import { markVerified } from '../internal/verified.ts'
import type { CallOptions } from '../keys/index.ts'
import { blobKey, blobsArgument } from './streamBlob.ts'
import type { OpenedStream, OpenRecordStreamOptions } from './types.ts'
import { verifyRecord } from './verifyRecord.ts'

const names: readonly (keyof OpenRecordStreamOptions)[] = [
  'as',
  'authors',
  'proof',
  'minimumSecurity',
  'requiredSignatures',
  'blobs',
  'blob',
  'signal',
]

/**
 * Opens a record with a stream and verifies all that {@link openRecord} does but the content, which is verified as it
 * is read: whole by `stream()`, in parts by `range()`. Nothing comes out that the authors did not seal at that
 * place, also if the blob was changed by a reader, who has the key. Close it when you are done.
 *
 * Memory: one segment, and 32 bytes for each segment of the stream (128 kB per GiB) once something is read.
 *
 * @param envelope - The envelope's bytes.
 * @param options - Whose key opens, who vouches for authors, where the blob lies, and the proof to check.
 * @returns What was verified, and the ways to read the content.
 * @throws {@link EnvelopeMalformed} if the bytes are no envelope of careseal's profile.
 * @throws {@link EnvelopeRecipientNotFound} if the reader is not among the readers.
 * @throws {@link EnvelopeOpenFailed} if it does not open: changed bytes, another key, a false signature. Reading
 *   rejects with it where the blob was changed.
 * @throws {@link EnvelopeAuthorUntrusted} if the directory lacks an author, or does not vouch for that time.
 * @throws {@link EnvelopeSecurity} if it is weaker than `minimumSecurity`.
 * @throws {@link EnvelopeSignatureMissing} if an author has not signed with all of `requiredSignatures`.
 * @throws {@link RecordMalformed} if the envelope holds no record of this version, or one without a stream.
 * @throws {@link RecordInvalid} if the blob is longer than the record's; when all was read, if the digest differs.
 * @throws {@link StreamTruncated} if the blob is shorter than the record's.
 * @throws {@link StoreFailed} if there is no blob, or the store failed.
 * @throws {@link ReceiptMalformed} if the receipt is none.
 * @throws {@link ReceiptInvalid} if the receipt proves something else, or nothing.
 * @throws {@link TrustInsufficient} if the receipt does not meet the trust policy.
 * @throws {@link LedgerConflict} if the receipt shows two histories of one log.
 * @throws {@link KeyUnavailable} if the key's home did not answer; retry.
 * @throws {@link KeyDisabled} if the reader's ring holds the key as disabled or destroyed.
 * @throws {@link TypeError} if an argument has the wrong type.
 * @throws {@link RangeError} if `requiredSignatures` is empty.
 * @example
 * From a file on disk, to a file on disk.
 * ```ts
 * import { mkdtemp } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { openRecordStream, sealRecordStream } from 'careseal'
 * import { generateIdentity, keyDirectory } from 'careseal/keys'
 * import { directoryBlobs } from 'careseal/store/fs'
 *
 * const clinic = await generateIdentity()
 * const blobs = directoryBlobs(await mkdtemp(join(tmpdir(), 'careseal-')))
 * const { envelope } = await sealRecordStream([new TextEncoder().encode('%PDF-2.0')], {
 *   author: clinic,
 *   recipients: [clinic.public],
 *   mediaType: 'application/pdf',
 *   blobs,
 * })
 * const authors = keyDirectory([clinic.public])
 * const opened = await openRecordStream(envelope, { as: clinic, authors, blobs })
 * for await (const part of opened.stream()) console.log(part.length, opened.size) // 8 8
 * opened.close()
 * ```
 * @see docs/formats.md §6
 */
export async function openRecordStream(
  envelope: Uint8Array,
  options: OpenRecordStreamOptions,
): Promise<OpenedStream> {
  const { blobs: store, blob, ...own } = knownOptions(options, names)
  const blobs = blobsArgument(store)
  const { facts, record, envelopeId } = await verifyRecord(envelope, own)
  const { stream, digest } = record.fields
  if (stream === null) {
    throw new RecordMalformed('The content of this record stands in its envelope: use openRecord')
  }
  const cipher = segmentCipher(stream.header, stream.contentKey, envelopeId)
  const layout = cipher === null ? null : layoutOf(stream.size, cipher.segmentSize)
  wipe(stream.contentKey)
  if (cipher === null || layout === null) {
    throw new RecordMalformed('No record of this version: its stream has an unknown header or size')
  }
  const key = blob ?? blobKey(envelopeId)
  const source = {
    read: (offset: number, length: number, call: CallOptions = {}) =>
      blobs.read(key, offset, length, call),
  }
  const segments = { source, cipher, layout, start: 0, frame: 0, checkFrame: () => {} }
  try {
    const expected = layout.size + layout.count * (tagSize + hashSize)
    checkSize(await blobs.size(key, { signal: own.signal }), expected, key)
  } catch (error) {
    wipe(cipher.key)
    throw error
  }
  let closed = false
  const leaves = sharedLeaves(segments, stream.root)
  const read = async function* (
    offset: number,
    length: number,
    call: CallOptions,
    seen: (piece: Uint8Array) => void,
  ): AsyncGenerator<Uint8Array> {
    const { signal } = optionsOf(call)
    const at = wholeNumber(offset, 'offset')
    const wanted = wholeNumber(length, 'length')
    if (at > layout.size) {
      throw new RangeError(`offset lies behind the content, which has ${layout.size} bytes`)
    }
    if (closed) throw afterClose()
    throwIfAborted(signal)
    const hashes = await leaves(signal)
    const range = { offset: at, length: Math.min(wanted, layout.size - at) }
    const first = segmentsOf(layout, at, 0).first * hashSize
    try {
      for await (const piece of openSegments(segments, hashes.subarray(first), range, signal)) {
        seen(piece)
        yield piece
      }
    } catch (error) {
      // Its key was wiped under it.
      throw closed ? afterClose() : error
    }
  }
  const whole = async function* (call: CallOptions): AsyncGenerator<Uint8Array> {
    const hash = startSha256()
    yield* read(0, layout.size, call, (piece) => hash.update(piece))
    if (!equalBytes(hash.digest(), digest)) {
      throw new RecordInvalid('The stream of the record is not what its manifest says.')
    }
  }
  return markVerified('record', {
    ...facts,
    size: layout.size,
    stream: (call: CallOptions = {}) => whole(call),
    // A range of everything is everything: then its digest is compared, too.
    range: (offset: number, length: number, call: CallOptions = {}) =>
      offset === 0 && length >= layout.size && Number.isSafeInteger(length)
        ? whole(call)
        : read(offset, length, call, () => {}),
    close() {
      closed = true
      wipe(cipher.key)
    },
  })
}

/** All leaf hashes, read and verified once, by whoever reads first; again where that failed. */
function sharedLeaves(
  segments: StoredSegments,
  root: Uint8Array,
): (signal: AbortSignal | undefined) => Promise<Uint8Array> {
  let leaves: Uint8Array | null = null
  let reading: Promise<Uint8Array> | null = null
  const all = { first: 0, last: segments.layout.count - 1 }
  return async (signal) => {
    if (leaves !== null) return leaves
    // Without a signal, whoever waits next shares what is being read; one that may be aborted reads for itself.
    if (signal !== undefined) {
      leaves = await verifiedLeaves(segments, root, all, signal)
      return leaves
    }
    reading ??= verifiedLeaves(segments, root, all, undefined).finally(() => {
      reading = null
    })
    leaves = await reading
    return leaves
  }
}

function afterClose(): TypeError {
  return new TypeError('this stream was closed: open the record again')
}

function checkSize(size: number | null, expected: number, key: string): void {
  if (size === null) {
    throw new StoreFailed(
      `There is no blob under ${key}. Pass { blob } if it was moved; if it was deleted, the content is gone.`,
      { outcome: 'not-applied' },
    )
  }
  if (size < expected) throw new StreamTruncated()
  if (size > expected) throw new RecordInvalid('The blob is not that of the record: it is longer.')
}
