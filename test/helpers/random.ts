import { createHash } from 'node:crypto'
import { vi } from 'vitest'

/**
 * Runs with `crypto.getRandomValues` replaced by a stream that the seed determines, so that sealing gives the same
 * bytes in every run.
 */
export async function withSeededRandom<T>(seed: string, run: () => Promise<T>): Promise<T> {
  let counter = 0
  let pool = Buffer.alloc(0)
  const spy = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
    const bytes = array as unknown as Uint8Array
    while (pool.length < bytes.length) {
      pool = Buffer.concat([pool, createHash('sha256').update(`${seed}/${counter++}`).digest()])
    }
    bytes.set(pool.subarray(0, bytes.length))
    pool = pool.subarray(bytes.length)
    return array
  })
  try {
    return await run()
  } finally {
    spy.mockRestore()
  }
}

/** Runs on a platform without secure random numbers. */
export async function withoutRandom<T>(run: () => Promise<T>): Promise<T> {
  vi.stubGlobal('crypto', { subtle: globalThis.crypto.subtle })
  try {
    return await run()
  } finally {
    vi.unstubAllGlobals()
  }
}
