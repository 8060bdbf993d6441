import { throwIfAborted } from '../../internal/abort.ts'
import { concat, optionalBytes, wipe } from '../../internal/bytes.ts'
import { sha256 } from '../../internal/engine/hash.ts'
import { cipherInternals } from '../../internal/envelope/cipher.ts'
import { audienceOf, recipientKeys } from '../../internal/envelope/recipients.ts'
import { defaultCipher, sealPlaintext, wrapSingly } from '../../internal/envelope/sealing.ts'
import { signerOf } from '../../internal/envelope/signers.ts'
import { knownOptions } from '../../internal/options.ts'
import { randomParts } from '../../internal/random.ts'
import { encodeUint32, lastMark } from '../../internal/stream/frame.ts'
import {
  encodeStreamHeader,
  placeOf,
  segmentBitsOf,
  segmentNonce,
  streamKey,
} from '../../internal/stream/header.ts'
import { encodeStreamKey, maximumMediaType } from '../../internal/stream/key.ts'
import { encodeSeal } from '../../internal/stream/seal.ts'
import { StreamTally, sealSegments } from '../../internal/stream/sealing.ts'
import type { ByteSource } from '../../internal/stream/source.ts'
import { encodeUtf8, isWellFormed } from '../../internal/utf8.ts'
import { keyIdsArgument } from '../seal.ts'
import { iterateOnce } from './iterateOnce.ts'
import type { SealStreamOptions } from './types.ts'

const names: readonly (keyof SealStreamOptions)[] = [
  'recipients',
  'author',
  'mediaType',
  'externalAad',
  'keyIds',
  'cipher',
  'segmentSize',
  'signal',
]

/**
 * Seals content of any size, piece by piece: an imaging study, a genome, an export. The result is one file that
 * carries its readers with it, can be opened while it arrives ({@link openStream}) and at any place
 * ({@link openRange}). The author, if given, signs at the end what has been sealed, so that a reader, who has the
 * key, cannot change a part of it in the author's name.
 *
 * Memory: one segment, and 32 bytes for each segment that was sealed (128 kB per GiB).
 *
 * @param source - The content in pieces of any size: an iterable of byte arrays, asynchronous or not, or a
 *   ReadableStream. A piece may be reused once the next one is asked for.
 * @param options - Readers, author and details.
 * @returns The sealed stream in pieces; 20 bytes more for each segment, 32 at its end, and about 1.5 kB. Half of it is
 *   nothing: keep it only once the iteration has ended.
 * @throws {@link TypeError} if an argument has the wrong type, such as a piece that is no Uint8Array.
 * @throws {@link RangeError} if there is no reader, one twice, or more than 1000; if `segmentSize` is none.
 * @throws {@link ContentTooLarge} if there are more than 4194304 segments: 1 TiB unless `segmentSize` is larger.
 * @throws {@link IdentityInvalid} if a reader's identity card has expired.
 * @throws {@link KeyUnavailable} if the author's key did not answer.
 * @throws {@link RandomUnavailable} if the platform has no secure random numbers.
 * @example
 * A scan, sealed and opened in pieces.
 * ```ts
 * import { openStream, sealStream } from 'careseal/envelope'
 * import { generateIdentity, keyDirectory } from 'careseal/keys'
 *
 * const radiology = await generateIdentity()
 * async function* scan() {
 *   for (let slice = 0; slice < 10; slice++) yield new Uint8Array(100_000)
 * }
 * const sealed = sealStream(scan(), {
 *   author: radiology,
 *   recipients: [radiology.public],
 *   mediaType: 'application/dicom',
 * })
 * const stream = openStream(sealed, { as: radiology, authors: keyDirectory([radiology.public]) })
 * let size = 0
 * for await (const piece of stream) size += piece.length
 * console.log(size, stream.verified().authors.length) // 1000000 1
 * ```
 * @see docs/formats.md §6
 */
export function sealStream(
  source: ByteSource,
  options: SealStreamOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  return iterateOnce(
    () => prepareSealing(options),
    (prepared) => sealPieces(source, prepared),
  )()
}

/** Options of sealing as they were when it was called. */
type PreparedSealing = ReturnType<typeof prepareSealing>

function prepareSealing(options: SealStreamOptions) {
  const own = knownOptions(options, names)
  const { signal } = own
  const mediaType = own.mediaType ?? 'application/octet-stream'
  throwIfAborted(signal)
  if (typeof mediaType !== 'string' || !isWellFormed(mediaType)) {
    throw new TypeError('mediaType must be a string')
  }
  if (encodeUtf8(mediaType).length > maximumMediaType) {
    throw new RangeError(`mediaType must be at most ${maximumMediaType} bytes`)
  }
  const keyIds = keyIdsArgument(own.keyIds ?? 'plain')
  return {
    signal,
    mediaType,
    keyIds,
    signer: own.author === undefined ? null : signerOf(own.author, 'author'),
    keys: recipientKeys(own.recipients, keyIds, new Date()),
    externalAad: optionalBytes(own.externalAad, 'externalAad'),
    cipher: own.cipher === undefined ? defaultCipher() : cipherInternals(own.cipher),
    bits: segmentBitsOf(own.segmentSize),
  }
}

async function* sealPieces(
  source: ByteSource,
  prepared: PreparedSealing,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal, mediaType, keyIds, signer, keys, externalAad, cipher, bits } = prepared
  const [contentKey, salt, envelopeId, ...secrets] = randomParts(32, 32, 32, 32, 12)
  const author = signer?.publicKey.id ?? null
  const header = encodeStreamHeader(cipher.coseAlg, bits, salt)
  const key = streamKey(contentKey, header, envelopeId)
  const plaintext = encodeStreamKey({ contentKey, mediaType, author })
  try {
    const wrap = wrapSingly(keyIds)
    const sealing = { envelopeId, plaintext, keys, wrap, externalAad, cipher, secrets } as const
    const envelope = await sealPlaintext(sealing)
    yield concat(encodeUint32(envelope.length), envelope, header)

    const tally = new StreamTally()
    const segments = { aead: cipher.aead, key, segmentSize: 2 ** bits }
    for await (const { bytes, last } of sealSegments(source, segments, tally, signal)) {
      yield encodeUint32(last ? bytes.length + lastMark : bytes.length)
      yield bytes
    }
    const { leaves, size } = tally
    const keyHash = sha256(contentKey)
    const sum = { envelopeId, root: leaves.root(), size, mediaType, header, keyHash }
    const audience = audienceOf(keys, keyIds)
    const summary = await encodeSeal(sum, signer, audience, externalAad, signal)
    const nonce = segmentNonce(leaves.count, placeOf.seal)
    const seal = await cipher.aead.seal(key, nonce, new Uint8Array(0), summary)
    yield leaves.bytes()
    yield concat(seal, encodeUint32(seal.length))
  } finally {
    // Also where the consumer leaves half way, or the author's key did not answer.
    wipe(contentKey, key, plaintext, secrets[0])
  }
}
