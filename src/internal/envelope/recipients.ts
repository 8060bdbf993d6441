import { IdentityInvalid } from '../../errors.ts'
import { sortedUnique } from '../bytes.ts'
import type { KeyIdMode } from '../cose/keyId.ts'
import type { WrapKey } from '../cose/recipient.ts'
import { isIdentity } from '../identity.ts'
import { fieldOf } from '../options.ts'
import { publicKeyArgument } from '../publicKey.ts'
import { maximumRecipients, maximumTrials } from '../registry.ts'

/** A public identity, as far as sealing needs it. */
interface IdentityLike {
  readonly encryption: WrapKey
  readonly expires: Date | null
}

/** Whoever content is sealed to. */
export type RecipientLike = WrapKey | IdentityLike

/** The key of one recipient; refuses identities put together by hand and expired cards. */
export function recipientKey(recipient: RecipientLike, name: string, now: Date): WrapKey {
  if (isIdentity(fieldOf(recipient, 'public') as object)) {
    throw new TypeError(`${name} is an identity with private keys: pass its .public`)
  }
  if (fieldOf(recipient, 'encryption') === undefined) {
    return publicKeyArgument(recipient as WrapKey, 'kem', name)
  }
  const value = recipient as IdentityLike
  if (!isIdentity(value)) {
    throw new TypeError(
      `${name} holds an identity put together by hand: decode its card, or say so with unverifiedIdentity()`,
    )
  }
  if (value.expires !== null && value.expires.getTime() <= now.getTime()) {
    throw new IdentityInvalid(
      'An identity card among the recipients has expired. Ask its owner for a new one.',
    )
  }
  return publicKeyArgument(value.encryption, 'kem', name)
}

/** The keys of all recipients: at least one, none twice, within the limits of readers. */
export function recipientKeys(
  recipients: readonly RecipientLike[],
  keyIds: KeyIdMode,
  now: Date,
): WrapKey[] {
  if (!Array.isArray(recipients)) throw new TypeError('recipients must be an array')
  if (recipients.length === 0) throw new RangeError('recipients must hold at least one reader')
  if (recipients.length > maximumRecipients) {
    throw new RangeError(`recipients must hold at most ${maximumRecipients} readers`)
  }
  const keys = recipients.map((recipient, i) => recipientKey(recipient, `recipients[${i}]`, now))
  if (sortedUnique(keys.map(({ id }) => id)).length !== keys.length) {
    throw new RangeError('recipients holds one reader twice')
  }
  if (keyIds === 'none') checkTrials(keys.map(({ algorithm }) => algorithm.name))
  return keys
}

/** A reader tries at most 64 entries without key id of her algorithm; more would lock readers out. */
export function checkTrials(algorithms: readonly string[]): void {
  for (const name of new Set(algorithms)) {
    if (algorithms.filter((other) => other === name).length > maximumTrials) {
      throw new RangeError(
        `at most ${maximumTrials} readers of one algorithm fit with keyIds 'none'; use 'hint'`,
      )
    }
  }
}

/** The authenticated audience: sorted key ids, or `null` where readers are hidden. */
export function audienceOf(keys: readonly WrapKey[], keyIds: KeyIdMode): Uint8Array[] | null {
  return keyIds === 'none' ? null : sortedUnique(keys.map(({ id }) => id))
}
