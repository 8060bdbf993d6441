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
export function limitsArgument(limits: Limits = {}): { bytes: number; depth: number } {
  return {
    bytes: inRange('limits.bytes', limits.bytes, 0x4000000, 0x10000000),
    depth: inRange('limits.depth', limits.depth, 100, 10_000),
  }
}

function inRange(
  name: string,
  value: number | undefined,
  fallback: number,
  maximum: number,
): number {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && value > 0 && value <= maximum) return value
  throw new RangeError(`${name} must be an integer from 1 to ${maximum}`)
}
