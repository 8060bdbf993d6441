import { createHash } from 'node:crypto'
import { vi } from 'vitest'

/**
 * Runs with `crypto.getRandomValues` replaced by streams that the seed determines, so that sealing gives the same
 * bytes in every run. There is one stream for each length that is asked for: noble draws 16 bytes now and then to
 * blind a scalar multiplication, which changes no result and must not shift what we draw.
 */
export async function withSeededRandom<T>(seed: string, run: () => Promise<T>): Promise<T> {
  const draws = new Map<number, number>()
  const spy = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
    const bytes = array as unknown as Uint8Array
    const nth = draws.get(bytes.length) ?? 0
    draws.set(bytes.length, nth + 1)
    const shake = createHash('shake256', { outputLength: bytes.length })
    bytes.set(shake.update(`${seed}/${bytes.length}/${nth}`).digest())
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
