import { gcm as nobleGcm } from '@noble/ciphers/aes.js'
import type { Aead } from './aead.ts'
import { fastGcm } from './fastGcm.ts'
import { nobleAead } from './nobleAead.ts'

/** AES-256-GCM on every tier (SP 800-38D). */
export const gcm: Aead = {
  seal: (key, nonce, aad, plaintext) => tier().seal(key, nonce, aad, plaintext),
  open: (key, nonce, aad, sealed, consume) => tier().open(key, nonce, aad, sealed, consume),
}

function tier(): Aead {
  return fastGcm() ?? nobleAead(nobleGcm)
}
