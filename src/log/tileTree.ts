import { hashNodeInto, hashSize } from '../internal/merkle/index.ts'

/**
 * A tile with all full nodes above its hashes: at height h of the tile, `heights[h]` holds one hash for every 2^h
 * hashes of the tile. For a full tile the last height holds its one root.
 */
export class TileTree {
  readonly heights: readonly Uint8Array[]

  /** `hashes` are those of the tile, 1 to 256 of 32 bytes; not copied. */
  constructor(hashes: Uint8Array) {
    const heights = [hashes]
    for (let below = hashes; below.length >= 2 * hashSize; ) {
      const count = Math.floor(below.length / (2 * hashSize))
      const above = new Uint8Array(count * hashSize)
      for (let i = 0; i < count; i++) {
        const at = 2 * i * hashSize
        hashNodeInto(above, i * hashSize, below, at, below, at + hashSize)
      }
      heights.push(above)
      below = above
    }
    this.heights = heights
  }

  /** A copy of the full node at a height. */
  node(height: number, index: number): Uint8Array {
    return this.heights[height]!.slice(index * hashSize, (index + 1) * hashSize)
  }
}
