import { bytesArgument } from '../internal/bytes.ts'
import { encodeBody, encodeWraps } from '../internal/cose/detached.ts'
import { parseEncrypt } from '../internal/cose/encrypt.ts'

/** An envelope in two parts. */
export interface DetachedEnvelope {
  /** Headers and ciphertext: never changes but by a rekey, and opens for nobody by itself. */
  readonly body: Uint8Array
  /** The readers' entries: a few hundred bytes to some kilobytes that can be overwritten, and destroyed. */
  readonly wraps: Uint8Array
}

/**
 * Takes an envelope apart, so that its body can lie in immutable or content-addressed storage while the wraps, the
 * readers' entries, stay where they can be destroyed. A body whose wraps are gone, all copies of them, opens for
 * nobody. Nothing is opened or verified here.
 *
 * @param envelope - The bytes of an envelope or a record.
 * @returns Its body and its wraps; `attachWraps` puts them together again.
 * @throws {@link EnvelopeMalformed} if the bytes are no envelope of careseal's profile.
 * @throws {@link TypeError} if `envelope` is no Uint8Array.
 * @example
 * The body stays, a reader joins.
 * ```ts
 * import { attachWraps, detachWraps, open, rewrapWraps, seal } from 'careseal/envelope'
 * import { generateKey, xWing } from 'careseal/keys'
 *
 * const chen = await generateKey(xWing)
 * const okafor = await generateKey(xWing)
 * const envelope = await seal(new Uint8Array([7]), { recipients: [chen.publicKey] })
 * const { body, wraps } = detachWraps(envelope)
 * const shared = await rewrapWraps(wraps, { as: chen, add: [okafor.publicKey] })
 * console.log((await open(attachWraps(body, shared), { as: okafor })).content) // Uint8Array(1) [ 7 ]
 * ```
 * @see docs/formats.md §2
 */
export function detachWraps(envelope: Uint8Array): DetachedEnvelope {
  const bytes = bytesArgument(envelope, 'envelope')
  const parsed = parseEncrypt(bytes, { profile: 'careseal', anyIv: false })
  return { body: encodeBody(parsed), wraps: encodeWraps(parsed, parsed.recipients) }
}
