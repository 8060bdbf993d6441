import { hashNodeInto } from './fastHash.ts'
import { emptyRoot, hashSize } from './hash.ts'

/** Heights that a tree of at most 2^53 - 1 entries can have. */
const heights = 54

/** Told of every full node that an appended leaf completes, the leaf itself (level 0) first. */
export type NodeListener = (level: number, bytes: Uint8Array, at: number) => void

/**
 * The right edge of a growing tree: one hash for every bit of its size (RFC 9162 §2.1.2 names them so). It is
 * all that appending and the root need, 1.7 kB for a tree of any size.
 */
export class CompactRange {
  #size = 0
  /** The full node of height h, where bit h of the size is set, stands at 32 · h. */
  readonly #nodes = new Uint8Array(heights * hashSize)
  readonly #carry = new Uint8Array(hashSize)

  /** Entries in the tree. */
  get size(): number {
    return this.#size
  }

  /** An edge of its own that starts out equal. */
  clone(): CompactRange {
    const copy = new CompactRange()
    copy.#size = this.#size
    copy.#nodes.set(this.#nodes)
    return copy
  }

  /** Takes over a full node at a height whose bit in the size is not set and below which all bits are 0. */
  restore(level: number, hash: Uint8Array): void {
    this.#nodes.set(hash, level * hashSize)
    this.#size += 2 ** level
  }

  /** Appends the leaf hash of 32 bytes at `at`. */
  append(leaf: Uint8Array, at: number, listener: NodeListener): void {
    const nodes = this.#nodes
    const carry = this.#carry
    carry.set(leaf.subarray(at, at + hashSize))
    listener(0, carry, 0)
    let level = 0
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      hashNodeInto(carry, 0, nodes, level * hashSize, carry, 0)
      level++
      listener(level, carry, 0)
    }
    nodes.set(carry, level * hashSize)
    this.#size++
  }

  /** The root of the tree as it is. */
  root(): Uint8Array {
    if (this.#size === 0) return emptyRoot()
    const root = new Uint8Array(hashSize)
    let first = true
    for (let level = 0, rest = this.#size; rest > 0; level++, rest = Math.floor(rest / 2)) {
      if (rest % 2 === 0) continue
      if (first) root.set(this.#nodes.subarray(level * hashSize, (level + 1) * hashSize))
      else hashNodeInto(root, 0, this.#nodes, level * hashSize, root, 0)
      first = false
    }
    return root
  }
}
