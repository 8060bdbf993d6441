export { CompactRange, type NodeListener } from './compactRange.ts'
export { hashLeafInto, hashNodeInto } from './fastHash.ts'
export { emptyRoot, hashSize, isSize, leafHash, nodeHash } from './hash.ts'
export {
  consistencyRanges,
  type FullNode,
  fullNodes,
  inclusionRanges,
  type Range,
} from './ranges.ts'
export { inclusionRoot, isConsistent } from './verify.ts'
