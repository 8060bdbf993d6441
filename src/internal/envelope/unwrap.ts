import { EnvelopeOpenFailed, EnvelopeRecipientNotFound, isCaresealError } from '../../errors.ts'
import { callKey } from '../abort.ts'
import { internalsOf } from '../algorithm.ts'
import { equalBytes, toHex, wipe } from '../bytes.ts'
import type { ParsedHeader } from '../cose/encrypt.ts'
import { type DraftRules, type RecipientEntry, unwrapEntry } from '../cose/recipient.ts'
import { unwrapKey } from '../engine/aesKw.ts'
import { sha256 } from '../engine/hash.ts'
import { optionsOf } from '../options.ts'
import { algA256Kw, maximumTrials } from '../registry.ts'
import { turn } from '../turn.ts'
import type { BatchKeyCache } from './batchKeys.ts'
import { commitKey } from './commitment.ts'
import { entryFinder } from './entries.ts'
import { type ReaderKey, usableKey } from './reader.ts'

/** Options of {@link unwrapContentKey}. */
export interface UnwrapOptions {
  readonly signal?: AbortSignal | undefined
  readonly batchKeys?: BatchKeyCache | undefined
  /** Only in tests. */
  readonly draft?: DraftRules | undefined
}

/** A content key, and by which entry and key it came. The caller wipes it. */
export interface UnwrappedKey {
  readonly contentKey: Uint8Array
  readonly entry: RecipientEntry
  readonly reader: ReaderKey
}

/** Attempts until others have their turn. */
const inOneGo = 4

interface Attempt {
  readonly entry: RecipientEntry
  readonly reader: ReaderKey
}

/**
 * Finds the reader's entry and unwraps the content key. In the careseal profile a key counts only if it
 * fits the commitment; the comparison is in constant time and comes before the content is touched.
 */
export async function unwrapContentKey(
  envelope: ParsedHeader,
  readers: readonly ReaderKey[],
  options: UnwrapOptions = {},
): Promise<UnwrappedKey> {
  const attempts =
    envelope.own === null ? foreignAttempts(envelope, readers) : ownAttempts(envelope, readers)
  if (attempts.length === 0) throw new EnvelopeRecipientNotFound()
  const known = optionsOf(options)
  // A silent HSM is asked once; another key of the same reader may open all the same.
  const silent = new Map<ReaderKey, unknown>()
  for (const [i, attempt] of attempts.entries()) {
    if (silent.has(attempt.reader)) continue
    // Each costs milliseconds, and a stranger chose how many there are.
    if (i > 0 && i % inOneGo === 0) await turn()
    try {
      const contentKey = await tryEntry(envelope, attempt, known)
      if (contentKey !== null) return { contentKey, ...attempt }
    } catch (error) {
      if (!isCaresealError(error, 'ERR_KEY_UNAVAILABLE')) throw error
      silent.set(attempt.reader, error)
    }
  }
  for (const error of silent.values()) throw error
  throw new EnvelopeOpenFailed()
}

/** Entries by key id or hint; where there is none, entries without one, at most 64 for each key (docs/formats.md §2). */
function ownAttempts(envelope: ParsedHeader, readers: readonly ReaderKey[]): Attempt[] {
  const entriesOf = entryFinder(envelope)
  const named = readers.flatMap((reader) =>
    entriesOf(reader.publicKey.id).map((entry): Attempt => ({ entry, reader })),
  )
  // A ring may hold two of the readers, one of them retired: that one last.
  named.sort((a, b) => Number(a.reader.retired !== null) - Number(b.reader.retired !== null))
  return named.length > 0
    ? named
    : trials(
        envelope.recipients.filter(({ kid }) => kid === null),
        readers,
      )
}

/** Foreign key ids mean what their sender meant: ours first, then every entry of an own algorithm. */
function foreignAttempts(envelope: ParsedHeader, readers: readonly ReaderKey[]): Attempt[] {
  const isOwn = (entry: RecipientEntry, { publicKey }: ReaderKey): boolean =>
    entry.kid !== null && equalBytes(entry.kid, publicKey.id)
  const named = readers.flatMap((reader) =>
    trials(
      envelope.recipients.filter((entry) => isOwn(entry, reader)),
      [reader],
    ),
  )
  const others = envelope.recipients.filter((entry) => !named.some((own) => own.entry === entry))
  return [...named, ...trials(others, readers)]
}

function trials(entries: readonly RecipientEntry[], readers: readonly ReaderKey[]): Attempt[] {
  const attempts: Attempt[] = []
  for (const reader of readers) {
    if (reader.retired !== null) continue
    const { coseAlg } = internalsOf(reader.publicKey.algorithm)
    const fitting = entries.filter(({ alg }) => alg === coseAlg).slice(0, maximumTrials)
    attempts.push(...fitting.map((entry) => ({ entry, reader })))
  }
  return attempts
}

/** `null` where this entry does not open; errors of the key's home and aborts pass. */
async function tryEntry(
  envelope: ParsedHeader,
  { entry, reader }: Attempt,
  options: UnwrapOptions,
): Promise<Uint8Array | null> {
  try {
    const contentKey = await unwrapOne(envelope, entry, reader, options)
    if (contentKey === null || envelope.own === null) return contentKey
    const { envelopeId, commitment } = envelope.own
    if (equalBytes(commitKey(contentKey, envelopeId, envelope.iv), commitment)) return contentKey
    wipe(contentKey)
    return null
  } catch (error) {
    if (isCaresealError(error, 'ERR_ENVELOPE_OPEN_FAILED')) return null
    throw error
  }
}

async function unwrapOne(
  envelope: ParsedHeader,
  entry: RecipientEntry,
  reader: ReaderKey,
  options: UnwrapOptions,
): Promise<Uint8Array | null> {
  const { signal, batchKeys, draft = null } = options
  const key = usableKey(reader)
  const decapsulate = (encapsulation: Uint8Array): Promise<Uint8Array> =>
    callKey('Decapsulation', signal, () => key.decapsulate(encapsulation, { signal }))
  const { algorithm } = reader.publicKey
  if (entry.batch === null) return unwrapEntry(algorithm, entry, envelope.alg, decapsulate, draft)
  const id =
    batchKeys === undefined ? '' : toHex(sha256(entry.protectedBytes, entry.ek, entry.wrapped))
  const batchKey =
    batchKeys?.get(id) ?? (await unwrapEntry(algorithm, entry, algA256Kw, decapsulate))
  const contentKey = unwrapKey(batchKey, entry.batch.wrappedKey)
  // The cache owns the key from here on: it may wipe it at any time.
  if (batchKeys === undefined) wipe(batchKey)
  else batchKeys.set(id, batchKey)
  return contentKey
}
