import { EnvelopeDowngrade, EnvelopeRecipientNotFound } from '../../errors.ts'
import { toHex, wipe } from '../bytes.ts'
import { encodeEncrypt, type ParsedHeader, parseEncrypt } from '../cose/encrypt.ts'
import { kidFor, kidMode } from '../cose/keyId.ts'
import { type RecipientEntry, type WrapKey, wrapFor } from '../cose/recipient.ts'
import { maximumRecipients } from '../registry.ts'
import { entryFinder } from './entries.ts'
import type { ReaderKey } from './reader.ts'
import { checkTrials, type RecipientLike, recipientKey } from './recipients.ts'
import { wrapAll } from './sealing.ts'
import { type UnwrapOptions, unwrapContentKey } from './unwrap.ts'

/** Changes to the list of readers. */
export interface Rewrapping extends UnwrapOptions {
  readonly add: readonly RecipientLike[]
  readonly remove: readonly RecipientLike[]
  readonly allowClassical: boolean
}

/**
 * Adds and removes readers by rewriting the list of recipients alone: layer 0 stays byte for byte. The
 * commitment is checked first, so that nobody is added to an envelope that would not open for them.
 */
export async function rewrapEnvelope(
  bytes: Uint8Array,
  readers: readonly ReaderKey[],
  options: Rewrapping,
): Promise<Uint8Array> {
  const envelope = parseEncrypt(bytes, { profile: 'careseal', anyIv: false })
  return encodeEncrypt(envelope, await rewrapEntries(envelope, readers, options))
}

/** The new list of readers' entries; needs the headers of layer 0, not the ciphertext. */
export async function rewrapEntries(
  envelope: ParsedHeader,
  readers: readonly ReaderKey[],
  options: Rewrapping,
): Promise<RecipientEntry[]> {
  const now = new Date()
  const added = options.add.map((reader, i) => recipientKey(reader, `add[${i}]`, now))
  const removed = options.remove.map((reader, i) =>
    recipientKey(reader, `remove[${i}]`, new Date(0)),
  )
  checkDowngrade(envelope.own!.postQuantum, added, options.allowClassical)
  const { contentKey, entry } = await unwrapContentKey(envelope, readers, options)
  try {
    const kept = replaceable(envelope, without(envelope, removed), added)
    const fresh = await addEntries(envelope, added, entry, contentKey)
    const recipients = [...kept, ...fresh]
    if (recipients.length === 0)
      throw new RangeError('remove would leave the envelope without a reader')
    if (recipients.length > maximumRecipients) {
      throw new RangeError(`an envelope has at most ${maximumRecipients} readers`)
    }
    checkTrials(recipients.filter(({ kid }) => kid === null).map(({ alg }) => String(alg)))
    return recipients
  } finally {
    wipe(contentKey)
  }
}

/** A classical reader joins a post-quantum envelope only if the caller says so. */
export function checkDowngrade(
  postQuantum: boolean,
  keys: readonly WrapKey[],
  allowClassical: boolean,
): void {
  if (postQuantum && !allowClassical && keys.some(({ algorithm }) => !algorithm.postQuantum)) {
    throw new EnvelopeDowngrade()
  }
}

function without(envelope: ParsedHeader, removed: readonly WrapKey[]): RecipientEntry[] {
  const entriesOf = entryFinder(envelope)
  const gone = new Set(
    removed.flatMap(({ id }) => {
      const entries = entriesOf(id)
      if (entries.length === 0) {
        throw new EnvelopeRecipientNotFound(
          'A reader to remove is not among the entries with a key id. Rekey an envelope with hidden readers instead.',
        )
      }
      return entries
    }),
  )
  return envelope.recipients.filter((entry) => !gone.has(entry))
}

/** Without the entries of those who are added: what stands under a key id may be anything, a fresh entry opens. */
function replaceable(
  envelope: ParsedHeader,
  kept: readonly RecipientEntry[],
  added: readonly WrapKey[],
): RecipientEntry[] {
  const entriesOf = entryFinder(envelope)
  const replaced = new Set(added.flatMap(({ id }) => entriesOf(id)))
  return kept.filter((entry) => !replaced.has(entry))
}

/** New entries take the kid form of the one that opened. */
async function addEntries(
  envelope: ParsedHeader,
  added: readonly WrapKey[],
  opened: RecipientEntry,
  contentKey: Uint8Array,
): Promise<RecipientEntry[]> {
  const distinct = new Map(added.map((key) => [toHex(key.id), key]))
  const { envelopeId } = envelope.own!
  const mode = kidMode(opened.kid)
  return wrapAll([...distinct.values()], (key) =>
    wrapFor(key, contentKey, envelope.alg, kidFor(mode, envelopeId, key.id)),
  )
}
