export { CompactRange } from './compactRange.ts'
export { hashLeafInto, hashNodeInto } from './fastHash.ts'
export { emptyRoot, hashSize, isSize, leafHash, nodeHash } from './hash.ts'
export {
  consistencyRanges,
  fullNodes,
  inclusionRanges,
  type Range,
} from './ranges.ts'
export { inclusionRoot, isConsistent } from './verify.ts'
