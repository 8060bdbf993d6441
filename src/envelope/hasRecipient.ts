import { bytesArgument } from '../internal/bytes.ts'
import { parseEncrypt } from '../internal/cose/encrypt.ts'
import { entryFinder } from '../internal/envelope/entries.ts'
import { recipientKey } from '../internal/envelope/recipients.ts'
import type { Recipient } from './types.ts'

/**
 * Tells whether an envelope has an entry under a recipient's key id, or under its hint. It takes no private key and
 * decrypts nothing, so that who moves millions of envelopes to another key sees which are moved already.
 *
 * The list of recipients is not authentic: whether the entry opens, only opening tells. Entries without a key id
 * (`keyIds: 'none'`) are nobody's here.
 *
 * @param envelope - The envelope's bytes.
 * @param recipient - A public key, or an identity, of which the encryption key counts.
 * @returns Whether there is such an entry.
 * @throws {@link EnvelopeMalformed} if the bytes are no envelope of careseal's profile.
 * @throws {@link TypeError} if `recipient` is none.
 * @example
 * Moving what is not moved yet.
 * ```ts
 * import { hasRecipient, rewrap, seal } from 'careseal/envelope'
 * import { createKeyRing, generateKey, rotateKey, xWing } from 'careseal/keys'
 *
 * const old = await generateKey(xWing)
 * const ring = rotateKey(createKeyRing(old), await generateKey(xWing))
 * let envelope = await seal(new Uint8Array([7]), { recipients: [old.publicKey], keyIds: 'hint' })
 * for (let run = 0; run < 2; run++) {
 *   if (!hasRecipient(envelope, old.publicKey)) continue // moved already
 *   envelope = await rewrap(envelope, { as: ring, add: [ring.publicKey], remove: [old.publicKey] })
 * }
 * console.log(hasRecipient(envelope, ring.publicKey)) // true
 * ```
 */
export function hasRecipient(envelope: Uint8Array, recipient: Recipient): boolean {
  const bytes = bytesArgument(envelope, 'envelope')
  // Judged by no date: who has left still has entries.
  const { id } = recipientKey(recipient, 'recipient', new Date(0))
  return entryFinder(parseEncrypt(bytes, { profile: 'careseal', anyIv: false }))(id).length > 0
}
