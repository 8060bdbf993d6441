import { IdentityInvalid } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument, equalBytes, toHex } from '../internal/bytes.ts'
import { held } from '../internal/held.ts'
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
  const listed = new Map<string, KeyRecord[]>()
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
      return records.get(toHex(bytesArgument(id, 'id'))) ?? null
    },
  }
}

const entryNames = ['identity', 'key', 'name', 'validFrom', 'validUntil', 'compromisedAt'] as const

function recordOf(entry: DirectoryEntry): KeyRecord {
  const own = knownOptions(entry, entryNames)
  const { identity, key, name, validFrom, validUntil, compromisedAt } = own
  if (typeof identity !== 'object' || identity === null || !isIdentity(identity)) {
    throw new TypeError('entries must be public identities of careseal/keys')
  }
  return Object.freeze({
    key: key === undefined ? identity.signing : publicKeyArgument(key, 'signature', 'key'),
    identity,
    name: name ?? null,
    validFrom: dateArgument(validFrom, 'validFrom'),
    // The card's own end stays what it is: an earlier one is no word of the keeper.
    validUntil:
      validUntil === identity.expires
        ? identity.expires
        : (dateArgument(validUntil, 'validUntil') ?? identity.expires),
    compromisedAt: dateArgument(compromisedAt, 'compromisedAt'),
  })
}

function dateArgument(date: Date | undefined, name: string): Date | null {
  if (date === undefined || date === null) return null
  if (!isDate(date)) throw new TypeError(`${name} must be a valid Date`)
  return held(date)
}

/** A renewed card, whoever made it, must not take back that a key is compromised or ends. */
function merged(records: readonly KeyRecord[]): KeyRecord {
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
  const ends = earlier.filter(({ validUntil, identity }) => validUntil !== identity.expires)
  return Object.freeze({
    ...latest,
    name: [latest, ...earlier].find(({ name }) => name !== null)?.name ?? null,
    validFrom: extreme(records, 'validFrom', Math.max),
    validUntil: extreme([latest, ...ends], 'validUntil', Math.min),
    compromisedAt: extreme(records, 'compromisedAt', Math.min),
  })
}

function extreme(
  records: readonly KeyRecord[],
  name: 'validFrom' | 'validUntil' | 'compromisedAt',
  choose: (...times: number[]) => number,
): Date | null {
  const times = records.flatMap(({ [name]: date }) => (date === null ? [] : [date.getTime()]))
  return times.length === 0 ? null : new Date(choose(...times))
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
