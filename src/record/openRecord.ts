import { RecordMalformed } from '../errors.ts'
import { wipe } from '../internal/bytes.ts'
import { knownOptions } from '../internal/options.ts'
import { markVerified } from '../internal/verified.ts'
import type { OpenedRecord, OpenRecordOptions } from './types.ts'
import { openRecordOptions, verifyRecord } from './verifyRecord.ts'

/**
 * Opens a record and verifies all of it: the envelope's key commitment and tag, that content, manifest and
 * commitment fit together, the signatures of all authors against the directory, and with `proof` that a log
 * has it.
 *
 * @param envelope - The envelope's bytes.
 * @param options - Whose key opens, who vouches for authors, and the proof to check.
 * @returns The content and what was verified about it.
 * @throws {@link EnvelopeMalformed} if the bytes are no envelope of careseal's profile.
 * @throws {@link EnvelopeRecipientNotFound} if the reader is not among the readers.
 * @throws {@link EnvelopeOpenFailed} if it does not open: changed bytes, another key, a false signature.
 * @throws {@link EnvelopeAuthorUntrusted} if the directory lacks an author, or does not vouch for that time.
 * @throws {@link EnvelopeSecurity} if it is weaker than `minimumSecurity`.
 * @throws {@link EnvelopeSignatureMissing} if an author has not signed with all of `requiredSignatures`.
 * @throws {@link RecordMalformed} if the envelope holds no record of this version, or one with a stream.
 * @throws {@link RecordInvalid} if content and manifest do not fit, or the canonicalization is not at hand.
 * @throws {@link ReceiptMalformed} if the receipt is none.
 * @throws {@link ReceiptInvalid} if the receipt proves something else, or nothing.
 * @throws {@link TrustInsufficient} if the receipt does not meet the trust policy.
 * @throws {@link LedgerConflict} if the receipt shows two histories of one log.
 * @throws {@link KeyUnavailable} if the key's home did not answer; retry.
 * @throws {@link KeyDisabled} if the reader's ring holds the key as disabled or destroyed.
 * @throws {@link TypeError} if an argument has the wrong type.
 * @throws {@link RangeError} if `requiredSignatures` is empty.
 * @example
 * Opening with the proof that the log has it.
 * ```ts
 * import { openRecord, sealRecord } from 'careseal'
 * import { ed25519, generateIdentity, generateKey, keyDirectory } from 'careseal/keys'
 * import { openLog, parseLogPolicy } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const physician = await generateIdentity()
 * const signer = await generateKey(ed25519)
 * const log = await openLog({ origin: 'hospital.example/log', signer, store: memoryStore() })
 * const sealed = await sealRecord('{"resourceType":"Patient"}', {
 *   author: physician,
 *   recipients: [physician.public],
 *   log,
 * })
 * const trust = { logs: parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`) }
 * const opened = await openRecord(sealed.envelope, {
 *   as: physician,
 *   authors: keyDirectory([physician.public]),
 *   proof: { receipt: sealed.receipt, trust },
 * })
 * console.log(opened.logged?.index) // 1
 * ```
 * @example
 * Demanding the two signatures of one person.
 * ```ts
 * import { openRecord, sealRecord } from 'careseal'
 * import { ed25519, generateIdentity, generateKey, keyDirectory, mlDsa65 } from 'careseal/keys'
 *
 * const chen = await generateIdentity()
 * const second = await generateKey(mlDsa65)
 * const { envelope } = await sealRecord('{"resourceType":"Patient"}', {
 *   authors: [chen, second],
 *   recipients: [chen.public],
 * })
 * const opened = await openRecord(envelope, {
 *   as: chen,
 *   authors: keyDirectory([
 *     { identity: chen.public, name: 'Dr Chen' },
 *     { identity: chen.public, key: second.publicKey, name: 'Dr Chen' },
 *   ]),
 *   requiredSignatures: [ed25519, mlDsa65],
 * })
 * console.log(opened.authors.map(({ name }) => name).join()) // Dr Chen,Dr Chen
 * ```
 * @see docs/formats.md §4
 */
export async function openRecord(
  envelope: Uint8Array,
  options: OpenRecordOptions,
): Promise<OpenedRecord> {
  const own = knownOptions(options, openRecordOptions)
  const { facts, record } = await verifyRecord(envelope, own)
  if (record.content === null) {
    wipe(record.fields.stream?.contentKey)
    throw new RecordMalformed(
      'The content of this record is a stream: open it with openRecordStream',
    )
  }
  return markVerified('record', { ...facts, content: record.content })
}
