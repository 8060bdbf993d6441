import { RandomUnavailable } from '../errors.ts'

/** Fresh secure random bytes. There is no fallback: without a CSPRNG this throws. */
export function randomBytes(length: number): Uint8Array {
  const source = globalThis.crypto
  if (typeof source?.getRandomValues !== 'function') throw new RandomUnavailable()
  const bytes = new Uint8Array(length)
  // Web Crypto §10.1.1: at most 65,536 bytes a call.
  for (let i = 0; i < length; i += 65536) source.getRandomValues(bytes.subarray(i, i + 65536))
  return bytes
}

/** Several fresh random byte strings from one call, each in a part of its own. */
export function randomParts<N extends readonly number[]>(
  ...lengths: N
): { [K in keyof N]: Uint8Array } {
  const bytes = randomBytes(lengths.reduce((sum, length) => sum + length, 0))
  let end = 0
  return lengths.map((length) => {
    end += length
    return bytes.subarray(end - length, end)
  }) as { [K in keyof N]: Uint8Array }
}
