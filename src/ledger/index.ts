/**
 * Receipts: proofs that a log has an entry, and who stands behind them.
 *
 * @module careseal/ledger
 */
export type { Verified } from '../internal/verified.ts'
export { explainReceipt } from './explainReceipt.ts'
export { type IssueReceiptOptions, issueReceipt } from './issueReceipt.ts'
export type {
  AnchoredCheckpoint,
  AnchorVerifier,
  TrustPolicy,
  VerifiedAnchor,
  VerifiedReceipt,
  VerifiedWitness,
} from './types.ts'
export { verifyReceipt } from './verifyReceipt.ts'
