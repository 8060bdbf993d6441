import { StoreFailed } from '../errors.ts'
import { bytesArgument, compareBytes } from '../internal/bytes.ts'
import { encodeUtf8, isWellFormed } from '../internal/utf8.ts'

const maximumKey = 1000
const maximumSegment = 255
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys with control characters are refused
const unsafe = /[\u0000-\u001f\u007f\\]/

/**
 * Checks a key by the rules that all stores share (see {@link Store}). For those who write a store.
 *
 * @param key - The key.
 * @returns The key.
 * @throws {@link TypeError} if it is no string.
 * @throws {@link RangeError} if it is empty, too long, absolute, has an empty, `.`, `..` or reserved segment, a
 * control character, a backslash or a lone surrogate.
 * @example
 * What a store does first.
 * ```ts
 * import { checkStoreKey } from 'careseal/store'
 *
 * console.log(checkStoreKey('tile/0/000')) // tile/0/000
 * ```
 */
export function checkStoreKey(key: string): string {
  checkText(key, 'key')
  for (const segment of key.split('/')) checkSegment(segment, 'key')
  return key
}

/** Checks the beginning of keys that `list` is asked for. */
export function checkPrefix(prefix: string): string {
  checkText(prefix, 'prefix')
  const folders = prefix.split('/')
  // The last piece may be a part of a segment, also of one that begins with dots.
  const part = folders.pop()
  if (part?.startsWith('.~') === true) checkSegment(part, 'prefix')
  for (const segment of folders) checkSegment(segment, 'prefix')
  return prefix
}

/** The order of keys: by their UTF-8 bytes. */
export function compareKeys(a: string, b: string): number {
  return compareBytes(encodeUtf8(a), encodeUtf8(b))
}

/** A value to write: a copy, taken at the time of the call. */
export function valueArgument(value: Uint8Array | null, name = 'value'): Uint8Array | null {
  return value === null ? null : bytesArgument(value, name).slice()
}

/** A position or length in a blob. */
export function positionArgument(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${name} must be a whole number from 0 on`)
  }
  return value
}

/** What reading an absent blob rejects with. */
export function blobAbsent(key: string): StoreFailed {
  return new StoreFailed(`There is no blob under ${key}. Ask size(key) first where that may be.`, {
    outcome: 'not-applied',
  })
}

function checkText(text: string, name: string): void {
  if (typeof text !== 'string') throw new TypeError(`${name} must be a string`)
  if (unsafe.test(text) || !isWellFormed(text)) {
    throw new RangeError(`${name} must not hold control characters, backslashes or lone surrogates`)
  }
  if (encodeUtf8(text).length > maximumKey) {
    throw new RangeError(`${name} must not be longer than ${maximumKey} UTF-8 bytes`)
  }
}

function checkSegment(segment: string, name: string): void {
  if (segment === '' || segment === '.' || segment === '..') {
    throw new RangeError(
      `${name} must not begin or end with a slash or hold an empty segment, '.' or '..'`,
    )
  }
  if (segment.startsWith('.~')) {
    throw new RangeError(`${name} must not hold a segment that begins with '.~'`)
  }
  if (encodeUtf8(segment).length > maximumSegment) {
    throw new RangeError(`${name} must not hold a segment of more than ${maximumSegment} bytes`)
  }
}
