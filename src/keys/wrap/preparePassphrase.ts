import { encodeUtf8, isWellFormed } from '../../internal/utf8.ts'

/** Code points that a passphrase has at least. Frozen: raising it would lock people out. */
const minimum = 12
const maximum = 1024
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const controls = /[\u0000-\u001f\u007f-\u009f]/
/** Category Zs but U+0020; written out, because not every runtime knows `\p{Zs}`. */
const spaces = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const onlyAscii = /^[\u0000-\u007f]*$/

/**
 * The bytes of a passphrase, the same whichever keyboard and system it was typed on: OpaqueString of RFC 8265
 * §4.2, that is spaces made alike, then NFC, then UTF-8.
 */
export function preparePassphrase(passphrase: string): Uint8Array {
  if (typeof passphrase !== 'string') throw new TypeError('passphrase must be a string')
  if (!isWellFormed(passphrase)) {
    throw new RangeError('passphrase must not hold a lone surrogate')
  }
  if (controls.test(passphrase)) {
    throw new RangeError(
      'passphrase must not hold control characters: take off the line break at its end, if it came from a file',
    )
  }
  const spaced = passphrase.replace(spaces, ' ')
  const text = onlyAscii.test(spaced) ? spaced : normalized(spaced)
  let characters = 0
  for (const _ of text) characters++
  if (characters < minimum) {
    throw new RangeError(`passphrase must have at least ${minimum} characters; six words are good`)
  }
  const bytes = encodeUtf8(text)
  if (bytes.length > maximum) throw new RangeError(`passphrase must have at most ${maximum} bytes`)
  return bytes
}

function normalized(text: string): string {
  if (typeof text.normalize !== 'function') {
    throw new TypeError('passphrase must be ASCII here: this platform cannot normalise Unicode')
  }
  if (unassigned()?.test(text) === true) {
    throw new RangeError(
      'passphrase must not hold characters that this platform does not know: the next one may read them otherwise',
    )
  }
  return text.normalize('NFC')
}

/** A variable, so that no tool makes a literal of it: where that is no valid one, all of this file would not load. */
const category = 'Cn'

/** Category Cn, whose NFC may change with the Unicode version; `null` where the platform has no such expressions. */
function unassigned(): RegExp | null {
  try {
    return new RegExp(`\\p{${category}}`, 'u')
  } catch {
    return null
  }
}
