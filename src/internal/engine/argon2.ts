import { argon2id, argon2idAsync } from '@noble/hashes/argon2.js'
import { throwIfAborted } from '../abort.ts'

/** What one derivation costs (RFC 9106 §3.1). */
export interface Argon2Cost {
  /** KiB of memory. */
  readonly memory: number
  /** Times that the memory is gone through. */
  readonly passes: number
  /** Lanes; they run one after another here. */
  readonly lanes: number
}

/**
 * Argon2id, version 0x13, 32 bytes. It lets others have a turn every ten milliseconds where the platform has a way
 * to, and stops soon after an abort. The caller has bounded the cost.
 */
export async function argon2(
  password: Uint8Array,
  salt: Uint8Array,
  cost: Argon2Cost,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  throwIfAborted(signal)
  const options = {
    m: cost.memory,
    t: cost.passes,
    p: cost.lanes,
    dkLen: 32,
    onProgress: () => throwIfAborted(signal),
  }
  // Plain ECMAScript has no timers; there the derivation runs in one piece.
  const derived =
    typeof globalThis.setTimeout === 'function'
      ? await argon2idAsync(password, salt, options)
      : argon2id(password, salt, options)
  throwIfAborted(signal)
  return derived
}
