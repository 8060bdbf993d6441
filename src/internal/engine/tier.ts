import type { NodeCrypto } from './node.ts'

/**
 * The three tiers of the crypto engine, best first. Chosen lazily, per call, never at import:
 * `native` is Node's own crypto (also in Bun and Deno), synchronous and the fastest on small inputs;
 * `webcrypto` is `crypto.subtle`; `noble` is plain JavaScript and always there.
 */
export type Tier = 'native' | 'webcrypto' | 'noble'

let forced: Tier | null = null
let native: NodeCrypto | null | undefined

/**
 * Runs everything on one tier (`null`: choose again). For the tests of this package; not exported. What a
 * tier does not offer comes from noble.
 */
export function forceTier(tier: Tier | null): void {
  forced = tier
}

/** Node's crypto module, when there is one and no other tier is forced. */
export function nativeCrypto(): NodeCrypto | null {
  if (forced !== null && forced !== 'native') return null
  if (native === undefined) native = findNative()
  return native
}

function findNative(): NodeCrypto | null {
  const process = (
    globalThis as { process?: { getBuiltinModule?: (id: string) => NodeCrypto | undefined } }
  ).process
  try {
    const found = process?.getBuiltinModule?.('node:crypto')
    return typeof found?.createHash === 'function' ? found : null
  } catch {
    return null
  }
}

/** WebCrypto, when there is one and no other tier is forced. */
export function subtleCrypto(): SubtleCrypto | null {
  if (forced !== null && forced !== 'webcrypto') return null
  return globalThis.crypto?.subtle ?? null
}

/** A promise, or the value itself where the tier is synchronous. */
export type MaybePromise<T> = T | Promise<T>

/**
 * One primitive of Node's crypto, tried once with known values before it is used: OpenSSL in FIPS mode,
 * BoringSSL, Bun and Deno each leave out something else.
 */
export function nativeFeature(works: (node: NodeCrypto) => boolean): () => NodeCrypto | null {
  let supported: boolean | undefined
  return () => {
    const node = nativeCrypto()
    if (node === null) return null
    if (supported === undefined) {
      try {
        supported = works(node)
      } catch {
        supported = false
      }
    }
    return supported ? node : null
  }
}

/** One primitive of WebCrypto, tried once with known values before it is used. */
export function subtleFeature(
  works: (subtle: SubtleCrypto) => Promise<boolean>,
): () => MaybePromise<SubtleCrypto | null> {
  let supported: Promise<boolean> | undefined
  return () => {
    const subtle = subtleCrypto()
    if (subtle === null) return null
    supported ??= works(subtle).catch(() => false)
    return supported.then((yes) => (yes ? subtle : null))
  }
}
