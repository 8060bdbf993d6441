import { EnvelopeOpenFailed } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument, optionalBytes } from '../internal/bytes.ts'
import { verifySigned } from '../internal/cose/signed.ts'
import { findAuthors } from '../internal/envelope/authors.ts'
import type { BatchKeyCache } from '../internal/envelope/batchKeys.ts'
import { addressedOf, decodePlaintext, readContent } from '../internal/envelope/content.ts'
import { openPlaintext } from '../internal/envelope/opening.ts'
import { type ReaderKey, readerKeys } from '../internal/envelope/reader.ts'
import { checkRequired, requiredArgument } from '../internal/envelope/required.ts'
import { knownOptions } from '../internal/options.ts'
import type { OpenedContent, OpenOptions } from './types.ts'

const detailOptions = [
  'authors',
  'externalAad',
  'minimumSecurity',
  'requiredSignatures',
  'profile',
  'signal',
] as const

/**
 * Opens an envelope and verifies everything in it: the key commitment, the content's tag, and the
 * signatures of all its authors against the directory.
 *
 * @param envelope - The envelope's bytes.
 * @param options - Whose key opens, and who vouches for authors.
 * @returns The content and what was verified about it.
 * @throws {@link EnvelopeMalformed} if the bytes are no envelope of the profile.
 * @throws {@link EnvelopeRecipientNotFound} if the reader is not among the readers.
 * @throws {@link EnvelopeOpenFailed} if it does not open: changed bytes, another key, a false signature.
 * @throws {@link EnvelopeAuthorUntrusted} if it is signed and `authors` is missing or lacks an author.
 * @throws {@link KeyMalformed} if the directory has the author, but with bytes that are no key.
 * @throws {@link EnvelopeSecurity} if it is weaker than `minimumSecurity`.
 * @throws {@link EnvelopeSignatureMissing} if an author has not signed with all of `requiredSignatures`.
 * @throws {@link KeyUnavailable} if the key's home did not answer; retry.
 * @throws {@link KeyDisabled} if the reader's ring holds the key as disabled or destroyed.
 * @throws {@link TypeError} if an argument has the wrong type.
 * @throws {@link RangeError} if `requiredSignatures` is empty.
 * @example
 * Opening what a stranger may have changed.
 * ```ts
 * import { open, seal } from 'careseal/envelope'
 * import { isCaresealError } from 'careseal/errors'
 * import { generateKey, xWing } from 'careseal/keys'
 *
 * const key = await generateKey(xWing)
 * const envelope = await seal(new Uint8Array([1, 2, 3]), { recipients: [key.publicKey] })
 * envelope[40]! ^= 1 // a bit of the envelope's id
 * const failed = await open(envelope, { as: key }).catch((error: unknown) => error)
 * console.log(isCaresealError(failed, 'ERR_ENVELOPE_OPEN_FAILED')) // true
 * ```
 * @see docs/formats.md §2
 */
export async function open(envelope: Uint8Array, options: OpenOptions): Promise<OpenedContent> {
  const { as, ...details } = knownOptions(options, ['as', ...detailOptions])
  return openContent(envelope, details, readerKeys(as))
}

/** Opens with keys that were resolved before. */
export async function openContent(
  envelope: Uint8Array,
  options: Omit<OpenOptions, 'as'>,
  readers: readonly ReaderKey[],
  batchKeys?: BatchKeyCache,
): Promise<OpenedContent> {
  const {
    signal,
    minimumSecurity,
    requiredSignatures,
    profile = 'careseal',
    authors: directory,
    externalAad: given,
  } = knownOptions(options, detailOptions)
  throwIfAborted(signal)
  if (profile !== 'careseal' && profile !== 'foreign') {
    throw new TypeError("profile must be 'careseal' or 'foreign'")
  }
  const required = requiredArgument(requiredSignatures)
  if (required !== null && profile === 'foreign') {
    throw new TypeError(
      'requiredSignatures needs the careseal profile: nothing foreign is verified',
    )
  }
  const bytes = bytesArgument(envelope, 'envelope')
  const externalAad = optionalBytes(given, 'externalAad')
  const opening = { externalAad, profile, minimumSecurity, signal, batchKeys }
  const {
    envelope: parsed,
    plaintext,
    reader,
    security,
  } = await openPlaintext(bytes, readers, opening)
  if (parsed.own === null) {
    return {
      content: plaintext.slice(),
      mediaType: parsed.contentType,
      signers: [],
      authors: [],
      addressed: 'unstated',
      security,
      committed: false,
      envelopeId: null,
    }
  }
  const { envelopeId } = parsed.own
  const received = readContent(decodePlaintext(plaintext), envelopeId, externalAad)
  const { content, mediaType, signed, audience } = received
  const time = { claimed: null, existedBefore: null }
  const authors = signed === null ? [] : await findAuthors(signed.kids, directory, time, signal)
  const signers = authors.map(({ key }) => key)
  if (signed !== null && !(await verifySigned(signed, signers))) throw new EnvelopeOpenFailed()
  checkRequired(required, authors)
  const ids = [reader.publicKey.id, ...readers.map(({ publicKey }) => publicKey.id)]
  const addressed = addressedOf(audience, ids)
  return { content, mediaType, signers, authors, addressed, security, committed: true, envelopeId }
}
