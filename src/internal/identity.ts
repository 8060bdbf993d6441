const identities = /* @__PURE__ */ new WeakSet<object>()

/** Remembers an identity that was made here: from a verified card, from own keys, or by unverifiedIdentity(). */
export function registerIdentity(identity: object): void {
  identities.add(identity)
}

/** Whether an identity was made here; one put together by hand was not. */
export function isIdentity(value: object): boolean {
  return identities.has(value)
}
