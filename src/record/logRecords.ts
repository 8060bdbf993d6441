import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument } from '../internal/bytes.ts'
import { knownOptions } from '../internal/options.ts'
import type { CallOptions } from '../keys/index.ts'
import { issueReceipt } from '../ledger/index.ts'
import type { Log } from '../log/index.ts'

/** Where the log has an entry, and the proof of it. */
export interface LoggedEntry {
  /** Index in the log. */
  readonly index: number
  /** The receipt: proves offline that the log has the entry. */
  readonly receipt: Uint8Array
}

/**
 * Enters sealed records and signed events into a log; their receipts are all of one checkpoint. The log sees 32 random-looking
 * bytes of each. Entering one twice is harmless: both receipts are good.
 *
 * @param items - Sealed records, signed events, or rows with their commitment.
 * @param options - The log.
 * @returns Index and receipt of each item, in order; durable when this resolves.
 * @throws {@link RangeError} if a commitment has not 32 bytes.
 * @throws {@link LogLocked} if another writer took the log over.
 * @throws {@link StoreFailed} if the log's storage failed; log the same items again.
 * @example
 * Logging what was sealed and stored before.
 * ```ts
 * import { logRecords, sealRecord } from 'careseal'
 * import { ed25519, generateIdentity, generateKey } from 'careseal/keys'
 * import { openLog } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const physician = await generateIdentity()
 * const record = await sealRecord('{"resourceType":"Patient"}', {
 *   author: physician,
 *   recipients: [physician.public],
 * })
 * const log = await openLog({
 *   origin: 'hospital.example/log',
 *   signer: await generateKey(ed25519),
 *   store: memoryStore(),
 * })
 * const [entry] = await logRecords([record], { log })
 * console.log(entry?.index) // 1
 * ```
 */
export async function logRecords(
  items: readonly { readonly commitment: Uint8Array }[],
  options: CallOptions & { readonly log: Log },
): Promise<LoggedEntry[]> {
  const { log, signal } = knownOptions(options, ['log', 'signal'])
  throwIfAborted(signal)
  if (typeof log?.append !== 'function') throw new TypeError('log must be a log from openLog')
  if (!Array.isArray(items))
    throw new TypeError('items must be an array of sealed records or events')
  const commitments = items.map(({ commitment }, i) =>
    bytesArgument(commitment, `items[${i}].commitment`, 32).slice(),
  )
  const entries = await log.append(commitments, { signal })
  return Promise.all(
    entries.map(async ({ index }, i) => ({
      index,
      receipt: await issueReceipt(index, { log, commitment: commitments[i]! }),
    })),
  )
}
