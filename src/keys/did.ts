import { base58btc } from 'multiformats/bases/base58'
import { internalsOf } from '../internal/algorithm.ts'
import { concat } from '../internal/bytes.ts'
import type { AnyPublicKey, SignaturePublicKey } from './types.ts'

/** How a did:key begins. */
export const didPrefix = 'did:key:'

/** The did:key of a signing key; every signature algorithm has a code in the multicodec table. */
export function didOf(key: SignaturePublicKey): string {
  return didPrefix + multikeyOf(key)
}

/** The Multikey of a key whose algorithm has a code of its own. */
export function multikeyOf(key: AnyPublicKey): string {
  const { shape, points } = internalsOf(key.algorithm)
  const body = points === null ? key.bytes : points.compress(key.bytes)
  return base58btc.encode(concat(varint(shape.multicodec ?? 0), body))
}

/** Unsigned LEB128. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Uint8Array.of(...bytes, rest)
}
