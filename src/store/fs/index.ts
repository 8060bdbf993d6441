/**
 * Stores in directories, for Node.js, Bun and Deno.
 *
 * @module careseal/store/fs
 */
export { directoryBlobs } from './directoryBlobs.node.ts'
export { directoryStore } from './directoryStore.node.ts'
