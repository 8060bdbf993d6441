import { tileWidth } from './tileNames.ts'

/** Entries that are 32 bytes each as an entry bundle: every one after its length in two bytes. */
export function encodeBundle(entries: Uint8Array): Uint8Array {
  const count = entries.length / 32
  const bundle = new Uint8Array(count * 34)
  for (let i = 0; i < count; i++) {
    bundle[i * 34 + 1] = 32
    bundle.set(entries.subarray(i * 32, i * 32 + 32), i * 34 + 2)
  }
  return bundle
}

/** The entries of a bundle that must hold at least `count`, or `null` if it does not; from an attacker. */
export function decodeBundle(bundle: Uint8Array, count: number): Uint8Array[] | null {
  const entries: Uint8Array[] = []
  let at = 0
  while (at < bundle.length && entries.length < tileWidth) {
    const end = at + 2 + bundle[at]! * 256 + (bundle[at + 1] ?? 0)
    if (end > bundle.length) return null
    entries.push(bundle.slice(at + 2, end))
    at = end
  }
  return at === bundle.length && entries.length >= count ? entries.slice(0, count) : null
}
