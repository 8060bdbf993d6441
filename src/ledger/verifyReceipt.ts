import { ReceiptInvalid } from '../errors.ts'
import { bytesArgument, equalBytes } from '../internal/bytes.ts'
import { heldOptions } from '../internal/held.ts'
import { knownOptions } from '../internal/options.ts'
import { markVerified } from '../internal/verified.ts'
import type { VerifiedInclusion } from '../log/index.ts'
import {
  anchoredBefore,
  checkAnchors,
  checkWitnesses,
  earliest,
  inclusionOf,
  oneEntry,
  verifyAnchors,
} from './evaluate.ts'
import { decodeReceipt } from './format.ts'
import type { TrustPolicy, VerifiedReceipt } from './types.ts'

const trustNames = ['logs', 'anchors', 'minimumAnchors', 'minimumWitnesses', 'at'] as const

/**
 * Verifies a receipt offline: that the log has the commitment, that nobody named in the policy signed falsely,
 * and that witnesses and ledgers stand behind it as the policy demands.
 *
 * @param receipt - The receipt's bytes.
 * @param options - The commitment it should prove, and whom it must convince.
 * @returns What it proves.
 * @throws {@link ReceiptMalformed} if the bytes are no receipt.
 * @throws {@link ReceiptInvalid} if it is for another commitment, or a proof or signature in it is false.
 * @throws {@link TrustInsufficient} if it is genuine but does not meet the policy.
 * @throws {@link LedgerConflict} if it shows two roots for one size: two histories of one log.
 * @throws {@link TypeError} if an argument has the wrong type.
 * @throws {@link RangeError} if `commitment` has not 32 bytes.
 * @example
 * Verifying with nothing but the receipt and the log's public key.
 * ```ts
 * import { explainReceipt, issueReceipt, verifyReceipt } from 'careseal/ledger'
 * import { ed25519, generateKey } from 'careseal/keys'
 * import { openLog, parseLogPolicy } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const signer = await generateKey(ed25519)
 * const log = await openLog({ origin: 'hospital.example/log', signer, store: memoryStore() })
 * const commitment = new Uint8Array(32).fill(7)
 * const [entry] = await log.append([commitment])
 * const receipt = await issueReceipt(entry!.index, { log })
 * const trust = { logs: parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`) }
 * console.log(explainReceipt(await verifyReceipt(receipt, { commitment, trust })))
 * ```
 * @see docs/formats.md §8
 */
export async function verifyReceipt(
  receipt: Uint8Array,
  options: { readonly commitment: Uint8Array; readonly trust: TrustPolicy },
): Promise<VerifiedReceipt> {
  const given = knownOptions(options, ['commitment', 'trust'])
  const expected = bytesArgument(given.commitment, 'commitment', 32).slice()
  if (typeof given.trust !== 'object' || given.trust === null) {
    throw new TypeError('trust must be a trust policy')
  }
  const trust = heldOptions(given.trust, trustNames)
  const parts = decodeReceipt(bytesArgument(receipt, 'receipt'))
  if (!equalBytes(parts.commitment, expected)) {
    throw new ReceiptInvalid('The receipt is for another entry than this commitment.')
  }
  const inclusions: VerifiedInclusion[] = []
  for (const proof of parts.proofs) {
    inclusions.push(await inclusionOf(proof, expected, trust.logs))
  }
  const largest = oneEntry(inclusions)
  const { anchors, unchecked } = await verifyAnchors(parts.anchors, inclusions, trust)
  const witnessed = checkWitnesses(inclusions, trust)
  checkAnchors(anchors, trust)
  const assurance = assuranceOf(witnessed !== null, anchors.length > 0)
  const existedBefore = earliest([witnessed?.quorumAt ?? null, anchoredBefore(anchors, trust)])
  const { origin, index, size } = largest
  const witnesses = (witnessed ?? largest).witnesses
  const result = { origin, index, size, assurance, existedBefore, witnesses, anchors, unchecked }
  return markVerified('receipt', result)
}

function assuranceOf(witnessed: boolean, anchored: boolean): VerifiedReceipt['assurance'] {
  if (witnessed) return anchored ? 'witnessed+anchored' : 'witnessed'
  return anchored ? 'anchored' : 'log-only'
}
