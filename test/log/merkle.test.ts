import { fc } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import {
  CompactRange,
  consistencyRanges,
  emptyRoot,
  fullNodes,
  hashLeafInto,
  hashNodeInto,
  inclusionRanges,
  inclusionRoot,
  isConsistent,
  leafHash,
  nodeHash,
  type Range,
} from '../../src/internal/merkle/index.ts'
import { toHex } from '../helpers/bytes.ts'
import { entry, leaf, mth, node, path, proof, sha256 } from './helpers/reference.ts'

const leaves = Array.from({ length: 80 }, (_, i) => leaf(entry(i)))
const sizes = fc.integer({ min: 1, max: leaves.length })
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })

/** The hash of a range, from its full nodes, as the log computes it from tiles. */
function rangeHash(range: Range): Uint8Array {
  const hashes = fullNodes(range).map(({ level, index }) => {
    const width = 2 ** level
    return mth(leaves.slice(index * width, (index + 1) * width))
  })
  return hashes.reduceRight((right, left) => nodeHash(left, right))
}

function compactRange(size: number): CompactRange {
  const range = new CompactRange()
  for (const hashed of leaves.slice(0, size)) range.append(hashed, 0, () => {})
  return range
}

describe('hashing', () => {
  it('puts 0x00 before entries, 0x01 before nodes, and hashes nothing for the empty tree', () => {
    expect(toHex(emptyRoot())).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
    expect(leafHash(entry(1))).toEqual(leaf(entry(1)))
    expect(nodeHash(entry(1), entry(2))).toEqual(node(entry(1), entry(2)))
  })

  it('hashes leaves and nodes in place like a library does', () => {
    fc.assert(
      fc.property(hash, hash, fc.nat(5), (left, right, at) => {
        const shifted = (bytes: Uint8Array): Uint8Array => {
          const moved = new Uint8Array(40).fill(0xee)
          moved.set(bytes, at)
          return moved
        }
        const out = shifted(left)
        hashNodeInto(out, at, shifted(left), at, shifted(right), at)
        expect(out).toEqual(shifted(node(left, right)))
        // The output may be one of the inputs, as where a tree carries upwards.
        const inPlace = shifted(right)
        hashNodeInto(inPlace, at, shifted(left), at, inPlace, at)
        expect(inPlace).toEqual(shifted(node(left, right)))
        const leafOut = shifted(left)
        hashLeafInto(leafOut, at, leafOut, at)
        expect(leafOut).toEqual(shifted(leaf(left)))
      }),
    )
  })
})

describe('CompactRange', () => {
  it('has the root of RFC 9162 at every size', () => {
    for (let size = 0; size <= leaves.length; size++) {
      expect(compactRange(size).root()).toEqual(mth(leaves.slice(0, size)))
    }
  })

  it('reports every full node once, when it is complete', () => {
    const seen = new Map<string, string>()
    const counts: number[] = []
    const range = new CompactRange()
    for (const hashed of leaves.slice(0, 64)) {
      range.append(hashed, 0, (level, bytes, at) => {
        const index = counts[level] ?? 0
        counts[level] = index + 1
        seen.set(`${level}/${index}`, toHex(bytes.slice(at, at + 32)))
      })
    }
    expect(counts).toEqual([64, 32, 16, 8, 4, 2, 1])
    for (const [name, value] of seen) {
      const [level, index] = name.split('/').map(Number) as [number, number]
      const width = 2 ** level
      expect(value).toBe(toHex(mth(leaves.slice(index * width, (index + 1) * width))))
    }
  })

  it('clones without sharing, and is restored from its nodes', () => {
    const range = compactRange(13)
    const copy = range.clone()
    copy.append(leaves[13]!, 0, () => {})
    expect(range.size).toBe(13)
    expect(range.root()).toEqual(mth(leaves.slice(0, 13)))
    expect(copy.root()).toEqual(mth(leaves.slice(0, 14)))
    const restored = new CompactRange()
    for (const { level, index } of fullNodes({ begin: 0, end: 13 })) {
      const width = 2 ** level
      restored.restore(level, mth(leaves.slice(index * width, (index + 1) * width)))
    }
    expect(restored.size).toBe(13)
    expect(restored.root()).toEqual(mth(leaves.slice(0, 13)))
  })
})

describe('inclusion proofs', () => {
  it('are those of the RFC for every entry of every size, and verify', () => {
    for (let size = 1; size <= 40; size++) {
      const tree = leaves.slice(0, size)
      for (let index = 0; index < size; index++) {
        const made = inclusionRanges(index, size).map(rangeHash)
        expect(made).toEqual(path(index, tree))
        expect(inclusionRoot(index, size, tree[index]!, made)).toEqual(mth(tree))
      }
    }
  })

  it('fail when anything in them is changed', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (size, a, b, flip) => {
          const index = a % size
          const tree = leaves.slice(0, size)
          const root = mth(tree)
          const good = path(index, tree)
          const verdict = (
            i: number,
            n: number,
            hashes: Uint8Array[],
            of = tree[index]!,
          ): boolean => {
            const found = inclusionRoot(i, n, of, hashes)
            return found !== null && toHex(found) === toHex(root)
          }
          expect(verdict(index, size, good)).toBe(true)
          const wrongLeaf = tree[index]!.slice()
          wrongLeaf[b % 32]! ^= flip
          expect(verdict(index, size, good, wrongLeaf)).toBe(false)
          expect(verdict(index, size, [...good, entry(1)])).toBe(false)
          expect(verdict(index, size, [entry(1), ...good])).toBe(false)
          if (good.length > 0) {
            const at = b % good.length
            const changed = good.map((part) => part.slice())
            changed[at]![b % 32]! ^= flip
            expect(verdict(index, size, changed)).toBe(false)
            expect(verdict(index, size, good.slice(0, -1))).toBe(false)
            expect(verdict(index, size, good.slice(1))).toBe(false)
            expect(verdict(index, size, [...good.slice(0, at), ...good.slice(at + 1)])).toBe(false)
            expect(
              verdict(
                index,
                size,
                good.map((part, i) => (i === at ? part.slice(1) : part)),
              ),
            ).toBe(false)
          }
          const other = (index + 1 + (b % size)) % size
          if (other !== index) expect(verdict(other, size, good)).toBe(false)
        },
      ),
    )
  })

  it('refuse what no tree has', () => {
    const one = leaves[0]!
    expect(inclusionRoot(0, 1, one, [])).toEqual(one)
    for (const [index, size] of [
      [0, 0],
      [1, 1],
      [-1, 1],
      [0.5, 1],
      [0, 2 ** 53],
      [2 ** 53, 2 ** 54],
      [Number.NaN, 1],
      [0, Number.POSITIVE_INFINITY],
    ] as const) {
      expect(inclusionRoot(index, size, one, [])).toBeNull()
    }
    expect(inclusionRoot(0, 1, new Uint8Array(0), [])).toBeNull()
    expect(inclusionRoot(0, 1, new Uint8Array(33), [])).toBeNull()
  })

  it('count right beyond 32 bits', () => {
    // An all-left path: 2^52 + 1 entries, the last one is alone on the right of the root.
    const big = 2 ** 52 + 1
    expect(inclusionRanges(big - 1, big)).toEqual([{ begin: 0, end: 2 ** 52 }])
    expect(inclusionRoot(big - 1, big, leaves[0]!, [leaves[1]!])).toEqual(
      node(leaves[1]!, leaves[0]!),
    )
    const first = inclusionRanges(0, big)
    expect(first.length).toBe(53)
    expect(first[52]).toEqual({ begin: 2 ** 52, end: big })
    let expected = leaves[0]!
    for (let i = 0; i < 53; i++) expected = node(expected, leaves[1]!)
    const all = Array.from({ length: 53 }, () => leaves[1]!)
    expect(inclusionRoot(0, big, leaves[0]!, all)).toEqual(expected)
    expect(inclusionRoot(0, big, leaves[0]!, all.slice(1))).toBeNull()
    expect(inclusionRoot(0, 2 ** 53 - 1, leaves[0]!, all)).toEqual(expected)
  })
})

describe('consistency proofs', () => {
  it('are those of the RFC for every pair of sizes, and verify', () => {
    for (let newer = 1; newer <= 33; newer++) {
      for (let older = 1; older <= newer; older++) {
        const made = consistencyRanges(older, newer).map(rangeHash)
        expect(made).toEqual(proof(older, leaves.slice(0, newer)))
        const head = (size: number) => ({ size, root: mth(leaves.slice(0, size)) })
        expect(isConsistent(head(older), head(newer), made)).toBe(true)
      }
    }
  })

  it('fail when anything in them is changed', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (newer, a, b, flip) => {
          const older = 1 + (a % newer)
          const head = (size: number) => ({ size, root: mth(leaves.slice(0, size)) })
          const good = proof(older, leaves.slice(0, newer))
          expect(isConsistent(head(older), head(newer), good)).toBe(true)
          const twisted = { ...head(older), root: head(older).root.slice() }
          twisted.root[b % 32]! ^= flip
          expect(isConsistent(twisted, head(newer), good)).toBe(false)
          const twistedNew = { ...head(newer), root: head(newer).root.slice() }
          twistedNew.root[b % 32]! ^= flip
          expect(isConsistent(head(older), twistedNew, good)).toBe(false)
          expect(isConsistent(head(older), head(newer), [...good, entry(1)])).toBe(false)
          expect(isConsistent(head(older), head(newer), [entry(1), ...good])).toBe(false)
          if (good.length > 0) {
            const at = b % good.length
            const changed = good.map((part) => part.slice())
            changed[at]![b % 32]! ^= flip
            expect(isConsistent(head(older), head(newer), changed)).toBe(false)
            expect(isConsistent(head(older), head(newer), good.slice(0, -1))).toBe(false)
            expect(isConsistent(head(older), head(newer), good.slice(1))).toBe(false)
            expect(isConsistent(head(newer), head(older), good)).toBe(false)
            expect(isConsistent(head(older), head(newer), [])).toBe(false)
          }
        },
      ),
    )
  })

  it('refuse the empty tree, wrong lengths and impossible sizes', () => {
    const empty = { size: 0, root: sha256() }
    const one = { size: 1, root: leaves[0]! }
    expect(isConsistent(one, one, [])).toBe(true)
    expect(isConsistent(empty, empty, [])).toBe(false)
    expect(isConsistent(empty, one, [])).toBe(false)
    expect(isConsistent(empty, one, [leaves[0]!])).toBe(false)
    const short = { size: 1, root: new Uint8Array(12) }
    expect(isConsistent(short, short, [])).toBe(false)
    const huge = { size: 2 ** 53, root: leaves[0]! }
    expect(isConsistent(huge, huge, [])).toBe(false)
    expect(
      isConsistent(one, { size: 2, root: mth(leaves.slice(0, 2)) }, [new Uint8Array(31)]),
    ).toBe(false)
  })
})
