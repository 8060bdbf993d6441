import { expect, it } from 'vitest'
import { canonicalize } from '../../src/fhir/index.ts'
import { text } from '../helpers/bytes.ts'
import { describeVectors, vectorNames, vectorText } from '../helpers/vectors.ts'
import { referenceXhtml } from './reference/xhtml.ts'

const folder = 'fhir/fhir-test-cases/xhtml'

/** Fixtures of HL7's validator whose narrative is no well-formed XHTML, and why. */
const strings = new Map([
  ['list-xhtml-syntax.json', '<p> closed by </pa>'],
  ['list-xhtml-wrongns1.json', 'another namespace'],
  ['list-xhtml-wrongns2.json', 'no namespace'],
  ['list-xhtml-xxe.json', 'a DOCTYPE and an external entity'],
  ['bad-chars.html', 'U+FFFF'],
  ['bad-link.html', 'an ampersand in an attribute'],
  ['entities.html', 'the entity frac14'],
])

function narrativeOf(json: string): string {
  const { bytes } = canonicalize(json)
  return (JSON.parse(text(bytes)) as { text: { div: string } }).text.div
}

describeVectors("narratives of HL7's validator", () => {
  const names = vectorNames(folder).filter((name) => /\.(json|html)$/.test(name))

  it('are all there', () => {
    expect(names.length).toBe(13)
    expect(names).toEqual(expect.arrayContaining([...strings.keys()]))
  })

  it.each(names)('%s', (name) => {
    const source = vectorText(`${folder}/${name}`)
    const json = name.endsWith('.json') ? source : JSON.stringify({ text: { div: source } })
    const { div } = (JSON.parse(json) as { text: { div: string } }).text
    const result = narrativeOf(json)
    if (strings.has(name)) expect(result).toBe(div)
    else {
      expect(result).toBe(referenceXhtml(div))
      expect(result).toMatch(/^<div xmlns="http:\/\/www\.w3\.org\/1999\/xhtml">/)
      expect(narrativeOf(JSON.stringify({ text: { div: result } }))).toBe(result)
    }
  })

  it('with a prefix and without one are the same', () => {
    const one = narrativeOf(vectorText(`${folder}/list-xhtml-correct1.json`))
    expect(narrativeOf(vectorText(`${folder}/list-xhtml-correct2.json`))).toBe(one)
  })

  it('with SVG: the default namespace stays one, a prefix stays a prefix', () => {
    const svg = (name: string): string =>
      narrativeOf(JSON.stringify({ text: { div: vectorText(`${folder}/${name}`) } }))
    expect(svg('non-root-svg.html')).toContain(
      '<svg xmlns="http://www.w3.org/2000/svg" contentScriptType="application/ecmascript" contentStyleType="text/css" height="200px" width="300px" zoomAndPan="magnify">',
    )
    expect(svg('namespaced-non-root-svg.html')).toContain(
      '<svg:a xmlns:xlink="http://www.w3.org/1999/xlink" href="#human" target="_top" title="#human" xlink:actuate="onRequest" xlink:href="#human" xlink:show="new" xlink:title="#human" xlink:type="simple">',
    )
  })
})
