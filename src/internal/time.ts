/** A Date argument to whole seconds since 1970, the only time in our formats. */
export function toSeconds(date: Date, name: string): number {
  const milliseconds =
    Object.prototype.toString.call(date) === '[object Date]' ? date.getTime() : Number.NaN
  if (!(milliseconds >= 0)) throw new RangeError(`${name} must be a valid Date from 1970 on`)
  return Math.floor(milliseconds / 1000)
}

/** Seconds of a format to a Date; beyond the range of Date it is the last possible moment. */
export function fromSeconds(seconds: number): Date {
  return new Date(Math.min(seconds, 8.64e12) * 1000)
}
