import { KeyDisabled } from '../../errors.ts'
import type { WrapKey } from '../cose/recipient.ts'
import { fieldOf } from '../options.ts'
import { publicKeyArgument } from '../publicKey.ts'

/** A private key that opens, as far as opening needs it. */
export interface DecapsulatorLike {
  readonly publicKey: WrapKey
  decapsulate(
    encapsulation: Uint8Array,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Uint8Array>
}

interface RingLike {
  readonly keys: readonly {
    readonly publicKey: WrapKey
    readonly status: 'active' | 'decrypt-only' | 'disabled' | 'destroyed'
    readonly key: DecapsulatorLike | null
  }[]
}

/** Whoever opens: one key, a ring, or an identity with either. */
export type ReaderLike =
  | DecapsulatorLike
  | RingLike
  | { readonly decapsulator: DecapsulatorLike | RingLike }

/** One key of a reader. */
export interface ReaderKey {
  readonly publicKey: WrapKey
  readonly key: DecapsulatorLike | null
  /** Set where the ring holds the key as disabled or destroyed. */
  readonly retired: 'disabled' | 'destroyed' | null
}

/** All keys of a reader; a TypeError for what is none. */
export function readerKeys(reader: ReaderLike): ReaderKey[] {
  const inner = fieldOf(reader, 'decapsulator')
  if (inner !== undefined) return readerKeys(inner as DecapsulatorLike)
  if (Array.isArray(fieldOf(reader, 'keys'))) return (reader as RingLike).keys.map(ringKey)
  if (typeof fieldOf(reader, 'decapsulate') === 'function') {
    const key = reader as DecapsulatorLike
    const publicKey = publicKeyArgument(key.publicKey, 'kem', 'as.publicKey')
    return [{ publicKey, key, retired: null }]
  }
  if (fieldOf(reader, 'encryption') !== undefined) {
    throw new TypeError('as is a public card and has no private key: pass the identity itself')
  }
  throw new TypeError('as must be a decapsulator, an identity or a key ring')
}

function ringKey(entry: RingLike['keys'][number]): ReaderKey {
  const { status, key } = entry
  const publicKey = publicKeyArgument(entry.publicKey, 'kem', 'as.keys')
  return {
    publicKey,
    key,
    retired: status === 'disabled' || status === 'destroyed' ? status : null,
  }
}

/** The private half of a key that may still open. */
export function usableKey({ key, retired }: ReaderKey): DecapsulatorLike {
  if (key === null || retired !== null) {
    throw new KeyDisabled(
      `This envelope was sealed to a key that its ring holds as ${retired ?? 'destroyed'}. ${
        retired === 'disabled'
          ? 'Enable it with setKeyStatus'
          : 'Ask another reader to share it with you'
      }.`,
      retired ?? 'destroyed',
    )
  }
  return key
}
