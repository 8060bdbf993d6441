/** Whether a value is a valid Date, of this realm or another one. */
export function isDate(value: unknown): value is Date {
  const date = Object.prototype.toString.call(value) === '[object Date]'
  return date && !Number.isNaN((value as Date).getTime())
}

/** A Date argument to whole seconds since 1970, the only time in our formats. */
export function toSeconds(date: Date, name: string): number {
  const milliseconds = isDate(date) ? date.getTime() : -1
  if (milliseconds < 0) throw new RangeError(`${name} must be a valid Date from 1970 on`)
  return Math.floor(milliseconds / 1000)
}

/** Seconds of a format to a Date; beyond the range of Date it is the last possible moment. */
export function fromSeconds(seconds: number): Date {
  return new Date(Math.min(seconds, 8.64e12) * 1000)
}

/**
 * Adds times that give a fresh Date at each reading: whoever gets the object cannot change what it says. Seconds, or
 * `null` where there is none.
 */
export function withTimes<T extends object, N extends string>(
  object: T,
  times: Readonly<Record<N, number | null>>,
): T & Readonly<Record<N, Date | null>> {
  for (const [name, seconds] of Object.entries<number | null>(times)) {
    // Without a prototype, which could hold a `value` and make the descriptor a wrong one.
    const descriptor: PropertyDescriptor = Object.create(null)
    descriptor.enumerable = true
    descriptor.get = () => (seconds === null ? null : fromSeconds(seconds))
    Object.defineProperty(object, name, descriptor)
  }
  return object as T & Readonly<Record<N, Date | null>>
}
