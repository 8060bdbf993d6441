import { LedgerConflict, LogBehind, LogCorrupt } from '../errors.ts'
import { equalBytes } from '../internal/bytes.ts'
import { decodeUtf8 } from '../internal/utf8.ts'
import type { Store } from '../store/index.ts'
import type { Checkpoint } from './checkpoint.ts'
import { type FullTile, GrowingTree } from './growingTree.ts'
import { checkpointKey, decodeHead, headKey, writtenAtText } from './head.ts'
import { isKeyName } from './note.ts'
import type { LogSigner } from './signer.ts'
import { corrupt, fetchEdge, TileCache, TreeView } from './treeView.ts'

/** The size and root that somebody else knows of a log. */
export interface KnownHead {
  /** Entries in the log. */
  readonly size: number
  /** Root of the tree of these entries, 32 bytes. */
  readonly root: Uint8Array
}

/** A log as its store holds it, verified as far as it goes. */
export interface StoredLog {
  /** The bytes of the head, for compare-and-set. */
  readonly head: Uint8Array
  readonly note: string
  readonly tree: GrowingTree
  /** What became full since the tiles that are certainly durable. */
  readonly full: readonly FullTile[]
}

/**
 * Reads the head of a log and rebuilds its right edge; `null` if there is no log yet. Writes nothing. Refuses a
 * store that is behind what it has published itself, or behind `floor`.
 */
export async function loadLog(
  store: Store,
  signer: LogSigner,
  floor: KnownHead | null,
): Promise<StoredLog | null> {
  // In this order: whoever writes at the same time commits a head before publishing its checkpoint.
  const text = await store.get(checkpointKey)
  const bytes = await store.get(headKey)
  const found = await signer.recognize(text === null ? null : decodeUtf8(text))
  const published = found?.size === 0 ? null : found
  if (bytes === null) {
    if (floor !== null) throw behind('The store holds no log', floor.size)
    if (text === null) return null
    throw new LogCorrupt(
      `The store has a ${checkpointKey} but no ${headKey}: only a part of the log was copied here. Restore all of it, names that begin with a dot included.`,
    )
  }
  const head = decodeHead(bytes)
  await requireOwn(head.checkpoint, signer)
  const { size, root } = head.checkpoint
  const state = `The log of this store ends at size ${size} (written ${writtenAtText(head)})`
  for (const known of [floor, published]) {
    if (known !== null && known.size > size) throw behind(state, known.size)
  }
  const edge = await fetchEdge(store, head.tiled, {})
  const tree = GrowingTree.from(edge)
  const tiled = new TreeView(store, new TileCache(), { size: head.tiled, root: tree.root() }, edge)
  const full = tree.append(head.entries)
  if (!equalBytes(tree.root(), root)) {
    throw corrupt(`${headKey} and the tiles do not have the root that was signed`)
  }
  const rootAt = async (earlier: number): Promise<Uint8Array> => {
    if (earlier <= head.tiled) return tiled.rootAt(earlier, {})
    const grown = GrowingTree.from(edge)
    grown.append(head.entries.subarray(0, (earlier - head.tiled) * 32))
    return grown.root()
  }
  if (floor !== null && !equalBytes(await rootAt(floor.size), floor.root)) {
    throw new LogBehind(
      `${state}, and differs from the checkpoint of size ${floor.size} that is known elsewhere: entries were replaced. Do not append; restore the store that has that checkpoint.`,
    )
  }
  if (published !== null && !equalBytes(await rootAt(published.size), published.root)) {
    throw new LedgerConflict(
      `${state}, and has published another root for size ${published.size} before. Keep the file ${checkpointKey} as evidence and find out who else wrote here.`,
    )
  }
  return { head: bytes, note: head.note, tree, full }
}

async function requireOwn(checkpoint: Checkpoint, signer: LogSigner): Promise<void> {
  if (checkpoint.origin !== signer.origin) {
    throw new LogCorrupt(
      `The store holds ${nameOf(checkpoint)}. Open it under that origin, or give ${signer.origin} a store of its own (prefixStore).`,
    )
  }
  if (!(await signer.signed(checkpoint))) {
    throw new LogCorrupt(
      `The log ${signer.origin} in this store is signed with another key. Open it with its own signer, or give this one a store and an origin of its own.`,
    )
  }
}

/** Nobody has verified it yet: a message shows it only if it is short and a name. */
function nameOf({ origin }: Checkpoint): string {
  return origin.length <= 255 && isKeyName(origin) ? `the log ${origin}` : 'another log'
}

function behind(state: string, size: number): LogBehind {
  return new LogBehind(
    `${state}, but a checkpoint of size ${size} is known elsewhere: an old backup was restored, or entries were cut off. Do not append; restore the newest copy.`,
  )
}
