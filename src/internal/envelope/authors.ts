import { EnvelopeAuthorUntrusted } from '../../errors.ts'
import { untilAborted } from '../abort.ts'
import { equalBytes } from '../bytes.ts'
import type { VerificationKey } from '../cose/signer.ts'
import { optionsOf } from '../options.ts'
import { publicKeyArgument } from '../publicKey.ts'
import { isDate } from '../time.ts'

/** What a directory says of a key, as far as verification needs it. */
export interface KeyRecordLike {
  readonly key: VerificationKey
  readonly validFrom: Date | null
  readonly validUntil: Date | null
  readonly compromisedAt: Date | null
}

/** A key directory, as far as verification needs it. */
export interface DirectoryLike<R extends KeyRecordLike> {
  find(id: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }): Promise<R | null>
}

/** What is known of the time of a signature. */
export interface SignatureTime {
  /** The time that the author claims; `null` where the format has none. */
  readonly claimed: Date | null
  /** Before when the signature provably existed; `null` without proof. */
  readonly existedBefore: Date | null
}

/**
 * The directory's records of all signers. An author whom it does not hold, whose key was not good at the
 * claimed time, or whose key was compromised before the signature provably existed, is not trusted.
 */
export async function findAuthors<R extends KeyRecordLike>(
  kids: readonly Uint8Array[],
  directory: DirectoryLike<R> | undefined,
  time: SignatureTime,
  signal: AbortSignal | undefined,
): Promise<R[]> {
  if (directory === undefined) {
    throw new EnvelopeAuthorUntrusted(
      'This content is signed: pass { authors: keyDirectory([...]) } with the people you accept as authors.',
    )
  }
  if (Array.isArray(directory) || typeof directory.find !== 'function') {
    throw new TypeError('authors must be a key directory, such as keyDirectory([...])')
  }
  const records: R[] = []
  for (const kid of kids) {
    const found = await untilAborted(signal, () => directory.find(kid.slice(), { signal }))
    // A directory over a Map or a database answers `undefined` for what it does not hold.
    const record = found === null || found === undefined ? null : withCheckedKey(found)
    if (record === null || !equalBytes(record.key.id, kid)) {
      throw new EnvelopeAuthorUntrusted(
        'The author is not in the key directory. Add the identity card of the author if you trust it.',
      )
    }
    judge(record, time)
    records.push(record)
  }
  return records
}

/** A directory over a database may hand out keys that nobody checked; their id is computed here, not believed. */
function withCheckedKey<R extends KeyRecordLike>(record: R): R {
  const key = publicKeyArgument(record.key, 'signature', 'the key of a directory record')
  return key === record.key ? record : { ...optionsOf(record), key }
}

function judge(record: KeyRecordLike, { claimed, existedBefore }: SignatureTime): void {
  const { validFrom, validUntil, compromisedAt } = record
  // A directory over a database may hand out text, which compares as neither before nor after anything.
  for (const date of [validFrom, validUntil, compromisedAt]) {
    if (date !== null && !isDate(date)) {
      throw new TypeError('the dates of a directory record must be valid Dates, or null')
    }
  }
  const tooEarly = (time: Date | null): boolean =>
    time !== null && validFrom !== null && time < validFrom
  const tooLate = claimed !== null && validUntil !== null && claimed > validUntil
  if (tooEarly(claimed) || tooEarly(existedBefore) || tooLate) {
    throw new EnvelopeAuthorUntrusted(
      "The author's key was not valid at the time that the content claims, or not yet when it provably existed.",
    )
  }
  if (compromisedAt !== null && !(existedBefore !== null && existedBefore <= compromisedAt)) {
    throw new EnvelopeAuthorUntrusted(
      "The author's key is compromised, and nothing proves that the content existed before. A receipt with a time would.",
    )
  }
}
