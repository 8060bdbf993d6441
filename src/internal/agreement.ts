import type { MaybePromise } from './engine/tier.ts'

/** Raw Diffie–Hellman with a peer's public key; `null` for a key with which nothing can be agreed. */
export type RawAgreement = (
  peer: Uint8Array,
  options: { readonly signal?: AbortSignal | undefined },
) => MaybePromise<Uint8Array | null>

const agreements = /* @__PURE__ */ new WeakMap<object, RawAgreement>()

/**
 * Keeps a key's raw Diffie–Hellman for the formats of others (ECDH-ES of JOSE, age), which DHKEM's shared secret does
 * not open. Not a method of the key: whoever is handed a decapsulator gets the KEM and nothing below it.
 */
export function setAgreement(key: object, agreement: RawAgreement): void {
  agreements.set(key, agreement)
}

/** The raw Diffie–Hellman of a key of this process, or `undefined` for a key that is kept elsewhere. */
export function agreementOf(key: object): RawAgreement | undefined {
  return agreements.get(key)
}
