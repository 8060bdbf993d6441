import { describe, expect, it } from 'vitest'
import { canonicalize, r6Json } from '../../src/fhir/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { referenceXhtml } from './reference/xhtml.ts'

const xhtml = 'http://www.w3.org/1999/xhtml'

/** The narrative in the canonical form of a resource that has this one. */
function narrativeOf(div: string): string {
  const { bytes } = canonicalize(JSON.stringify({ text: { div } }))
  return (JSON.parse(text(bytes)) as { text: { div: string } }).text.div
}

/** XHTML around some content. */
const around = (content: string, attributes = ''): string =>
  `<div xmlns="${xhtml}"${attributes}>${content}</div>`

/** Content as it becomes inside of a `div`. */
function inside(content: string, attributes = ''): string {
  const div = around(content, attributes)
  const result = narrativeOf(div)
  expect(result).toBe(referenceXhtml(div) ?? div)
  const begin = `<div xmlns="${xhtml}">`
  expect(result.startsWith(begin)).toBe(true)
  return result.slice(begin.length, -'</div>'.length)
}

describe('a canonical narrative', () => {
  it.each([
    ['empty elements get an end tag', '<br/><p></p><img />', '<br></br><p></p><img></img>'],
    [
      'attributes are sorted and quoted',
      `<p id='b' class = "a" title='"'/>`,
      '<p class="a" id="b" title="&quot;"></p>',
    ],
    ['capitals sort first', '<p a="1" B="2" A="3"/>', '<p A="3" B="2" a="1"></p>'],
    [
      'attribute white space becomes spaces',
      '<p title=" a\tb\nc\rd\r\ne "/>',
      '<p title=" a b c d e "></p>',
    ],
    [
      'but not when written as a reference',
      '<p title="&#9;&#10;&#xD;&#x20;"/>',
      '<p title="&#x9;&#xA;&#xD; "></p>',
    ],
    ['text line ends become LF', 'a\r\nb\rc\nd\r\r\ne', 'a\nb\nc\nd\n\ne'],
    ['but CR written as a reference stays', 'a&#13;&#xD;&#10;b', 'a&#xD;&#xD;\nb'],
    [
      'references are resolved',
      '&amp;&lt;&gt;&quot;&apos;&#65;&#x42;&#x1F600;&#233;',
      '&amp;&lt;&gt;"\'AB\u{1f600}é',
    ],
    ['> in text is escaped, in attributes not', 'a > b<p title=">"/>', 'a &gt; b<p title=">"></p>'],
    ['CDATA becomes text', '<![CDATA[<&>"\r\n]] > ]]>x<![CDATA[]]>', '&lt;&amp;&gt;"\n]] &gt; x'],
    ['CDATA knows no references', '<![CDATA[&amp;&#65;]]>', '&amp;amp;&amp;#65;'],
    ['comments go', 'a<!-- b -->c<!---->d<!-- - -->', 'acd'],
    [
      'processing instructions stay',
      '<?pi?><?pi   a  b ?><?p-i x?y>?><?x\n?>',
      '<?pi?><?pi a  b ?><?p-i x?y>?><?x?>',
    ],
    ['processing instructions know no references', '<?pi &amp;<>"\r\n?>', '<?pi &amp;<>"\n?>'],
    ['white space in tags goes', '<p\n class="a"\t>x</p\r\n>', '<p class="a">x</p>'],
    ['a prefix for XHTML goes', `<h:p xmlns:h="${xhtml}"><h:b>x</h:b></h:p>`, '<p><b>x</b></p>'],
    [
      'a prefix of an XHTML attribute stays',
      `<p xmlns:h="${xhtml}" h:a="1" a="2"/>`,
      `<p xmlns:h="${xhtml}" a="2" h:a="1"></p>`,
    ],
    ['unused declarations go', '<p xmlns:u="urn:u"/>', '<p></p>'],
    ['a default namespace', '<s xmlns="urn:s"><t/></s><p/>', '<s xmlns="urn:s"><t></t></s><p></p>'],
    [
      'XHTML below another default',
      `<s xmlns="urn:s"><p xmlns="${xhtml}"><b/></p></s>`,
      `<s xmlns="urn:s"><p xmlns="${xhtml}"><b></b></p></s>`,
    ],
    ['no namespace', `<n xmlns=""><m/></n>`, '<n xmlns=""><m></m></n>'],
    [
      'a prefix is declared where it is used',
      '<p xmlns:s="urn:s"><s:a/><s:b><s:c/></s:b></p>',
      '<p><s:a xmlns:s="urn:s"></s:a><s:b xmlns:s="urn:s"><s:c></s:c></s:b></p>',
    ],
    [
      'a prefix that is bound anew',
      '<s:a xmlns:s="urn:1"><s:b xmlns:s="urn:2"><s:c/></s:b><s:d/></s:a>',
      '<s:a xmlns:s="urn:1"><s:b xmlns:s="urn:2"><s:c></s:c></s:b><s:d></s:d></s:a>',
    ],
    [
      'a prefix of an attribute',
      '<p xmlns:x="urn:x" x:b="2" a="1"/>',
      '<p xmlns:x="urn:x" a="1" x:b="2"></p>',
    ],
    [
      'declarations by prefix, attributes by namespace',
      '<p xmlns:b="urn:1" xmlns:a="urn:2" b:z="1" a:y="2" z="3"/>',
      '<p xmlns:a="urn:2" xmlns:b="urn:1" z="3" b:z="1" a:y="2"></p>',
    ],
    [
      'the default declaration first',
      '<s xmlns="urn:s" xmlns:a="urn:a" a:b="1"/>',
      '<s xmlns="urn:s" xmlns:a="urn:a" a:b="1"></s>',
    ],
    [
      'xml:lang needs no declaration',
      '<p xml:lang="de" lang="de"/>',
      '<p lang="de" xml:lang="de"></p>',
    ],
    [
      'the declared xml prefix goes',
      '<p xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:space="preserve"/>',
      '<p xml:space="preserve"></p>',
    ],
    [
      'references in a namespace name',
      '<s xmlns="urn:a?b&amp;c&#x64;"/>',
      '<s xmlns="urn:a?b&amp;cd"></s>',
    ],
    [
      'names that mean something in JavaScript',
      '<__proto__ constructor="1"/><toString:a xmlns:toString="urn:t"/>',
      '<__proto__ constructor="1"></__proto__><toString:a xmlns:toString="urn:t"></toString:a>',
    ],
    ['backslashes and quotes', '\\"\\n<p title="\\"/>', '\\"\\n<p title="\\"></p>'],
    [
      'references to characters at the borders',
      '&#x20;&#xD7FF;&#xE000;&#xFFFD;&#x10000;&#1114111;',
      ' \ud7ff\ue000\ufffd\u{10000}\u{10ffff}',
    ],
    [
      'characters of all planes',
      '\u00a0\u2028\ufffd\u{10000}\u{10ffff}\u0085\u007f',
      '\u00a0\u2028\ufffd\u{10000}\u{10ffff}\u0085\u007f',
    ],
  ])('%s', (_what, content, expected) => {
    expect(inside(content)).toBe(expected)
  })

  it('has nothing from outside its root, and one declaration on it', () => {
    const div = `\n<!-- a --><?b c?> <n:div xmlns:n="${xhtml}" xmlns:m="urn:m" class="x"><n:p/></n:div>\r\n<?d?><!-- e -->`
    expect(narrativeOf(div)).toBe(`<div xmlns="${xhtml}" class="x"><p></p></div>`)
  })

  it('may have any root of XHTML', () => {
    expect(narrativeOf(`<p xmlns="${xhtml}"/>`)).toBe(`<p xmlns="${xhtml}"></p>`)
  })

  it('is the same for all spellings of one document', () => {
    const spellings = [
      `<div xmlns="${xhtml}"><p class="a" id="b">1 &lt; 2</p></div>`,
      `<div xmlns='${xhtml}'><p id='b' class='a'>1 <![CDATA[<]]> 2</p></div>`,
      `<x:div xmlns:x="${xhtml}"><x:p\n\tid="&#98;"   class="a">1 &#60; 2</x:p></x:div>`,
      `<!-- c --><div xmlns="${xhtml}" xmlns:u="urn:u"><p id="b" class="a">1<!-- c --> &#x3c; 2</p ></div>`,
    ]
    expect(new Set(spellings.map(narrativeOf)).size).toBe(1)
  })

  it('is written as a JSON string in the form of RFC 8785', () => {
    const div = `<div xmlns="${xhtml}">"\\\t\n/é</div>`
    const { bytes } = canonicalize(JSON.stringify({ text: { div } }).replaceAll('/', '\\/'))
    expect(text(bytes)).toBe(JSON.stringify({ text: { div } }))
  })
})

describe('a narrative that cannot be canonicalized stays the string that it is', () => {
  it.each([
    ['nothing', ''.padEnd(1)],
    ['text', 'plain text'],
    ['no namespace', '<div><p>a</p></div>'],
    ['another namespace', `<div xmlns="${xhtml}x"/>`],
    ['the namespace in capitals', `<div xmlns="${xhtml.toUpperCase()}"/>`],
    ['space around the namespace', `<div xmlns=" ${xhtml} "/>`],
    ['an undeclared prefix of the root', '<h:div/>'],
    ['not closed', `<div xmlns="${xhtml}">`],
    ['not closed inside', around('<p>')],
    ['closed in the wrong order', around('<p><b></p></b>')],
    ['closed by a name that begins alike', around('<p></pa>')],
    ['closed by a shorter name', around('<pa></p>')],
    ['closed with an attribute', around('<p></p a="1">')],
    ['closed once too often', `${around('')}</div>`],
    ['a closing tag as root', '</div>'],
    ['CDATA as root', '<![CDATA[a]]>'],
    ['two roots', around('') + around('')],
    ['text behind the root', `${around('')}x`],
    ['text before the root', `x${around('')}`],
    ['a byte order mark', `\ufeff${around('')}`],
    ['CDATA behind the root', `${around('')}<![CDATA[]]>`],
    ['an XML declaration', `<?xml version="1.0" encoding="UTF-8"?>${around('')}`],
    ['a DOCTYPE', `<!DOCTYPE div>${around('')}`],
    ['a DOCTYPE with entities', `<!DOCTYPE div [<!ENTITY e "e">]>${around('&e;')}`],
    ['a DOCTYPE inside', around('<!DOCTYPE p>')],
    ['an undefined entity', around('&nbsp;')],
    ['an entity in capitals', around('&AMP;')],
    ['an entity of JavaScript', around('&constructor;&__proto__;')],
    ['an ampersand', around('a & b')],
    ['an ampersand at the end', around('a &')],
    ['an ampersand in an attribute', around('<p title="a&b"/>')],
    ['an undefined entity in an attribute', around('<p title="&nbsp;"/>')],
    ['an empty reference', around('&;')],
    ['a reference without digits', around('&#;')],
    ['a reference without hexadecimal digits', around('&#x;')],
    ['a reference with a capital X', around('&#X41;')],
    ['a reference with a sign', around('&#+65;')],
    ['a reference with a space', around('&# 65;')],
    ['a reference to no character', around('&#0;')],
    ['a reference to a control character', around('&#x1F;')],
    ['a reference to a surrogate', around('&#xD800;')],
    ['a reference to U+FFFE', around('&#xFFFE;')],
    ['a reference beyond Unicode', around('&#x110000;')],
    ['a reference far beyond Unicode', around(`&#${'9'.repeat(400)};`)],
    ['U+FFFF', around('\uffff')],
    ['U+FFFE in an attribute', around('<p title="\ufffe"/>')],
    ['U+FFFF in a comment', around('<!--\uffff-->')],
    ['a control character', around('\u0001')],
    ['U+0000', around('\u0000')],
    ['a form feed in a tag', around('<p\fclass="a"/>')],
    ['< in an attribute', around('<p title="<"/>')],
    ['an attribute without quotes', around('<p title=a/>')],
    ['an attribute without value', around('<p hidden/>')],
    ['an attribute that is not closed', around('<p title="a/>')],
    ['attributes without space between', around('<p a="1"b="2"/>')],
    ['an attribute twice', around('<p a="1" a="2"/>')],
    [
      'an attribute twice, by namespace',
      around('<p xmlns:a="urn:x" xmlns:b="urn:x" a:c="1" b:c="2"/>'),
    ],
    ['a declaration twice', around('<p xmlns:a="urn:x" xmlns:a="urn:x"/>')],
    ['a default declaration twice', around('<p xmlns="urn:x" xmlns="urn:x"/>')],
    ['an undeclared prefix', around('<a:b/>')],
    ['a prefix declared on a sibling', around('<p xmlns:a="urn:a"/><a:b/>')],
    ['an undeclared prefix of an attribute', around('<p a:b="1"/>')],
    ['a prefix undeclared again', around('<p xmlns:a="urn:a"><b xmlns:a=""/></p>')],
    ['xml bound to something else', around('<p xmlns:xml="urn:x"/>')],
    ['xmlns bound', around('<p xmlns:xmlns="urn:x"/>')],
    [
      'a prefix bound to the xml namespace',
      around('<p xmlns:a="http://www.w3.org/XML/1998/namespace"/>'),
    ],
    ['the xml namespace as default', around('<p xmlns="http://www.w3.org/XML/1998/namespace"/>')],
    [
      'a prefix bound to the xmlns namespace',
      around('<p xmlns:a="http://www.w3.org/2000/xmlns/"/>'),
    ],
    ['an element with the prefix xmlns', around('<xmlns:a/>')],
    ['an empty prefix', around('<:a/>')],
    ['an empty local name', around('<p:/>')],
    ['two colons', around('<p:p:p xmlns:p="urn:p"/>')],
    ['a local name with a digit first', around('<p:1 xmlns:p="urn:p"/>')],
    ['a name with a digit first', around('<1/>')],
    ['a space before a name', around('< p/>')],
    ['a space in an end tag', around('<p></ p>')],
    ['a space in an empty tag', around('<p / >')],
    ['a name beyond ASCII', around('<é/>')],
    ['a relative namespace name', around('<p xmlns:a="a/b"/>')],
    ['a namespace name with a space', around('<p xmlns:a="urn:a b"/>')],
    ['a namespace name beyond ASCII', around('<p xmlns:a="urn:é"/>')],
    ['a namespace name with <', around('<p xmlns:a="urn:&lt;"/>')],
    ['two hyphens in a comment', around('<!-- a -- b -->')],
    ['a hyphen at the end of a comment', around('<!-- a --->')],
    ['a comment that is not closed', around('<!-- a')],
    ['CDATA that is not closed', around('<![CDATA[ a')],
    ['CDATA in small letters', around('<![cdata[a]]>')],
    [']]> in text', around('a]]>b')],
    ['a processing instruction without target', around('<? a?>')],
    ['a processing instruction xml', around('<?xml a?>')],
    ['a processing instruction XML', around('<?XmL?>')],
    ['a processing instruction with a colon', around('<?a:b?>')],
    ['a processing instruction that is not closed', around('<?a b')],
    ['a processing instruction without space', around('<?a?b?>')],
    ['a processing instruction with bad data', around('<?a \u0001?>')],
    ['a declaration of an element', around('<!ELEMENT p ANY>')],
    ['SGML', around('<!>')],
  ])('%s', (_what, div) => {
    expect(referenceXhtml(div)).toBeNull()
    expect(narrativeOf(div)).toBe(div)
  })
})

describe('what is a narrative', () => {
  const div = `<div xmlns="${xhtml}"><br/></div>`
  const made = `<div xmlns="${xhtml}"><br></br></div>`

  it.each([
    ['text.div of the root', { text: { div } }, { text: { div: made } }],
    ['text.div anywhere', { a: [{ text: { div, b: 1 } }] }, { a: [{ text: { b: 1, div: made } }] }],
    ['not in an array text', { text: [{ div }] }, { text: [{ div }] }],
    ['not below text.div', { text: { div: { div } } }, { text: { div: { div } } }],
    ['not in a list of div', { text: { div: [div] } }, { text: { div: [div] } }],
    ['not _div', { text: { _div: div } }, { text: { _div: div } }],
    [
      'not Text, not DIV',
      { Text: { div }, text: { DIV: div } },
      { Text: { div }, text: { DIV: div } },
    ],
    ['not div of the root', { div }, { div }],
    ['text in text', { text: { text: { div } } }, { text: { text: { div: made } } }],
  ])('%s', (_what, resource, expected) => {
    expect(text(canonicalize(JSON.stringify(resource)).bytes)).toBe(JSON.stringify(expected))
  })

  it('however its names are written', () => {
    const json = `{"te\\u0078t":{"\\u0064iv":${JSON.stringify(div)}}}`
    expect(text(canonicalize(json).bytes)).toBe(JSON.stringify({ text: { div: made } }))
  })

  it('only for lossless/1', () => {
    const json = JSON.stringify({ text: { div } })
    expect(text(canonicalize(json, { canonicalization: r6Json }).bytes)).toBe(json)
  })
})

describe('a hostile narrative', () => {
  const deep = 100_000

  it.each([
    ['deep elements', '<p>'.repeat(deep) + '</p>'.repeat(deep)],
    [
      'deep elements with a prefix from far above',
      `<p xmlns:a="urn:a"><a:a>${'<a:b>'.repeat(deep)}${'</a:b>'.repeat(deep)}</a:a></p>`,
    ],
    ['deep declarations', `${'<p xmlns:a="urn:a">'.repeat(deep)}${'</p>'.repeat(deep)}`],
    [
      'many attributes',
      `<p ${Array.from({ length: deep }, (_, i) => `a${(i * 7919) % deep}="1"`).join(' ')}/>`,
    ],
    [
      'many declarations',
      `<p ${Array.from({ length: deep }, (_, i) => `xmlns:a${i}="urn:a"`).join(' ')}/>`,
    ],
    ['many comments', '<!---->'.repeat(deep)],
    ['many references', '&lt;'.repeat(deep)],
    ['references without end', '&'.repeat(deep)],
    ['brackets', ']]'.repeat(deep)],
    ['CDATA after CDATA', '<![CDATA[]]>'.repeat(deep)],
    ['a very long name', `<${'a'.repeat(deep * 20)}/>`],
    ['a very long attribute', `<p title="${'a &amp; '.repeat(deep)}"/>`],
    ['a very long namespace name', `<p xmlns="urn:${'a'.repeat(deep * 20)}"/>`],
    ['a very long reference', `&#${'0'.repeat(deep * 20)}65;`],
    ['open tags', '<p '.repeat(deep)],
    ['quotes', `<p ${'a="'.repeat(deep)}`],
  ])('takes linear time: %s', (_what, content) => {
    const start = performance.now()
    narrativeOf(around(content))
    expect((performance.now() - start) / 1000).toBeLessThan(5)
  })

  it('cannot blow up: a namespace name is declared again and again, and a long one is none', () => {
    const declaring = (length: number): string =>
      JSON.stringify({
        text: {
          div: around(`<p xmlns:a="urn:${'a'.repeat(length - 4)}">${'<a:a/>'.repeat(10_000)}</p>`),
        },
      })
    expect(canonicalize(declaring(255)).bytes.length).toBeGreaterThan(2_550_000)
    expect(() => canonicalize(utf8(declaring(255)), { limits: { bytes: 1_000_000 } })).toThrow(
      /larger than 1000000 bytes/,
    )
    // Then the narrative is a string like any other.
    for (const length of [256, 100_000]) {
      expect(text(canonicalize(declaring(length)).bytes)).toBe(declaring(length))
    }
  })

  it('cannot make names be compared at length, however many there are', () => {
    const name = `urn:${'a'.repeat(1_000_000)}`
    const attributes = '<b a:i="" b:i=""/>'.repeat(50_000)
    const start = performance.now()
    narrativeOf(around(`<p xmlns:a="${name}a" xmlns:b="${name}b">${attributes}</p>`))
    expect((performance.now() - start) / 1000).toBeLessThan(5)
  })
})
