import { type CompactRange, hashLeafInto, hashSize } from '../internal/merkle/index.ts'
import { encodeBundle } from './bundle.ts'
import { hashesAt, tileWidth } from './tileNames.ts'
import { type Edge, rangeOf } from './treeView.ts'

/** A tile or bundle that has become full. */
export interface FullTile {
  readonly level: number | 'entries'
  readonly index: number
  readonly bytes: Uint8Array
}

/** A level of tiles: the hashes of the one that is not full. */
interface Level {
  readonly hashes: Uint8Array
  width: number
}

/**
 * What a writer keeps of its log in memory: the right edge of tree and tiles and the entries of the last bundle,
 * some tens of kilobytes for a log of any size. Entries are 32 bytes.
 */
export class GrowingTree {
  readonly #range: CompactRange
  readonly #levels: Level[]
  readonly #entries = new Uint8Array(tileWidth * 32)

  private constructor(range: CompactRange, levels: Level[]) {
    this.#range = range
    this.#levels = levels
  }

  /** The tree with that edge; its size must be a multiple of 256, so that no entries are missing. */
  static from(edge: Edge): GrowingTree {
    const levels = edge.map((tile) => {
      const hashes = new Uint8Array(tileWidth * hashSize)
      hashes.set(tile)
      return { hashes, width: tile.length / hashSize }
    })
    return new GrowingTree(rangeOf(edge), levels)
  }

  /** A tree of its own that starts out equal. */
  clone(): GrowingTree {
    const levels = this.#levels.map(({ hashes, width }) => ({ hashes: hashes.slice(), width }))
    const copy = new GrowingTree(this.#range.clone(), levels)
    copy.#entries.set(this.#entries)
    return copy
  }

  /** Entries in the tree. */
  get size(): number {
    return this.#range.size
  }

  /** The root of the tree as it is. */
  root(): Uint8Array {
    return this.#range.root()
  }

  /** Appends entries of 32 bytes each; returns what became full by it. */
  append(entries: Uint8Array): FullTile[] {
    const full: FullTile[] = []
    const leaf = new Uint8Array(hashSize)
    for (let at = 0; at < entries.length; at += 32) {
      this.#entries.set(entries.subarray(at, at + 32), (this.size % tileWidth) * 32)
      hashLeafInto(leaf, 0, entries, at)
      const size = this.size + 1
      this.#range.append(leaf, 0, (height, bytes, from) => {
        if (height % 8 === 0)
          this.#push(height / 8, size, bytes.subarray(from, from + hashSize), full)
      })
    }
    return full
  }

  /** The partial tiles of all levels, as copies. */
  edge(): Edge {
    return this.#levels.map(({ hashes, width }) => hashes.slice(0, width * hashSize))
  }

  /** The entries of the bundle that is not full, as a copy. */
  lastEntries(): Uint8Array {
    return this.#entries.slice(0, (this.size % tileWidth) * 32)
  }

  #push(level: number, size: number, hash: Uint8Array, full: FullTile[]): void {
    this.#levels[level] ??= { hashes: new Uint8Array(tileWidth * hashSize), width: 0 }
    const tile = this.#levels[level]
    tile.hashes.set(hash, tile.width * hashSize)
    tile.width++
    if (tile.width < tileWidth) return
    tile.width = 0
    const index = hashesAt(size, level) / tileWidth - 1
    full.push({ level, index, bytes: tile.hashes.slice() })
    if (level === 0) full.push({ level: 'entries', index, bytes: encodeBundle(this.#entries) })
  }
}
