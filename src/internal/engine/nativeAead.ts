import { tagSize } from './aead.ts'
import type { NodeCrypto } from './node.ts'

/** One-shot AEAD over `node:crypto`; ciphertext and tag in one array. */
export function nativeSeal(
  node: NodeCrypto,
  name: string,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array | readonly Uint8Array[],
): Uint8Array {
  const parts = plaintext instanceof Uint8Array ? [plaintext] : plaintext
  let length = 0
  for (const part of parts) length += part.length
  const cipher = node.createCipheriv(name, key, nonce, { authTagLength: tagSize })
  cipher.setAAD(aad, { plaintextLength: length })
  const out = new Uint8Array(length + tagSize)
  let at = 0
  for (const part of parts) at = updateInto(out, at, cipher, part)
  cipher.final()
  out.set(cipher.getAuthTag(), at)
  return out
}

/** OpenSSL's copy of a key that was unwrapped is overwritten; content is not worth another pass over it. */
const largestKey = 64

/** A piece that OpenSSL's output fits into memory that was used before: fresh pages cost more than the cipher. */
const piece = 65536

function updateInto(
  out: Uint8Array,
  from: number,
  cipher: { update(data: Uint8Array): Uint8Array },
  data: Uint8Array,
): number {
  for (let at = 0; at < data.length; at += piece) {
    const part = cipher.update(data.subarray(at, at + piece))
    out.set(part, from + at)
    if (data.length <= largestKey) part.fill(0)
  }
  return from + data.length
}

/** `null` when the tag does not fit. */
export function nativeOpen(
  node: NodeCrypto,
  name: string,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
  consume = false,
): Uint8Array | null {
  if (sealed.length < tagSize) return null
  const length = sealed.length - tagSize
  const decipher = node.createDecipheriv(name, key, nonce, { authTagLength: tagSize })
  decipher.setAAD(aad, { plaintextLength: length })
  decipher.setAuthTag(sealed.slice(length))
  const plaintext = consume ? sealed.subarray(0, length) : new Uint8Array(length)
  updateInto(plaintext, 0, decipher, sealed.subarray(0, length))
  try {
    decipher.final()
  } catch {
    plaintext.fill(0)
    return null
  }
  return plaintext
}

/** Whether sealing and opening works here at all (FIPS mode, BoringSSL). */
export function nativeAeadWorks(node: NodeCrypto, name: string): boolean {
  const key = new Uint8Array(32)
  const nonce = new Uint8Array(12)
  const sealed = nativeSeal(node, name, key, nonce, key, nonce)
  return sealed.length === 28 && nativeOpen(node, name, key, nonce, key, sealed)?.length === 12
}
