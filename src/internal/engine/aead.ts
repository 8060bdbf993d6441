import type { MaybePromise } from './tier.ts'

/** Authenticated encryption with a 32-byte key, a 12-byte nonce and a 16-byte tag at the end. */
export interface Aead {
  seal(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
  ): MaybePromise<Uint8Array>
  /** `null` when the tag does not fit; nothing of the plaintext leaves before it does. */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    sealed: Uint8Array,
  ): MaybePromise<Uint8Array | null>
}

/** Bytes that a tag adds. */
export const tagSize = 16
