import { LogCorrupt } from '../errors.ts'
import { bytesArgument } from '../internal/bytes.ts'
import { optionsOf } from '../internal/options.ts'
import type { LogReader } from '../log/index.ts'
import { encodeReceipt } from './format.ts'

/** Options of {@link issueReceipt}. */
export interface IssueReceiptOptions {
  /** The log. */
  readonly log: LogReader
  /** The entry, 32 bytes, where it is at hand: it then is not read again. A wrong one gives a receipt that does not verify. */
  readonly commitment?: Uint8Array | undefined
}

/**
 * Issues the receipt of a log entry: the proof that the log has it, under the log's present checkpoint. It
 * verifies offline, without the log.
 *
 * @param index - Index of the entry, as `append` or `logRecords` returned it.
 * @param options - The log.
 * @returns The receipt, about 0.5 to 1.5 kB.
 * @throws {@link RangeError} if the log has no such entry.
 * @example
 * A receipt for an entry that was logged before.
 * ```ts
 * import { issueReceipt } from 'careseal/ledger'
 * import { ed25519, generateKey } from 'careseal/keys'
 * import { openLog } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const signer = await generateKey(ed25519)
 * const log = await openLog({ origin: 'hospital.example/log', signer, store: memoryStore() })
 * const [entry] = await log.append([new Uint8Array(32)])
 * console.log((await issueReceipt(entry!.index, { log })).length)
 * ```
 * @see docs/formats.md §8
 */
export async function issueReceipt(
  index: number,
  options: IssueReceiptOptions,
): Promise<Uint8Array> {
  const { log, commitment: known } = optionsOf(options)
  const commitment = known === undefined ? null : bytesArgument(known, 'commitment', 32).slice()
  const proof = await log.proveInclusion(index)
  if (commitment !== null) return encodeReceipt({ commitment, proofs: [proof], anchors: [] })
  for await (const entry of log.read(index, index + 1)) {
    return encodeReceipt({ commitment: entry, proofs: [proof], anchors: [] })
  }
  throw new LogCorrupt(
    'The log proves an entry that it cannot read. Restore its files from the last backup.',
  )
}
