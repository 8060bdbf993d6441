import { describe, expect, it } from 'vitest'
import { rewrap } from '../../src/envelope/index.ts'
import { issueReceipt, logRecords, openRecord, sealRecord } from '../../src/index.ts'
import { type CborMap, decodeStrict, encodeCbor } from '../../src/internal/cbor/index.ts'
import { type Identity, keyDirectory } from '../../src/keys/index.ts'
import type { ManifestFields } from '../../src/record/manifest.ts'
import { utf8 } from '../helpers/bytes.ts'
import { refused } from '../helpers/cbor.ts'
import { expectCode } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'
import { testLog } from '../helpers/log.ts'
import { craftRecord, fixedSalts } from '../helpers/record.ts'

const content = utf8('{"resourceType":"Observation","valueDecimal":7.20}')

async function people(): Promise<{
  chen: Identity
  mallory: Identity
  base: Base
  authors: ReturnType<typeof keyDirectory>
}> {
  const [chen, mallory] = [await person(1), await person(2)]
  const readers = [chen.public.encryption, mallory.public.encryption]
  const authors = keyDirectory([chen.public, mallory.public])
  return { chen, mallory, base: { signer: chen.signer, readers, content }, authors }
}
type Base = Pick<Parameters<typeof craftRecord>[0], 'signer' | 'readers' | 'content'>

describe('a receipt proves one record and no variation of it', () => {
  it('opens the record that it was issued for', async () => {
    const { chen, base, authors } = await people()
    const { log, trust } = await testLog()
    const record = await craftRecord(base)
    const [entry] = await logRecords([record], { log })
    const proof = { receipt: entry!.receipt, trust }
    const opened = await openRecord(record.envelope, { as: chen, authors, proof })
    expect(opened.commitment).toEqual(record.commitment)
    expect(opened.logged?.index).toBe(1)
  })

  const changes: [string, Partial<ManifestFields>][] = [
    ['createdAt', { createdAt: 1_700_000_000 }],
    ['subject', { subject: new Uint8Array([9]) }],
    ['a label', { labels: ['R'] }],
    ['the version before', { previous: new Uint8Array(32).fill(1) }],
    ['the media type', { mediaType: 'application/json' }],
    ['the salt', { salt: new Uint8Array(32).fill(1) }],
    ['the salt of the head', { headSalt: new Uint8Array(32).fill(1) }],
    ['the audience', { audience: [] }],
  ]
  it.each(changes)('not one with another %s, same author, digest and salts', async (_, fields) => {
    const { chen, base, authors } = await people()
    const { log, trust } = await testLog()
    const record = await craftRecord(base)
    const [entry] = await logRecords([record], { log })
    const other = await craftRecord({ ...base, fields })
    const proof = { receipt: entry!.receipt, trust }
    await openRecord(other.envelope, { as: chen, authors })
    await expectCode(
      openRecord(other.envelope, { as: chen, authors, proof }),
      'ERR_RECEIPT_INVALID',
    )
  })

  it('not the same opening signed by a second author', async () => {
    const { chen, mallory, base, authors } = await people()
    const { log, trust } = await testLog()
    const [entry] = await logRecords([await craftRecord(base)], { log })
    const stolen = await craftRecord({ ...base, signer: mallory.signer })
    const proof = { receipt: entry!.receipt, trust }
    await expectCode(
      openRecord(stolen.envelope, { as: chen, authors, proof }),
      'ERR_RECEIPT_INVALID',
    )
  })

  it('not an opening that was logged before anybody signed it', async () => {
    const { chen, base, authors } = await people()
    const { log, trust } = await testLog()
    // Who knows an opening can log its hash; the commitment covers the signature, so that proves nothing.
    const record = await craftRecord(base)
    const { openingHash } = await import('../../src/internal/record/opening.ts')
    const early = openingHash({
      eventType: 'record',
      authors: [chen.public.signing.id],
      canonicalization: 'lossless/1',
      hash: 'sha-256',
      digest: new Uint8Array(32),
      headHash: null,
      ...fixedSalts,
    })
    const [entry] = await log.append([early])
    const proof = { receipt: await issueReceipt(entry!.index, { log }), trust }
    await expectCode(
      openRecord(record.envelope, { as: chen, authors, proof }),
      'ERR_RECEIPT_INVALID',
    )
  })
})

describe('a signature holds for what was signed and nothing else', () => {
  const claims: [string, Partial<ManifestFields>, string][] = [
    ['author', { authors: [new Uint8Array(32).fill(1)] }, 'ERR_ENVELOPE_OPEN_FAILED'],
    [
      'a second author',
      { authors: [new Uint8Array(32), new Uint8Array(32).fill(255)] },
      'ERR_ENVELOPE_OPEN_FAILED',
    ],
    ['createdAt', { createdAt: 1_700_000_000 }, 'ERR_ENVELOPE_OPEN_FAILED'],
    ['subject', { subject: new Uint8Array([9]) }, 'ERR_ENVELOPE_OPEN_FAILED'],
    ['labels', { labels: ['N'] }, 'ERR_ENVELOPE_OPEN_FAILED'],
    ['previous', { previous: new Uint8Array(32) }, 'ERR_ENVELOPE_OPEN_FAILED'],
    ['media type', { mediaType: 'text/plain' }, 'ERR_ENVELOPE_OPEN_FAILED'],
    ['audience', { audience: null }, 'ERR_ENVELOPE_OPEN_FAILED'],
    ['salt', { salt: new Uint8Array(32) }, 'ERR_ENVELOPE_OPEN_FAILED'],
    ['head salt', { headSalt: new Uint8Array(32) }, 'ERR_ENVELOPE_OPEN_FAILED'],
    ['digest', { digest: new Uint8Array(32) }, 'ERR_RECORD_INVALID'],
    ['canonicalization', { canonicalization: 'raw' }, 'ERR_ENVELOPE_OPEN_FAILED'],
    ['an unknown canonicalization', { canonicalization: 'best/1' }, 'ERR_RECORD_INVALID'],
  ]
  it.each(claims)('not where the manifest claims another %s', async (_, claimed, code) => {
    const { chen, base, authors } = await people()
    const { envelope } = await craftRecord({ ...base, claimed })
    await expectCode(openRecord(envelope, { as: chen, authors }), code as 'ERR_RECORD_INVALID')
  })

  it('not in another envelope', async () => {
    const { chen, base, authors } = await people()
    const { envelope } = await craftRecord({ ...base, envelopeId: new Uint8Array(32) })
    await expectCode(openRecord(envelope, { as: chen, authors }), 'ERR_ENVELOPE_OPEN_FAILED')
  })

  it('not where it signs other bytes, or is of another kind', async () => {
    const { chen, base, authors } = await people()
    const other = await craftRecord({ ...base, payload: new Uint8Array(32) })
    await expectCode(openRecord(other.envelope, { as: chen, authors }), 'ERR_ENVELOPE_OPEN_FAILED')
    const share = await craftRecord({ ...base, kind: 'share' })
    await expectCode(openRecord(share.envelope, { as: chen, authors }), 'ERR_RECORD_MALFORMED')
  })

  it('not where a reader puts the signature of another record in', async () => {
    const { chen, base, authors } = await people()
    const { signature } = await craftRecord({ ...base, fields: { createdAt: 5 } })
    const { envelope } = await craftRecord({ ...base, signature })
    await expectCode(openRecord(envelope, { as: chen, authors }), 'ERR_ENVELOPE_OPEN_FAILED')
  })

  it('not with further headers', async () => {
    const { chen, base, authors } = await people()
    const { envelope } = await craftRecord({ ...base, headers: [[3, 'text/plain']] })
    await expectCode(openRecord(envelope, { as: chen, authors }), 'ERR_RECORD_MALFORMED')
  })

  it('not by an author whom the directory does not hold', async () => {
    const { chen, mallory, base } = await people()
    const { envelope } = await craftRecord(base)
    const authors = keyDirectory([mallory.public])
    await expectCode(openRecord(envelope, { as: chen, authors }), 'ERR_ENVELOPE_AUTHOR_UNTRUSTED')
  })
})

describe('the manifest and the record have one form', () => {
  const manifestOf = (encoded: Uint8Array): Map<unknown, unknown> =>
    new Map(decodeStrict(encoded, refused) as CborMap)
  const withChange = (key: number, value: unknown) => (encoded: Uint8Array) => {
    const map = manifestOf(encoded)
    if (value === undefined) map.delete(key)
    else map.set(key, value)
    return encodeCbor(map as never)
  }
  const bad: [string, number, unknown][] = [
    ['version', 1, 2],
    ['event type', 2, 'grant'],
    ['media type', 3, 7],
    ['canonicalization', 4, null],
    ['hash', 5, 'md5'],
    ['digest length', 6, new Uint8Array(31)],
    ['salt length', 7, new Uint8Array(31)],
    ['time', 8, -1],
    ['time type', 8, 'now'],
    ['empty subject', 9, new Uint8Array(0)],
    ['long subject', 9, new Uint8Array(65)],
    ['previous', 10, new Uint8Array(31)],
    ['empty labels', 11, []],
    ['unsorted labels', 11, ['b', 'a']],
    ['doubled labels', 11, ['a', 'a']],
    ['labels of another type', 11, [1]],
    ['no authors', 12, []],
    ['unsorted authors', 12, [new Uint8Array(32).fill(2), new Uint8Array(32).fill(1)]],
    ['author ids of another length', 12, [new Uint8Array(16)]],
    [
      'a stream beside content',
      13,
      new Map<number, unknown>([
        [1, new Uint8Array(32)],
        [2, new Uint8Array(32)],
        [3, 1],
        [4, new Uint8Array(38)],
      ]),
    ],
    ['an empty stream', 13, new Map()],
    ['head salt', 14, new Uint8Array(16)],
    ['audience', 15, 'all'],
    ['unsorted audience', 15, [new Uint8Array(32).fill(2), new Uint8Array(32).fill(1)]],
    ['element salt', 16, new Uint8Array(32)],
    ['an unknown member', 17, 1],
    ...[1, 2, 3, 4, 5, 6, 7, 8, 12, 14, 15].map(
      (key) => [`no ${key}`, key, undefined] as [string, number, unknown],
    ),
  ]
  it.each(bad)('refuses a manifest with a bad %s', async (_, key, value) => {
    const { chen, base, authors } = await people()
    const { envelope } = await craftRecord({ ...base, manifest: withChange(key, value) })
    await expectCode(openRecord(envelope, { as: chen, authors }), 'ERR_RECORD_MALFORMED')
  })

  it('refuses a manifest that is no map, or not deterministic', async () => {
    const { chen, base, authors } = await people()
    for (const manifest of [
      () => encodeCbor([1, 2]),
      (encoded: Uint8Array) => Uint8Array.of(0xb8, encoded[0]! & 31, ...encoded.subarray(1)),
      (encoded: Uint8Array) => Uint8Array.of(...encoded, 0),
    ]) {
      const { envelope } = await craftRecord({ ...base, manifest })
      await expectCode(openRecord(envelope, { as: chen, authors }), 'ERR_RECORD_MALFORMED')
    }
  })

  const parts: [string, (items: unknown[]) => unknown][] = [
    ['another domain', ([, ...rest]) => ['careseal/record/2', ...rest]],
    ['a sixth item', (items) => [...items, null]],
    ['no padding', (items) => items.slice(0, 4)],
    ['padding that is not zero', ([a, b, c, d]) => [a, b, c, d, Uint8Array.of(0, 1)]],
    ['null for content', ([a, b, c, , e]) => [a, b, c, null, e]],
    ['a signature that is no object', ([a, b, , d, e]) => [a, b, encodeCbor(1), d, e]],
    ['no array', () => new Map()],
  ]
  it.each(parts)('refuses a record with %s', async (_, change) => {
    const { chen, base, authors } = await people()
    const plaintext = (encoded: Uint8Array): Uint8Array =>
      encodeCbor(change(decodeStrict(encoded, refused) as unknown[]) as never)
    const { envelope } = await craftRecord({ ...base, plaintext })
    await expectCode(openRecord(envelope, { as: chen, authors }), 'ERR_RECORD_MALFORMED')
  })

  it('takes any padding of zeros', async () => {
    const { chen, base, authors } = await people()
    const plaintext = (encoded: Uint8Array): Uint8Array => {
      const items = decodeStrict(encoded, refused) as never[]
      return encodeCbor([...items.slice(0, 4), new Uint8Array(5)])
    }
    const { envelope } = await craftRecord({ ...base, plaintext })
    expect((await openRecord(envelope, { as: chen, authors })).content).toEqual(content)
  })
})

describe('readers', () => {
  it('who were added later are not addressed by the author', async () => {
    const { chen, mallory, authors } = await people()
    const okafor = await person(3)
    const { envelope } = await sealRecord(content, { author: chen, recipients: [mallory.public] })
    const shared = await rewrap(envelope, { as: mallory, add: [okafor.public] })
    expect((await openRecord(shared, { as: okafor, authors })).addressed).toBe('shared')
    expect((await openRecord(shared, { as: mallory, authors })).addressed).toBe('original')
  })

  it('are not stated where they are hidden', async () => {
    const { chen, authors } = await people()
    const options = { author: chen, recipients: [chen.public], keyIds: 'none' } as const
    const { envelope } = await sealRecord(content, options)
    expect((await openRecord(envelope, { as: chen, authors })).addressed).toBe('unstated')
  })
})
