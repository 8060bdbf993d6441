import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument } from '../internal/bytes.ts'
import type { BatchKeyCache } from '../internal/envelope/batchKeys.ts'
import { type ReaderKey, readerKeys } from '../internal/envelope/reader.ts'
import { type Rewrapping, rewrapEnvelope } from '../internal/envelope/rewrapping.ts'
import { knownOptions } from '../internal/options.ts'
import type { CallOptions } from '../keys/index.ts'
import type { Reader, Recipient } from './types.ts'

/** Changes to the readers of an envelope. */
export interface RewrapChanges extends CallOptions {
  /** Readers to add; who is one already stays one. */
  readonly add?: readonly Recipient[] | undefined
  /** Readers whose entries are taken out. */
  readonly remove?: readonly Recipient[] | undefined
  /** Lets a classical reader join a post-quantum envelope, which then is only as strong. */
  readonly allowClassical?: boolean | undefined
}

/** Options of {@link rewrap}. */
export interface RewrapOptions extends RewrapChanges {
  /** A present reader, whose key unwraps the content key. */
  readonly as: Reader
}

/** The names of {@link RewrapChanges}. */
export const changeOptions = ['add', 'remove', 'allowClassical', 'signal'] as const

/**
 * Adds and removes readers without touching the content: only the list of wrapped keys is rewritten. This is
 * how to share, and how to move an envelope to a rotated key.
 *
 * A removed reader who kept a copy of the envelope, or its content key, still reads it: use {@link rekey} and
 * replace all copies. Rewrapping never makes an envelope stronger.
 *
 * @param envelope - The envelope's bytes.
 * @param options - A present reader's key, and the changes.
 * @returns The envelope with the new list of readers; everything else is byte-identical.
 * @throws {@link EnvelopeMalformed} if the bytes are no envelope of careseal's profile.
 * @throws {@link EnvelopeRecipientNotFound} if `as`, or a reader to remove, is not among the readers.
 * @throws {@link EnvelopeOpenFailed} if the reader's entry does not open.
 * @throws {@link EnvelopeDowngrade} if a classical reader would join a post-quantum envelope.
 * @throws {@link RangeError} if no reader would be left, or more than 1000.
 * @example
 * Sharing with a second reader.
 * ```ts
 * import { open, rewrap, seal } from 'careseal/envelope'
 * import { generateKey, xWing } from 'careseal/keys'
 *
 * const first = await generateKey(xWing)
 * const second = await generateKey(xWing)
 * const envelope = await seal(new Uint8Array([7]), { recipients: [first.publicKey] })
 * const shared = await rewrap(envelope, { as: first, add: [second.publicKey] })
 * console.log((await open(shared, { as: second })).content) // Uint8Array(1) [ 7 ]
 * ```
 */
export async function rewrap(envelope: Uint8Array, options: RewrapOptions): Promise<Uint8Array> {
  const { as, ...changes } = knownOptions(options, ['as', ...changeOptions])
  return rewrapWith(envelope, changes, readerKeys(as))
}

/** Rewraps with keys that were resolved before. */
export async function rewrapWith(
  envelope: Uint8Array,
  options: RewrapChanges,
  readers: readonly ReaderKey[],
  batchKeys?: BatchKeyCache,
): Promise<Uint8Array> {
  const changes = rewrapping(options, batchKeys)
  return rewrapEnvelope(bytesArgument(envelope, 'envelope'), readers, changes)
}

/** The changes that the options ask for. */
export function rewrapping(options: RewrapChanges, batchKeys?: BatchKeyCache): Rewrapping {
  const {
    add = [],
    remove = [],
    allowClassical = false,
    signal,
  } = knownOptions(options, changeOptions)
  throwIfAborted(signal)
  return { add, remove, allowClassical, signal, batchKeys }
}
