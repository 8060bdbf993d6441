import { byteText } from '../strings.ts'

/**
 * Thrown and caught within this folder: the text is no well-formed XHTML, and stays the string that it is.
 */
export const notXhtml = 'not XHTML'

/** Where the reader stands in the text. */
export interface Reader {
  /** The text in UTF-8, from an attacker. */
  readonly source: Uint8Array
  /** Offset of the next byte. */
  i: number
}

/** Whether this ASCII text stands here. */
export function startsWith({ source, i }: Reader, text: string): boolean {
  let k = 0
  while (k < text.length && source[i + k] === text.charCodeAt(k)) k++
  return k === text.length
}

/** Passes this ASCII text, which must stand here. */
export function expect(reader: Reader, text: string): void {
  if (!startsWith(reader, text)) throw notXhtml
  reader.i += text.length
}

/** Passes white space and tells whether there was any. */
export function skipSpace(reader: Reader): boolean {
  const { source, i } = reader
  while (isSpace(source[reader.i])) reader.i++
  return reader.i > i
}

function isSpace(c: number | undefined): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09
}

/**
 * Reads a qualified name: a colon at most, a name on both sides of it. Only names in ASCII are taken, for the
 * editions of XML 1.0 disagree on the other letters.
 */
export function readName(reader: Reader): string {
  const { source, i } = reader
  let isStart = true
  let colons = 0
  for (; ; reader.i++) {
    const c = source[reader.i]!
    const letter = c | 0x20
    if ((letter >= 0x61 && letter <= 0x7a) || c === 0x5f) isStart = false
    else if (isStart) throw notXhtml
    else if (c === 0x3a) {
      isStart = true
      colons++
    } else if (c !== 0x2d && c !== 0x2e && !(c >= 0x30 && c <= 0x39)) break
  }
  if (colons > 1) throw notXhtml
  return byteText(source, i, reader.i)
}

/**
 * Offset of the next such ASCII text, which must be there. A loop: the call of `indexOf` is dearer than most
 * texts are long.
 */
export function find({ source, i }: Reader, text: string): number {
  const first = text.charCodeAt(0)
  for (; i < source.length; i++) {
    if (source[i] === first && startsWith({ source, i }, text)) return i
  }
  throw notXhtml
}
