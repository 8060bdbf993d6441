import { createHash } from 'node:crypto'
import { vi } from 'vitest'

/**
 * Runs with `crypto.getRandomValues` replaced by a stream that the seed determines, so that sealing gives the same
 * bytes in every run. Draws of 16 bytes have a stream of their own: noble blinds scalar multiplications with them,
 * which changes no result and must not shift what we draw.
 */
export async function withSeededRandom<T>(seed: string, run: () => Promise<T>): Promise<T> {
  const streams = { ours: stream(`${seed}/ours`), blinding: stream(`${seed}/blinding`) }
  const spy = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
    const bytes = array as unknown as Uint8Array
    const next = bytes.length === 16 ? streams.blinding : streams.ours
    for (let i = 0; i < bytes.length; i++) bytes[i] = next.next().value
    return array
  })
  try {
    return await run()
  } finally {
    spy.mockRestore()
  }
}

function* stream(seed: string): Generator<number, never> {
  for (let block = 0; ; block++) yield* createHash('sha256').update(`${seed}/${block}`).digest()
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
