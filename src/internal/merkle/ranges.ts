/** Entries `begin` to `end` (exclusive) of a tree; `begin` is a multiple of the smallest power of two ≥ length. */
export interface Range {
  readonly begin: number
  readonly end: number
}

/** A node whose subtree is full: it never changes. Level 0 are leaves, `index` counts within the level. */
export interface FullNode {
  readonly level: number
  readonly index: number
}

/** RFC 9162 §2.1.3.1: the subtrees whose hashes are the inclusion proof of an entry, from leaf to root. */
export function inclusionRanges(index: number, size: number): Range[] {
  const path: Range[] = []
  let begin = 0
  let end = size
  while (end - begin > 1) {
    const middle = begin + split(end - begin)
    if (index < middle) {
      path.push({ begin: middle, end })
      end = middle
    } else {
      path.push({ begin, end: middle })
      begin = middle
    }
  }
  return path.reverse()
}

/** RFC 9162 §2.1.4.1: the subtrees whose hashes prove that the tree of `newer` entries begins with that of `older`. */
export function consistencyRanges(older: number, newer: number): Range[] {
  if (older === newer) return []
  const path: Range[] = []
  let begin = 0
  let end = newer
  while (older !== end) {
    const middle = begin + split(end - begin)
    if (older <= middle) {
      path.push({ begin: middle, end })
      end = middle
    } else {
      path.push({ begin, end: middle })
      begin = middle
    }
  }
  // What is left is the last part of the older tree; if that is the whole of it, the verifier knows its root.
  if (begin !== 0) path.push({ begin, end })
  return path.reverse()
}

/** The full nodes that make up a range, from left to right: one for every bit of its length. */
export function fullNodes({ begin, end }: Range): FullNode[] {
  const nodes: FullNode[] = []
  for (let from = begin; from < end; ) {
    let level = 0
    let width = 1
    while (width * 2 <= end - from) {
      width *= 2
      level++
    }
    nodes.push({ level, index: from / width })
    from += width
  }
  return nodes
}

/** The largest power of two below `length`, which is at least 2 (RFC 9162 §2.1.1). */
function split(length: number): number {
  let k = 1
  while (k * 2 < length) k *= 2
  return k
}
