import { gcm as nobleGcm } from '@noble/ciphers/aes.js'
import type { Aead } from './aead.ts'
import { gcm } from './gcm.ts'
import { nativeOpen, nativeSeal } from './nativeAead.ts'
import { nobleAead } from './nobleAead.ts'
import { nativeCrypto, nativeFeature } from './tier.ts'

const name = 'aes-128-gcm'
const native = /* @__PURE__ */ nativeFeature((node) => {
  const [key, nonce] = [new Uint8Array(16), new Uint8Array(12)]
  const sealed = nativeSeal(node, name, key, nonce, key, nonce)
  return sealed.length === 28 && nativeOpen(node, name, key, nonce, key, sealed)?.length === 12
})

/** AES-128-GCM, for the formats of others: nothing of ours uses it. */
export const gcm128: Aead = {
  seal: (key, nonce, aad, plaintext) => {
    const node = native()
    return node === null
      ? tier().seal(key, nonce, aad, plaintext)
      : nativeSeal(node, name, key, nonce, aad, plaintext)
  },
  open: (key, nonce, aad, sealed) => {
    const node = native()
    return node === null
      ? tier().open(key, nonce, aad, sealed)
      : nativeOpen(node, name, key, nonce, aad, sealed)
  },
}

/** WebCrypto and noble take the size from the key; a Node.js without this cipher has noble. */
function tier(): Aead {
  return nativeCrypto() === null ? gcm : nobleAead(nobleGcm)
}
