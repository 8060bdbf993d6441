import { hmac as nobleHmac } from '@noble/hashes/hmac.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { wipe } from '../bytes.ts'
import { plain } from './node.ts'
import { nativeCrypto } from './tier.ts'

/**
 * SHA-256 of the concatenation. Synchronous on every tier: a WebCrypto digest costs a hop to another
 * thread, dearer than noble at the sizes hashed here.
 */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const node = nativeCrypto()
  if (node !== null) {
    if (parts.length === 1 && node.hash !== undefined) {
      return plain(node.hash('sha256', parts[0]!, 'buffer'))
    }
    const hash = node.createHash('sha256')
    for (const part of parts) hash.update(part)
    return plain(hash.digest())
  }
  if (parts.length === 1) return nobleSha256(parts[0]!)
  const hash = nobleSha256.create()
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** SHA-256 of what comes in pieces. */
export function startSha256(): { update(part: Uint8Array): unknown; digest(): Uint8Array } {
  const node = nativeCrypto()
  if (node === null) return nobleSha256.create()
  const hash = node.createHash('sha256')
  return { update: (part) => hash.update(part), digest: () => plain(hash.digest()) }
}

/** HMAC-SHA-256 (RFC 2104) of the concatenation. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const node = nativeCrypto()
  const mac = node === null ? nobleHmac.create(nobleSha256, key) : node.createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return plain(mac.digest())
}

/** HKDF-Extract with SHA-256 (RFC 5869 §2.2). An empty salt is 32 zeros. */
export function hkdfExtract(salt: Uint8Array, ...ikm: readonly Uint8Array[]): Uint8Array {
  return hmacSha256(salt.length === 0 ? new Uint8Array(32) : salt, ...ikm)
}

/** HKDF-Expand with SHA-256 (RFC 5869 §2.3); at most 255 × 32 bytes. */
export function hkdfExpand(
  prk: Uint8Array,
  length: number,
  ...info: readonly Uint8Array[]
): Uint8Array {
  if (length > 255 * 32) throw new RangeError('HKDF gives at most 8160 bytes')
  const out = new Uint8Array(Math.ceil(length / 32) * 32)
  let block: Uint8Array = new Uint8Array(0)
  for (let i = 0; i * 32 < length; i++) {
    const next = hmacSha256(prk, block, ...info, Uint8Array.of(i + 1))
    wipe(block)
    block = next
    out.set(block, i * 32)
  }
  wipe(block)
  if (out.length === length) return out
  const derived = out.slice(0, length)
  wipe(out)
  return derived
}

/** HKDF-SHA-256 (RFC 5869). */
export function hkdf(
  ikm: Uint8Array,
  salt: Uint8Array,
  length: number,
  ...info: readonly Uint8Array[]
): Uint8Array {
  const prk = hkdfExtract(salt, ikm)
  const derived = hkdfExpand(prk, length, ...info)
  wipe(prk)
  return derived
}
