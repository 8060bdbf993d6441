import { IdentityInvalid } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument, equalBytes, toHex } from '../internal/bytes.ts'
import { isIdentity } from '../internal/identity.ts'
import { fieldOf, knownOptions, optionsOf } from '../internal/options.ts'
import { publicKeyArgument } from '../internal/publicKey.ts'
import { isDate } from '../internal/time.ts'
import type {
  CallOptions,
  KeyDirectory,
  KeyRecord,
  PublicIdentity,
  SignaturePublicKey,
} from './types.ts'

/** An identity with what the directory's keeper knows beside its card. */
export interface DirectoryEntry {
  /** The identity. */
  readonly identity: PublicIdentity
  /** A further signing key of the same person, such as one of `mlDsa65`; the identity's own unless given. */
  readonly key?: SignaturePublicKey | undefined
  /** Name for people. */
  readonly name?: string | undefined
  /** From when the key is good; from ever unless given: a renewed card must not turn older records away. */
  readonly validFrom?: Date | undefined
  /** Until when the key is good; until the card's end unless given. */
  readonly validUntil?: Date | undefined
  /** Since when others may hold the key. What it signed counts only if it provably existed before. */
  readonly compromisedAt?: Date | undefined
}

/**
 * Makes a key directory of a fixed list of identities: whom it lists, its caller vouches for. For a
 * directory over a database implement `KeyDirectory`: one method. A person who signs with two keys is listed
 * twice, under one identity; the keeper has made sure that the second key is that person's.
 *
 * @param entries - Identities, or identities with a name and validity. Of two cards of one signing key the
 *   later one counts; what its keeper said of the key holds with any of its cards, the stricter word first.
 * @returns The directory.
 * @throws {@link TypeError} if an entry is no identity of this package, or a date is none.
 * @throws {@link IdentityInvalid} if two cards of one signing key have one date but different encryption keys, or
 *   one key is listed for two identities.
 * @example
 * Trusting two physicians as authors.
 * ```ts
 * import { generateIdentity, keyDirectory } from 'careseal/keys'
 *
 * const chen = await generateIdentity()
 * const okafor = await generateIdentity()
 * const authors = keyDirectory([{ identity: chen.public, name: 'Dr Chen' }, okafor.public])
 * const record = await authors.find(chen.public.signing.id)
 * console.log(record?.name) // Dr Chen
 * ```
 */
export function keyDirectory(entries: Iterable<PublicIdentity | DirectoryEntry>): KeyDirectory {
  if (typeof (entries as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] !== 'function') {
    throw new TypeError('entries must be an array of identities')
  }
  const listed = new Map<string, Listed[]>()
  for (const entry of entries) {
    const identity = fieldOf(entry, 'identity')
    const record = recordOf(
      identity === undefined ? { identity: entry as PublicIdentity } : (entry as DirectoryEntry),
    )
    const id = toHex(record.key.id)
    listed.set(id, [...(listed.get(id) ?? []), record])
  }
  const records = new Map([...listed].map(([id, list]) => [id, merged(list)]))
  return {
    async find(id: Uint8Array, options: CallOptions = {}) {
      throwIfAborted(optionsOf(options).signal)
      const listed = records.get(toHex(bytesArgument(id, 'id')))
      return listed === undefined ? null : keyRecord(listed)
    },
  }
}

const entryNames = ['identity', 'key', 'name', 'validFrom', 'validUntil', 'compromisedAt'] as const

/** An entry with its times in milliseconds: a Date that somebody else holds can be changed by them. */
interface Listed {
  readonly key: SignaturePublicKey
  readonly identity: PublicIdentity
  readonly name: string | null
  readonly validFrom: number | null
  readonly validUntil: number | null
  readonly compromisedAt: number | null
  /** Whether the end is a word of the keeper, not the card's. */
  readonly endsByKeeper: boolean
}

function recordOf(entry: DirectoryEntry): Listed {
  const own = knownOptions(entry, entryNames)
  const { identity, key, name, validFrom, validUntil, compromisedAt } = own
  if (typeof identity !== 'object' || identity === null || !isIdentity(identity)) {
    throw new TypeError('entries must be public identities of careseal/keys')
  }
  const end = timeArgument(validUntil, 'validUntil')
  return {
    key: publicKeyArgument(key === undefined ? identity.signing : key, 'signature', 'key'),
    identity,
    name: name ?? null,
    validFrom: timeArgument(validFrom, 'validFrom'),
    validUntil: end ?? identity.expires?.getTime() ?? null,
    compromisedAt: timeArgument(compromisedAt, 'compromisedAt'),
    // The card's own end, passed again, stays what it is: an earlier one is no word of the keeper.
    endsByKeeper: end !== null && end !== identity.expires?.getTime(),
  }
}

function timeArgument(date: Date | undefined, name: string): number | null {
  if (date === undefined || date === null) return null
  if (!isDate(date)) throw new TypeError(`${name} must be a valid Date`)
  return date.getTime()
}

/** What `find` hands out: with Dates of its own each time. */
function keyRecord({ key, identity, name, ...times }: Listed): KeyRecord {
  const dateOf = (time: number | null): Date | null => (time === null ? null : new Date(time))
  return Object.freeze({
    key,
    identity,
    name,
    validFrom: dateOf(times.validFrom),
    validUntil: dateOf(times.validUntil),
    compromisedAt: dateOf(times.compromisedAt),
  })
}

/** A renewed card, whoever made it, must not take back that a key is compromised or ends. */
function merged(records: readonly Listed[]): Listed {
  const owner = records[0]!.identity.signing.id
  if (!records.every(({ identity }) => equalBytes(identity.signing.id, owner))) {
    throw new IdentityInvalid(
      'One signing key is listed for two identities. Keep the one that has proven to hold it.',
    )
  }
  // Of two with one date the one that is listed last.
  const [latest, ...earlier] = [...records].reverse().sort((a, b) => byCard(b.identity, a.identity))
  if (latest === undefined || earlier.length === 0) return records[0]!
  // The end of an earlier card is no word of the keeper: a later card renews it.
  const ends = earlier.filter(({ endsByKeeper }) => endsByKeeper)
  return {
    ...latest,
    name: [latest, ...earlier].find(({ name }) => name !== null)?.name ?? null,
    validFrom: extreme(records, 'validFrom', Math.max),
    validUntil: extreme([latest, ...ends], 'validUntil', Math.min),
    compromisedAt: extreme(records, 'compromisedAt', Math.min),
  }
}

function extreme(
  records: readonly Listed[],
  name: 'validFrom' | 'validUntil' | 'compromisedAt',
  choose: (...times: number[]) => number,
): number | null {
  const times = records.flatMap(({ [name]: time }) => (time === null ? [] : [time]))
  return times.length === 0 ? null : choose(...times)
}

/** The order of two cards of one key by their dates. */
function byCard(a: PublicIdentity, b: PublicIdentity): number {
  const difference = (a.issued?.getTime() ?? 0) - (b.issued?.getTime() ?? 0)
  if (difference === 0 && !equalBytes(a.encryption.id, b.encryption.id)) {
    throw new IdentityInvalid(
      'Two identity cards of one signing key and one date name different encryption keys. Keep the right one.',
    )
  }
  return difference
}
