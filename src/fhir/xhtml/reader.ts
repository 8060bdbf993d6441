import { decodeUtf8 } from '../../internal/utf8.ts'

/** Thrown and caught within this folder: the text is no well-formed XHTML, and stays the string that it is. */
export const notXhtml = 'not XHTML'

/** Where the reader stands in the text. */
export interface Reader {
  readonly source: Uint8Array
  /** Offset of the next byte. */
  i: number
}

/** A name in the text. */
export interface Name {
  readonly start: number
  readonly end: number
  /** Offset of the first byte of the local part: behind the colon, or `start`. */
  readonly local: number
}

/** What an NCName does not begin with, and what it does not have (XML 1.0, fifth edition, §2.3; Namespaces §3). */
const noStart = /^[\u0300-\u036F\u203F\u2040\xB7.0-9-]/
const noName =
  /[^A-Z_a-z.0-9\xB7\xC0-\xD6\xD8-\xF6\xF8-\u037D\u037F-\u1FFF\u200C-\u200D\u203F\u2040\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\u{10000}-\u{EFFFF}-]/u

/** Reads a qualified name: one colon at most, and something on both sides of it. */
export function readName(reader: Reader): Name {
  const { source, i: start } = reader
  let i = start
  let local = start
  let colons = 0
  let isAscii = true
  for (; ; i++) {
    const c = source[i]!
    if ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a) continue
    if (c === 0x3a) {
      colons++
      local = i + 1
    } else if (c >= 0x80) isAscii = false
    else if (c !== 0x5f && (i === local || (c !== 0x2d && c !== 0x2e && !(c >= 0x30 && c <= 0x39))))
      break
  }
  if (i === local || colons > 1 || local === start + 1) throw notXhtml
  if (!isAscii) {
    const parts = decodeUtf8(source.subarray(start, i))!.split(':')
    if (parts.some((part) => noStart.test(part) || noName.test(part))) throw notXhtml
  }
  reader.i = i
  return { start, end: i, local }
}

/** Passes white space and tells whether there was any. */
export function skipSpace(reader: Reader): boolean {
  const { source, i: start } = reader
  let c = source[reader.i]
  while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) c = source[++reader.i]
  return reader.i > start
}

/** Passes this ASCII text, which must stand here. */
export function expect(reader: Reader, text: string): void {
  if (!startsWith(reader, text)) throw notXhtml
  reader.i += text.length
}

/** Whether this ASCII text stands here. */
export function startsWith({ source, i }: Reader, text: string): boolean {
  for (let k = 0; k < text.length; k++) if (source[i + k] !== text.charCodeAt(k)) return false
  return true
}

/** Offset of the next such ASCII text, which must be there. */
export function find({ source, i }: Reader, text: string): number {
  const first = text.charCodeAt(0)
  for (let at = source.indexOf(first, i); at >= 0; at = source.indexOf(first, at + 1)) {
    if (startsWith({ source, i: at }, text)) return at
  }
  throw notXhtml
}
