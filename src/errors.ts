/**
 * Every error that careseal throws at untrusted input or at the outside world.
 *
 * Programmer mistakes (a wrong type, a length that no input could repair) are native `TypeError` and
 * `RangeError` and name the argument. Everything else is a {@link CaresealError}: one subclass per
 * case that a caller treats differently, each with a stable `code`. Messages name the remedy and
 * never carry key bytes or content.
 *
 * @module careseal/errors
 */

/** The stable codes of all errors of this package. */
export type CaresealErrorCode =
  | 'ERR_ALGORITHM_UNSUPPORTED'
  | 'ERR_CONTENT_TOO_LARGE'
  | 'ERR_ENVELOPE_AUTHOR_UNTRUSTED'
  | 'ERR_ENVELOPE_DOWNGRADE'
  | 'ERR_ENVELOPE_MALFORMED'
  | 'ERR_ENVELOPE_MISMATCH'
  | 'ERR_ENVELOPE_OPEN_FAILED'
  | 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND'
  | 'ERR_ENVELOPE_SECURITY'
  | 'ERR_ENVELOPE_SIGNATURE_MISSING'
  | 'ERR_EVENT_INVALID'
  | 'ERR_EVENT_MALFORMED'
  | 'ERR_FHIR_LOSSY'
  | 'ERR_FHIR_MALFORMED'
  | 'ERR_FHIR_REFUSED'
  | 'ERR_IDENTITY_INVALID'
  | 'ERR_KEY_DISABLED'
  | 'ERR_KEY_ELSEWHERE'
  | 'ERR_KEY_LOCKED'
  | 'ERR_KEY_MALFORMED'
  | 'ERR_KEY_UNAVAILABLE'
  | 'ERR_LEDGER_CONFLICT'
  | 'ERR_LOG_BEHIND'
  | 'ERR_LOG_CLOSED'
  | 'ERR_LOG_CORRUPT'
  | 'ERR_LOG_LOCKED'
  | 'ERR_POLICY_MALFORMED'
  | 'ERR_PROOF_INVALID'
  | 'ERR_PROOF_MALFORMED'
  | 'ERR_RANDOM_UNAVAILABLE'
  | 'ERR_RECEIPT_INVALID'
  | 'ERR_RECEIPT_MALFORMED'
  | 'ERR_RECORD_INVALID'
  | 'ERR_RECORD_MALFORMED'
  | 'ERR_STORE_FAILED'
  | 'ERR_STREAM_TRUNCATED'
  | 'ERR_TRUST_INSUFFICIENT'

/** Extra facts of an error. */
export interface CaresealErrorOptions {
  /** What went wrong below; never set where it could tell an attacker why an opening failed. */
  readonly cause?: unknown
  /** Whether the same call may succeed later without a change. */
  readonly retryable?: boolean
}

const brand = 'careseal.error'

/**
 * The base of all errors of this package. Use {@link isCaresealError} to recognise one: it also works
 * where two copies of the package are loaded.
 */
export abstract class CaresealError extends Error {
  /** The stable, documented code. */
  abstract readonly code: CaresealErrorCode
  /** The literal name of the class; survives minifiers. */
  abstract override readonly name: string
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean

  /**
   * @param message - What happened and what to do about it; no key bytes, no content.
   * @param options - Cause and whether a retry makes sense.
   */
  constructor(message: string, options: CaresealErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.retryable = options.retryable ?? false
    // Without a prototype: a getter that somebody put on Object.prototype would make it throw.
    const descriptor = Object.assign(Object.create(null), { value: true })
    Object.defineProperty(this, Symbol.for(brand), descriptor)
  }
}

/**
 * Tells whether a caught value is an error of this package, across copies of the package and realms.
 *
 * @param value - Anything that was caught.
 * @param code - Only this code counts, when given.
 * @returns Whether `value` is such an error.
 * @example
 * Telling "not for me" from "damaged".
 * ```ts
 * import { open } from 'careseal/envelope'
 * import { isCaresealError } from 'careseal/errors'
 * import { generateKey, xWing } from 'careseal/keys'
 *
 * const key = await generateKey(xWing)
 * try {
 *   await open(new Uint8Array([0xa0]), { as: key })
 * } catch (error) {
 *   if (!isCaresealError(error, 'ERR_ENVELOPE_MALFORMED')) throw error
 *   console.log('not an envelope')
 * }
 * ```
 */
export function isCaresealError<C extends CaresealErrorCode>(
  value: unknown,
  code?: C,
): value is CaresealError & {
  /** The code that was asked for. */
  readonly code: C
} {
  if (typeof value !== 'object' || value === null) return false
  const error = value as { [key: symbol]: unknown; code?: unknown }
  return error[Symbol.for(brand)] === true && (code === undefined || error.code === code)
}

/** Where in untrusted bytes or text something was wrong. */
export interface MalformedAt extends CaresealErrorOptions {
  /** Byte offset in the input, where one is known. */
  readonly offset?: number | undefined
}

/** Untrusted bytes that are not what they should be. */
abstract class Malformed extends CaresealError {
  /** Byte offset in the input, or `null` where none is known. */
  readonly offset: number | null

  /**
   * @param message - What is wrong, without the offending value.
   * @param at - Byte offset in the input, where one is known.
   */
  constructor(message: string, at: MalformedAt = {}) {
    super(at.offset === undefined ? message : `${message} (at byte ${at.offset})`, at)
    this.offset = at.offset ?? null
  }
}

/** An algorithm that was not accepted here; the message names the constant to import. */
export class AlgorithmUnsupported extends CaresealError {
  override readonly name = 'AlgorithmUnsupported'
  override readonly code = 'ERR_ALGORITHM_UNSUPPORTED'
}

/** More content than one sealed message may hold; the message names the way for large content. */
export class ContentTooLarge extends CaresealError {
  override readonly name = 'ContentTooLarge'
  override readonly code = 'ERR_CONTENT_TOO_LARGE'
}

/** No cryptographically secure random number generator. There is no fallback. */
export class RandomUnavailable extends CaresealError {
  override readonly name = 'RandomUnavailable'
  override readonly code = 'ERR_RANDOM_UNAVAILABLE'

  constructor() {
    super(
      'No secure random numbers: globalThis.crypto.getRandomValues is missing. On React Native import a polyfill such as react-native-get-random-values first.',
    )
  }
}

/** Bytes or text that are no valid key or key encoding. */
export class KeyMalformed extends Malformed {
  override readonly name = 'KeyMalformed'
  override readonly code = 'ERR_KEY_MALFORMED'
}

/** A key that could not be used right now (a silent HSM, a KMS out of reach). Retry. */
export class KeyUnavailable extends CaresealError {
  override readonly name = 'KeyUnavailable'
  override readonly code = 'ERR_KEY_UNAVAILABLE'

  /**
   * @param message - Which operation failed.
   * @param cause - What the key's home reported.
   */
  constructor(message: string, cause?: unknown) {
    super(message, { cause, retryable: true })
  }
}

/** A key that its ring holds as disabled or destroyed, or that was destroyed in this process. */
export class KeyDisabled extends CaresealError {
  override readonly name = 'KeyDisabled'
  override readonly code = 'ERR_KEY_DISABLED'
  /** A disabled key can be enabled again; a destroyed one is gone. */
  readonly status: 'disabled' | 'destroyed'

  /**
   * @param message - Which key, and what to do.
   * @param status - Whether the key can come back.
   */
  constructor(message: string, status: 'disabled' | 'destroyed' = 'destroyed') {
    super(message)
    this.status = status
  }
}

/** Private keys that an exported identity names but does not hold: they live in an HSM, a KMS, a platform's key store. */
export class KeyElsewhere extends CaresealError {
  override readonly name = 'KeyElsewhere'
  override readonly code = 'ERR_KEY_ELSEWHERE'
  /** The ids of the missing keys, 32 bytes each. */
  readonly keyIds: readonly Uint8Array[]

  /**
   * @param message - Which kind of key is missing, and how to pass it.
   * @param keyIds - The ids of the missing keys.
   */
  constructor(message: string, keyIds: readonly Uint8Array[]) {
    super(message)
    this.keyIds = keyIds
  }
}

/**
 * A wrapped key or an exported identity that did not open. One message for every reason (another passphrase,
 * another secret, changed bytes, a second key), so that nobody can learn from the difference.
 */
export class KeyLocked extends CaresealError {
  override readonly name = 'KeyLocked'
  override readonly code = 'ERR_KEY_LOCKED'

  constructor() {
    super(
      'This did not unlock: it was protected with another passphrase, secret or KMS key, or it was changed. Check what you entered, try another of its wrappers, or fetch it again from its backup.',
    )
  }
}

/** An identity card that does not verify, has expired, or contradicts another one. */
export class IdentityInvalid extends CaresealError {
  override readonly name = 'IdentityInvalid'
  override readonly code = 'ERR_IDENTITY_INVALID'
}

/** Bytes that are no envelope of the expected profile. */
export class EnvelopeMalformed extends Malformed {
  override readonly name = 'EnvelopeMalformed'
  override readonly code = 'ERR_ENVELOPE_MALFORMED'
}

/** A body and wraps that are not of one envelope, or of one version of it. */
export class EnvelopeMismatch extends CaresealError {
  override readonly name = 'EnvelopeMismatch'
  override readonly code = 'ERR_ENVELOPE_MISMATCH'

  constructor() {
    super(
      'These wraps do not belong to this body. Fetch both again; after a rekey take body and wraps of the same version.',
    )
  }
}

/**
 * An envelope that did not open. One message for every reason (wrong key, changed bytes, bad tag, bad
 * padding, a second content key), so that nobody can learn from the difference.
 */
export class EnvelopeOpenFailed extends CaresealError {
  override readonly name = 'EnvelopeOpenFailed'
  override readonly code = 'ERR_ENVELOPE_OPEN_FAILED'

  constructor() {
    super(
      'The envelope did not open: it was changed, or it was not sealed to this key. Fetch it again from where it is stored, or ask a reader to share it with you.',
    )
  }
}

/** No entry for this reader in the clear part of the envelope. */
export class EnvelopeRecipientNotFound extends CaresealError {
  override readonly name = 'EnvelopeRecipientNotFound'
  override readonly code = 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND'

  /** @param message - A more exact message, where there is one. */
  constructor(
    message = 'This key is not among the readers of the envelope. Ask one of its readers to share it with you.',
  ) {
    super(message)
  }
}

/** Signed content whose author nobody vouched for. */
export class EnvelopeAuthorUntrusted extends CaresealError {
  override readonly name = 'EnvelopeAuthorUntrusted'
  override readonly code = 'ERR_ENVELOPE_AUTHOR_UNTRUSTED'
}

/** A classical reader would weaken a post-quantum envelope. */
export class EnvelopeDowngrade extends CaresealError {
  override readonly name = 'EnvelopeDowngrade'
  override readonly code = 'ERR_ENVELOPE_DOWNGRADE'

  constructor() {
    super(
      'A classical recipient would weaken this post-quantum envelope. Ask for a post-quantum key, or pass { allowClassical: true } if that is what you want.',
    )
  }
}

/** The envelope is weaker than the caller's `minimumSecurity`. */
export class EnvelopeSecurity extends CaresealError {
  override readonly name = 'EnvelopeSecurity'
  override readonly code = 'ERR_ENVELOPE_SECURITY'
}

/** An author has not signed with every algorithm that the caller's `requiredSignatures` demands. */
export class EnvelopeSignatureMissing extends CaresealError {
  override readonly name = 'EnvelopeSignatureMissing'
  override readonly code = 'ERR_ENVELOPE_SIGNATURE_MISSING'
  /** Names of the algorithms that an author has not signed with, such as `ML-DSA-65`. */
  readonly missing: readonly string[]

  /**
   * @param message - Which algorithms are missing, and the remedy.
   * @param missing - Their names.
   */
  constructor(message: string, missing: readonly string[]) {
    super(message)
    this.missing = missing
  }
}

/** Bytes that are no event. */
export class EventMalformed extends Malformed {
  override readonly name = 'EventMalformed'
  override readonly code = 'ERR_EVENT_MALFORMED'
}

/** An event that does not verify. */
export class EventInvalid extends CaresealError {
  override readonly name = 'EventInvalid'
  override readonly code = 'ERR_EVENT_INVALID'
}

/** A place in FHIR content. */
export interface FhirAt extends MalformedAt {
  /** FHIR element path, such as `Bundle.entry[3].resource.valueQuantity.value`. */
  readonly path?: string | undefined
}

/** Bytes that are no JSON, or JSON that no two readers need understand alike. */
export class FhirMalformed extends Malformed {
  override readonly name = 'FhirMalformed'
  override readonly code = 'ERR_FHIR_MALFORMED'
  /** FHIR element path of the place, or `null` where none is known. */
  readonly path: string | null

  /**
   * @param message - What is wrong, without the offending value.
   * @param at - Byte offset and element path, where they are known.
   */
  constructor(message: string, at: FhirAt = {}) {
    super(at.path === undefined ? message : `${message} in ${at.path}`, at)
    this.path = at.path ?? null
  }
}

/** Well-formed content that the chosen canonicalization does not admit. */
export class FhirRefused extends CaresealError {
  override readonly name = 'FhirRefused'
  override readonly code = 'ERR_FHIR_REFUSED'
  /** Byte offset in the input, or `null` where none is known. */
  readonly offset: number | null
  /** FHIR element path of the place, or `null` where none is known. */
  readonly path: string | null

  /**
   * @param message - What is not admitted, without the offending value.
   * @param at - Byte offset and element path, where they are known.
   */
  constructor(message: string, at: FhirAt = {}) {
    super(at.path === undefined ? message : `${message} in ${at.path}`, at)
    this.offset = at.offset ?? null
    this.path = at.path ?? null
  }
}

/** A canonicalization that would lose something, in strict mode. */
export class FhirLossy extends CaresealError {
  override readonly name = 'FhirLossy'
  override readonly code = 'ERR_FHIR_LOSSY'
}

/** Two different roots for one size of one log: somebody shows different histories. Raise an alarm. */
export class LedgerConflict extends CaresealError {
  override readonly name = 'LedgerConflict'
  override readonly code = 'ERR_LEDGER_CONFLICT'
}

/** The log is behind what is known elsewhere: a backup was restored, or entries were cut off. */
export class LogBehind extends CaresealError {
  override readonly name = 'LogBehind'
  override readonly code = 'ERR_LOG_BEHIND'
}

/** The log was closed before this call. */
export class LogClosed extends CaresealError {
  override readonly name = 'LogClosed'
  override readonly code = 'ERR_LOG_CLOSED'

  constructor() {
    super('The log is closed. Open it again with openLog.')
  }
}

/** The stored log contradicts itself or its signature. */
export class LogCorrupt extends CaresealError {
  override readonly name = 'LogCorrupt'
  override readonly code = 'ERR_LOG_CORRUPT'
}

/** Another writer holds the log. */
export class LogLocked extends CaresealError {
  override readonly name = 'LogLocked'
  override readonly code = 'ERR_LOG_LOCKED'

  /** @param message - Who holds it, where that is known. */
  constructor(message: string) {
    super(message, { retryable: true })
  }
}

/** A log policy text that does not parse. */
export class PolicyMalformed extends CaresealError {
  override readonly name = 'PolicyMalformed'
  override readonly code = 'ERR_POLICY_MALFORMED'
}

/** A checkpoint, proof or note that does not parse. */
export class ProofMalformed extends CaresealError {
  override readonly name = 'ProofMalformed'
  override readonly code = 'ERR_PROOF_MALFORMED'
}

/** A checkpoint or proof that does not verify. */
export class ProofInvalid extends CaresealError {
  override readonly name = 'ProofInvalid'
  override readonly code = 'ERR_PROOF_INVALID'
}

/** Bytes that are no receipt. */
export class ReceiptMalformed extends Malformed {
  override readonly name = 'ReceiptMalformed'
  override readonly code = 'ERR_RECEIPT_MALFORMED'
}

/** A receipt that does not prove what it should. */
export class ReceiptInvalid extends CaresealError {
  override readonly name = 'ReceiptInvalid'
  override readonly code = 'ERR_RECEIPT_INVALID'
}

/** A sealed message that holds no record of this format. */
export class RecordMalformed extends Malformed {
  override readonly name = 'RecordMalformed'
  override readonly code = 'ERR_RECORD_MALFORMED'
}

/** A record whose parts do not fit together: content, manifest, signature. */
export class RecordInvalid extends CaresealError {
  override readonly name = 'RecordInvalid'
  override readonly code = 'ERR_RECORD_INVALID'
}

/** Extra facts of a failed store operation. */
export interface StoreFailedOptions extends CaresealErrorOptions {
  /** What became of the write: not done, done, or nobody knows. Read again before the next write. */
  readonly outcome: 'not-applied' | 'applied' | 'unknown'
}

/** The host's storage failed. */
export class StoreFailed extends CaresealError {
  override readonly name = 'StoreFailed'
  override readonly code = 'ERR_STORE_FAILED'
  /** What became of the write: not done, done, or nobody knows. */
  readonly outcome: 'not-applied' | 'applied' | 'unknown'

  /**
   * @param message - Which operation on which key failed.
   * @param options - Cause, outcome, and whether a retry makes sense.
   */
  constructor(message: string, options: StoreFailedOptions) {
    super(message, options)
    this.outcome = options.outcome
  }
}

/** A stream that ended before its end: what came out of it so far is not the content. */
export class StreamTruncated extends CaresealError {
  override readonly name = 'StreamTruncated'
  override readonly code = 'ERR_STREAM_TRUNCATED'

  constructor() {
    super(
      'The stream ended before its end. Discard what came out of it so far, and fetch it again.',
      { retryable: true },
    )
  }
}

/** A proof that verifies but does not meet the caller's trust policy. */
export class TrustInsufficient extends CaresealError {
  override readonly name = 'TrustInsufficient'
  override readonly code = 'ERR_TRUST_INSUFFICIENT'
}
