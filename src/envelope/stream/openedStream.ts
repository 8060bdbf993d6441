import { EnvelopeOpenFailed } from '../../errors.ts'
import { throwIfAborted } from '../../internal/abort.ts'
import { optionalBytes, wipe } from '../../internal/bytes.ts'
import { verifySigned } from '../../internal/cose/signed.ts'
import { sha256 } from '../../internal/engine/hash.ts'
import { findAuthors } from '../../internal/envelope/authors.ts'
import { addressedOf } from '../../internal/envelope/content.ts'
import { openPlaintext } from '../../internal/envelope/opening.ts'
import { type ReaderKey, readerKeys } from '../../internal/envelope/reader.ts'
import { checkRequired, requiredArgument } from '../../internal/envelope/required.ts'
import { placeOf, type SegmentCipher, segmentCipher } from '../../internal/stream/header.ts'
import {
  decodeStreamKey,
  malformedStream,
  type StreamKeyContent,
} from '../../internal/stream/key.ts'
import { openSegment } from '../../internal/stream/opening.ts'
import { receiveSeal } from '../../internal/stream/seal.ts'
import { markVerified } from '../../internal/verified.ts'
import type { KeyDirectory, KeyRecord } from '../../keys/index.ts'
import type { Security } from '../types.ts'
import type { OpenStreamOptions, VerifiedStream } from './types.ts'

/** Largest envelope and seal of a sealed stream: what is read before anything is verified. */
export const maximumEnvelope: number = 4 * 1024 * 1024
export const maximumSeal: number = 1024 * 1024

/** A sealed stream whose key is at hand. Whoever made it wipes `cipher.key`. */
export interface OpenedHead {
  readonly cipher: SegmentCipher
  readonly envelopeId: Uint8Array
  /** Key id of the author whom the stream's key names; `null` if nobody signed. */
  readonly author: Uint8Array | null
  readonly mediaType: string
  readonly header: Uint8Array
  /** SHA-256 of the content key. */
  readonly keyHash: Uint8Array
  readonly externalAad: Uint8Array
  readonly security: Security
  readonly ids: readonly Uint8Array[]
  /** What the directory says of the author; empty if nobody signed. */
  readonly authors: readonly KeyRecord[]
}

/** Options of opening a stream as they were when it was called. */
export interface PreparedOpening {
  readonly readers: readonly ReaderKey[]
  readonly directory: KeyDirectory | undefined
  readonly required: ReturnType<typeof requiredArgument>
  readonly externalAad: Uint8Array
  readonly minimumSecurity: Security | undefined
  readonly signal: AbortSignal | undefined
}

/** Reads the options that {@link openStreamNames} names. */
export function prepareOpening(own: OpenStreamOptions): PreparedOpening {
  throwIfAborted(own.signal)
  return {
    readers: readerKeys(own.as),
    directory: own.authors,
    required: requiredArgument(own.requiredSignatures, 'a stream'),
    externalAad: optionalBytes(own.externalAad, 'externalAad'),
    minimumSecurity: own.minimumSecurity,
    signal: own.signal,
  }
}

/** Opens the envelope of a stream, and looks the author up before anything is read on. */
export async function openHead(
  envelope: Uint8Array,
  header: Uint8Array,
  prepared: PreparedOpening,
): Promise<OpenedHead> {
  const { readers, directory, required, externalAad, minimumSecurity, signal } = prepared
  const opening = { externalAad, profile: 'careseal', minimumSecurity, signal } as const
  const opened = await openPlaintext(envelope, readers, opening)
  const { envelopeId } = opened.envelope.own!
  let key: StreamKeyContent | null = null
  try {
    key = decodeStreamKey(opened.plaintext)
    const kids = key.author === null ? [] : [key.author]
    const time = { claimed: null, existedBefore: null }
    const authors = kids.length === 0 ? [] : await findAuthors(kids, directory, time, signal)
    // The named author is who must have signed the seal: without that signature there is no good end.
    checkRequired(required, authors)
    const cipher = segmentCipher(header, key.contentKey, envelopeId)
    if (cipher === null) throw malformedStream('an unknown header')
    const ids = [opened.reader, ...readers].map(({ publicKey }) => publicKey.id)
    const { security } = opened
    const { author, mediaType } = key
    const keyHash = sha256(key.contentKey)
    const named = { author, mediaType, header: header.slice(), keyHash }
    return { cipher, envelopeId, ...named, externalAad, security, ids, authors }
  } finally {
    wipe(key?.contentKey, opened.plaintext)
  }
}

/** Decrypts and verifies the seal after `count` segments; resolves to what it says, and the root if that was asked. */
export async function openSeal(
  head: OpenedHead,
  sealed: Uint8Array,
  read: { readonly count: number; readonly size: number; readonly root: Uint8Array | null },
): Promise<{ readonly root: Uint8Array; readonly verified: VerifiedStream }> {
  const { envelopeId, author, mediaType, header, keyHash, externalAad, security, authors } = head
  const plaintext = await openSegment(head.cipher, read.count, placeOf.seal, sealed)
  const sum = { envelopeId, root: read.root, size: read.size, mediaType, header, keyHash }
  const { root, signed, audience } = receiveSeal(plaintext, sum, author, externalAad)
  const keys = authors.map((record) => record.key)
  if (signed !== null && !(await verifySigned(signed, keys))) throw new EnvelopeOpenFailed()
  const addressed = signed === null ? 'unstated' : addressedOf(audience, head.ids)
  const { size } = read
  const facts = { envelopeId, mediaType, size, signers: keys, authors, addressed, security }
  return { root, verified: markVerified('stream', facts) }
}

/** `verified()` of a stream whose verification may still be ahead. */
export function notYet(when: string): RangeError {
  return new RangeError(`verified() has nothing to say yet: ${when}`)
}
