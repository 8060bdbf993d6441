import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { afterEach, describe, expect, it } from 'vitest'
import { AlgorithmUnsupported, FhirLossy, FhirMalformed, FhirRefused } from '../../src/errors.ts'
import {
  canonicalize,
  type Digest,
  digest,
  digestFromCid,
  digestFromNi,
  digestFromText,
  digestToCid,
  digestToNi,
  digestToText,
  parse,
  r6Json,
  raw,
  sha512,
} from '../../src/fhir/index.ts'
import { forceTier } from '../../src/internal/engine/tier.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'

const json = '{ "resourceType": "Observation", "valueQuantity": { "value": 2.00 } }'
const canonical = '{"resourceType":"Observation","valueQuantity":{"value":2.00}}'
const node = (hash: string, content: string | Uint8Array): string =>
  createHash(hash).update(content).digest('hex')

afterEach(() => forceTier(null))

describe('digest', () => {
  it('is SHA-256 of the canonical form by lossless/1', () => {
    const result = digest(json)
    expect({ ...result, value: toHex(result.value) }).toEqual({
      canonicalization: 'lossless/1',
      hash: 'sha-256',
      value: node('sha256', canonical),
    })
    for (const input of [utf8(json), parse(json), Buffer.from(json)])
      expect(digest(input)).toEqual(result)
  })

  it('takes another canonicalization and another hash', () => {
    const lossy = digest(json, { canonicalization: r6Json })
    expect(toHex(lossy.value)).toBe(node('sha256', canonical.replace('2.00', '2')))
    expect(lossy.canonicalization).toBe('r6/json')
    expect(toHex(digest(json, { canonicalization: raw }).value)).toBe(node('sha256', json))
    expect(toHex(digest(parse(json), { canonicalization: raw }).value)).toBe(node('sha256', json))
    for (const hash of ['sha-512', sha512] as const) {
      const long = digest(json, { hash })
      expect({ ...long, value: toHex(long.value) }).toEqual({
        canonicalization: 'lossless/1',
        hash: 'sha-512',
        value: node('sha512', canonical),
      })
    }
    expect(digest(json, { hash: 'sha-256' })).toEqual(digest(json))
  })

  it('is the same on every tier; SHA-512 by name needs the platform, by value it does not', () => {
    const expected = { short: digest(json), long: digest(json, { hash: sha512 }) }
    for (const tier of ['native', 'webcrypto', 'noble'] as const) {
      forceTier(tier)
      expect({ short: digest(json), long: digest(json, { hash: sha512 }) }).toEqual(expected)
    }
    expect(() => digest(json, { hash: 'sha-512' })).toThrow(AlgorithmUnsupported)
    expect(() => digest(json, { hash: 'sha-512' })).toThrow(/Import sha512 from careseal\/fhir/)
  })

  it('gives a plain fresh array', () => {
    const { value } = digest(json)
    expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype)
    value.fill(0)
    expect(digest(json).value).not.toEqual(value)
    expect(Object.getPrototypeOf(digest(json, { hash: 'sha-512' }).value)).toBe(
      Uint8Array.prototype,
    )
  })

  it('passes on what canonicalize refuses', () => {
    expect(() => digest('{"a":1')).toThrow(FhirMalformed)
    expect(() => digest('{"a":null}')).toThrow(FhirRefused)
    expect(() => digest(json, { canonicalization: r6Json, strict: true })).toThrow(FhirLossy)
    expect(() => digest('[[]]', { limits: { depth: 1 } })).toThrow(FhirMalformed)
  })

  it.each(['sha256', 'SHA-256', '', 'md5', null, 1, {}, { name: 'sha-256' }])(
    'hash %j is a TypeError',
    (hash) => {
      expect(() => digest(json, { hash: hash as never })).toThrow(TypeError)
    },
  )
})

const one: Digest = digest(json)
const long: Digest = digest(json, { hash: sha512 })

describe('digestToCid', () => {
  it('writes what multiformats writes', () => {
    expect(digestToCid(one)).toBe(CID.createV1(0x55, create(0x12, one.value)).toString())
    expect(digestToCid(long)).toBe(CID.createV1(0x55, create(0x13, long.value)).toString())
  })

  it('comes back', () => {
    for (const { hash, value } of [one, long]) {
      expect(digestFromCid(digestToCid({ hash, value }))).toEqual({ hash, value })
    }
  })

  const cid = CID.createV1(0x55, create(0x12, one.value))
  it.each([
    ['another codec', CID.createV1(0x71, create(0x12, one.value)).toString()],
    ['another multihash', CID.createV1(0x55, create(0x1b, one.value)).toString()],
    ['SHA-512 cut to 32 bytes', CID.createV1(0x55, create(0x13, one.value)).toString()],
    ['SHA-256 of 20 bytes', CID.createV1(0x55, create(0x12, one.value.slice(0, 20))).toString()],
    ['version 0', CID.createV0(create(0x12, one.value) as never).toString()],
    ['capitals', cid.toString().toUpperCase()],
    ['capitals inside', `b${cid.toString().slice(1).toUpperCase()}`],
    ['padding', `${cid.toString()}=`],
    ['a byte more', `${cid.toString()}aa`],
    ['a character less', cid.toString().slice(0, -1)],
    ['spare bits', `${cid.toString().slice(0, -1)}${cid.toString().endsWith('b') ? 'c' : 'b'}`],
    ['no prefix', cid.toString().slice(1)],
    ['another base', `z${cid.toString().slice(1)}`],
    ['ipfs://', `ipfs://${cid.toString()}`],
    ['white space', ` ${cid.toString()}`],
    ['nothing', ''],
  ])('refuses %s', (_what, text) => {
    expect(() => digestFromCid(text)).toThrow(FhirMalformed)
  })
})

describe('digestToNi', () => {
  it('writes the example of RFC 6920 §8.1', () => {
    const hello = digest('Hello World!', { canonicalization: raw })
    expect(digestToNi(hello)).toBe('ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk')
  })

  it('comes back', () => {
    for (const { hash, value } of [one, long]) {
      expect(digestFromNi(digestToNi({ hash, value }))).toEqual({ hash, value })
    }
  })

  const uri = digestToNi(one)
  it.each(
    [
      ['an authority', uri.replace('///', '//example.com/')],
      ['a query', `${uri}?ct=application/fhir%2Bjson`],
      ['capitals', uri.replace('ni:', 'NI:')],
      ['another hash', uri.replace('sha-256', 'sha-384')],
      ['a truncated hash', uri.replace('sha-256', 'sha-256-32')],
      ['the hash of another size', uri.replace('sha-256', 'sha-512')],
      ['padding', `${uri}=`],
      ['base64 of the other alphabet', uri.replace(/[-_]/g, '+')],
      ['a line feed', `${uri}\n`],
      ['nothing', ''],
    ].filter(([, text]) => text !== uri),
  )('refuses %s', (_what, text) => {
    expect(() => digestFromNi(text!)).toThrow(FhirMalformed)
  })
})

describe('digestToText', () => {
  it('writes canonicalization, hash and value', () => {
    expect(digestToText(one)).toBe(
      `lossless/1;sha-256;${Buffer.from(one.value).toString('base64url')}`,
    )
    expect(digestToText(long)).toMatch(/^lossless\/1;sha-512;[\w-]{86}$/)
  })

  it('comes back', () => {
    for (const each of [one, long, { ...one, canonicalization: 'r6/json#static' }]) {
      expect(digestFromText(digestToText(each))).toEqual(each)
    }
  })

  const line = digestToText(one)
  it.each([
    ['a part less', line.split(';').slice(1).join(';')],
    ['a part more', `${line};`],
    ['another hash', line.replace('sha-256', 'sha-1')],
    ['no canonicalization', line.replace('lossless/1', '')],
    ['a canonicalization with a space', line.replace('lossless/1', 'lossless 1')],
    ['a canonicalization in capitals', line.replace('lossless/1', 'Lossless/1')],
    ['padding', `${line}=`],
    ['a value too short', line.slice(0, -2)],
    ['spare bits', `${line.slice(0, -1)}${line.endsWith('B') ? 'C' : 'B'}`],
    ['white space', `${line}\n`],
    ['nothing', ''],
  ])('refuses %s', (_what, text) => {
    expect(() => digestFromText(text)).toThrow(FhirMalformed)
  })
})

describe('the texts of digests', () => {
  it('refuse values that are none', () => {
    const wrong = [
      null,
      {},
      { hash: 'sha-256' },
      { ...one, value: one.value.slice(1) },
      { ...one, hash: 'sha-512' },
      { ...one, hash: 'md5' },
      { ...one, value: [...one.value] },
    ]
    for (const value of wrong) {
      for (const write of [digestToCid, digestToNi, digestToText]) {
        expect(() => write(value as never)).toThrow(TypeError)
      }
    }
    for (const canonicalization of [undefined, '', 'a;b', 'a b']) {
      expect(() => digestToText({ ...one, canonicalization: canonicalization as string })).toThrow(
        TypeError,
      )
    }
    for (const read of [digestFromCid, digestFromNi, digestFromText]) {
      for (const value of [null, undefined, 1, {}, utf8('x')]) {
        expect(() => read(value as never)).toThrow(FhirMalformed)
      }
    }
  })

  it('have one form: what is read is written the same again', () => {
    const forms = [
      [digestToCid(one), digestFromCid, digestToCid],
      [digestToNi(one), digestFromNi, digestToNi],
      [digestToText(one), digestFromText, digestToText],
    ] as const
    fc.assert(
      fc.property(
        fc.constantFrom(...forms),
        fc.nat(),
        fc.integer({ min: 0x20, max: 0x7e }),
        ([form, read, write], at, code) => {
          const i = at % form.length
          const changed = form.slice(0, i) + String.fromCharCode(code) + form.slice(i + 1)
          try {
            expect((write as (digest: unknown) => string)(read(changed))).toBe(changed)
          } catch (error) {
            if (!(error instanceof FhirMalformed)) throw error
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('hold nothing of the content', () => {
    expect(text(utf8(digestToText(one)))).not.toContain('2.00')
  })
})

describe('options that are none', () => {
  it('are refused, a canonicalization or a hash in their place above all', () => {
    for (const wrong of [r6Json, 'sha-512', { canonicalisation: r6Json }, { stric: true }]) {
      expect(() => digest('{}', wrong as never)).toThrow(TypeError)
      expect(() => canonicalize('{}', wrong as never)).toThrow(/unknown option/)
    }
  })
})
