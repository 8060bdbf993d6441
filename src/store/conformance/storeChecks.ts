import { equalBytes } from '../../internal/bytes.ts'
import type { Store } from '../types.ts'
import { type conformanceCases, demand } from './cases.ts'

/** One case: its id, its title, and what it does with a fresh store. */
export type StoreCase = Parameters<typeof conformanceCases<Store>>[1][number]

/** Demands that a key holds these bytes. */
export async function holds(store: Store, key: string, expected: Uint8Array | null): Promise<void> {
  const value = await store.get(key)
  demand(
    value === null || expected === null ? value === expected : equalBytes(value, expected),
    `get('${key}') must give ${expected === null ? 'null' : 'the bytes that were put'}`,
  )
}

/** Demands that a write resolves to whether it was applied. */
export async function applies(
  result: Promise<boolean>,
  expected: boolean,
  what: string,
): Promise<void> {
  demand((await result) === expected, `${what} must resolve to ${expected}`)
}
