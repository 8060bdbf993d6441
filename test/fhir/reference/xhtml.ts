/** An element, or text, or a processing instruction; comments are dropped when they are read. */
type Node =
  | { kind: 'text'; text: string }
  | { kind: 'instruction'; target: string; data: string }
  | Element
interface Element {
  kind: 'element'
  name: string
  attributes: [name: string, value: string][]
  children: Node[]
}
type Scope = ReadonlyMap<string, string>

const xhtml = 'http://www.w3.org/1999/xhtml'
const xml = 'http://www.w3.org/XML/1998/namespace'
const xmlns = 'http://www.w3.org/2000/xmlns/'

/**
 * A narrative by docs/formats/lossless-1.md §6: a tree of elements, then its canonical form. `null` where the
 * text cannot be canonicalized.
 */
export function referenceXhtml(text: string): string | null {
  try {
    const root = parse(text)
    const xmlOnly = new Map([['xml', xml]])
    return write(root, xmlOnly, xmlOnly, true)
  } catch (error) {
    if (error instanceof NotCanonical) return null
    throw error
  }
}

class NotCanonical extends Error {}

function fail(): never {
  throw new NotCanonical()
}

/** Line ends first (XML 1.0 §2.11), then a scanner over one long regular expression for each construct. */
function parse(source: string): Element {
  const text = source.replace(/\r\n?/g, '\n')
  if (/[^\t\n -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text)) fail()
  let i = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const sticky = new RegExp(pattern, 'yu')
    sticky.lastIndex = i
    const match = sticky.exec(text)
    if (match !== null) i += match[0].length
    return match
  }
  const comment = /<!--((?:[^-]|-[^-])*)-->/
  const instruction = /<\?([A-Za-z_][\w.-]*)(?:[ \t\n]+((?:(?!\?>)[\s\S])*))?\?>/
  const ncName = '[A-Za-z_][A-Za-z0-9_.-]*'
  const qName = `(?:${ncName}:)?${ncName}`
  const startTag = new RegExp(
    `<(${qName})((?:[ \\t\\n]+${qName}[ \\t\\n]*=[ \\t\\n]*(?:"[^<"]*"|'[^<']*'))*)[ \\t\\n]*(/?)>`,
  )
  const endTag = new RegExp(`</(${qName})[ \\t\\n]*>`)

  const readInstruction = (): Node | null => {
    const match = take(instruction)
    if (match === null) return null
    if (match[1]!.toLowerCase() === 'xml') fail()
    return { kind: 'instruction', target: match[1]!, data: match[2] ?? '' }
  }
  const outside = (): void => {
    while (take(/[ \t\n]+/) !== null || take(comment) !== null || readInstruction() !== null);
  }
  const element = (): Element => {
    const match = take(startTag) ?? fail()
    const attributes = [
      ...match[2]!.matchAll(
        new RegExp(`(${qName})[ \\t\\n]*=[ \\t\\n]*(?:"([^"]*)"|'([^']*)')`, 'gu'),
      ),
    ].map(([, name, double, single]): [string, string] => [
      name!,
      resolve((double ?? single)!.replace(/[\t\n]/g, ' ')),
    ])
    const node: Element = { kind: 'element', name: match[1]!, attributes, children: [] }
    if (match[3] === '/') return node
    for (;;) {
      const end = take(endTag)
      if (end !== null) return end[1] === node.name ? node : fail()
      if (take(comment) !== null) continue
      const cdata = take(/<!\[CDATA\[((?:(?!\]\]>)[\s\S])*)\]\]>/)
      const characters = cdata === null ? take(/[^<]+/) : null
      if (cdata !== null) node.children.push({ kind: 'text', text: cdata[1]! })
      else if (characters !== null) {
        if (characters[0].includes(']]>')) fail()
        node.children.push({ kind: 'text', text: resolve(characters[0]) })
      } else node.children.push(readInstruction() ?? element())
    }
  }

  outside()
  const root = element()
  outside()
  return i === text.length ? root : fail()
}

/** References, each of which must be one that XML knows by itself. */
function resolve(text: string): string {
  const named = new Map(Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }))
  return text.replace(/&([^;]*)(;?)/g, (_all, name: string, end: string) => {
    if (end === '') fail()
    if (named.has(name)) return named.get(name)!
    if (!/^#(x[0-9a-fA-F]+|[0-9]+)$/.test(name)) fail()
    const point = BigInt(name[1] === 'x' ? `0${name.slice(1)}` : name.slice(1))
    if (point > 0x10ffffn) fail()
    const character = String.fromCodePoint(Number(point))
    if (/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(character)) fail()
    return character
  })
}

/**
 * §6.2; `inText` and `inOutput` are the declarations in scope around the element, in the text and as written.
 */
function write(node: Element, inText: Scope, inOutput: Scope, isRoot = false): string {
  const scope = new Map(inText)
  const declarations = node.attributes.filter(([name]) => /^xmlns(:|$)/.test(name))
  if (new Set(declarations.map(([name]) => name)).size < declarations.length) fail()
  for (const [name, uri] of declarations) {
    const prefix = name.slice(6)
    if (prefix === 'xmlns' || (prefix === 'xml') !== (uri === xml) || uri === xmlns) fail()
    if (uri === '' && prefix !== '') fail()
    if (uri !== '' && !/^[A-Za-z][A-Za-z0-9+.-]{0,63}:[\w\-.~:/?#[\]@!$&'()*+,;=%]*$/.test(uri))
      fail()
    scope.set(prefix, uri)
  }
  const parts = (name: string): [prefix: string, local: string] =>
    name.includes(':') ? (name.split(':') as [string, string]) : ['', name]
  const lookUp = (prefix: string): string => scope.get(prefix) ?? (prefix === '' ? '' : fail())

  const [prefix, local] = parts(node.name)
  const namespace = lookUp(prefix)
  if (isRoot && namespace !== xhtml) fail()
  const attributes = node.attributes
    .filter(([name]) => !/^xmlns(:|$)/.test(name))
    .map(([name, value]) => {
      const [itsPrefix, itsLocal] = parts(name)
      return { name, itsPrefix, value, key: [itsPrefix === '' ? '' : lookUp(itsPrefix), itsLocal] }
    })
    .sort((a, b) => (a.key.join('\0') < b.key.join('\0') ? -1 : 1))
  if (new Set(attributes.map(({ key }) => key.join('\0'))).size < attributes.length) fail()

  const written = new Map(inOutput)
  const declared = new Map<string, string>()
  const use = (itsPrefix: string, uri: string): void => {
    if ((written.get(itsPrefix) ?? '') === uri) return
    written.set(itsPrefix, uri)
    declared.set(itsPrefix, uri)
  }
  use(namespace === xhtml ? '' : prefix, namespace)
  for (const { itsPrefix, key } of attributes) if (itsPrefix !== '') use(itsPrefix, key[0]!)

  const name = namespace === xhtml ? local : node.name
  const declarationsText = [...declared]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, uri]) => ` xmlns${key === '' ? '' : `:${key}`}="${attributeText(uri)}"`)
  const attributesText = attributes.map((each) => ` ${each.name}="${attributeText(each.value)}"`)
  const inside = node.children.map((child) => {
    if (child.kind === 'element') return write(child, scope, written)
    if (child.kind === 'text') return characterText(child.text)
    return child.data === '' ? `<?${child.target}?>` : `<?${child.target} ${child.data}?>`
  })
  return `<${name}${declarationsText.join('')}${attributesText.join('')}>${inside.join('')}</${name}>`
}

function attributeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\t', '&#x9;')
    .replaceAll('\n', '&#xA;')
    .replaceAll('\r', '&#xD;')
}

function characterText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#xD;')
}
