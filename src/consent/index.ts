/**
 * Signed events about records: who did what, with whose leave. This version has
 * `share` and `erasure`.
 *
 * @module careseal/consent
 */
export type { Verified } from '../internal/verified.ts'
export { signEvent } from './signEvent.ts'
export type {
  CareEvent,
  CopyKind,
  DestroyedCopy,
  ErasureEvent,
  EventOf,
  RemainingCopy,
  ShareEvent,
  SignEventOptions,
  SignedEvent,
  VerifiedEvent,
  VerifyEventOptions,
} from './types.ts'
export { verifyEvent } from './verifyEvent.ts'
