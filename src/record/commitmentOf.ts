import { idCommitment } from '../internal/record/opening.ts'

/**
 * The commitment that a record or event id stands for: what a log has of it, and what a receipt is verified against.
 *
 * @param id - The id of a record or event.
 * @returns The commitment, 32 bytes.
 * @throws {@link RangeError} if the text is no such id.
 * @example
 * Verifying a receipt with the id of a record and the log's key.
 * ```ts
 * import { commitmentOf, sealRecord, verifyReceipt } from 'careseal'
 * import { ed25519, generateIdentity, generateKey } from 'careseal/keys'
 * import { openLog, parseLogPolicy } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const chen = await generateIdentity()
 * const signer = await generateKey(ed25519)
 * const log = await openLog({ origin: 'hospital.example/log', signer, store: memoryStore() })
 * const options = { author: chen, recipients: [chen.public], log }
 * const { id, receipt } = await sealRecord('{"resourceType":"Patient"}', options)
 *
 * const trust = { logs: parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`) }
 * const verified = await verifyReceipt(receipt, { commitment: commitmentOf(id), trust })
 * console.log(verified.index) // 1
 * ```
 */
export function commitmentOf(id: string): Uint8Array {
  const commitment = idCommitment(id)
  if (commitment === null) throw new RangeError('id must be the id of a record or event')
  return commitment
}
