declare const verifiedBy: unique symbol

/** What was verified here; no object of this type can be built by hand. */
export interface Verified<Kind extends string> {
  /** @internal */
  readonly [verifiedBy]: Kind
}

const verified = /* @__PURE__ */ new WeakMap<object, string>()

/** Marks a result as verified and freezes it. */
export function markVerified<T extends object, Kind extends string>(
  kind: Kind,
  result: T,
): T & Verified<Kind> {
  Object.freeze(result)
  verified.set(result, kind)
  return result as T & Verified<Kind>
}

/** Refuses what was not verified here. */
export function requireVerified(kind: string, value: object, name: string): void {
  if (typeof value !== 'object' || value === null || verified.get(value) !== kind) {
    throw new TypeError(
      `${name} must be a result of careseal's own verification, as it was returned`,
    )
  }
}
