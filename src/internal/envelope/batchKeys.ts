import { wipe } from '../bytes.ts'

/** Batch keys that a long-lived opener has unwrapped, by the entry they came from. */
export interface BatchKeyCache {
  get(id: string): Uint8Array | undefined
  /** Hands a key over: from here on it may be wiped at any time. */
  set(id: string, key: Uint8Array): void
}

/** Batch keys kept at a time; the one that was used least recently goes first. */
const maximumBatchKeys = 256

/** A bounded cache. `close` wipes it for good: what is handed over later is wiped at once. */
export function batchKeyCache(): BatchKeyCache & { close(): void } {
  const keys = new Map<string, Uint8Array>()
  let closed = false
  const drop = (id: string): void => {
    wipe(keys.get(id))
    keys.delete(id)
  }
  return {
    get: (id) => keys.get(id),
    set(id, key) {
      if (closed) return wipe(key)
      const old = keys.get(id)
      if (old !== key) drop(id)
      keys.delete(id)
      keys.set(id, key)
      if (keys.size > maximumBatchKeys) drop(keys.keys().next().value!)
    },
    close() {
      closed = true
      wipe(...keys.values())
      keys.clear()
    },
  }
}
