import { ProofInvalid } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { equalBytes } from '../internal/bytes.ts'
import { consistencyRanges, inclusionRanges, isSize } from '../internal/merkle/index.ts'
import type { CallOptions } from '../keys/index.ts'
import { parseCheckpoint } from './checkpoint.ts'
import type { ProveInclusionOptions } from './log.ts'
import { tileWidth } from './tileNames.ts'
import { formatTlogProof } from './tlogProof.ts'
import type { TreeView } from './treeView.ts'

/** A view of a log with the note that vouches for it. */
export interface SignedView {
  readonly view: TreeView
  readonly note: string
}

/** Makes or finds the signed checkpoint of a size that is not the current one. */
export type EarlierCheckpoint = (size: number, root: Uint8Array) => Promise<string>

/** The tlog-proof of an entry. */
export async function proveInclusion(
  { view, note }: SignedView,
  origin: string,
  index: number,
  options: ProveInclusionOptions,
  earlier: EarlierCheckpoint,
): Promise<string> {
  const given = options.checkpoint === undefined ? null : parseCheckpoint(options.checkpoint)
  const size = given?.size ?? options.size ?? view.size
  if (!isSize(size) || size < 1 || size > view.size) {
    throw new RangeError(`size must be a whole number from 1 to ${view.size}`)
  }
  if (!isSize(index) || index >= size) {
    throw new RangeError(`index must be a whole number from 0 to ${size - 1}`)
  }
  const root = await view.rootAt(size, options)
  if (given !== null && (given.origin !== origin || !equalBytes(given.root, root))) {
    throw new ProofInvalid(`The checkpoint is not one of ${origin}, or of another history of it.`)
  }
  const hashes = await view.hashes(inclusionRanges(index, size), options)
  const checkpoint = options.checkpoint ?? (size === view.size ? note : await earlier(size, root))
  return formatTlogProof({ index, hashes, checkpoint })
}

/** The hashes of a consistency proof. */
export async function proveConsistency(
  view: TreeView,
  from: number,
  to: number,
  options: CallOptions,
): Promise<Uint8Array[]> {
  if (!isSize(from) || !isSize(to) || from < 1 || from > to || to > view.size) {
    throw new RangeError(`from and to must be sizes with 1 <= from <= to <= ${view.size}`)
  }
  const hashes = await view.hashes(consistencyRanges(from, to), options)
  return hashes.map((hash) => hash.slice())
}

/** The entries of a range, each checked against its tile. */
export async function* readEntries(
  view: TreeView,
  from: number,
  to: number,
  options: CallOptions,
): AsyncGenerator<Uint8Array> {
  if (!isSize(from) || !isSize(to) || from > to || to > view.size) {
    throw new RangeError(`from and to must be places with 0 <= from <= to <= ${view.size}`)
  }
  for (let at = from; at < to; ) {
    throwIfAborted(options.signal)
    const end = Math.min(to, (Math.floor(at / tileWidth) + 1) * tileWidth)
    yield* await view.entries(at, end, options)
    at = end
  }
}
