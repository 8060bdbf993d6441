import fc from 'fast-check'
import {
  type CborMap,
  type CborValue,
  decodeForeign,
  encodeCbor,
  Tagged,
} from '../../src/internal/cbor/index.ts'
import { anyCbor } from '../helpers/cbor.ts'
import { damaged } from './mutate.ts'
import type { Random } from './random.ts'

const tags: readonly number[] = [18, 96, 98]
const refused = (problem: string): Error => new SyntaxError(problem)

/** CBOR as a tree that can be changed: maps keep order and doubled keys, byte strings with CBOR in them are open. */
type Node =
  | { kind: 'leaf'; value: CborValue }
  | { kind: 'bytes'; bytes: Uint8Array; inside: Node | null }
  | { kind: 'array'; items: Node[] }
  | { kind: 'map'; items: Node[] }
  | { kind: 'tag'; tag: number; items: Node[] }

/** Changes the structure of valid CBOR objects; all of them are sources of parts for each other. */
export function structureMutator(valid: readonly Uint8Array[], seed: number) {
  const trees = valid.map((bytes) => treeOf(decodeForeign(bytes, refused, tags)))
  const donors = trees.flatMap((tree) => nodesOf(tree))
  const strange = fc.sample(anyCbor, { numRuns: 500, seed }).map((value) => treeOf(value))
  return (random: Random, bytes: Uint8Array): Uint8Array => {
    const known = valid.indexOf(bytes)
    const tree = known === -1 ? treeOf(decodeForeign(bytes, refused, tags)) : trees[known]!
    let changed = tree
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      const nodes = nodesOf(changed)
      changed = replaced(changed, random.any(nodes), (node) =>
        changedNode(random, node, donors, strange),
      )
    }
    return encode(random, changed)
  }
}

function treeOf(value: CborValue): Node {
  if (value instanceof Uint8Array) return { kind: 'bytes', bytes: value, inside: insideOf(value) }
  if (value instanceof Tagged) return { kind: 'tag', tag: value.tag, items: [treeOf(value.value)] }
  if (value instanceof Map) {
    return { kind: 'map', items: [...(value as CborMap)].flat().map(treeOf) }
  }
  if (Array.isArray(value)) return { kind: 'array', items: (value as CborValue[]).map(treeOf) }
  return { kind: 'leaf', value }
}

/** What stands in a byte string, if that is a container: a protected header, a manifest, a signature. */
function insideOf(bytes: Uint8Array): Node | null {
  if (bytes.length === 0 || bytes[0]! >> 5 < 4 || bytes[0]! >> 5 > 6) return null
  try {
    return treeOf(decodeForeign(bytes, refused, tags))
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

const childrenOf = (node: Node): readonly Node[] =>
  node.kind === 'leaf'
    ? []
    : node.kind === 'bytes'
      ? node.inside
        ? [node.inside]
        : []
      : node.items

function nodesOf(node: Node): Node[] {
  return [node, ...childrenOf(node).flatMap(nodesOf)]
}

/** The tree with one node replaced; nothing of the old tree is changed. */
function replaced(tree: Node, target: Node, change: (node: Node) => Node): Node {
  if (tree === target) return change(tree)
  if (tree.kind === 'leaf') return tree
  if (tree.kind === 'bytes') {
    if (tree.inside === null) return tree
    const inside = replaced(tree.inside, target, change)
    return inside === tree.inside ? tree : { ...tree, inside }
  }
  const items = tree.items.map((item) => replaced(item, target, change))
  return items.every((item, i) => item === tree.items[i]) ? tree : { ...tree, items }
}

function changedNode(
  random: Random,
  node: Node,
  donors: readonly Node[],
  strange: readonly Node[],
): Node {
  // A part of another valid object of the same kind, any part, or any CBOR at all.
  const alike = (): Node => {
    for (let tries = 0; tries < 20; tries++) {
      const donor = random.any(donors)
      if (donor.kind === node.kind) return donor
    }
    return random.any(donors)
  }
  switch (random.below(node.kind === 'leaf' ? 4 : 8)) {
    case 0:
    case 1:
      return alike()
    case 2:
      return random.any(donors)
    case 3:
      return random.any(strange)
    case 4:
      return node.kind === 'bytes'
        ? { kind: 'bytes', bytes: damaged(random, node.bytes), inside: null }
        : node
    case 5:
      return withItems(node, (items) => {
        const [i, j] = [random.below(items.length), random.below(items.length)]
        return items.map((item, at) => (at === i ? items[j]! : at === j ? items[i]! : item))
      })
    case 6:
      return withItems(node, (items) => items.toSpliced(random.below(items.length), 1))
    default:
      return withItems(node, (items) =>
        items.toSpliced(random.below(items.length), 0, random.any([random.any(items), alike()])),
      )
  }
}

function withItems(node: Node, change: (items: Node[]) => Node[]): Node {
  if (node.kind === 'leaf') return node
  if (node.kind === 'bytes') {
    return node.inside === null ? node : { ...node, inside: withItems(node.inside, change) }
  }
  if (node.items.length === 0) return node
  const items = change(node.items)
  // A map needs pairs and a tag one item, or everything behind it would only be shifted.
  if (node.kind === 'map' && items.length % 2 === 1) items.push(items[0]!)
  return node.kind === 'tag' ? { ...node, items: items.slice(0, 1) } : { ...node, items }
}

/** Encodes a tree, maps in the order that they have; a head in a thousand is longer than it need be. */
function encode(random: Random, tree: Node): Uint8Array {
  const parts: Uint8Array[] = []
  let length = 0
  const put = (part: Uint8Array): void => {
    parts.push(part)
    length += part.length
  }
  const write = (node: Node): void => {
    if (node.kind === 'leaf') put(encodeCbor(node.value))
    else if (node.kind === 'bytes') {
      const bytes = node.inside === null ? node.bytes : encode(random, node.inside)
      put(head(random, 2, bytes.length))
      put(bytes)
    } else {
      if (node.kind === 'tag') put(head(random, 6, node.tag))
      else if (node.kind === 'array') put(head(random, 4, node.items.length))
      else put(head(random, 5, node.items.length >> 1))
      for (const item of node.items) write(item)
    }
  }
  write(tree)
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function head(random: Random, major: number, n: number): Uint8Array {
  const least = n < 24 ? 0 : n < 256 ? 1 : n < 65536 ? 2 : 4
  const size = random.once(1000) ? random.any([1, 2, 4, 8].filter((one) => one >= least)) : least
  if (size === 0) return Uint8Array.of((major << 5) | n)
  const out = new Uint8Array(1 + size)
  out[0] = (major << 5) | (24 + Math.log2(size))
  for (let i = size, rest = n; i > 0 && rest > 0; i--, rest = Math.floor(rest / 256)) {
    out[i] = rest % 256
  }
  return out
}
