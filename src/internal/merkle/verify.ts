import { equalBytes } from '../bytes.ts'
import { hashSize, isSize, nodeHash } from './hash.ts'

/**
 * RFC 9162 §2.1.3.2: the root that an inclusion proof leads to, or `null` if the proof does not fit index and
 * size. All arguments come from an attacker. The loops end by the size, never by the length of the proof.
 */
export function inclusionRoot(
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
): Uint8Array | null {
  if (!isSize(index) || !isSize(size) || index >= size || !allHashes([leaf, ...proof])) return null
  let fn = index
  let sn = size - 1
  let hash = leaf
  for (const sibling of proof) {
    if (sn === 0) return null
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash)
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2
        sn = half(sn)
      }
    } else hash = nodeHash(hash, sibling)
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 ? hash : null
}

/**
 * RFC 9162 §2.1.4.2: whether the tree of `newer` begins with the tree of `older`. Nothing is consistent with
 * the empty tree in a way that proves anything, so size 0 is refused; equal sizes need equal roots and an
 * empty proof.
 */
export function isConsistent(
  older: { readonly size: number; readonly root: Uint8Array },
  newer: { readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(older.size) || !isSize(newer.size) || !allHashes([older.root, newer.root, ...proof]))
    return false
  if (older.size === 0 || older.size > newer.size) return false
  if (older.size === newer.size) return proof.length === 0 && equalBytes(older.root, newer.root)
  let fn = older.size - 1
  let sn = newer.size - 1
  while (fn % 2 === 1) {
    fn = half(fn)
    sn = half(sn)
  }
  // A size that is a power of two: its root is a node of the newer tree and the proof leaves it out.
  let next = fn === 0 ? 0 : 1
  const first = next === 0 ? older.root : proof[0]
  if (first === undefined) return false
  let fr = first
  let sr = first
  for (; next < proof.length; next++) {
    const hash = proof[next]!
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(hash, fr)
      sr = nodeHash(hash, sr)
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2
        sn = half(sn)
      }
    } else sr = nodeHash(sr, hash)
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && equalBytes(fr, older.root) && equalBytes(sr, newer.root)
}

/** A shift that holds beyond 32 bits. */
function half(n: number): number {
  return Math.floor(n / 2)
}

function allHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === hashSize)
}
