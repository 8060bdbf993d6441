import { batchKeyCache } from '../internal/envelope/batchKeys.ts'
import { readerKeys } from '../internal/envelope/reader.ts'
import { knownOptions } from '../internal/options.ts'
import { openContent } from './open.ts'
import { type RewrapChanges, rewrapWith } from './rewrap.ts'
import { rewrapWrapsWith } from './rewrapWraps.ts'
import type { OpenedContent, OpenOptions, Reader } from './types.ts'

/** Opens many envelopes of one reader. */
export interface Opener {
  /**
   * Opens one envelope.
   *
   * @param envelope - The envelope's bytes.
   * @param options - Who vouches for authors, and details.
   * @returns The content and what was verified about it.
   */
  open(envelope: Uint8Array, options?: Omit<OpenOptions, 'as'>): Promise<OpenedContent>
  /**
   * Changes the readers of one envelope.
   *
   * @param envelope - The envelope's bytes.
   * @param changes - Readers to add and to remove.
   * @returns The envelope with the new list of readers.
   */
  rewrap(envelope: Uint8Array, changes: RewrapChanges): Promise<Uint8Array>
  /**
   * Changes the readers of one envelope with its detached wraps alone.
   *
   * @param wraps - The wraps, from `detachWraps`.
   * @param changes - Readers to add and to remove.
   * @returns The wraps with the new list of readers.
   */
  rewrapWraps(wraps: Uint8Array, changes: RewrapChanges): Promise<Uint8Array>
  /** Wipes the batch keys that were kept. The opener stays usable and begins to keep keys anew. */
  close(): void
}

/**
 * Makes an opener for many envelopes of one reader: it keeps the batch keys that it has unwrapped, so that a
 * batch costs one decapsulation. Until {@link Opener.close} it opens their envelopes even where the reader's key
 * was destroyed meanwhile.
 *
 * @param options - Whose key opens.
 * @returns The opener.
 * @throws {@link TypeError} if `as` is no reader.
 * @example
 * Moving a batch to a rotated key.
 * ```ts
 * import { createOpener, createSealer } from 'careseal/envelope'
 * import { createKeyRing, generateKey, rotateKey, xWing } from 'careseal/keys'
 *
 * const ring = createKeyRing(await generateKey(xWing))
 * const sealer = createSealer()
 * const envelope = await sealer.seal(new Uint8Array([7]), { recipients: [ring.publicKey] })
 * const next = rotateKey(ring, await generateKey(xWing))
 * const opener = createOpener({ as: next })
 * const moved = await opener.rewrap(envelope, { add: [next.publicKey], remove: [ring.publicKey] })
 * console.log((await opener.open(moved)).content) // Uint8Array(1) [ 7 ]
 * ```
 */
export function createOpener(options: { readonly as: Reader }): Opener {
  const readers = readerKeys(knownOptions(options, ['as']).as)
  let batchKeys = batchKeyCache()
  return {
    open: (envelope, details = {}) => openContent(envelope, details, readers, batchKeys),
    rewrap: (envelope, changes) => rewrapWith(envelope, changes, readers, batchKeys),
    rewrapWraps: (wraps, changes) => rewrapWrapsWith(wraps, changes, readers, batchKeys),
    close() {
      batchKeys.close()
      batchKeys = batchKeyCache()
    },
  }
}
