/** Derives the wrapping key of a passphrase. */
export interface Derive {
  /** Refuses work factors that are not written as the format demands, or above the limit. */
  check(workFactor: string): void
  /** The key for a salt and a checked work factor, the base-two logarithm. */
  key(salt: Uint8Array, workFactor: number, signal: AbortSignal | undefined): Promise<Uint8Array>
}

const derivations = /* @__PURE__ */ new WeakMap<object, Derive>()

/** Keeps the passphrase out of the object, so that logging or serialising one shows nothing. */
export function setDerive(passphrase: object, derive: Derive): void {
  derivations.set(passphrase, derive)
}

/** The derivation behind a passphrase object, or `undefined` for anything else. */
export function deriveOf(value: unknown): Derive | undefined {
  return typeof value === 'object' && value !== null ? derivations.get(value) : undefined
}
