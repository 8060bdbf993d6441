import { describe, expect, it } from 'vitest'
import { parse, select } from '../../src/fhir/index.ts'

const tree = parse(`{
  "resourceType": "Bundle",
  "entry": [
    { "resource": { "resourceType": "Patient", "name": [{ "given": ["Ada", null, "E\\u0076e"], "_given": [null, {"id": "x"}] }, { "given": ["Bo"] }], "active": true } },
    { "resource": { "resourceType": "Observation", "valueQuantity": { "value": 2.00, "unit": "k\\"g\\u20ac" }, "x": null } },
    { "resource": { "resourceType": "Observation", "valueQuantity": { "value": 1E-22 }, "matrix": [[1, 2], [3.0]] } }
  ]
}`)
const found = (path: string): [string, string][] =>
  select(tree, path).map((each) => [each.path, each.text])

describe('select', () => {
  it.each([
    [
      'Bundle.entry.resource.valueQuantity.value',
      [
        ['Bundle.entry[1].resource.valueQuantity.value', '2.00'],
        ['Bundle.entry[2].resource.valueQuantity.value', '1E-22'],
      ],
    ],
    [
      'entry.resource.valueQuantity.value',
      [
        ['Bundle.entry[1].resource.valueQuantity.value', '2.00'],
        ['Bundle.entry[2].resource.valueQuantity.value', '1E-22'],
      ],
    ],
    [
      'Bundle.entry[2].resource.valueQuantity.value',
      [['Bundle.entry[2].resource.valueQuantity.value', '1E-22']],
    ],
    ['$.entry[0].resource.active', [['Bundle.entry[0].resource.active', 'true']]],
    [
      'Bundle.entry.resource.name.given',
      [
        ['Bundle.entry[0].resource.name[0].given[0]', 'Ada'],
        ['Bundle.entry[0].resource.name[0].given[2]', 'Eve'],
        ['Bundle.entry[0].resource.name[1].given[0]', 'Bo'],
      ],
    ],
    [
      'Bundle.entry.resource.name[1].given[0]',
      [['Bundle.entry[0].resource.name[1].given[0]', 'Bo']],
    ],
    ['Bundle.entry[0].resource.name[0].given[1]', []],
    [
      'Bundle.entry[0].resource.name[0]._given',
      [['Bundle.entry[0].resource.name[0]._given[1]', '{"id": "x"}']],
    ],
    [
      'Bundle.entry.resource.valueQuantity.unit',
      [['Bundle.entry[1].resource.valueQuantity.unit', 'k"g€']],
    ],
    ['Bundle.entry[1].resource.x', []],
    [
      'Bundle.entry[2].resource.matrix',
      [
        ['Bundle.entry[2].resource.matrix[0]', '[1, 2]'],
        ['Bundle.entry[2].resource.matrix[1]', '[3.0]'],
      ],
    ],
    ['Bundle.entry[9]', []],
    ['Bundle.entry[0].resource.active[0]', []],
    ['Bundle.nothing.at.all', []],
    ['Patient.name', []],
    ['Bundle.resourceType.length', []],
  ])('%s', (path, expected) => {
    expect(found(path)).toEqual(expected)
  })

  it('tells the kind of each element', () => {
    const all = parse('{"a":[{},[],"s",1,true,false,-1]}')
    expect(select(all, 'a').map(({ kind }) => kind)).toEqual([
      'object',
      'array',
      'string',
      'number',
      'boolean',
      'boolean',
      'number',
    ])
    expect(select(all, '$')[0]).toEqual({
      path: '$',
      kind: 'object',
      text: '{"a":[{},[],"s",1,true,false,-1]}',
    })
  })

  it('takes a root of any kind', () => {
    expect(select(parse('[{"a":1},{"a":2}]'), '$.a').length).toBe(0)
    expect(select(parse('[{"a":1},{"a":2}]'), '$[1].a')).toEqual([
      { path: '$[1].a', kind: 'number', text: '2' },
    ])
    expect(select('{"resourceType":"Patient","id":"p"}', 'Patient')[0]?.kind).toBe('object')
    expect(select(parse('null'), '$')).toEqual([])
    expect(select(parse('"x"'), '$')).toEqual([{ path: '$', kind: 'string', text: 'x' }])
  })

  it.each(['', '.', 'a.', '.a', 'a..b', 'a[', 'a[]', 'a[x]', 'a[-1]', 'a[1][2]', 'a]b', '[0]'])(
    '%j is no path',
    (path) => {
      expect(() => select(tree, path)).toThrow(TypeError)
    },
  )

  it('wants a string', () => {
    expect(() => select(tree, 1 as unknown as string)).toThrow(TypeError)
  })

  it('finds names that are not ASCII, however they are written', () => {
    const json = '{"é":1,"\\u00ea":2,"\u{1f600}":{"\\ud83d\\ude01":3}}'
    expect(select(json, 'é')).toEqual([{ path: '$.é', kind: 'number', text: '1' }])
    expect(select(json, 'ê')[0]?.text).toBe('2')
    expect(select(json, '\u{1f600}.\u{1f601}')[0]?.text).toBe('3')
  })

  it('finds what errors and losses name', () => {
    const json = '{"resourceType":"Observation","component":[{"value":1.0}]}'
    expect(select(json, 'Observation.component[0].value')[0]?.text).toBe('1.0')
  })
})
