import { encodeCbor } from '../internal/cbor/index.ts'
import { sign } from '../internal/cose/signed.ts'
import { sha256 } from '../internal/engine/hash.ts'
import { signerOf } from '../internal/envelope/signers.ts'
import { optionsOf } from '../internal/options.ts'
import { randomBytes } from '../internal/random.ts'
import { commitmentId, openingHash } from '../internal/record/opening.ts'
import { headerEventSalt } from '../internal/registry.ts'
import { toSeconds } from '../internal/time.ts'
import { encodePayload, kindOf } from './payload.ts'
import type { CareEvent, SignEventOptions, SignedEvent } from './types.ts'

/**
 * Signs an event. Its commitment can be logged beside those of records: without the event's bytes nobody can
 * tell what it is, or about whom.
 *
 * @param event - The event, a plain object.
 * @param options - Who signs, and when.
 * @returns The signed event: store its bytes, log its commitment with `logRecords`.
 * @throws {@link TypeError} if the type of the event is unknown.
 * @throws {@link RangeError} if a reference is no id or a list is empty.
 * @throws {@link KeyUnavailable} if the author's key did not answer.
 * @example
 * The event of passing a record on; `shareRecord` signs it by itself.
 * ```ts
 * import { sealRecord } from 'careseal'
 * import { signEvent } from 'careseal/consent'
 * import { generateIdentity } from 'careseal/keys'
 *
 * const chen = await generateIdentity()
 * const { id } = await sealRecord('{"resourceType":"Patient"}', {
 *   author: chen,
 *   recipients: [chen.public],
 * })
 * const recipients = [chen.public.encryption.id]
 * const event = await signEvent({ type: 'share', record: id, recipients }, { author: chen })
 * console.log(event.commitment.length) // 32
 * ```
 * @see docs/formats.md §3
 */
export async function signEvent(event: CareEvent, options: SignEventOptions): Promise<SignedEvent> {
  const { author, now = new Date(), signal } = optionsOf(options)
  const signer = signerOf(author, 'author')
  const payload = encodePayload(event, toSeconds(now, 'now'))
  const { type } = event
  const salt = randomBytes(32)
  const headers = new Map([[headerEventSalt, salt]])
  const bytes = encodeCbor(await sign([signer], { kind: kindOf(type), headers, payload }, signal))
  const commitment = eventCommitment(type, signer.publicKey.id, bytes, salt)
  return { id: commitmentId(commitment), commitment, bytes }
}

/** The commitment of an event: its opening over the whole signed object (docs/formats.md §3). */
export function eventCommitment(
  eventType: string,
  author: Uint8Array,
  bytes: Uint8Array,
  salt: Uint8Array,
): Uint8Array {
  return openingHash({
    eventType,
    authors: [author],
    canonicalization: 'raw',
    hash: 'sha-256',
    digest: sha256(bytes),
    headHash: null,
    salt,
  })
}
