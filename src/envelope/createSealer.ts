import { wrapInBatch } from '../internal/envelope/batch.ts'
import { cipherInternals } from '../internal/envelope/cipher.ts'
import { heldOptions } from '../internal/held.ts'
import { knownOptions } from '../internal/options.ts'
import { contentOptions, keyIdsArgument, sealContent, sealerOptions } from './seal.ts'
import type { SealOptions } from './types.ts'

/** What all envelopes of a batch have in common. */
export type SealerOptions = Pick<SealOptions, 'author' | 'authors' | 'keyIds' | 'cipher'>

/** Seals many envelopes for readers who recur. */
export interface Sealer {
  /**
   * Seals one envelope, with a content key of its own. Readers may differ from envelope to envelope.
   *
   * @param content - The bytes to seal, at most 16 MiB.
   * @param options - Readers and details.
   * @returns The envelope.
   */
  seal(content: Uint8Array, options: Omit<SealOptions, keyof SealerOptions>): Promise<Uint8Array>
  /**
   * Ends the batch and wipes its keys as soon as no call is wrapping with them any more. Sealing after it begins a
   * new batch.
   */
  close(): void
}

/**
 * Makes a sealer for a batch: one encapsulation per reader for all envelopes, which is where the time of
 * sealing goes. Everyone can see that the envelopes of a batch belong together; a reader added to one of
 * them later opens no other.
 *
 * @param options - Author and how readers show; the same for the whole batch.
 * @returns The sealer.
 * @throws {@link TypeError} if `keyIds` or `cipher` is unknown.
 * @example
 * A thousand lab values for one physician.
 * ```ts
 * import { createOpener, createSealer } from 'careseal/envelope'
 * import { generateIdentity } from 'careseal/keys'
 *
 * const physician = await generateIdentity()
 * const sealer = createSealer({})
 * const opener = createOpener({ as: physician })
 * for (let i = 0; i < 1000; i++) {
 *   const envelope = await sealer.seal(new Uint8Array([i]), { recipients: [physician.public] })
 *   await opener.open(envelope)
 * }
 * sealer.close()
 * ```
 * @see docs/formats.md §2
 */
export function createSealer(options: SealerOptions = {}): Sealer {
  const { keyIds = 'plain', cipher, ...signing } = heldOptions(options, sealerOptions)
  const { wrap, close } = wrapInBatch(keyIdsArgument(keyIds))
  const internals = cipher === undefined ? undefined : cipherInternals(cipher)
  return {
    seal: (content, details) =>
      sealContent(
        content,
        { ...knownOptions(details, contentOptions), ...signing },
        keyIds,
        wrap,
        internals,
      ),
    close,
  }
}
