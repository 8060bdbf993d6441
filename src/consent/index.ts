/**
 * Signed events about records: who did what, with whose leave. This version has `share`.
 *
 * @module careseal/consent
 */
export type { Verified } from '../internal/verified.ts'
export { signEvent } from './signEvent.ts'
export type {
  CareEvent,
  ShareEvent,
  SignEventOptions,
  SignedEvent,
  VerifiedEvent,
  VerifyEventOptions,
} from './types.ts'
export { verifyEvent } from './verifyEvent.ts'
