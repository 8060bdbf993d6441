import { chacha } from '../internal/engine/chacha.ts'
import { gcm } from '../internal/engine/gcm.ts'
import { type ContentCipher, defineCipher } from '../internal/envelope/cipher.ts'
import { algA256Gcm, algChaCha20Poly1305 } from '../internal/registry.ts'

/**
 * AES-256-GCM as content cipher; in JavaScript where the platform has none.
 *
 * @see SP 800-38D; COSE algorithm 3 (RFC 9053 §4.1)
 */
export const aes256Gcm: ContentCipher = /* @__PURE__ */ defineCipher('AES-256-GCM', {
  coseAlg: algA256Gcm,
  aead: gcm,
})

/**
 * ChaCha20-Poly1305 as content cipher: the faster one in plain JavaScript.
 *
 * @see RFC 8439; COSE algorithm 24 (RFC 9053 §4.3)
 */
export const chacha20Poly1305: ContentCipher = /* @__PURE__ */ defineCipher('ChaCha20-Poly1305', {
  coseAlg: algChaCha20Poly1305,
  aead: chacha,
})
