import { EnvelopeMalformed } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument, optionalBytes, sortedUnique, wipe } from '../internal/bytes.ts'
import { type CborValue, Tagged } from '../internal/cbor/index.ts'
import type { ParsedEnvelope } from '../internal/cose/encrypt.ts'
import { kidMode } from '../internal/cose/keyId.ts'
import type { WrapKey } from '../internal/cose/recipient.ts'
import { protectedMap } from '../internal/cose/signed.ts'
import { aeadOf } from '../internal/envelope/aeads.ts'
import {
  decodePlaintext,
  recordDomain,
  streamKeyDomain,
  unsignedDomain,
} from '../internal/envelope/content.ts'
import { entryFinder } from '../internal/envelope/entries.ts'
import { openPlaintext } from '../internal/envelope/opening.ts'
import { readerKeys } from '../internal/envelope/reader.ts'
import { checkTrials, recipientKey, recipientKeys } from '../internal/envelope/recipients.ts'
import { checkDowngrade } from '../internal/envelope/rewrapping.ts'
import { sealPlaintext, wrapSingly } from '../internal/envelope/sealing.ts'
import { knownOptions } from '../internal/options.ts'
import { randomParts } from '../internal/random.ts'
import { wipeItems } from '../internal/wipeItems.ts'
import type { CallOptions } from '../keys/index.ts'
import type { Reader, Recipient } from './types.ts'

/** Options of {@link rekey}. */
export interface RekeyOptions extends CallOptions {
  /** A present reader. */
  readonly as: Reader
  /** All readers from now on: every present one stands here or in `remove`. */
  readonly recipients: readonly Recipient[]
  /** Present readers who are left out. */
  readonly remove?: readonly Recipient[] | undefined
  /** Leaves out whoever is not in `recipients`, also entries that nobody here can name: a store may have added some. */
  readonly removeOthers?: boolean | undefined
  /** The bytes given on sealing, if any. */
  readonly externalAad?: Uint8Array | undefined
  /**
   * Needed for an envelope that holds the key of a stream, which stays as it is: whoever has kept that key still opens
   * the stream. To end that, seal the content anew.
   */
  readonly keepStreamKey?: boolean | undefined
  /** Lets a post-quantum envelope get a classical reader, which then is only as strong. */
  readonly allowClassical?: boolean | undefined
}

const names: readonly (keyof RekeyOptions)[] = [
  'as',
  'recipients',
  'remove',
  'removeOthers',
  'externalAad',
  'keepStreamKey',
  'allowClassical',
  'signal',
]

/**
 * Seals the same content again under a new content key: same envelope id, same authors' signatures. This is
 * how to end the access of a removed reader to this copy, and the way from classical to post-quantum. Old
 * copies stay as readable, and as weak, as they were.
 *
 * @param envelope - The envelope's bytes.
 * @param options - A present reader's key, and all readers from now on.
 * @returns The new envelope; replace every copy of the old one.
 * @throws {@link RangeError} if a present reader is neither in `recipients` nor in `remove`, or one stands twice;
 *   where readers are hidden, if the two lists together are not as long as the list of entries.
 * @throws {@link EnvelopeMalformed} if the bytes are no envelope of careseal's profile, or hold the key of a stream
 *   and `keepStreamKey` is not set.
 * @throws {@link EnvelopeRecipientNotFound} if `as` is not among the readers.
 * @throws {@link EnvelopeOpenFailed} if the envelope does not open.
 * @throws {@link EnvelopeDowngrade} if a classical reader would join a post-quantum envelope.
 * @example
 * From classical to post-quantum.
 * ```ts
 * import { open, rekey, seal } from 'careseal/envelope'
 * import { generateKey, x25519, xWing } from 'careseal/keys'
 *
 * const old = await generateKey(x25519)
 * const next = await generateKey(xWing)
 * const weak = await seal(new Uint8Array([7]), { recipients: [old.publicKey] })
 * const strong = await rekey(weak, {
 *   as: old,
 *   recipients: [next.publicKey],
 *   remove: [old.publicKey],
 * })
 * console.log((await open(strong, { as: next })).security) // post-quantum
 * ```
 */
export async function rekey(envelope: Uint8Array, options: RekeyOptions): Promise<Uint8Array> {
  const {
    as,
    recipients,
    signal,
    allowClassical = false,
    keepStreamKey = false,
    remove = [],
    removeOthers = false,
    externalAad: given,
  } = knownOptions(options, names)
  throwIfAborted(signal)
  const bytes = bytesArgument(envelope, 'envelope')
  const externalAad = optionalBytes(given, 'externalAad')
  const readers = readerKeys(as)
  const opening = { externalAad, profile: 'careseal', signal } as const
  // Before anything is waited for: what the caller does to the lists meanwhile must not come between.
  const keys = recipientKeys(recipients, 'plain', new Date())
  const removed = remove.map((reader, i) => recipientKey(reader, `remove[${i}]`, new Date(0)))
  const { envelope: parsed, plaintext, entry } = await openPlaintext(bytes, readers, opening)
  try {
    const keyIds = kidMode(entry.kid)
    if (keyIds === 'none') checkTrials(keys.map(({ algorithm }) => algorithm.name))
    checkComplete(parsed, keys, removed, removeOthers)
    checkDowngrade(parsed.own!.postQuantum, keys, allowClassical)
    checkContent(plaintext, keepStreamKey)
    const { envelopeId } = parsed.own!
    const cipher = { coseAlg: parsed.alg, aead: aeadOf(parsed.alg) }
    const wrap = wrapSingly(keyIds)
    const secrets = randomParts(32, 12)
    return await sealPlaintext({ envelopeId, plaintext, keys, wrap, externalAad, cipher, secrets })
  } finally {
    // It may hold the key of a stream.
    wipe(plaintext)
  }
}

/** Nobody is dropped by forgetting: each entry is spoken for. */
function checkComplete(
  envelope: ParsedEnvelope,
  keys: readonly WrapKey[],
  removed: readonly WrapKey[],
  removeOthers: boolean,
): void {
  const named = [...keys, ...removed]
  if (sortedUnique(named.map(({ id }) => id)).length !== named.length) {
    throw new RangeError('one reader stands twice in recipients and remove')
  }
  if (removeOthers) return
  const entriesOf = entryFinder(envelope)
  const spokenFor = new Set(named.flatMap(({ id }) => entriesOf(id)))
  if (envelope.recipients.some((entry) => entry.kid !== null && !spokenFor.has(entry))) {
    throw new RangeError(
      'a present reader is neither in recipients nor in remove; { removeOthers: true } leaves all others out',
    )
  }
  const hidden = envelope.recipients.filter(({ kid }) => kid === null).length
  if (hidden > 0 && named.length !== envelope.recipients.length) {
    throw new RangeError(
      `readers are hidden here: recipients and remove must together name ${envelope.recipients.length}`,
    )
  }
}

/**
 * Whether the content is of a kind that may be sealed again as it is. The key of a stream stays the same inside, which
 * the caller must have decided; of what this version does not know, nobody can tell.
 */
function checkContent(plaintext: Uint8Array, keepStreamKey: boolean): void {
  const value = decodePlaintext(plaintext)
  try {
    checkKind(value, keepStreamKey)
  } finally {
    wipeItems(value)
  }
}

function checkKind(value: CborValue, keepStreamKey: boolean): void {
  if (value instanceof Tagged) return
  const [domain, manifest] = Array.isArray(value) ? (value as readonly CborValue[]) : []
  const inRecord = domain === recordDomain && manifest instanceof Uint8Array && hasStream(manifest)
  const ofStream = inRecord || domain === streamKeyDomain
  if (ofStream && keepStreamKey !== true) {
    throw new EnvelopeMalformed(
      'This envelope holds the key of a stream, which rekeying does not change: pass { keepStreamKey: true } if that is what you want, or seal the content anew',
    )
  }
  if (ofStream) return
  if (domain !== unsignedDomain && domain !== recordDomain) {
    throw new EnvelopeMalformed(
      'This envelope holds content of a kind that this version does not know',
    )
  }
}

function hasStream(manifest: Uint8Array): boolean {
  const map = protectedMap(
    manifest,
    (problem, offset) => new EnvelopeMalformed(problem, { offset }),
  )
  wipeItems(map)
  return map.has(13)
}
