import { describe, expect, it } from 'vitest'
import { FhirLossy } from '../../src/errors.ts'
import {
  type Canonicalization,
  canonicalize,
  parse,
  r6Json,
  r6JsonData,
  r6JsonDocument,
  r6JsonNarrative,
  r6JsonStatic,
} from '../../src/fhir/index.ts'
import { text } from '../helpers/bytes.ts'

const narrative = { status: 'generated', div: '<div/>' }
const bundle = {
  resourceType: 'Bundle',
  id: 'b',
  meta: { versionId: '1' },
  text: narrative,
  entry: [
    {
      fullUrl: 'urn:uuid:1',
      resource: {
        resourceType: 'Composition',
        id: 'c',
        meta: { versionId: '2' },
        text: narrative,
        section: [{ title: 's', text: narrative, section: [{ title: 't' }] }, { title: 'u' }],
        extension: [{ id: 'e', url: 'urn:x', valueMeta: { versionId: '3' }, meta: 'not one' }],
      },
    },
    {
      resource: {
        resourceType: 'Patient',
        contained: [
          { resourceType: 'Organization', id: 'o', text: narrative, name: 'n' },
          { resourceType: 'Location', name: 'm' },
        ],
        contact: [{ id: 'not of a resource', text: 'a string' }],
      },
    },
    {
      resource: {
        resourceType: 'Parameters',
        parameter: [
          { name: 'p', resource: { resourceType: 'Basic', meta: {}, text: { div: '<div/>' } } },
        ],
      },
    },
    { resource: { resourceType: 'Device', note: [{ text: 'x' }], code: { text: 'y' } } },
  ],
}

function form(value: unknown, canonicalization: Canonicalization) {
  const { bytes, losses } = canonicalize(JSON.stringify(value), { canonicalization })
  return { value: JSON.parse(text(bytes)) as unknown, losses: losses.map(({ path }) => path) }
}

/** A copy of a value without some members, by their paths. */
function without(paths: string[]): unknown {
  const copy = JSON.parse(JSON.stringify(bundle)) as Record<string, unknown>
  for (const path of paths) {
    const steps = path.replace(/^Bundle\./, '').split(/[.[\]]+/)
    const last = steps.pop()!
    let place = copy
    for (const step of steps) place = place[step] as Record<string, unknown>
    delete place[last]
  }
  return copy
}

const narratives = [
  'Bundle.text',
  'Bundle.entry[0].resource.text',
  'Bundle.entry[0].resource.section[0].text',
  'Bundle.entry[1].resource.contained[0].text',
  'Bundle.entry[2].resource.parameter[0].resource.text',
]
const metas = [
  'Bundle.meta',
  'Bundle.entry[0].resource.meta',
  'Bundle.entry[2].resource.parameter[0].resource.meta',
]

describe('r6/json#data', () => {
  it('leaves out every narrative, wherever it is, and says so', () => {
    const { value, losses } = form(bundle, r6JsonData)
    expect(value).toEqual(without(narratives))
    expect([...losses].sort()).toEqual([...narratives].sort())
    expect(r6JsonData).toMatchObject({ name: 'r6/json#data', total: false })
  })

  it.each([
    [{ text: 'a string' }, 0],
    [{ text: ['a'] }, 0],
    [{ text: [{ div: '<div/>' }] }, 0],
    [{ text: { extension: [] } }, 0],
    [{ text: {} }, 0],
    [{ text: { status: 'empty' } }, 1],
    [{ text: { div: '<div/>' } }, 1],
    [{ text: { status: null } }, 1],
    [{ Text: { div: '<div/>' } }, 0],
    [[{ text: { div: '<div/>' } }], 1],
  ])('%j has %i', (value, count) => {
    expect(form(value, r6JsonData).losses.length).toBe(count)
  })

  it('counts a narrative inside a narrative once', () => {
    const value = { text: { div: '', text: { div: '' } } }
    expect(form(value, r6JsonData)).toEqual({ value: {}, losses: ['$.text'] })
  })

  it('finds names that are written with escapes', () => {
    const json = '{"te\\u0078t":{"d\\u0069v":""},"a":1}'
    expect(text(canonicalize(json, { canonicalization: r6JsonData }).bytes)).toBe('{"a":1}')
  })

  it('still lists the numbers that change', () => {
    const json = '{"a":1.0,"text":{"div":"x","b":1.0}}'
    const { losses } = canonicalize(json, { canonicalization: r6JsonData })
    expect(losses.map(({ code, path }) => [code, path])).toEqual([
      ['number-changed', '$.a'],
      ['omitted', '$.text'],
    ])
  })
})

describe('r6/json#static', () => {
  it('also leaves out meta of every resource, and of nothing else', () => {
    const { value, losses } = form(bundle, r6JsonStatic)
    expect(value).toEqual(without([...narratives, ...metas]))
    expect([...losses].sort()).toEqual([...narratives, ...metas].sort())
    expect(r6JsonStatic.name).toBe('r6/json#static')
  })
})

describe('r6/json#narrative', () => {
  it('keeps narratives and ids of resources, and the way to them', () => {
    const { value, losses } = form(bundle, r6JsonNarrative)
    expect(value).toEqual({
      resourceType: 'Bundle',
      id: 'b',
      text: narrative,
      entry: [
        {
          resource: {
            resourceType: 'Composition',
            id: 'c',
            text: narrative,
            section: [{ text: narrative }],
          },
        },
        {
          resource: {
            resourceType: 'Patient',
            contained: [{ resourceType: 'Organization', id: 'o', text: narrative }],
          },
        },
        {
          resource: {
            resourceType: 'Parameters',
            parameter: [{ resource: { resourceType: 'Basic', text: { div: '<div/>' } } }],
          },
        },
      ],
    })
    expect(losses).toEqual([
      'Bundle.meta',
      'Bundle.entry[0].fullUrl',
      'Bundle.entry[0].resource.meta',
      'Bundle.entry[0].resource.section[0].title',
      'Bundle.entry[0].resource.section[0].section',
      'Bundle.entry[0].resource.section[1]',
      'Bundle.entry[0].resource.extension',
      'Bundle.entry[1].resource.contained[0].name',
      'Bundle.entry[1].resource.contained[1]',
      'Bundle.entry[1].resource.contact',
      'Bundle.entry[2].resource.parameter[0].name',
      'Bundle.entry[2].resource.parameter[0].resource.meta',
      'Bundle.entry[3]',
    ])
    expect(r6JsonNarrative.name).toBe('r6/json#narrative')
  })

  it('keeps _id with id', () => {
    const value = { resourceType: 'List', _id: { extension: [] }, status: 'current' }
    expect(form(value, r6JsonNarrative).value).toEqual({
      resourceType: 'List',
      _id: { extension: [] },
    })
  })

  it('keeps the type of a resource of which nothing else stays, if it is the root', () => {
    expect(form({ resourceType: 'Basic', a: 1 }, r6JsonNarrative).value).toEqual({
      resourceType: 'Basic',
    })
    expect(form({ a: { b: [{ c: 1 }] } }, r6JsonNarrative)).toEqual({ value: {}, losses: ['$.a'] })
    expect(form([{ a: 1 }, { resourceType: 'X', id: 'i' }], r6JsonNarrative).value).toEqual([
      { resourceType: 'X', id: 'i' },
    ])
    expect(form(1, r6JsonNarrative).value).toBe(1)
  })
})

describe('r6/json#document', () => {
  it('leaves out id and meta of the root Bundle only', () => {
    const { value, losses } = form(bundle, r6JsonDocument)
    expect(value).toEqual(without(['Bundle.id', 'Bundle.meta']))
    expect(losses).toEqual(['Bundle.id', 'Bundle.meta'])
    expect(r6JsonDocument.name).toBe('r6/json#document')
  })

  it('leaves any other root as it is', () => {
    const patient = {
      resourceType: 'Patient',
      id: 'p',
      meta: {},
      a: { resourceType: 'Bundle', id: 'b' },
    }
    expect(form(patient, r6JsonDocument)).toEqual({ value: patient, losses: [] })
    expect(form([bundle], r6JsonDocument)).toEqual({ value: [bundle], losses: [] })
  })
})

describe('the parts of r6/json', () => {
  const all = [r6JsonData, r6JsonStatic, r6JsonNarrative, r6JsonDocument]

  it('are canonical: the form of the form is the form', () => {
    for (const canonicalization of all) {
      const once = canonicalize(JSON.stringify(bundle), { canonicalization })
      const twice = canonicalize(once.bytes, { canonicalization })
      expect(text(twice.bytes)).toBe(text(once.bytes))
      expect(text(canonicalize(once.bytes, { canonicalization: r6Json }).bytes)).toBe(
        text(once.bytes),
      )
    }
  })

  it('leave the tree as it was', () => {
    const tree = parse(JSON.stringify(bundle))
    const whole = text(canonicalize(tree, { canonicalization: r6Json }).bytes)
    for (const canonicalization of all) {
      const one = canonicalize(tree, { canonicalization })
      expect(canonicalize(tree, { canonicalization })).toEqual(one)
    }
    expect(text(canonicalize(tree, { canonicalization: r6Json }).bytes)).toBe(whole)
  })

  it('are losses to the strict', () => {
    const strict = (): unknown =>
      canonicalize(JSON.stringify(bundle), { canonicalization: r6JsonDocument, strict: true })
    expect(strict).toThrow(FhirLossy)
  })
})
