import { toHex, wipe } from '../bytes.ts'
import { type KeyIdMode, kidFor } from '../cose/keyId.ts'
import { type RecipientEntry, wrapFor } from '../cose/recipient.ts'
import { wrapKey } from '../engine/aesKw.ts'
import { randomBytes } from '../random.ts'
import { algA256Kw } from '../registry.ts'
import type { WrapContentKey } from './sealing.ts'

/** A reader's key in a batch. The entry that carries it to the reader is there, or on its way. */
interface BatchKey {
  readonly secret: Uint8Array
  entry: RecipientEntry | Promise<RecipientEntry>
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
  const wrap: WrapContentKey = (reader, contentKey) => {
    present ??= newBatch(keyIds)
    const batch = present
    const key = batchKeyOf(batch, keyIds, reader)
    if (!(key.entry instanceof Promise)) return batchEntry(batch, key.entry, key.secret, contentKey)
    return wrapLater(batch, key.entry, key.secret, contentKey)
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
  const secret = randomBytes(32)
  const kid = kidFor(keyIds, batch.salt ?? reader.id, reader.id)
  const entry = wrapFor(reader, secret, algA256Kw, kid, batch.salt)
  const fresh: BatchKey = { secret, entry }
  batch.keys.set(id, fresh)
  entry.then(
    (made) => {
      fresh.entry = made
    },
    () => {
      wipe(secret)
      batch.keys.delete(id)
    },
  )
  return fresh
}

function batchEntry(
  { salt }: Batch,
  entry: RecipientEntry,
  secret: Uint8Array,
  contentKey: Uint8Array,
): RecipientEntry {
  const { alg, kid, protectedBytes, ek, wrapped } = entry
  const batch = { wrappedKey: wrapKey(secret, contentKey), salt }
  return { alg, kid, protectedBytes, ek, wrapped, batch }
}

async function wrapLater(
  batch: Batch,
  entry: Promise<RecipientEntry>,
  secret: Uint8Array,
  contentKey: Uint8Array,
): Promise<RecipientEntry> {
  batch.wrapping++
  try {
    return batchEntry(batch, await entry, secret, contentKey)
  } finally {
    batch.wrapping--
    wipeWhenDone(batch)
  }
}

/**
 * Keys in use are not wiped under the hands of a call that still runs: it would wrap a content key with zeros,
 * for everybody to read.
 */
function wipeWhenDone(batch: Batch): void {
  if (!batch.closed || batch.wrapping > 0) return
  for (const { secret } of batch.keys.values()) wipe(secret)
  batch.keys.clear()
}
