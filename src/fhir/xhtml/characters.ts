import { notXhtml } from './reader.ts'
import type { JsonSink } from './sink.ts'

/** What characters are part of: the kinds differ in what is a reference and in what is escaped. */
export type Kind = 'text' | 'attribute' | 'cdata' | 'plain'

/** The entities that XML knows without a DOCTYPE (XML 1.0 §4.6). */
const predefined: ReadonlyMap<string, number> = /* @__PURE__ */ new Map([
  ['amp', 0x26],
  ['lt', 0x3c],
  ['gt', 0x3e],
  ['quot', 0x22],
  ['apos', 0x27],
])

/**
 * Reads the characters of a range and writes them as Canonical XML 1.1 §2.3 does: references resolved, line
 * ends and white space normalized (XML 1.0 §2.11, §3.3.3), then the few characters escaped that must be.
 *
 * @param source - The text, from an attacker.
 * @param from - Offset of the first byte.
 * @param to - Offset behind the last byte.
 * @param kind - `plain` is for processing instructions and comments: nothing is a reference, nothing is escaped.
 * @param sink - Is given the characters.
 */
export function writeCharacters(
  source: Uint8Array,
  from: number,
  to: number,
  kind: Kind,
  sink: JsonSink,
): void {
  for (let i = from; i < to; ) {
    const start = i
    while (i < to && isPlain(source[i]!)) i++
    sink.copy(source, start, i)
    if (i === to) return
    const c = source[i++]!
    if (c === 0x26 && (kind === 'text' || kind === 'attribute')) {
      const end = source.indexOf(0x3b, i)
      if (end < 0 || end >= to) throw notXhtml
      writeCharacter(referenced(source, i, end), kind, sink)
      i = end + 1
    } else if (c === 0x0d || c === 0x0a || c === 0x09) {
      if (c === 0x0d && source[i] === 0x0a && i < to) i++
      sink.character(kind === 'attribute' ? 0x20 : c === 0x0d ? 0x0a : c)
    } else if (c === 0xef) {
      // U+FFFE and U+FFFF are no characters of XML.
      if (source[i] === 0xbf && source[i + 1]! >= 0xbe) throw notXhtml
      sink.copy(source, i - 1, i + 2)
      i += 2
    } else {
      const closesCdata =
        c === 0x3e && i - 3 >= from && source[i - 2] === 0x5d && source[i - 3] === 0x5d
      if (c < 0x20 || (c === 0x3c && kind === 'attribute') || (closesCdata && kind === 'text')) {
        throw notXhtml
      }
      writeCharacter(c, kind, sink)
    }
  }
}

/** Neither markup, nor escaped in XML or JSON, nor perhaps no character at all. */
function isPlain(c: number): boolean {
  return (
    c >= 0x20 && c !== 0x22 && c !== 0x26 && c !== 0x3c && c !== 0x3e && c !== 0x5c && c !== 0xef
  )
}

/** Writes one character, escaped as its place demands (Canonical XML 1.1 §2.3). */
function writeCharacter(c: number, kind: Kind, sink: JsonSink): void {
  const isAttribute = kind === 'attribute'
  if (kind === 'plain') sink.character(c)
  else if (c === 0x26) sink.ascii('&amp;')
  else if (c === 0x3c) sink.ascii('&lt;')
  else if (c === 0x3e && !isAttribute) sink.ascii('&gt;')
  else if (c === 0x22 && isAttribute) sink.ascii('&quot;')
  else if (c === 0x0d || (isAttribute && (c === 0x09 || c === 0x0a))) {
    sink.ascii(`&#x${c.toString(16).toUpperCase()};`)
  } else sink.character(c)
}

/** The character that a reference stands for, from behind `&` to before `;` (XML 1.0 §4.1, §4.6). */
function referenced(source: Uint8Array, start: number, end: number): number {
  const letters = source.subarray(start, Math.min(end, start + 5))
  if (letters[0] !== 0x23) return predefined.get(String.fromCharCode(...letters)) ?? fail()
  const base = letters[1] === 0x78 ? 16 : 10
  let i = base === 16 ? start + 2 : start + 1
  if (i === end) fail()
  let point = 0
  for (; i < end; i++) {
    // Not a number for anything but a digit, and then not in range.
    point = point * base + Number.parseInt(String.fromCharCode(source[i]!), base)
    if (!(point <= 0x10ffff)) fail()
  }
  const isCharacter =
    point >= 0x20
      ? point < 0xd800 || (point > 0xdfff && point !== 0xfffe && point !== 0xffff)
      : point === 0x09 || point === 0x0a || point === 0x0d
  return isCharacter ? point : fail()
}

function fail(): never {
  throw notXhtml
}
