import { expect, it } from 'vitest'
import { canonicalize, digest, digestToText, parse, r6Json } from '../../src/fhir/index.ts'
import { text } from '../helpers/bytes.ts'

it('a polluted Object.prototype chooses neither rule nor hash nor limits', () => {
  const json = '{"resourceType":"Observation","valueDecimal":2.00}'
  const expected = [text(canonicalize(json).bytes), digestToText(digest(json))]
  const polluted = Object.prototype as unknown as Record<string, unknown>
  const hostile = {
    canonicalization: r6Json,
    strict: true,
    limits: { bytes: 1 },
    hash: { name: 'x', digest: () => new Uint8Array(4) },
  }
  Object.assign(polluted, hostile)
  try {
    expect([text(canonicalize(json).bytes), digestToText(digest(json))]).toEqual(expected)
    expect(text(canonicalize(parse(json), {}).bytes)).toBe(expected[0])
  } finally {
    for (const name of Object.keys(hostile)) delete polluted[name]
  }
})
