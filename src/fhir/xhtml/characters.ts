import type { JsonSink } from '../jsonSink.ts'
import { byteText } from '../strings.ts'
import { notXhtml, type Reader } from './reader.ts'

/** What characters are part of: the kinds differ in what is a reference and in what is escaped. */
export type Kind = 'text' | 'attribute' | 'cdata' | 'plain'

/** What XML knows without a DOCTYPE (XML 1.0 §4.6). */
const entities = ['amp', 'lt', 'gt', 'quot', 'apos']
const meanings = '&<>"\''

/**
 * Reads the characters up to an offset and writes them as Canonical XML 1.1 §2.3 does: references resolved,
 * line ends and white space normalized (XML 1.0 §2.11, §3.3.3), then those escaped that must be.
 *
 * @param reader - Where to begin; is taken to `to`.
 * @param to - Offset behind the last byte.
 * @param kind - `plain` is for processing instructions and comments: nothing is a reference, nothing is
 * escaped.
 * @param sink - Is given the characters.
 */
export function writeCharacters(reader: Reader, to: number, kind: Kind, sink: JsonSink): void {
  const { source, i: from } = reader
  const isAttribute = kind === 'attribute'
  for (let i = from; i < to; ) {
    const start = i
    while (i < to && isPlain(source[i]!)) i++
    sink.copy(source, start, i)
    if (i === to) break
    let c = source[i++]!
    const isSpace = c === 0x0d || c === 0x0a || c === 0x09
    const isReference = c === 0x26 && (isAttribute || kind === 'text')
    if (isReference) {
      const end = source.indexOf(0x3b, i)
      if (end < 0 || end >= to) throw notXhtml
      c = referenced(byteText(source, i, end))
      i = end + 1
    } else if (isSpace) {
      if (c === 0x0d && i < to && source[i] === 0x0a) i++
      c = isAttribute ? 0x20 : c === 0x0d ? 0x0a : c
    } else if (c === 0xef) {
      // U+FFFE and U+FFFF are no characters of XML.
      if (source[i] === 0xbf && source[i + 1]! >= 0xbe) throw notXhtml
      sink.copy(source, i - 1, i)
      continue
    } else if (
      c < 0x20 ||
      (c === 0x3c && isAttribute) ||
      (c === 0x3e && kind === 'text' && i > from + 2 && byteText(source, i - 3, i) === ']]>')
    ) {
      throw notXhtml
    }
    const isEscaped =
      c === 0x26 || c === 0x3c || c === 0x0d || (isAttribute ? c === 0x22 || c < 0x20 : c === 0x3e)
    if (!isEscaped || kind === 'plain') sink.character(c)
    else {
      const name = entities[meanings.indexOf(String.fromCharCode(c))]
      sink.ascii(`&${name ?? `#x${c.toString(16).toUpperCase()}`};`)
    }
  }
  reader.i = to
}

/** Neither markup, nor escaped in XML or JSON, nor perhaps no character at all. */
function isPlain(c: number): boolean {
  return (
    c >= 0x20 && c !== 0x22 && c !== 0x26 && c !== 0x3c && c !== 0x3e && c !== 0x5c && c !== 0xef
  )
}

/** The character that a reference stands for, given what is between `&` and `;` (XML 1.0 §4.1, §2.2). */
function referenced(name: string): number {
  const entity = entities.indexOf(name)
  if (entity >= 0) return meanings.charCodeAt(entity)
  const digits = /^#(?:x0*([\da-fA-F]{1,6})|0*(\d{1,7}))$/.exec(name)
  const c = Number.parseInt(digits?.[1] ?? digits?.[2] ?? '', digits?.[1] ? 16 : 10)
  if (
    !(c <= 0x10ffff) ||
    (c < 0x20 && c !== 0x09 && c !== 0x0a && c !== 0x0d) ||
    (c >= 0xd800 && c < 0xe000) ||
    c === 0xfffe ||
    c === 0xffff
  ) {
    throw notXhtml
  }
  return c
}
