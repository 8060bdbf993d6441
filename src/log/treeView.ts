import { LogCorrupt } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument, equalBytes } from '../internal/bytes.ts'
import type { MaybePromise } from '../internal/engine/tier.ts'
import {
  CompactRange,
  fullNodes,
  hashSize,
  leafHash,
  nodeHash,
  type Range,
} from '../internal/merkle/index.ts'
import type { Store, StoreCallOptions } from '../store/index.ts'
import { decodeBundle } from './bundle.ts'
import { hashesAt, tileKey, tileWidth } from './tileNames.ts'
import { TileTree } from './tileTree.ts'

/** What reading a log needs of a store. */
export type ReadStore = Pick<Store, 'get'>

/** Verified full tiles that are kept: 16 kB each with the nodes above their hashes. */
const keptTiles = 512
/** Hashes of ranges that a view keeps. */
const keptRanges = 4096

/** Full tiles that were verified: they are the same in every later view of one log. */
export class TileCache {
  /** Hashes alone where nobody has asked for a node above them yet. */
  readonly #tiles = new Map<string, MaybePromise<TileTree> | Uint8Array>()

  /** A tile that is there or on its way, else the one that `load` resolves to. */
  get(key: string, load: () => Promise<TileTree>): MaybePromise<TileTree> {
    const known = this.#tiles.get(key)
    const found =
      known instanceof Uint8Array ? new TileTree(known) : (known ?? this.#settle(key, load()))
    this.#keep(key, found)
    return found
  }

  /** Takes the hashes of a full tile that was computed here; not copied. */
  add(key: string, hashes: Uint8Array): void {
    this.#keep(key, hashes)
  }

  #keep(key: string, tile: MaybePromise<TileTree> | Uint8Array): void {
    // The order of insertion is the order of last use.
    this.#tiles.delete(key)
    this.#tiles.set(key, tile)
    for (const oldest of this.#tiles.keys()) {
      if (this.#tiles.size <= keptTiles) break
      this.#tiles.delete(oldest)
    }
  }

  /** Once a tile is there, whoever needs it has it without waiting. */
  #settle(key: string, loading: Promise<TileTree>): Promise<TileTree> {
    loading.then(
      (tile) => this.#tiles.get(key) === loading && this.#tiles.set(key, tile),
      () => this.#tiles.get(key) === loading && this.#tiles.delete(key),
    )
    return loading
  }
}

/** What a full tile is called in a cache. */
export const cacheKey = (level: number, index: number): string => `${level}/${index}`

/** The right edge of a tree: for every level the hashes of its partial tile, empty where the last one is full. */
export type Edge = readonly Uint8Array[]

/**
 * A log at one size with a root that is trusted. Tiles and bundles come from a store that is not: the partial
 * tiles of the edge together give the root, every full tile is vouched for by a hash in the level above.
 */
export class TreeView {
  readonly size: number
  readonly root: Uint8Array
  readonly #store: ReadStore
  readonly #cache: TileCache
  readonly #edge: Edge
  readonly #partial = new Map<number, TileTree>()
  /** Hashes of ranges that were asked for, found by the sum of begin and end, which few ranges share. */
  readonly #ranges = new Map<number, Range & { readonly hash: Uint8Array }>()

  /** The edge must have been checked against the root. */
  constructor(
    store: ReadStore,
    cache: TileCache,
    head: { readonly size: number; readonly root: Uint8Array },
    edge: Edge,
  ) {
    this.#store = store
    this.#cache = cache
    this.#edge = edge
    this.size = head.size
    this.root = head.root
  }

  /** The root that the log had at an earlier size. */
  rootAt(size: number, options: StoreCallOptions): MaybePromise<Uint8Array> {
    return size === this.size ? this.root : this.hash({ begin: 0, end: size }, options)
  }

  /** The hash of a range of entries; not a promise where the tiles are at hand. */
  hash(range: Range, options: StoreCallOptions): MaybePromise<Uint8Array> {
    const nodes = fullNodes(range).map(({ level, index }) => this.#node(level, index, options))
    return nodes.every((node) => node instanceof Uint8Array)
      ? joined(nodes)
      : Promise.all(nodes).then(joined)
  }

  /** The hashes of several ranges, for reading only: proofs of neighbours have most of them in common. */
  async hashes(
    ranges: readonly Range[],
    options: StoreCallOptions,
  ): Promise<readonly Uint8Array[]> {
    throwIfAborted(options.signal)
    const hashes = ranges.map((range) => this.#known(range) ?? this.#learn(range, options))
    return hashes.every((hash) => hash instanceof Uint8Array) ? hashes : Promise.all(hashes)
  }

  #known({ begin, end }: Range): Uint8Array | undefined {
    const known = this.#ranges.get(begin + end)
    return known?.begin === begin && known.end === end ? known.hash : undefined
  }

  #learn(range: Range, options: StoreCallOptions): MaybePromise<Uint8Array> {
    const hash = this.hash(range, options)
    if (hash instanceof Uint8Array) {
      if (this.#ranges.size >= keptRanges) this.#ranges.clear()
      this.#ranges.set(range.begin + range.end, { ...range, hash })
    }
    return hash
  }

  /** The entries from `from` to `to` that are in one bundle; at least one. */
  async entries(from: number, to: number, options: StoreCallOptions): Promise<Uint8Array[]> {
    const index = Math.floor(from / tileWidth)
    const width = Math.min(tileWidth, this.size - index * tileWidth)
    const tile = await this.#tile(0, index, options)
    const bundle = await fetchTile(this.#store, 'entries', index, width, options, (bytes) =>
      decodeBundle(bytes, width),
    )
    const first = index * tileWidth
    return bundle.slice(from - first, to - first).map((entry, i) => {
      if (!equalBytes(leafHash(entry), tile.node(0, from - first + i))) {
        throw corrupt(`entry ${from + i} does not have the hash that stands in its tile`)
      }
      return entry
    })
  }

  /** A full node of the tree. */
  #node(level: number, index: number, options: StoreCallOptions): MaybePromise<Uint8Array> {
    const height = level % 8
    const perTile = tileWidth / 2 ** height
    const tile = this.#tile((level - height) / 8, Math.floor(index / perTile), options)
    return tile instanceof TileTree
      ? tile.node(height, index % perTile)
      : tile.then((loaded) => loaded.node(height, index % perTile))
  }

  #tile(level: number, index: number, options: StoreCallOptions): MaybePromise<TileTree> {
    if ((index + 1) * tileWidth > hashesAt(this.size, level)) return this.#partialTile(level)
    // The signal is of one caller, the tile may be for several.
    const tile = this.#cache.get(cacheKey(level, index), async () => {
      const hashes = await fetchTile(this.#store, level, index, tileWidth, {}, wholeTile(tileWidth))
      const loaded = new TileTree(hashes)
      const above = await this.#tile(level + 1, Math.floor(index / tileWidth), {})
      if (!equalBytes(loaded.node(8, 0), above.node(0, index % tileWidth))) {
        throw corrupt(
          `${tileKey(level, index, tileWidth)} does not have the hash that stands above it`,
        )
      }
      return loaded
    })
    if (tile instanceof TileTree) return tile
    return tile.then((loaded) => {
      throwIfAborted(options.signal)
      return loaded
    })
  }

  #partialTile(level: number): TileTree {
    const found = this.#partial.get(level) ?? new TileTree(this.#edge[level]!)
    this.#partial.set(level, found)
    return found
  }
}

/** The hash of a range from those of its full nodes, left to right. */
function joined(nodes: readonly Uint8Array[]): Uint8Array {
  return nodes.reduceRight((right, left) => nodeHash(left, right))
}

/** Loads the right edge of a tree of that size and checks that it has that root. */
export async function loadEdge(
  store: ReadStore,
  head: { readonly size: number; readonly root: Uint8Array },
  options: StoreCallOptions,
): Promise<Edge> {
  const edge = await fetchEdge(store, head.size, options)
  if (!equalBytes(rangeOf(edge).root(), head.root)) {
    throw corrupt('the tiles at the right edge do not have the root of the checkpoint')
  }
  return edge
}

/** The right edge of a tree of that size, not checked. */
export async function fetchEdge(
  store: ReadStore,
  size: number,
  options: StoreCallOptions,
): Promise<Edge> {
  const widths: number[] = []
  for (let level = 0; hashesAt(size, level) > 0; level++)
    widths.push(hashesAt(size, level) % tileWidth)
  return Promise.all(
    widths.map(async (width, level) => {
      if (width === 0) return new Uint8Array(0)
      const index = Math.floor(hashesAt(size, level) / tileWidth)
      return fetchTile(store, level, index, width, options, wholeTile(width))
    }),
  )
}

/** The full nodes at the right edge, as appending needs them. */
export function rangeOf(edge: Edge): CompactRange {
  const range = new CompactRange()
  for (let level = edge.length - 1; level >= 0; level--) {
    const tile = new TileTree(edge[level]!)
    const width = edge[level]!.length / hashSize
    for (let height = 7; height >= 0; height--) {
      const count = Math.floor(width / 2 ** height)
      if (count % 2 === 1) range.restore(8 * level + height, tile.node(height, count - 1))
    }
  }
  return range
}

/** A partial tile may have been deleted when the full one came: then that begins with it. */
async function fetchTile<T>(
  store: ReadStore,
  level: number | 'entries',
  index: number,
  width: number,
  options: StoreCallOptions,
  parse: (bytes: Uint8Array) => T | null,
): Promise<T> {
  const keys = [tileKey(level, index, width)]
  if (width < tileWidth) keys.push(tileKey(level, index, tileWidth))
  for (const key of keys) {
    const bytes = await store.get(key, options)
    // Seen as a plain array: a Buffer's slice() would still be the store's own memory.
    const parsed = bytes === null ? null : parse(bytesArgument(bytes, 'what the store holds'))
    if (parsed !== null) return parsed
  }
  throw corrupt(`${keys[0]} is missing or has a wrong length`)
}

function wholeTile(width: number): (bytes: Uint8Array) => Uint8Array | null {
  return (bytes) =>
    bytes.length === width * hashSize || bytes.length === tileWidth * hashSize
      ? bytes.slice(0, width * hashSize)
      : null
}

/** The stored log contradicts itself. */
export function corrupt(problem: string): LogCorrupt {
  return new LogCorrupt(
    `The stored log is damaged or was changed: ${problem}. Restore it from a copy and open it again, or read it from another place.`,
  )
}
