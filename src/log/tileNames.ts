/** Hashes in a full tile, entries in a full bundle. */
export const tileWidth = 256

/**
 * The key of a tile or, with the level `entries`, of an entry bundle.
 *
 * @see https://c2sp.org/tlog-tiles#merkle-tree
 */
export function tileKey(level: number | 'entries', index: number, width: number): string {
  return `tile/${level}/${indexPath(index)}${width === tileWidth ? '' : `.p/${width}`}`
}

/** Where the partial tiles of one tile are. */
export function partialFolder(level: number | 'entries', index: number): string {
  return `tile/${level}/${indexPath(index)}.p/`
}

/** Groups of three digits, all but the last one after an `x`: 1234067 is `x001/x234/067`. */
function indexPath(index: number): string {
  const digits = String(index)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  return padded.replace(/\d{3}(?=\d)/g, 'x$&/')
}

/** Hashes that a tree of this size has at the height of a tile level. */
export function hashesAt(size: number, level: number): number {
  return Math.floor(size / tileWidth ** level)
}
