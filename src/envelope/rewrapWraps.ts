import { bytesArgument } from '../internal/bytes.ts'
import { ciphertextFor, encodeWraps, parseWraps } from '../internal/cose/detached.ts'
import type { BatchKeyCache } from '../internal/envelope/batchKeys.ts'
import { type ReaderKey, readerKeys } from '../internal/envelope/reader.ts'
import { rewrapEntries } from '../internal/envelope/rewrapping.ts'
import { knownOptions } from '../internal/options.ts'
import { changeOptions, type RewrapChanges, type RewrapOptions, rewrapping } from './rewrap.ts'

/** Options of {@link rewrapWraps}. */
export interface RewrapWrapsOptions extends RewrapOptions {
  /**
   * The body, to compare the headers with. Without it the mark that a post-quantum envelope has is what the wraps say,
   * and who stores them can take it out.
   */
  readonly body?: Uint8Array | undefined
}

/**
 * Adds and removes readers as `rewrap` does, with the wraps alone: the body is neither read nor moved. What
 * `rewrap` cannot check is not checked here either. Wraps come from storage that can be written to: unless you trust it,
 * pass `body` or add post-quantum readers only, because changed wraps can hide that the envelope is post-quantum.
 *
 * A removed reader who kept the former wraps still reads the body. So does whoever has a backup of them.
 *
 * @param wraps - The wraps, from `detachWraps`.
 * @param options - A present reader's key, and the changes.
 * @returns The wraps with the new list of readers; store them in place of the former ones.
 * @throws {@link EnvelopeMalformed} if the bytes are no wraps.
 * @throws {@link EnvelopeRecipientNotFound} if `as`, or a reader to remove, is not among the readers.
 * @throws {@link EnvelopeOpenFailed} if the reader's entry does not open.
 * @throws {@link EnvelopeDowngrade} if a classical reader would join a post-quantum envelope.
 * @throws {@link EnvelopeMismatch} if `body` is given and is that of other wraps.
 * @throws {@link RangeError} if no reader would be left, or more than 1000.
 * @example
 * Moving a record to a rotated key; its body stays where it is.
 * ```ts
 * import { attachWraps, detachWraps, open, rewrapWraps, seal } from 'careseal/envelope'
 * import { generateKey, xWing } from 'careseal/keys'
 *
 * const old = await generateKey(xWing)
 * const next = await generateKey(xWing)
 * const envelope = await seal(new Uint8Array(1000), { recipients: [old.publicKey] })
 * const { body, wraps } = detachWraps(envelope)
 * const changes = { add: [next.publicKey], remove: [old.publicKey] }
 * const moved = await rewrapWraps(wraps, { as: old, ...changes })
 * console.log((await open(attachWraps(body, moved), { as: next })).content.length) // 1000
 * ```
 */
export async function rewrapWraps(
  wraps: Uint8Array,
  options: RewrapWrapsOptions,
): Promise<Uint8Array> {
  const { as, body, ...changes } = knownOptions(options, ['as', 'body', ...changeOptions])
  if (body !== undefined) {
    ciphertextFor(bytesArgument(body, 'body'), parseWraps(bytesArgument(wraps, 'wraps')))
  }
  return rewrapWrapsWith(wraps, changes, readerKeys(as))
}

/** Rewraps with keys that were resolved before. */
export async function rewrapWrapsWith(
  wraps: Uint8Array,
  options: RewrapChanges,
  readers: readonly ReaderKey[],
  batchKeys?: BatchKeyCache,
): Promise<Uint8Array> {
  const changes = rewrapping(options, batchKeys)
  const parsed = parseWraps(bytesArgument(wraps, 'wraps').slice())
  return encodeWraps(parsed, await rewrapEntries(parsed, readers, changes))
}
