/**
 * An append-only log of commitments: tiles, signed checkpoints, proofs, and a reader's view without keys.
 *
 * @module careseal/log
 */
export type { Verified } from '../internal/verified.ts'
export {
  type Checkpoint,
  type CheckpointParts,
  formatCheckpoint,
  parseCheckpoint,
} from './checkpoint.ts'
export {
  type ToCoseReceiptOptions,
  toCoseReceipt,
  type VerifiedCoseReceipt,
  type VerifyCoseReceiptOptions,
  verifyCoseReceipt,
} from './coseReceipt.ts'
export { type CosignOptions, cosign } from './cosign.ts'
export type { KnownHead } from './load.ts'
export type { AppendedEntry, Log, LogReader, ProveInclusionOptions } from './log.ts'
export { formatNote, type Note, type NoteSignature, parseNote } from './note.ts'
export { type OpenLogOptions, openLog } from './openLog.ts'
export { type ParseLogPolicyOptions, parseLogPolicy } from './policy.ts'
export { type ReadLogOptions, readLog } from './readLog.ts'
export { formatTlogProof, parseTlogProof, type TlogProof } from './tlogProof.ts'
export type { ReadStore } from './treeView.ts'
export type {
  LogPolicy,
  NoteVerdict,
  NoteVerifier,
  PolicyLog,
  PolicyWitness,
  VerifiedCheckpoint,
  VerifiedConsistency,
  VerifiedInclusion,
  VerifiedWitness,
} from './types.ts'
export { formatVerifierKey, parseVerifierKey, type VerifierKey } from './verifierKey.ts'
export { type VerifyCheckpointOptions, verifyCheckpoint } from './verifyCheckpoint.ts'
export { type VerifyConsistencyOptions, verifyConsistency } from './verifyConsistency.ts'
export { type VerifyInclusionOptions, verifyInclusion } from './verifyInclusion.ts'
