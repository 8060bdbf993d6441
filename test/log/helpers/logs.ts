import { ed25519, keyFromSeed, type LocalSigner } from '../../../src/keys/index.ts'
import {
  formatVerifierKey,
  type Log,
  type LogPolicy,
  type OpenLogOptions,
  openLog,
  parseLogPolicy,
} from '../../../src/log/index.ts'
import { memoryStore, type Store } from '../../../src/store/index.ts'
import { entry } from './reference.ts'

export const origin = 'clinic.example/log'
export const clock = (): Date => new Date('2026-03-01T12:00:00Z')

/** Signers of the tests: the same number is the same key. */
export function signerOf(number: number): Promise<LocalSigner> {
  return keyFromSeed(ed25519, new Uint8Array(32).fill(number))
}

export async function openTestLog(store: Store, more: Partial<OpenLogOptions> = {}): Promise<Log> {
  return openLog({ origin, signer: await signerOf(1), store, clock, ...more })
}

/** A log in memory that holds so many entries of the tests behind its genesis. */
export async function logOf(entries: number): Promise<{ log: Log; store: Store }> {
  const store = memoryStore()
  const log = await openTestLog(store)
  if (entries > 0) await log.append(batch(0, entries))
  return { log, store }
}

export const batch = (from: number, count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => entry(from + i))

export const trust = (log: { verifierKey: string }): LogPolicy =>
  parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`)

/** The verifier key of a signer under a name. */
export async function vkey(name: string, number: number, type: number): Promise<string> {
  const { publicKey } = await signerOf(number)
  return formatVerifierKey({ name, type, publicKey: publicKey.bytes })
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

/** A store that is only what the port demands: no lock, no putMany. */
export const bare = (store: Store): Store => ({
  get: store.get.bind(store),
  put: store.put.bind(store),
  list: store.list.bind(store),
})

/** The code of what a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    return (error as { code?: unknown }).code ?? (error as Error).name
  }
}
