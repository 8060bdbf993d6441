import type { Aead } from '../engine/aead.ts'

/** A content cipher; import one of the constants of `careseal/envelope`. */
export interface ContentCipher {
  /** Tells it apart from key algorithms. */
  readonly kind: 'cipher'
  /** Name for people, such as `AES-256-GCM`. */
  readonly name: string
}

/** What stands behind a {@link ContentCipher}. */
export interface CipherInternals {
  readonly coseAlg: number
  readonly aead: Aead
}

const hidden: symbol = /* @__PURE__ */ Symbol.for('careseal.cipher/1')

/** Builds the constant of a cipher. */
export function defineCipher(name: string, internals: CipherInternals): ContentCipher {
  return Object.freeze({ kind: 'cipher', name, [hidden]: internals })
}

/** What stands behind a constant; a TypeError for anything else. */
export function cipherInternals(cipher: ContentCipher): CipherInternals {
  const internals = (cipher as unknown as Record<symbol, CipherInternals> | null)?.[hidden]
  if (internals === undefined) {
    throw new TypeError('cipher must be aes256Gcm or chacha20Poly1305 of careseal/envelope')
  }
  return internals
}
