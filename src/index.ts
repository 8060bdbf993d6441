/**
 * The front door: health records sealed to their readers, entered into a log, shared, opened and proven.
 *
 * @module careseal
 */

export { CaresealError, isCaresealError } from './errors.ts'
export type { Reason } from './internal/reason.ts'
export type { Verified } from './internal/verified.ts'
export { explainReceipt, issueReceipt, verifyReceipt } from './ledger/index.ts'
export { commitmentOf } from './record/commitmentOf.ts'
export { type ErasedRecord, type EraseRecordOptions, eraseRecord } from './record/eraseRecord.ts'
export { explainErasure } from './record/explainErasure.ts'
export { explainRecord } from './record/explainRecord.ts'
export { type LoggedEntry, logRecords } from './record/logRecords.ts'
export { openRecord } from './record/openRecord.ts'
export { openRecordStream } from './record/openRecordStream.ts'
export { sealRecord } from './record/sealRecord.ts'
export { sealRecordStream } from './record/sealRecordStream.ts'
export { type SealedBatch, type SealRecordsOptions, sealRecords } from './record/sealRecords.ts'
export { type SharedRecord, type ShareRecordOptions, shareRecord } from './record/shareRecord.ts'
export type {
  LoggedRecord,
  LoggedRecordStream,
  Manifest,
  OpenedRecord,
  OpenedStream,
  OpenRecordOptions,
  OpenRecordStreamOptions,
  RecordFacts,
  RecordInput,
  SealedRecord,
  SealedRecordStream,
  SealRecordOptions,
  SealRecordStreamOptions,
} from './record/types.ts'
