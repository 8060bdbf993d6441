import { equalBytes } from '../bytes.ts'
import { sha256 } from '../engine/hash.ts'
import { CompactRange, hashSize } from '../merkle/index.ts'

const leafPrefix = /* @__PURE__ */ Uint8Array.of(0)
const nobody = (): void => {}

/** RFC 9162 §2.1.1: the leaf hash of an encrypted segment, without a copy of it. */
export function segmentHash(sealed: Uint8Array): Uint8Array {
  return sha256(leafPrefix, sealed)
}

/** Leaf hashes of a growing stream, and their root. */
export class LeafHashes {
  readonly #tree = new CompactRange()
  #bytes = new Uint8Array(64 * hashSize)

  get count(): number {
    return this.#tree.size
  }

  push(hash: Uint8Array): void {
    const at = this.count * hashSize
    if (at === this.#bytes.length) {
      const grown = new Uint8Array(2 * at)
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes.set(hash, at)
    this.#tree.append(hash, 0, nobody)
  }

  root(): Uint8Array {
    return this.#tree.root()
  }

  /** All hashes, one after the other; a view. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.count * hashSize)
  }
}

/** The root alone, for who reads: 1.7 kB whatever the stream's length. */
export class LeafRoot {
  readonly #tree = new CompactRange()

  /** Hashes of whole leaves, one after the other. */
  push(hashes: Uint8Array): void {
    for (let at = 0; at < hashes.length; at += hashSize) this.#tree.append(hashes, at, nobody)
  }

  equals(other: Uint8Array): boolean {
    return equalBytes(this.root(), other)
  }

  root(): Uint8Array {
    return this.#tree.root()
  }
}
