import { toHex, wipe } from '../bytes.ts'
import { type KeyIdMode, kidFor } from '../cose/keyId.ts'
import { type RecipientEntry, wrapFor } from '../cose/recipient.ts'
import { wrapKey } from '../engine/aesKw.ts'
import { randomBytes } from '../random.ts'
import { algA256Kw } from '../registry.ts'
import type { WrapContentKey } from './sealing.ts'

interface BatchKey {
  readonly key: Uint8Array
  readonly entry: Promise<RecipientEntry>
}

/**
 * Wraps many content keys for the same readers with one encapsulation each: a reader's batch key is made
 * once, used for nothing but wrapping content keys, and every envelope has a content key of its own
 * (docs/formats.md §2). Envelopes of one batch are recognisable as such. `close` wipes the batch keys.
 */
export function wrapInBatch(keyIds: KeyIdMode): { wrap: WrapContentKey; close: () => void } {
  const batchKeys = new Map<string, BatchKey>()
  const salt = keyIds === 'hint' ? randomBytes(32) : null
  const wrap: WrapContentKey = async (key, contentKey) => {
    const id = toHex(key.id)
    let batch = batchKeys.get(id)
    if (batch === undefined) {
      const secret = randomBytes(32)
      const kid = kidFor(keyIds, salt ?? key.id, key.id)
      batch = { key: secret, entry: wrapFor(key, secret, algA256Kw, kid, salt) }
      batchKeys.set(id, batch)
      batch.entry.catch(() => {
        wipe(secret)
        batchKeys.delete(id)
      })
    }
    const entry = await batch.entry
    return { ...entry, batch: { wrappedKey: wrapKey(batch.key, contentKey), salt } }
  }
  const close = (): void => {
    for (const { key } of batchKeys.values()) wipe(key)
    batchKeys.clear()
  }
  return { wrap, close }
}
