import { wipe } from '../../internal/bytes.ts'
import { sha256 } from '../../internal/engine/hash.ts'
import { ascii } from '../../internal/utf8.ts'

/** Concat KDF with SHA-256 in one round (RFC 7518 §4.6.2): 128 or 256 bits. */
export function concatKdf(
  shared: Uint8Array,
  algorithm: string,
  size: 16 | 32,
  partyU: Uint8Array,
  partyV: Uint8Array,
): Uint8Array {
  const parts = [ascii(algorithm), partyU, partyV].flatMap((part) => [uint32(part.length), part])
  const derived = sha256(uint32(1), shared, ...parts, uint32(size * 8))
  if (size === 32) return derived
  const half = derived.slice(0, size)
  wipe(derived)
  return half
}

function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}
