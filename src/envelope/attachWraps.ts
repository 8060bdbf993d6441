import { bytesArgument } from '../internal/bytes.ts'
import { joinParts } from '../internal/cose/detached.ts'

/**
 * Puts a body and its wraps together. For an envelope that careseal wrote the result is what `detachWraps` was
 * given, byte for byte; one that came in another valid CBOR encoding comes back in the deterministic one and opens
 * alike. Nothing is opened or verified but that both parts name the same headers. Which ciphertext belongs to them shows when
 * the result is opened, by its tag; a reader, who has the key, can make another body for the same wraps, and what tells
 * the two apart is the author's signature.
 *
 * @param body - The body.
 * @param wraps - The wraps of this body.
 * @returns The envelope.
 * @throws {@link EnvelopeMalformed} if one of them is not what `detachWraps` and `rewrapWraps` give.
 * @throws {@link EnvelopeMismatch} if the wraps are those of another body, or of the same envelope before or after
 * a rekey.
 * @throws {@link TypeError} if an argument is no Uint8Array.
 * @example
 * Wraps of another envelope.
 * ```ts
 * import { attachWraps, detachWraps, seal } from 'careseal/envelope'
 * import { isCaresealError } from 'careseal/errors'
 * import { generateKey, xWing } from 'careseal/keys'
 *
 * const recipients = [(await generateKey(xWing)).publicKey]
 * const one = detachWraps(await seal(new Uint8Array([1]), { recipients }))
 * const two = detachWraps(await seal(new Uint8Array([2]), { recipients }))
 * try {
 *   attachWraps(one.body, two.wraps)
 * } catch (error) {
 *   console.log(isCaresealError(error, 'ERR_ENVELOPE_MISMATCH')) // true
 * }
 * ```
 * @see docs/formats.md §2
 */
export function attachWraps(body: Uint8Array, wraps: Uint8Array): Uint8Array {
  return joinParts(bytesArgument(body, 'body'), bytesArgument(wraps, 'wraps'))
}
