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

/** The keys of one batch. They are wiped when it is closed and nothing is being wrapped any more. */
interface Batch {
  readonly salt: Uint8Array | null
  readonly keys: Map<string, BatchKey>
  wrapping: number
  closed: boolean
}

/**
 * Wraps many content keys for the same readers with one encapsulation each: a reader's batch key is made
 * once, used for nothing but wrapping content keys, and every envelope has a content key of its own
 * (docs/formats.md §2). Envelopes of one batch are recognisable as such. `close` ends the batch and wipes its
 * keys; what is wrapped later begins a new one.
 */
export function wrapInBatch(keyIds: KeyIdMode): { wrap: WrapContentKey; close: () => void } {
  let present: Batch | null = null
  const wrap: WrapContentKey = async (key, contentKey) => {
    present ??= newBatch(keyIds)
    const batch = present
    batch.wrapping++
    try {
      const { key: secret, entry } = batchKeyOf(batch, keyIds, key)
      const { salt } = batch
      return { ...(await entry), batch: { wrappedKey: wrapKey(secret, contentKey), salt } }
    } finally {
      batch.wrapping--
      wipeWhenDone(batch)
    }
  }
  const close = (): void => {
    if (present === null) return
    present.closed = true
    wipeWhenDone(present)
    present = null
  }
  return { wrap, close }
}

function newBatch(keyIds: KeyIdMode): Batch {
  const salt = keyIds === 'hint' ? randomBytes(32) : null
  return { salt, keys: new Map(), wrapping: 0, closed: false }
}

function batchKeyOf(
  batch: Batch,
  keyIds: KeyIdMode,
  reader: Parameters<WrapContentKey>[0],
): BatchKey {
  const id = toHex(reader.id)
  const known = batch.keys.get(id)
  if (known !== undefined) return known
  const key = randomBytes(32)
  const kid = kidFor(keyIds, batch.salt ?? reader.id, reader.id)
  const fresh = { key, entry: wrapFor(reader, key, algA256Kw, kid, batch.salt) }
  batch.keys.set(id, fresh)
  fresh.entry.catch(() => batch.keys.delete(id))
  return fresh
}

/**
 * Keys in use are not wiped under the hands of a call that still runs: it would wrap a content key with zeros,
 * for everybody to read.
 */
function wipeWhenDone(batch: Batch): void {
  if (!batch.closed || batch.wrapping > 0) return
  for (const { key } of batch.keys.values()) wipe(key)
  batch.keys.clear()
}
