import { KeyLocked, KeyMalformed } from '../../errors.ts'
import { bytesArgument, wipe } from '../../internal/bytes.ts'
import { type CborValue, decodeStrict } from '../../internal/cbor/index.ts'
import { unwrapKey, wrapKey } from '../../internal/engine/aesKw.ts'

/** A key to wrap; every wrapper takes keys of this length only. */
export function keyArgument(key: Uint8Array): Uint8Array {
  return bytesArgument(key, 'key', 32)
}

/** The items of a wrapped form of ours: an array that begins with its domain and ends with 40 bytes of key wrap. */
export function wrappedItems(
  wrapped: Uint8Array,
  domain: string,
  length: number,
  saltSize: number,
): { salt: Uint8Array; items: readonly CborValue[]; sealed: Uint8Array } {
  const bytes = bytesArgument(wrapped, 'wrapped')
  // Longer than any form of ours: nothing of it is decoded.
  if (bytes.length > 256) throw malformed('it is too long', 0)
  const items = decodeStrict(bytes, malformed)
  if (!Array.isArray(items) || items.length !== length || items[0] !== domain) {
    throw malformed('another wrapper made it, or a newer version', 0)
  }
  const [salt, sealed] = [items[1], items[length - 1]]
  if (!(salt instanceof Uint8Array) || salt.length !== saltSize) throw malformed('its salt', 0)
  if (!(sealed instanceof Uint8Array) || sealed.length !== 40) throw malformed('its length', 0)
  return { salt, items, sealed }
}

/** AES key wrap under a key that is wiped. */
export function wrapWith(kek: Uint8Array, key: Uint8Array): Uint8Array {
  try {
    return wrapKey(kek, key)
  } finally {
    wipe(kek)
  }
}

/** Its inverse, with the one error for every reason. */
export function unwrapWith(kek: Uint8Array, sealed: Uint8Array): Uint8Array {
  try {
    const key = unwrapKey(kek, sealed)
    if (key === null) throw new KeyLocked()
    return key
  } finally {
    wipe(kek)
  }
}

export const malformed = (problem: string, offset: number): KeyMalformed =>
  new KeyMalformed(`No wrapped key of this kind: ${problem}`, { offset })
