import { chacha20poly1305 as nobleChaCha } from '@noble/ciphers/chacha.js'
import type { Aead } from './aead.ts'
import { nativeAeadWorks, nativeOpen, nativeSeal } from './nativeAead.ts'
import { nobleAead } from './nobleAead.ts'
import { nativeFeature } from './tier.ts'

const name = 'chacha20-poly1305'
const native = /* @__PURE__ */ nativeFeature((node) => nativeAeadWorks(node, name))

/** ChaCha20-Poly1305 on every tier (RFC 8439); WebCrypto has none that can be relied on. */
export const chacha: Aead = {
  seal: (key, nonce, aad, plaintext) => {
    const node = native()
    return node === null
      ? noble().seal(key, nonce, aad, plaintext)
      : nativeSeal(node, name, key, nonce, aad, plaintext)
  },
  open: (key, nonce, aad, sealed, consume) => {
    const node = native()
    return node === null
      ? noble().open(key, nonce, aad, sealed)
      : nativeOpen(node, name, key, nonce, aad, sealed, consume)
  },
}

const noble = (): Aead => nobleAead(nobleChaCha)
