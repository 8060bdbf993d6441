import { JsonSink } from '../jsonSink.ts'
import { writeCharacters } from './characters.ts'
import { Namespaces } from './namespaces.ts'
import { expect, find, notXhtml, type Reader, readName, skipSpace, startsWith } from './reader.ts'
import { startTag } from './startTag.ts'

/**
 * Writes the XHTML of a narrative as Canonical XML 1.1 without comments, with the namespaces of
 * docs/formats/lossless-1.md §6. It reads the text once, keeps no tree, resolves no entity but XML's own
 * five, and loads nothing.
 *
 * @param source - The text in UTF-8, from an attacker.
 * @param maximum - The size that the result may have.
 * @returns The canonical XML as a JSON string with its quotes, or `null` if the text is no well-formed XML
 * document with a root in the XHTML namespace.
 * @throws {@link FhirRefused} if the result would be larger than `maximum`.
 */
export function canonicalXhtml(source: Uint8Array, maximum: number): Uint8Array | null {
  const reader = { source, i: 0 }
  const sink = new JsonSink(source.length + 64, maximum)
  try {
    outside(reader)
    element(reader, sink)
    outside(reader)
    return reader.i === source.length ? sink.finish() : null
  } catch (error) {
    if (error === notXhtml) return null
    throw error
  }
}

/** White space, comments and processing instructions around the root; they are left out. */
function outside(reader: Reader): void {
  do {
    skipSpace(reader)
    if (!startsWith(reader, '<!--') && !startsWith(reader, '<?')) return
    reader.i++
  } while (markup(reader, discard()))
}

/** The root element with all that is inside it. */
function element(reader: Reader, sink: JsonSink): void {
  const namespaces = new Namespaces()
  // Of each open element: its name, its name as it was written, and where its declarations begin.
  const open: [name: string, written: string, mark: number][] = []
  for (;;) {
    expect(reader, '<')
    if (open.length === 0 || !markup(reader, sink)) {
      let isEnd = open.length > 0 && startsWith(reader, '/')
      if (isEnd) {
        expect(reader, `/${open[open.length - 1]![0]}`)
        skipSpace(reader)
        expect(reader, '>')
      } else {
        const { mark } = namespaces
        const [name, written, isEmpty] = startTag(reader, sink, namespaces, open.length === 0)
        open.push([name, written, mark])
        isEnd = isEmpty
      }
      if (isEnd) {
        const [, written, mark] = open.pop()!
        sink.ascii(`</${written}>`)
        namespaces.release(mark)
      }
      if (open.length === 0) return
    }
    writeCharacters(reader, find(reader, '<'), 'text', sink)
  }
}

/**
 * Reads what stands behind a `<` and belongs to no tag, if it is that: such comments and sections, and
 * instructions.
 */
function markup(reader: Reader, sink: JsonSink): boolean {
  if (startsWith(reader, '!--')) {
    reader.i += 3
    writeCharacters(reader, find(reader, '--'), 'plain', discard())
    expect(reader, '-->')
  } else if (startsWith(reader, '![CDATA[')) {
    reader.i += 8
    writeCharacters(reader, find(reader, ']]>'), 'cdata', sink)
    reader.i += 3
  } else if (startsWith(reader, '?')) {
    reader.i++
    instruction(reader, sink)
  } else return false
  return true
}

/** A processing instruction, behind its `<?`: target and data are parted by one space. */
function instruction(reader: Reader, sink: JsonSink): void {
  const target = readName(reader)
  const isParted = skipSpace(reader)
  const end = find(reader, '?>')
  // A target has no colon and is not xml in whatever case (Namespaces in XML 1.0 §7, XML 1.0 §2.6).
  if (/:|^xml$/i.test(target) || (!isParted && end !== reader.i)) throw notXhtml
  sink.ascii(`<?${target}${end > reader.i ? ' ' : ''}`)
  writeCharacters(reader, end, 'plain', sink)
  sink.ascii('?>')
  reader.i += 2
}

/** A sink for what is read but not written. */
function discard(): JsonSink {
  return new JsonSink(64, Number.POSITIVE_INFINITY)
}
