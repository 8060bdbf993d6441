import { concat } from '../bytes.ts'
import type { MaybePromise } from './tier.ts'

/** Authenticated encryption with a 32-byte key, a 12-byte nonce and a 16-byte tag at the end. */
export interface Aead {
  /** The plaintext may come in parts. It has been read when the call returns, whatever is still to be waited for. */
  seal(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array | readonly Uint8Array[],
  ): MaybePromise<Uint8Array>
  /**
   * `null` when the tag does not fit; nothing of the plaintext leaves before it does. `sealed` has been read when the call
   * returns, unless the caller lets it be consumed: then it is the caller's own, and the result may take its place.
   */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    sealed: Uint8Array,
    consume?: boolean,
  ): MaybePromise<Uint8Array | null>
}

/** Bytes that a tag adds. */
export const tagSize = 16

/** Plaintext in one piece, for ciphers that take no other. */
export function whole(plaintext: Uint8Array | readonly Uint8Array[]): Uint8Array {
  return plaintext instanceof Uint8Array ? plaintext : concat(...plaintext)
}
