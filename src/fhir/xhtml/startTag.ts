import { compareBytes } from '../../internal/bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../../internal/utf8.ts'
import { writeCharacters } from './characters.ts'
import { type Namespaces, xhtml } from './namespaces.ts'
import {
  expect,
  type Name,
  notXhtml,
  type Reader,
  readName,
  skipSpace,
  startsWith,
} from './reader.ts'
import type { JsonSink } from './sink.ts'

/** An attribute: its name, its value as it stands in the text, and the namespace that it is in. */
interface Attribute {
  readonly name: Name
  readonly from: number
  readonly to: number
  namespace: string
}

/**
 * Reads a start tag and writes it as Canonical XML does, its declarations where the rule of `lossless/1` has them: XHTML
 * is the default namespace, other namespaces keep their prefix and are declared where they are used first.
 *
 * @param reader - Stands behind the `<`.
 * @param sink - Is given the tag.
 * @param namespaces - What is in scope around it; takes the declarations of the tag.
 * @param isRoot - A root outside the XHTML namespace is no narrative.
 * @returns The name as it stands and the name as it was written; `isEmpty` where no content and no end tag follow.
 */
export function startTag(
  reader: Reader,
  sink: JsonSink,
  namespaces: Namespaces,
  isRoot: boolean,
): { name: Name; written: number; isEmpty: boolean } {
  const { source } = reader
  const name = readName(reader)
  const attributes = readAttributes(reader, sink, namespaces)
  const isEmpty = startsWith(reader, '/')
  expect(reader, isEmpty ? '/>' : '>')

  const namespace = namespaces.find(prefixOf(source, name))
  if (isRoot && namespace !== xhtml) throw notXhtml
  // XHTML is written without a prefix, so its local name is the name.
  const written = namespace === xhtml ? name.local : name.start
  const declared: [prefix: string, namespace: string][] = []
  declare(namespaces, declared, namespace === xhtml ? '' : prefixOf(source, name), namespace)
  for (const attribute of attributes) {
    if (attribute.name.local === attribute.name.start) continue
    const prefix = prefixOf(source, attribute.name)
    attribute.namespace = namespaces.find(prefix)
    declare(namespaces, declared, prefix, attribute.namespace)
  }
  if (attributes.length > 1) sortAttributes(source, attributes)

  sink.ascii('<')
  sink.copy(source, written, name.end)
  declared.sort(([a], [b]) => compareBytes(encodeUtf8(a), encodeUtf8(b)))
  for (const [prefix, uri] of declared) {
    sink.ascii(prefix === '' ? ' xmlns' : ' xmlns:')
    for (const character of prefix) sink.character(character.codePointAt(0)!)
    sink.ascii(`="${uri}"`)
  }
  for (const {
    name: { start, end },
    from,
    to,
  } of attributes) {
    sink.ascii(' ')
    sink.copy(source, start, end)
    sink.ascii('="')
    writeCharacters(source, from, to, 'attribute', sink)
    sink.ascii('"')
  }
  sink.ascii('>')
  return { name, written, isEmpty }
}

/** Reads attributes up to the end of the tag. Declarations of namespaces take effect and are left out. */
function readAttributes(reader: Reader, sink: JsonSink, namespaces: Namespaces): Attribute[] {
  const { source } = reader
  const attributes: Attribute[] = []
  const declared = new Set<string>()
  while (skipSpace(reader) && !startsWith(reader, '/') && !startsWith(reader, '>')) {
    const name = readName(reader)
    skipSpace(reader)
    expect(reader, '=')
    skipSpace(reader)
    const quote = source[reader.i]!
    const from = reader.i + 1
    const to = quote === 0x22 || quote === 0x27 ? source.indexOf(quote, from) : -1
    if (to < 0) throw notXhtml
    reader.i = to + 1
    const prefix = declaredPrefix(source, name)
    if (prefix === null) attributes.push({ name, from, to, namespace: '' })
    else {
      if (declared.has(prefix)) throw notXhtml
      declared.add(prefix)
      const before = sink.length
      writeCharacters(source, from, to, 'attribute', sink)
      namespaces.declare(prefix, sink.takeBack(before))
    }
  }
  return attributes
}

/** The prefix that an attribute declares, empty for the default namespace; `null` for other attributes. */
function declaredPrefix(source: Uint8Array, name: Name): string | null {
  if (!startsWith({ source, i: name.start }, 'xmlns')) return null
  if (name.end === name.start + 5) return ''
  return name.local === name.start + 6 ? decodeUtf8(source.subarray(name.local, name.end)) : null
}

function prefixOf(source: Uint8Array, { start, local }: Name): string {
  return local === start ? '' : decodeUtf8(source.subarray(start, local - 1))!
}

function declare(
  namespaces: Namespaces,
  declared: [string, string][],
  prefix: string,
  namespace: string,
): void {
  if (namespaces.mustDeclare(prefix, namespace)) declared.push([prefix, namespace])
}

/** By namespace name, then by local name (Canonical XML 1.1 §2.2); two of one name are an error. */
function sortAttributes(source: Uint8Array, attributes: Attribute[]): void {
  const compare = (a: Attribute, b: Attribute): number =>
    a.namespace === b.namespace
      ? compareBytes(localName(source, a.name), localName(source, b.name))
      : a.namespace < b.namespace
        ? -1
        : 1
  attributes.sort(compare)
  for (let k = 1; k < attributes.length; k++) {
    if (compare(attributes[k - 1]!, attributes[k]!) === 0) throw notXhtml
  }
}

function localName(source: Uint8Array, { local, end }: Name): Uint8Array {
  return source.subarray(local, end)
}
