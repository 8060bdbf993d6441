import { bytesArgument, isBytes } from './bytes.ts'
import { knownOptions } from './options.ts'
import { isDate } from './time.ts'

/**
 * The options of a call by their names, with lists, bytes and dates of the caller copied: for what is read after
 * something was waited for.
 */
export function heldOptions<T extends object>(options: T, names: readonly (keyof T)[]): T {
  const own = knownOptions(options, names)
  for (const name of Object.keys(own) as (keyof T)[]) own[name] = held(own[name])
  return own
}

/** A copy of a list, of bytes or of a date; anything else as it is. */
export function held<T>(value: T): T {
  if (Array.isArray(value)) return [...value] as T
  if (isBytes(value)) return new Uint8Array(bytesArgument(value, 'bytes')) as Uint8Array & T
  return isDate(value) ? (new Date(value.getTime()) as Date & T) : value
}
