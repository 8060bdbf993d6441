import { ContentTooLarge } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument, optionalBytes, wipe } from '../internal/bytes.ts'
import type { KeyIdMode } from '../internal/cose/keyId.ts'
import { type CipherInternals, cipherInternals } from '../internal/envelope/cipher.ts'
import { encodeContent } from '../internal/envelope/content.ts'
import { audienceOf, recipientKeys } from '../internal/envelope/recipients.ts'
import { sealPlaintext, type WrapContentKey, wrapSingly } from '../internal/envelope/sealing.ts'
import { signersOf } from '../internal/envelope/signers.ts'
import { knownOptions, optionsOf } from '../internal/options.ts'
import { randomParts } from '../internal/random.ts'
import { maximumContent } from '../internal/registry.ts'
import { isWellFormed } from '../internal/utf8.ts'
import type { SealOptions } from './types.ts'

/** What is said of each envelope, and what may be said once for a batch. */
export const contentOptions = ['recipients', 'mediaType', 'externalAad', 'signal'] as const
export const sealerOptions = ['author', 'authors', 'keyIds', 'cipher'] as const

/**
 * Seals content to its readers: a fresh content key, wrapped once for each reader. The author, if given,
 * signs inside the encryption, so that nobody outside learns who wrote and nobody can strip the signature.
 *
 * Sealing to several readers means that each of them alone can open and pass it on.
 *
 * @param content - The bytes to seal, at most 16 MiB.
 * @param options - Readers, author and details.
 * @returns The envelope: a COSE_Encrypt, about 1.3 kB longer than the content for one X-Wing reader.
 * @throws {@link TypeError} if an argument has the wrong type, such as an identity put together by hand.
 * @throws {@link RangeError} if there is no reader, one twice, or more than 1000; if `authors` is empty, names one
 *   twice, or more than 16.
 * @throws {@link ContentTooLarge} if the content has more than 16 MiB.
 * @throws {@link IdentityInvalid} if a reader's identity card has expired.
 * @throws {@link KeyUnavailable} if the author's key did not answer.
 * @throws {@link RandomUnavailable} if the platform has no secure random numbers.
 * @example
 * A note from one physician to another.
 * ```ts
 * import { open, seal } from 'careseal/envelope'
 * import { generateIdentity, keyDirectory } from 'careseal/keys'
 *
 * const chen = await generateIdentity()
 * const okafor = await generateIdentity()
 * const envelope = await seal(new TextEncoder().encode('Please review the MRI.'), {
 *   author: chen,
 *   recipients: [okafor.public],
 *   mediaType: 'text/plain',
 * })
 * const opened = await open(envelope, { as: okafor, authors: keyDirectory([chen.public]) })
 * console.log(new TextDecoder().decode(opened.content)) // Please review the MRI.
 * ```
 * @see RFC 9052 §5, draft-ietf-cose-hpke, docs/formats.md §2
 */
export async function seal(content: Uint8Array, options: SealOptions): Promise<Uint8Array> {
  const {
    keyIds: form,
    cipher,
    ...details
  } = knownOptions(options, [...contentOptions, ...sealerOptions])
  const keyIds = keyIdsArgument(form ?? 'plain')
  const internals = cipher === undefined ? undefined : cipherInternals(cipher)
  return sealContent(content, details, keyIds, wrapSingly(keyIds), internals)
}

/** One envelope of content, its readers' entries made by `wrap`. */
export async function sealContent(
  content: Uint8Array,
  options: Omit<SealOptions, 'keyIds' | 'cipher'>,
  keyIds: KeyIdMode,
  wrap: WrapContentKey,
  cipher: CipherInternals | undefined,
): Promise<Uint8Array> {
  const { mediaType: type, recipients, signal, externalAad: given, ...signing } = optionsOf(options)
  throwIfAborted(signal)
  const bytes = bytesArgument(content, 'content')
  if (bytes.length > maximumContent) {
    throw new ContentTooLarge(
      'Content of more than 16 MiB does not fit into one envelope. Use sealStream and openStream, which take content of any size.',
    )
  }
  // null: fromJwe and fromAge say so where a file states none.
  const mediaType = type ?? 'application/octet-stream'
  if (typeof mediaType !== 'string' || !isWellFormed(mediaType)) {
    throw new TypeError('mediaType must be a string')
  }
  const signers = signersOf(signing)
  const keys = recipientKeys(recipients, keyIds, new Date())
  const externalAad = optionalBytes(given, 'externalAad')
  const [envelopeId, ...secrets] = randomParts(32, 32, 12)
  const audience = audienceOf(keys, keyIds)
  // Signing takes its time: what the caller does to the array meanwhile must not come between.
  const stable = signers.length === 0 ? bytes : bytes.slice()
  const input = { content: stable, mediaType, envelopeId, audience, signers, externalAad }
  try {
    // Unsigned content is read before anything is waited for.
    const encoded = encodeContent(input, signal)
    const plaintext = encoded instanceof Promise ? await encoded : encoded
    return await sealPlaintext({ envelopeId, plaintext, keys, wrap, externalAad, cipher, secrets })
  } finally {
    // Also where the author's key did not answer.
    wipe(secrets[0])
  }
}

/** One of the three modes; a TypeError for anything else. */
export function keyIdsArgument(keyIds: KeyIdMode): KeyIdMode {
  if (keyIds !== 'plain' && keyIds !== 'hint' && keyIds !== 'none') {
    throw new TypeError("keyIds must be 'plain', 'hint' or 'none'")
  }
  return keyIds
}
