import type { JsonSink } from '../jsonSink.ts'
import { writeCharacters } from './characters.ts'
import { type Namespaces, xhtml } from './namespaces.ts'
import { expect, find, notXhtml, type Reader, readName, skipSpace, startsWith } from './reader.ts'

/** An attribute: its name, the namespace that it is in, and where its value stands in the text. */
interface Attribute {
  readonly name: string
  namespace: string
  readonly from: number
  readonly to: number
}

/**
 * Reads a start tag and writes it as Canonical XML does, with the namespace declarations of `lossless/1`:
 * XHTML is the default namespace, others keep their prefix and are declared where they are used first.
 *
 * @param reader - Stands behind the `<`.
 * @param sink - Is given the tag.
 * @param namespaces - What is in scope around it; takes the declarations of the tag.
 * @param isRoot - A root outside the XHTML namespace is no narrative.
 * @returns Its name as it stands in the text, its name as it was written, and whether neither content nor an
 * end tag follows.
 */
export function startTag(
  reader: Reader,
  sink: JsonSink,
  namespaces: Namespaces,
  isRoot: boolean,
): [name: string, written: string, isEmpty: boolean] {
  const name = readName(reader)
  const attributes = readAttributes(reader, sink, namespaces)
  const isEmpty = startsWith(reader, '/')
  expect(reader, isEmpty ? '/>' : '>')

  const namespace = namespaces.find(prefixOf(name))
  if (isRoot && namespace !== xhtml) throw notXhtml
  const written = namespace === xhtml ? localOf(name) : name
  const declared: [prefix: string, namespace: string][] = []
  const use = (prefix: string, uri: string): void => {
    if (namespaces.mustDeclare(prefix, uri)) declared.push([prefix, uri])
  }
  use(prefixOf(written), namespace)
  for (const attribute of attributes) {
    const prefix = prefixOf(attribute.name)
    if (prefix === '') continue
    attribute.namespace = namespaces.find(prefix)
    use(prefix, attribute.namespace)
  }

  sink.ascii(`<${written}`)
  for (const [prefix, uri] of declared.sort(([a], [b]) => (a < b ? -1 : 1))) {
    sink.ascii(` xmlns${prefix && ':'}${prefix}="${uri}"`)
  }
  for (const attribute of sorted(attributes)) {
    sink.ascii(` ${attribute.name}="`)
    const value = { source: reader.source, i: attribute.from }
    writeCharacters(value, attribute.to, 'attribute', sink)
    sink.ascii('"')
  }
  sink.ascii('>')
  return [name, written, isEmpty]
}

/** Reads attributes up to the end of the tag. Declarations of namespaces take effect and are left out. */
function readAttributes(reader: Reader, sink: JsonSink, namespaces: Namespaces): Attribute[] {
  const { source } = reader
  const attributes: Attribute[] = []
  let declared: Set<string> | undefined
  while (skipSpace(reader) && !startsWith(reader, '/') && !startsWith(reader, '>')) {
    const name = readName(reader)
    skipSpace(reader)
    expect(reader, '=')
    skipSpace(reader)
    const quote = startsWith(reader, "'") ? "'" : '"'
    expect(reader, quote)
    const from = reader.i
    const to = find(reader, quote)
    if (declared?.has(name)) throw notXhtml
    reader.i = to + 1
    if (name === 'xmlns' || name.startsWith('xmlns:')) {
      declared ??= new Set()
      declared.add(name)
      const { length } = sink
      writeCharacters({ source, i: from }, to, 'attribute', sink)
      namespaces.declare(name.slice(6), sink.takeBack(length))
    } else attributes.push({ name, namespace: '', from, to })
  }
  return attributes
}

/** By namespace name, then by local name (Canonical XML 1.1 §2.2); two of one name are an error. */
function sorted(attributes: Attribute[]): Attribute[] {
  return attributes.sort((a, b) => {
    const [x, y] =
      a.namespace === b.namespace ? [localOf(a.name), localOf(b.name)] : [a.namespace, b.namespace]
    if (x === y && a !== b) throw notXhtml
    return x < y ? -1 : 1
  })
}

function prefixOf(name: string): string {
  return name.slice(0, Math.max(0, name.indexOf(':')))
}

function localOf(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
