import { StoreFailed } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { wipe } from '../internal/bytes.ts'
import { tagSize } from '../internal/engine/aead.ts'
import { startSha256 } from '../internal/engine/hash.ts'
import { defaultCipher, wrapSingly } from '../internal/envelope/sealing.ts'
import { hashSize } from '../internal/merkle/index.ts'
import { knownOptions } from '../internal/options.ts'
import { randomParts } from '../internal/random.ts'
import { encodeStreamHeader, segmentBitsOf, streamKey } from '../internal/stream/header.ts'
import { StreamTally, sealSegments } from '../internal/stream/sealing.ts'
import { type ByteSource, piecesOf } from '../internal/stream/source.ts'
import type { Log } from '../log/index.ts'
import { logRecords } from './logRecords.ts'
import type { ManifestFields } from './manifest.ts'
import { detailsOf, readersOf, sealFields } from './sealOne.ts'
import { contextOf, sealRecordOptions } from './sealRecord.ts'
import { blobKey, blobsArgument } from './streamBlob.ts'
import type { LoggedRecordStream, SealedRecordStream, SealRecordStreamOptions } from './types.ts'

const names: readonly (keyof SealRecordStreamOptions)[] = [
  ...sealRecordOptions.filter((name) => name !== 'canonicalization' && name !== 'strict'),
  'blobs',
  'segmentSize',
]

/**
 * Seals a record of any size: the content goes in segments to a blob store while it is read, the envelope holds the
 * stream's key and what the authors sign of it. Shared and rekeyed like any record, without touching the blob.
 * Its digest is SHA-256 of the bytes.
 *
 * Memory: one segment, and 32 bytes for each segment that was sealed (128 kB per GiB). If anything fails, the blob is
 * deleted again.
 *
 * @param source - The content in pieces of any size: an iterable of byte arrays, asynchronous or not, or a
 *   ReadableStream. A piece may be reused once the next one is asked for.
 * @param options - Author, readers, blob store and details; with `log` the record is entered at once.
 * @returns The sealed record and the key of its blob; with `log` also its index and receipt.
 * @throws {@link TypeError} if an argument has the wrong type, such as a piece that is no Uint8Array.
 * @throws {@link RangeError} if an argument is out of range, such as a `segmentSize` that is no power of two.
 * @throws {@link ContentTooLarge} if there are more than 4194304 segments: 1 TiB unless `segmentSize` is larger.
 * @throws {@link StoreFailed} if the blob store failed.
 * @throws {@link IdentityInvalid} if a reader's identity card has expired.
 * @throws {@link KeyUnavailable} if the author's key did not answer.
 * @example
 * An imaging study, one slice of it read again.
 * ```ts
 * import { openRecordStream, sealRecordStream } from 'careseal'
 * import { generateIdentity, keyDirectory } from 'careseal/keys'
 * import { memoryBlobs } from 'careseal/store'
 *
 * const radiology = await generateIdentity()
 * async function* study() {
 *   for (let slice = 0; slice < 10; slice++) yield new Uint8Array(500_000).fill(slice)
 * }
 * const blobs = memoryBlobs()
 * const { envelope } = await sealRecordStream(study(), {
 *   author: radiology,
 *   recipients: [radiology.public],
 *   mediaType: 'application/dicom',
 *   blobs,
 * })
 * const authors = keyDirectory([radiology.public])
 * const opened = await openRecordStream(envelope, { as: radiology, authors, blobs })
 * for await (const part of opened.range(1_500_000, 4)) console.log(part.join()) // 3,3,3,3
 * opened.close()
 * ```
 * @see docs/formats.md §6
 */
export function sealRecordStream(
  source: ByteSource,
  options: SealRecordStreamOptions & { readonly log: Log },
): Promise<LoggedRecordStream>
export function sealRecordStream(
  source: ByteSource,
  options: SealRecordStreamOptions,
): Promise<SealedRecordStream>
export async function sealRecordStream(
  source: ByteSource,
  options: SealRecordStreamOptions,
): Promise<SealedRecordStream | LoggedRecordStream> {
  const own = knownOptions(options, names)
  const { log, signal, recipients } = own
  const mediaType = own.mediaType ?? 'application/octet-stream'
  throwIfAborted(signal)
  const blobs = blobsArgument(own.blobs)
  const bits = segmentBitsOf(own.segmentSize)
  const context = contextOf(own, wrapSingly(own.keyIds ?? 'hint'))
  const readers = readersOf(recipients, context)
  const { subject, securityLabels, amends } = own
  const said = detailsOf({ mediaType, subject, securityLabels, amends, readers }, context)
  const { coseAlg, aead } = defaultCipher()
  const [envelopeId, salt, headSalt, contentKey, streamSalt, ...secrets] = randomParts(
    ...([32, 32, 32, 32, 32, 32, 12] as const),
  )
  const header = encodeStreamHeader(coseAlg, bits, streamSalt)
  const key = streamKey(contentKey, header, envelopeId)
  const blob = blobKey(envelopeId)
  const tally = new StreamTally()
  const hash = startSha256()
  try {
    const cipher = { aead, key, segmentSize: 2 ** bits }
    const segments = sealSegments(hashed(source, hash, signal), cipher, tally, signal)
    const taken = { whole: false }
    await blobs.put(blob, blobOf(segments, tally, taken), { signal })
    const { size, leaves } = tally
    const stored = await blobs.size(blob, { signal })
    if (!taken.whole || stored !== size + leaves.count * (tagSize + hashSize)) {
      throw new StoreFailed(
        `The blob store says that it has written ${blob}, but has not taken all of it. Look at its put.`,
        { outcome: 'unknown' },
      )
    }
    const fields: ManifestFields = {
      ...said,
      canonicalization: 'raw',
      hash: 'sha-256',
      digest: hash.digest(),
      stream: { root: leaves.root(), contentKey, size, header },
      salt,
      headSalt,
    }
    const digested = { fields, content: null, envelopeId, secrets, notes: [] }
    const record = { ...(await sealFields(digested, readers, context)), blob, size }
    if (log === undefined) return record
    const [logged] = await logRecords([record], { log, signal })
    return { ...record, ...logged! }
  } catch (error) {
    // Without its envelope the blob opens to nobody. What was aborted is deleted all the same.
    await blobs.delete(blob).catch(() => {})
    throw error
  } finally {
    wipe(contentKey, key, secrets[0])
  }
}

async function* hashed(
  source: ByteSource,
  hash: { update(part: Uint8Array): unknown },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const piece of piecesOf(source, signal)) {
    hash.update(piece)
    yield piece
  }
}

/** The blob of a record: segments, then their leaf hashes. */
async function* blobOf(
  segments: AsyncIterable<{ readonly bytes: Uint8Array }>,
  tally: StreamTally,
  taken: { whole: boolean },
): AsyncGenerator<Uint8Array> {
  for await (const { bytes } of segments) yield bytes
  yield tally.leaves.bytes()
  taken.whole = true
}
