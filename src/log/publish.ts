import { isCaresealError } from '../errors.ts'
import { hashSize } from '../internal/merkle/index.ts'
import type { Store, StoreEntry } from '../store/index.ts'
import { encodeBundle } from './bundle.ts'
import type { FullTile, GrowingTree } from './growingTree.ts'
import { hashesAt, partialFolder, tileKey, tileWidth } from './tileNames.ts'

/** Writes that a store without `putMany` runs side by side. */
const parallel = 8

/**
 * Writes the tiles and bundles of a committed tree under their final names. They follow from the committed entries,
 * so writing them again changes nothing. What the next head no longer carries is durable when this resolves: full
 * tiles, and the partial tiles above them. The last tile and bundle are in the head and may be lazy.
 */
export async function publishTiles(
  store: Store,
  tree: GrowingTree,
  full: readonly FullTile[],
): Promise<void> {
  const durable: StoreEntry[] = full.map(({ level, index, bytes }) => ({
    key: tileKey(level, index, tileWidth),
    value: bytes,
  }))
  const lazy: StoreEntry[] = []
  tree.edge().forEach((hashes, level) => {
    const width = hashes.length / hashSize
    if (width === 0) return
    const index = Math.floor(hashesAt(tree.size, level) / tileWidth)
    const entry = { key: tileKey(level, index, width), value: hashes }
    if (level === 0) {
      const bundle = encodeBundle(tree.lastEntries())
      lazy.push(entry, { key: tileKey('entries', index, width), value: bundle })
    } else if (full.some((tile) => tile.level === level - 1)) durable.push(entry)
  })
  await Promise.all([writeAll(store, durable, false), writeAll(store, lazy, true)])
}

/**
 * Deletes the partial tiles that a full one replaces. Only the first tile of each level that became full can have
 * some: the others grew from nothing in one step.
 */
export async function deleteOutdated(store: Store, full: readonly FullTile[]): Promise<void> {
  const seen = new Set<number | 'entries'>()
  const outdated: StoreEntry[] = []
  try {
    for (const { level, index } of full) {
      if (seen.has(level)) continue
      seen.add(level)
      for await (const key of store.list(partialFolder(level, index))) {
        outdated.push({ key, value: null })
      }
    }
    await writeAll(store, outdated, true)
  } catch (error) {
    // They do no harm, and what was appended is done.
    if (!isCaresealError(error, 'ERR_STORE_FAILED')) throw error
  }
}

async function writeAll(
  store: Store,
  entries: readonly StoreEntry[],
  lazy: boolean,
): Promise<void> {
  if (entries.length === 0) return
  if (store.putMany !== undefined) return store.putMany(entries, { lazy })
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < entries.length) {
      const { key, value } = entries[next++]!
      await store.put(key, value, { lazy })
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))
}
