/** How much is read before it is refused. A limit never changes a canonical form. */
export interface Limits {
  /**
   * Size of the input, and of a canonical form, in bytes.
   *
   * @defaultValue 67108864 (64 MiB); at most 268435456
   */
  readonly bytes?: number | undefined
  /**
   * Objects and arrays inside each other; the root counts as one.
   *
   * @defaultValue 100; at most 10000
   */
  readonly depth?: number | undefined
}

/** The limits in force: what the caller gave, else the defaults. */
export function limitsArgument({ bytes = 0x4000000, depth = 100 }: Limits = {}): {
  bytes: number
  depth: number
} {
  const inRange = (value: number, maximum: number): boolean =>
    Number.isInteger(value) && value > 0 && value <= maximum
  if (!inRange(bytes, 0x10000000) || !inRange(depth, 10_000)) {
    throw new RangeError('limits.bytes must be from 1 to 268435456, limits.depth to 10000')
  }
  return { bytes, depth }
}
