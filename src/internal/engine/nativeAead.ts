import { tagSize } from './aead.ts'
import type { NodeCrypto } from './node.ts'

/** One-shot AEAD over `node:crypto`; ciphertext and tag in one array. */
export function nativeSeal(
  node: NodeCrypto,
  name: string,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const cipher = node.createCipheriv(name, key, nonce, { authTagLength: tagSize })
  cipher.setAAD(aad, { plaintextLength: plaintext.length })
  const out = new Uint8Array(plaintext.length + tagSize)
  updateInto(out, cipher, plaintext)
  cipher.final()
  out.set(cipher.getAuthTag(), plaintext.length)
  return out
}

/** A piece that OpenSSL's output fits into memory that was used before: fresh pages cost more than the cipher. */
const piece = 65536

function updateInto(
  out: Uint8Array,
  cipher: { update(data: Uint8Array): Uint8Array },
  data: Uint8Array,
): void {
  for (let at = 0; at < data.length; at += piece) {
    out.set(cipher.update(data.subarray(at, at + piece)), at)
  }
}

/** `null` when the tag does not fit. */
export function nativeOpen(
  node: NodeCrypto,
  name: string,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  if (sealed.length < tagSize) return null
  const length = sealed.length - tagSize
  const decipher = node.createDecipheriv(name, key, nonce, { authTagLength: tagSize })
  decipher.setAAD(aad, { plaintextLength: length })
  decipher.setAuthTag(sealed.subarray(length))
  const plaintext = new Uint8Array(length)
  updateInto(plaintext, decipher, sealed.subarray(0, length))
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
