import { createHash } from 'node:crypto'

/*
 * RFC 9162 §2.1 written down line by line, slow and with nothing of the library: the yardstick for the fast one.
 */

export const sha256 = (...parts: Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

export const leaf = (entry: Uint8Array): Uint8Array => sha256(Uint8Array.of(0), entry)
export const node = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  sha256(Uint8Array.of(1), left, right)

/** The largest power of two smaller than n. */
const k = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1)

/** MTH(D[n]), over leaf hashes. */
export function mth(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256()
  if (leaves.length === 1) return leaves[0]!
  const middle = k(leaves.length)
  return node(mth(leaves.slice(0, middle)), mth(leaves.slice(middle)))
}

/** PATH(m, D[n]). */
export function path(m: number, leaves: Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return []
  const middle = k(leaves.length)
  return m < middle
    ? [...path(m, leaves.slice(0, middle)), mth(leaves.slice(middle))]
    : [...path(m - middle, leaves.slice(middle)), mth(leaves.slice(0, middle))]
}

/** PROOF(m, D[n]). */
export const proof = (m: number, leaves: Uint8Array[]): Uint8Array[] => subproof(m, leaves, true)

function subproof(m: number, leaves: Uint8Array[], whole: boolean): Uint8Array[] {
  if (m === leaves.length) return whole ? [] : [mth(leaves)]
  const middle = k(leaves.length)
  return m <= middle
    ? [...subproof(m, leaves.slice(0, middle), whole), mth(leaves.slice(middle))]
    : [...subproof(m - middle, leaves.slice(middle), false), mth(leaves.slice(0, middle))]
}

/** Entry number i of the tests: 32 bytes that depend on it. */
export const entry = (i: number): Uint8Array => sha256(new TextEncoder().encode(`entry ${i}`))
