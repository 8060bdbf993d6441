/**
 * A caller's options as an object without a prototype: what the object and its classes say, but not what somebody
 * has put on Object.prototype. A polluted prototype must not choose a profile or allow a downgrade.
 */
export function optionsOf<T extends object>(options: T): T {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('options must be an object')
  }
  const own = Object.create(null) as Record<string, unknown>
  const source = options as Record<string, unknown>
  for (const object of chainOf(options)) {
    for (const name of Object.getOwnPropertyNames(object)) {
      if (!(name in own) && name !== 'constructor') own[name] = source[name]
    }
  }
  return own as T
}

/**
 * The same for options on which security depends: a misspelt `minimumSecurity` or `proof` would silently secure
 * nothing, so a name that the function does not know is refused.
 */
export function knownOptions<T extends object>(options: T, names: readonly (keyof T)[]): T {
  const own = optionsOf(options)
  for (const name of Object.keys(options)) {
    if (!names.includes(name as keyof T) && own[name as keyof T] !== undefined) {
      throw new TypeError(`unknown option ${name}; there are ${names.join(', ')}`)
    }
  }
  // Without methods and what else the object has that nobody asked for.
  const known = Object.create(null) as T
  for (const name of names) if (name in own) known[name] = own[name]
  return known
}

/** One property of a caller's object, by the same rule. */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const holder = chainOf(value).find((object) => Object.hasOwn(object, name))
  return holder === undefined ? undefined : (value as Record<string, unknown>)[name]
}

/** An object and its prototypes, without the last one: that is Object.prototype, of this realm or another. */
function chainOf(value: object): object[] {
  const chain = [value]
  let next: object | null = Object.getPrototypeOf(value)
  while (next !== null) {
    const above: object | null = Object.getPrototypeOf(next)
    if (above !== null) chain.push(next)
    next = above
  }
  return chain
}
