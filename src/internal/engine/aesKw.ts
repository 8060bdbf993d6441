import { aeskw } from '@noble/ciphers/aes.js'
import { concat, wipe } from '../bytes.ts'
import { type NodeCrypto, plain } from './node.ts'
import { nativeFeature } from './tier.ts'

const name = 'id-aes256-wrap'
/** The default initial value of RFC 3394 §2.2.3.1. */
const initial = (): Uint8Array => new Uint8Array(8).fill(0xa6)
const native = /* @__PURE__ */ nativeFeature(
  (node) => nativeWrap(node, new Uint8Array(32), new Uint8Array(32)).length === 40,
)

/** AES-256 key wrap (RFC 3394). */
export function wrapKey(wrappingKey: Uint8Array, key: Uint8Array): Uint8Array {
  const node = native()
  return node === null ? aeskw(wrappingKey).encrypt(key) : nativeWrap(node, wrappingKey, key)
}

/** `null` when the integrity check fails. */
export function unwrapKey(wrappingKey: Uint8Array, wrapped: Uint8Array): Uint8Array | null {
  // At least two blocks of 64 bits (RFC 3394 §2.2.2); OpenSSL answers nothing with nothing.
  if (wrapped.length < 24 || wrapped.length % 8 !== 0) return null
  const node = native()
  try {
    if (node === null) return aeskw(wrappingKey).decrypt(wrapped)
    const decipher = node.createDecipheriv(name, wrappingKey, initial())
    const update = decipher.update(wrapped)
    const key = concat(update, decipher.final())
    wipe(update)
    return key
  } catch {
    return null
  }
}

function nativeWrap(node: NodeCrypto, wrappingKey: Uint8Array, key: Uint8Array): Uint8Array {
  const cipher = node.createCipheriv(name, wrappingKey, initial())
  const wrapped = plain(cipher.update(key))
  return concat(wrapped, cipher.final())
}
