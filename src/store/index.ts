/**
 * Where the host keeps things: two small ports, stores in memory, and the tests that any store passes.
 *
 * @module careseal/store
 */
export { blobConformance } from './conformance/blobConformance.ts'
export type { ConformanceCase } from './conformance/cases.ts'
export { type StoreConformanceOptions, storeConformance } from './conformance/storeConformance.ts'
export { checkStoreKey } from './key.ts'
export { memoryBlobs } from './memoryBlobs.ts'
export { memoryStore } from './memoryStore.ts'
export { prefixStore } from './prefixStore.ts'
export type {
  BlobStore,
  PutManyOptions,
  PutOptions,
  Store,
  StoreCallOptions,
  StoreEntry,
  StoreLock,
} from './types.ts'
