import { sha256 } from '../engine/hash.ts'

/** Bytes of a hash. */
export const hashSize = 32

/** RFC 9162 §2.1.1: the hash of an entry, 0x00 in front so that no entry can pose as a node. */
export function leafHash(entry: Uint8Array): Uint8Array {
  const message = new Uint8Array(1 + entry.length)
  message.set(entry, 1)
  return sha256(message)
}

/** RFC 9162 §2.1.1: the hash of an inner node, 0x01 in front. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const message = new Uint8Array(65)
  message[0] = 1
  message.set(left, 1)
  message.set(right, 33)
  return sha256(message)
}

/** RFC 9162 §2.1.1: the root of the tree without entries, the hash of nothing. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0))
}

/** Whether a value can be the size of a tree or an index in it: our arithmetic is exact up to 2^53 - 1. */
export function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
