import type { Decisions } from './arbitrary.ts'

const xhtml = 'http://www.w3.org/1999/xhtml'

/** What may stand in each place: first what is well-formed, then what is not, or not canonical. */
const uris = [
  [xhtml, xhtml, 'http://www.w3.org/2000/svg', 'urn:a', 'urn:b?x=1&amp;y=2', 'urn:&#x61;', 'URN:A'],
  ['', 'relative', 'urn:not a uri', 'urn:\n', 'urn:é', 'urn:"', 'http://www.w3.org/2000/xmlns/'],
]
const prefixes = [
  ['', '', '', 'h', 'svg', 'a', 'b', '__proto__', 'constructor'],
  ['xml', 'xmlns', 'undeclared', '1', 'é'],
]
const locals = [
  ['p', 'div', 'b', 'td', 'svg', 'x.-_1', 'P', 'toString'],
  ['1', '-', 'é', 'p:p', ''],
]
const attributes = [
  ['class', 'id', 'title', 'href', 'Class', 'a', 'b', 'lang', 'z', 'xml:lang', 'xml:space'],
  ['xmlns', 'xml:', ':a', '1'],
]
const characters = [
  [
    'text ',
    'x',
    '&amp;',
    '&lt;',
    '&gt;',
    '&quot;',
    '&apos;',
    '&#10;',
    '&#xD;',
    '&#x9;',
    '&#x10FFFF;',
    '&#00065;',
    '\n',
    '\r',
    '\r\n',
    '\t',
    '>',
    ']]',
    '\\',
    'é',
    '\u{1f600}',
    '\ufffd',
    '\u0085',
    '\u2028',
    '\ufeff',
    '-',
    '?',
    '--',
  ],
  [
    '&#9',
    '&#x;',
    '&#X41;',
    '&nbsp;',
    '&#0;',
    '&#xFFFE;',
    '&#x110000;',
    '&#xd800;',
    '\u0001',
    '\uffff',
    '&',
    '<',
    ']]>',
    '&AMP;',
    '&#99999999999;',
    '&#1 ;',
    '&constructor;',
  ],
]
const outsides = [
  ['', '', '', ' \n', '<!-- c -->', '<?pi data?>', '<?pi?>', '<!---->'],
  [
    '<!-- a -- b -->',
    '<?xml version="1.0"?>',
    '<?XML?>',
    'x',
    '<!DOCTYPE div>',
    '<a/>',
    '\ufeff',
    '&#32;',
    '<![CDATA[]]>',
  ],
]
const rare = [
  '<!DOCTYPE p>',
  '<',
  '<p',
  '</p>',
  '<p/',
  '<p a=1/>',
  '<p a="<"/>',
  '<p a="1"b="2"/>',
  '<!-- - - --->',
  '< p/>',
  '</ p>',
  '<p / >',
]

/**
 * Text that looks like the XHTML of a narrative: well-formed in most documents, with one flaw or more in the
 * others.
 */
export function xhtmlText(decisions: Decisions): string {
  const { choose, pick } = {
    choose: (count: number) => decisions.choose(count),
    pick: <T>(list: readonly T[]) => decisions.pick(list),
  }
  const isFlawed = choose(3) === 2
  const either = (lists: string[][]): string => pick(lists[isFlawed && choose(12) === 0 ? 1 : 0]!)
  const gap = (): string => pick(['', '', ' ', '\r\n', '\t'])
  const some = (lists: string[][], most: number): string =>
    decisions.some(most, () => either(lists)).join('')
  const qualified = (lists: string[][]): string => {
    const prefix = either(prefixes)
    return prefix === '' ? either(lists) : `${prefix}:${either(lists)}`
  }
  const used = new Set<string>()
  const attribute = (): string => {
    const quote = pick(['"', "'"])
    const name = choose(3) === 0 ? qualified(attributes) : either(attributes)
    if (used.has(name) && choose(20) > 0) return ''
    used.add(name)
    return ` ${gap()}${name}${gap()}=${gap()}${quote}${some(characters, 3).replaceAll(quote, '')}${quote}`
  }
  const declaration = (): string => {
    const prefix = either(prefixes)
    const name = prefix === '' ? 'xmlns' : `xmlns:${prefix}`
    const uri = prefix === '' && choose(3) === 0 ? '' : either(uris)
    if (used.has(name) && choose(20) > 0) return ''
    used.add(name)
    return `${pick([' ', '\n'])}${name}="${uri}"`
  }
  const content = (depth: number): string => {
    const kind = choose(depth > 4 ? 8 : 20)
    if (kind < 4) return some(characters, 3)
    if (kind === 4) return `<![CDATA[${some(characters, 3).replaceAll(']]>', '')}<&>]]>`
    if (kind === 5) return `<!--${some(characters, 2).replaceAll('-', '')}-->`
    if (kind === 6)
      return `<?${either(locals)}${pick(['', ' ', '\n '])}?><?p ${some(characters, 2)}?>`
    if (kind === 7) return isFlawed ? pick(rare) : 'plain'
    return element(depth + 1)
  }
  const element = (depth: number): string => {
    used.clear()
    const name = depth === 0 ? pick(['div', 'div', 'h:div']) : qualified(locals)
    const declared =
      depth === 0
        ? ` xmlns="${xhtml}" xmlns:h="${xhtml}" xmlns:a="urn:a" xmlns:b='urn:b' xmlns:svg="http://www.w3.org/2000/svg" xmlns:__proto__="urn:p" xmlns:constructor="urn:c"`
        : decisions.some(2, () => (choose(3) === 0 ? declaration() : '')).join('')
    const start =
      name +
      declared +
      decisions.some(3, () => (choose(2) === 0 ? attribute() : '')).join('') +
      gap()
    if (choose(4) === 0) return `<${start}/>`
    const end = isFlawed && choose(20) === 19 ? either(locals) : name
    return `<${start}>${decisions.some(4, () => content(depth)).join('')}</${end}${gap()}>`
  }
  return either(outsides) + element(0) + either(outsides)
}
