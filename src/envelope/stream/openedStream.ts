import { EnvelopeOpenFailed } from '../../errors.ts'
import { optionalBytes } from '../../internal/bytes.ts'
import { verifySigned } from '../../internal/cose/signed.ts'
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
import type { KeyRecord } from '../../keys/index.ts'
import type { Security } from '../types.ts'
import type { OpenStreamOptions, VerifiedStream } from './types.ts'

/** Largest envelope and seal of a sealed stream: what is read before anything is verified. */
export const maximumEnvelope: number = 4 * 1024 * 1024
export const maximumSeal: number = 1024 * 1024

/** A sealed stream whose key is at hand. Whoever made it wipes `cipher.key`. */
export interface OpenedHead {
  readonly cipher: SegmentCipher
  readonly envelopeId: Uint8Array
  readonly key: StreamKeyContent
  readonly externalAad: Uint8Array
  readonly security: Security
  readonly ids: readonly Uint8Array[]
  /** What the directory says of the author; empty if nobody signed. */
  readonly authors: readonly KeyRecord[]
}

/** Opens the envelope of a stream, and looks the author up before anything is read on. */
export async function openHead(
  envelope: Uint8Array,
  header: Uint8Array,
  options: OpenStreamOptions,
): Promise<OpenedHead> {
  const { as, authors: directory, minimumSecurity, signal } = options
  const required = requiredArgument(options.requiredSignatures, 'a stream')
  const externalAad = optionalBytes(options.externalAad, 'externalAad')
  const readers: readonly ReaderKey[] = readerKeys(as)
  const opening = { externalAad, profile: 'careseal', minimumSecurity, signal } as const
  const opened = await openPlaintext(envelope, readers, opening)
  const { envelopeId } = opened.envelope.own!
  const key = decodeStreamKey(opened.plaintext)
  try {
    const kids = key.author === null ? [] : [key.author]
    const time = { claimed: null, existedBefore: null }
    const authors = kids.length === 0 ? [] : await findAuthors(kids, directory, time, signal)
    // The named author is who must have signed the seal: without that signature there is no good end.
    checkRequired(required, authors)
    const cipher = segmentCipher(header, key.contentKey, envelopeId)
    if (cipher === null) throw malformedStream('an unknown header')
    const ids = [opened.reader, ...readers].map(({ publicKey }) => publicKey.id)
    return { cipher, envelopeId, key, externalAad, security: opened.security, ids, authors }
  } finally {
    key.contentKey.fill(0)
    opened.plaintext.fill(0)
  }
}

/** Decrypts and verifies the seal after `count` segments; resolves to what it says, and the root if that was asked. */
export async function openSeal(
  head: OpenedHead,
  sealed: Uint8Array,
  read: { readonly count: number; readonly size: number; readonly root: Uint8Array | null },
): Promise<{ readonly root: Uint8Array; readonly verified: VerifiedStream }> {
  const { envelopeId, key, externalAad, security, authors } = head
  const { author, mediaType } = key
  const plaintext = await openSegment(head.cipher, read.count, placeOf.seal, sealed)
  const sum = { envelopeId, root: read.root, size: read.size, mediaType }
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
