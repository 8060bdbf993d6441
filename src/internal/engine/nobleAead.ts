import { type Aead, tagSize, whole } from './aead.ts'

type NobleCipher = (
  key: Uint8Array,
  nonce: Uint8Array,
  aad?: Uint8Array,
) => { encrypt(plaintext: Uint8Array): Uint8Array; decrypt(sealed: Uint8Array): Uint8Array }

/** An AEAD of noble behind the engine's interface. */
export function nobleAead(cipher: NobleCipher): Aead {
  return {
    seal: (key, nonce, aad, plaintext) => cipher(key, nonce, aad).encrypt(whole(plaintext)),
    open: (key, nonce, aad, sealed) => {
      if (sealed.length < tagSize) return null
      try {
        return cipher(key, nonce, aad).decrypt(sealed)
      } catch {
        return null
      }
    },
  }
}
