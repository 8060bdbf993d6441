import { writeCharacters } from './characters.ts'
import { Namespaces } from './namespaces.ts'
import {
  expect,
  find,
  type Name,
  notXhtml,
  type Reader,
  readName,
  skipSpace,
  startsWith,
} from './reader.ts'
import { JsonSink } from './sink.ts'
import { startTag } from './startTag.ts'

/** An element whose end has not been reached. */
interface Open {
  readonly name: Name
  /** Offset of its name as it was written. */
  readonly written: number
  /** Where its declarations begin. */
  readonly mark: number
}

/**
 * Writes the XHTML of a narrative as Canonical XML 1.1 without comments, with the namespaces of
 * docs/formats/lossless-1.md §6. It reads the text once, keeps no tree, resolves no entity but XML's own five, and
 * loads nothing.
 *
 * @param source - The text in UTF-8, from an attacker.
 * @param maximum - The size that the result may have.
 * @returns The canonical XML as a JSON string with its quotes, or `null` if the text is no well-formed XML
 * document with a root in the XHTML namespace.
 * @throws {@link FhirRefused} if the result would be larger than `maximum`.
 */
export function canonicalXhtml(source: Uint8Array, maximum: number): Uint8Array | null {
  const sink = new JsonSink(source.length + (source.length >> 3) + 64, maximum)
  try {
    const reader = { source, i: 0 }
    xmlDeclaration(reader)
    outside(reader)
    element(reader, sink)
    outside(reader)
    return reader.i === source.length ? sink.finish() : null
  } catch (error) {
    if (error === notXhtml) return null
    throw error
  }
}

/** The root element with all that is inside it. */
function element(reader: Reader, sink: JsonSink): void {
  const { source } = reader
  const namespaces = new Namespaces()
  const open: Open[] = []
  do {
    expect(reader, '<')
    const parent = open[open.length - 1]
    if (parent === undefined || !markup(reader, sink)) {
      if (parent !== undefined && startsWith(reader, '/')) {
        endTag(reader, parent)
        close(source, sink, parent, namespaces)
        open.pop()
      } else {
        const { mark } = namespaces
        const tag = startTag(reader, sink, namespaces, parent === undefined)
        const child = { name: tag.name, written: tag.written, mark }
        if (tag.isEmpty) close(source, sink, child, namespaces)
        else open.push(child)
      }
    }
    if (open.length > 0) {
      const end = source.indexOf(0x3c, reader.i)
      writeCharacters(source, reader.i, end, 'text', sink)
      // Without another `<` the text ends inside an element, and `expect` says so.
      reader.i = end
    }
  } while (open.length > 0)
}

/** Reads what is neither a start tag nor an end tag, behind its `<`, if it is that. */
function markup(reader: Reader, sink: JsonSink): boolean {
  if (startsWith(reader, '!--')) comment(reader)
  else if (startsWith(reader, '![CDATA[')) cdata(reader, sink)
  else if (startsWith(reader, '?')) instruction(reader, sink)
  else return false
  return true
}

function endTag(reader: Reader, { name }: Open): void {
  const { source } = reader
  reader.i++
  for (let k = name.start; k < name.end; k++) {
    if (source[reader.i++] !== source[k]) throw notXhtml
  }
  // More of a name would not be white space.
  skipSpace(reader)
  expect(reader, '>')
}

function close(
  source: Uint8Array,
  sink: JsonSink,
  { name, written, mark }: Open,
  namespaces: Namespaces,
): void {
  sink.ascii('</')
  sink.copy(source, written, name.end)
  sink.ascii('>')
  namespaces.release(mark)
}

/** A comment, behind its `<`; it is left out. */
function comment(reader: Reader): void {
  expect(reader, '!--')
  const end = find(reader, '--')
  writeCharacters(reader.source, reader.i, end, 'plain', discard())
  reader.i = end
  expect(reader, '-->')
}

/** A CDATA section, behind its `<`; it becomes text. */
function cdata(reader: Reader, sink: JsonSink): void {
  expect(reader, '![CDATA[')
  const end = find(reader, ']]>')
  writeCharacters(reader.source, reader.i, end, 'cdata', sink)
  reader.i = end + 3
}

/** A processing instruction, behind its `<`; its target and its data are parted by one space. */
function instruction(reader: Reader, sink: JsonSink): void {
  expect(reader, '?')
  const { start, end, local } = readName(reader)
  if (local !== start || isXml(reader.source, start, end)) throw notXhtml
  const isParted = skipSpace(reader)
  const close = find(reader, '?>')
  if (!isParted && close !== end) throw notXhtml
  sink.ascii('<?')
  sink.copy(reader.source, start, end)
  if (close > reader.i) sink.ascii(' ')
  writeCharacters(reader.source, reader.i, close, 'plain', sink)
  sink.ascii('?>')
  reader.i = close + 2
}

/** White space, comments and processing instructions around the root; they are left out. */
function outside(reader: Reader): void {
  for (;;) {
    skipSpace(reader)
    const isComment = startsWith(reader, '<!--')
    if (!isComment && !startsWith(reader, '<?')) return
    reader.i++
    if (isComment) comment(reader)
    else instruction(reader, discard())
  }
}

/** A sink for what is read but not written. */
function discard(): JsonSink {
  return new JsonSink(64, Number.POSITIVE_INFINITY)
}

/** An XML declaration (XML 1.0 §2.8) is left out: the text is characters already, whatever encoding it names. */
function xmlDeclaration(reader: Reader): void {
  if (!startsWith(reader, '<?xml')) return
  const end = find(reader, '?>') + 2
  if (end > 200) return
  const declaration =
    /^<\?xml\s+version\s*=\s*(["'])1\.0\1(\s+encoding\s*=\s*(["'])[A-Za-z][\w.-]*\3)?(\s+standalone\s*=\s*(["'])(yes|no)\5)?\s*\?>$/
  // Whatever else begins so is read as a processing instruction, and fails as one that may not be named xml.
  if (declaration.test(String.fromCharCode(...reader.source.subarray(0, end)))) reader.i = end
}

/** Whether a name is `xml`, in whatever case: reserved (XML 1.0 §2.6). */
function isXml(source: Uint8Array, start: number, end: number): boolean {
  return end === start + 3 && /^xml$/i.test(String.fromCharCode(...source.subarray(start, end)))
}
