import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  attachWraps,
  createOpener,
  createSealer,
  detachWraps,
  inspect,
  open,
  rekey,
  rewrap,
  rewrapWraps,
  seal,
} from '../../src/envelope/index.ts'
import {
  openRecord,
  openRecordStream,
  sealRecord,
  sealRecordStream,
  shareRecord,
} from '../../src/index.ts'
import {
  type CborKey,
  type CborValue,
  decodeStrict,
  encodeCbor,
  Tagged,
} from '../../src/internal/cbor/index.ts'
import { keyDirectory, x25519, xWing } from '../../src/keys/index.ts'
import { memoryBlobs } from '../../src/store/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { refused } from '../helpers/cbor.ts'
import { assemble, craft, craftBatchEntry, craftEntry, partsOf } from '../helpers/craft.ts'
import { codeOfError, expectCode, thrownCode } from '../helpers/errors.ts'
import { kemKey, person } from '../helpers/keys.ts'
import { mutated } from '../helpers/mutate.ts'

const three = () => Promise.all([1, 2, 3].map((n) => kemKey(x25519, n)))
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const decoded = (bytes: Uint8Array): CborValue[] => decodeStrict(bytes, refused) as CborValue[]
const malformed = 'ERR_ENVELOPE_MALFORMED'
const mismatch = 'ERR_ENVELOPE_MISMATCH'

/** Envelopes of all kinds. */
async function kinds(): Promise<Record<string, Uint8Array>> {
  const [a, b] = await three()
  const chen = await person(1)
  const recipients = [a!.publicKey, b!.publicKey]
  const batch = createSealer({ keyIds: 'hint' })
  const strong = await kemKey(xWing)
  const share = { as: chen, recipients: [a!.publicKey] }
  const record = await sealRecord('{"resourceType":"Basic"}', {
    author: chen,
    recipients: [chen.public],
  })
  return {
    plain: await seal(utf8('x'), { recipients }),
    hint: await seal(utf8('x'), { recipients, keyIds: 'hint' }),
    none: await seal(utf8('x'), { recipients, keyIds: 'none' }),
    signed: await seal(utf8('x'), { recipients, author: chen, externalAad: utf8('row') }),
    'post-quantum': await seal(utf8('x'), { recipients: [strong.publicKey] }),
    empty: await seal(new Uint8Array(0), { recipients }),
    'batch entry': await batch.seal(utf8('x'), { recipients }),
    record: record.envelope,
    'shared record': (await shareRecord(record.envelope, share)).envelope,
  }
}

describe('detachWraps and attachWraps', () => {
  it('give back every envelope of ours byte for byte', async () => {
    for (const [name, envelope] of Object.entries(await kinds())) {
      const { body, wraps } = detachWraps(envelope)
      expect(attachWraps(body, wraps), name).toEqual(envelope)
    }
  })

  it('write the parts of docs/formats.md §2', async () => {
    const { signed } = await kinds()
    const { body, wraps } = detachWraps(signed!)
    const { header, unprotected, ciphertext, recipients } = partsOf(signed!)
    const iv = unprotected.get(5)!
    expect(body).toEqual(encodeCbor(['careseal/body/1', header, iv, ciphertext]))
    expect(wraps).toEqual(encodeCbor(['careseal/wraps/1', header, iv, recipients]))
  })

  it('share no memory with what they were given', async () => {
    const { plain } = await kinds()
    const copy = plain!.slice()
    const { body, wraps } = detachWraps(plain!)
    const again = attachWraps(body, wraps)
    body.fill(0)
    wraps.fill(0)
    expect(plain).toEqual(copy)
    expect(again).toEqual(copy)
  })

  it('take an envelope in another valid encoding, and give back the deterministic one', async () => {
    const { plain, 'batch entry': batch } = await kinds()
    const [a] = await three()
    // The head of the outer array with one byte more than needed: valid CBOR, though not deterministic.
    const tagged = plain!.indexOf(0x84)
    const foreign = Uint8Array.of(...plain!.slice(0, tagged), 0x98, 4, ...plain!.slice(tagged + 1))
    expect((await open(foreign, { as: a! })).content).toEqual(utf8('x'))
    const { body, wraps } = detachWraps(foreign)
    expect(attachWraps(body, wraps)).toEqual(plain)
    expect(await rewrap(foreign, { as: a! })).toEqual(plain)
    // h'a0' in place of an empty header is another form of the same entry.
    const parts = partsOf(batch!)
    const entries = parts.recipients.map((entry) => [
      Uint8Array.of(0xa0),
      ...(entry as CborValue[]).slice(1),
    ])
    const other = detachWraps(assemble({ ...parts, recipients: entries }))
    expect(attachWraps(other.body, other.wraps)).toEqual(batch)
  })

  it('keep a protected header as it was received, whatever its encoding', async () => {
    const [a] = await three()
    const contentKey = new Uint8Array(32).fill(1)
    const usual = partsOf(await craft({ entries: [{ key: a!.publicKey }], contentKey }))
    // The same map with a longer head.
    const protectedBytes = Uint8Array.of(0xb8, 3, ...usual.header.slice(1))
    const envelope = await craft({ entries: [{ key: a!.publicKey }], contentKey, protectedBytes })
    const { body, wraps } = detachWraps(envelope)
    expect(attachWraps(body, wraps)).toEqual(envelope)
    expect(text((await open(attachWraps(body, wraps), { as: a! })).content)).toBe('crafted')
  })

  it('refuse envelopes of other senders, and what is no envelope', async () => {
    const [a] = await three()
    const foreign = await craft({
      entries: [{ key: a!.publicKey }],
      headers: [
        [-77001, undefined],
        [-77002, undefined],
      ],
    })
    expect((await open(foreign, { as: a!, profile: 'foreign' })).committed).toBe(false)
    expect(thrownCode(() => detachWraps(foreign))).toBe(malformed)
    expect(thrownCode(() => detachWraps(new Uint8Array(0)))).toBe(malformed)
    const { body, wraps } = detachWraps((await kinds())['plain']!)
    expect(() => detachWraps('x' as never)).toThrow(TypeError)
    expect(() => attachWraps('x' as never, wraps)).toThrow('body must be')
    expect(() => attachWraps(body, undefined as never)).toThrow('wraps must be')
  })
})

describe('rewrapWraps', () => {
  it('shares and moves a record while its body stays where it is', async () => {
    const [chen, okafor, next] = await Promise.all([1, 2, 3].map((n) => person(n)))
    const content = '{"resourceType":"Basic"}'
    const { envelope } = await sealRecord(content, { author: chen!, recipients: [chen!.public] })
    const { body, wraps } = detachWraps(envelope)
    const name = sha256(body)
    const shared = await rewrapWraps(wraps, { as: chen!, add: [okafor!.public] })
    const moved = await rewrapWraps(shared, {
      as: okafor!,
      add: [next!.public],
      remove: [okafor!.public],
    })
    const authors = keyDirectory([chen!.public])
    const opened = await openRecord(attachWraps(body, moved), { as: next!, authors })
    expect(text(opened.content)).toBe(content)
    expect(opened.addressed).toBe('shared')
    const lost = 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND'
    await expectCode(openRecord(attachWraps(body, moved), { as: okafor!, authors }), lost)
    // The way through the whole envelope gives the same body.
    const whole = await shareRecord(attachWraps(body, wraps), {
      as: chen!,
      recipients: [okafor!.public],
    })
    expect(sha256(detachWraps(whole.envelope).body)).toBe(name)
  })

  it('shares a record with a stream: neither body nor blob moves', async () => {
    const [chen, okafor] = [await person(1), await person(2)]
    const blobs = memoryBlobs()
    async function* scan(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 5; i++) yield new Uint8Array(3000).fill(i)
    }
    const options = { author: chen, recipients: [chen.public], blobs, segmentSize: 4096 }
    const { envelope } = await sealRecordStream(scan(), options)
    const { body, wraps } = detachWraps(envelope)
    const shared = await rewrapWraps(wraps, { as: chen, add: [okafor.public] })
    const authors = keyDirectory([chen.public])
    const whole = attachWraps(body, shared)
    const opened = await openRecordStream(whole, { as: okafor, authors, blobs })
    const parts: Uint8Array[] = []
    for await (const part of opened.range(8998, 4)) parts.push(part)
    opened.close()
    expect(Buffer.concat(parts).toString('hex')).toBe('02020303')
    await expectCode(openRecordStream(body, { as: chen, authors, blobs }), 'ERR_ENVELOPE_MALFORMED')
  })

  it('does what rewrap does with each form of kid, and in a batch', async () => {
    const [a, b, c] = await three()
    for (const keyIds of ['plain', 'hint', 'none'] as const) {
      const recipients = [a!.publicKey, b!.publicKey]
      for (const envelope of [
        await seal(utf8('x'), { recipients, keyIds }),
        await createSealer({ keyIds }).seal(utf8('x'), { recipients }),
      ]) {
        const { body, wraps } = detachWraps(envelope)
        const opener = createOpener({ as: b! })
        const changed = await opener.rewrapWraps(wraps, { add: [c!.publicKey] })
        const result = attachWraps(body, changed)
        opener.close()
        for (const key of [a!, b!, c!])
          expect((await open(result, { as: key })).content).toEqual(utf8('x'))
        const shown = (bytes: Uint8Array) =>
          inspect(bytes).unverified.recipients.map(({ keyId }) => keyId?.length)
        expect(shown(result)).toEqual(
          shown(await rewrap(envelope, { as: b!, add: [c!.publicKey] })),
        )
      }
    }
  })

  it('refuses what rewrap refuses', async () => {
    const [a, b] = await three()
    const strong = await kemKey(xWing)
    const { wraps } = detachWraps(await seal(utf8('x'), { recipients: [strong.publicKey] }))
    await expectCode(
      rewrapWraps(wraps, { as: strong, add: [a!.publicKey] }),
      'ERR_ENVELOPE_DOWNGRADE',
    )
    await rewrapWraps(wraps, { as: strong, add: [a!.publicKey], allowClassical: true })
    await expectCode(rewrapWraps(wraps, { as: b! }), 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND')
    const alone = { as: strong, remove: [strong.publicKey] }
    await expect(rewrapWraps(wraps, alone)).rejects.toThrow(RangeError)
    await expect(rewrapWraps(wraps, { as: strong, ad: [] } as never)).rejects.toThrow('unknown')
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await expect(rewrapWraps(wraps, { as: strong, signal })).rejects.toBe(reason)
  })
})

describe('parts that do not belong together', () => {
  it('are refused: another envelope, and the same one before and after a rekey', async () => {
    const [a] = await three()
    const recipients = [a!.publicKey]
    const envelope = await seal(utf8('x'), { recipients })
    const other = await seal(utf8('x'), { recipients })
    const rekeyed = await rekey(envelope, { as: a!, recipients })
    expect(inspect(rekeyed).envelopeId).toEqual(inspect(envelope).envelopeId)
    const parts = [envelope, other, rekeyed].map(detachWraps)
    for (const [i, { body }] of parts.entries()) {
      for (const [k, { wraps }] of parts.entries()) {
        if (i === k) expect(attachWraps(body, wraps)).toEqual([envelope, other, rekeyed][i])
        else expect(thrownCode(() => attachWraps(body, wraps))).toBe(mismatch)
      }
    }
  })

  it('are refused if the IV alone differs', async () => {
    const { plain } = await kinds()
    const { body, wraps } = detachWraps(plain!)
    const [domain, header, iv, last] = decoded(body)
    const turned = (iv as Uint8Array).map((byte) => byte ^ 1)
    const moved = encodeCbor([domain!, header!, turned, last!])
    expect(thrownCode(() => attachWraps(moved, wraps))).toBe(mismatch)
  })

  it('are refused if a header alone differs: a mark that was stripped, another id', async () => {
    const strong = await kemKey(xWing)
    const { body, wraps } = detachWraps(await seal(utf8('x'), { recipients: [strong.publicKey] }))
    for (const change of [
      (map: Map<CborKey, CborValue>) => map.delete(-77005),
      (map: Map<CborKey, CborValue>) => map.set(-77001, new Uint8Array(32)),
    ]) {
      const changed = (part: Uint8Array): Uint8Array => {
        const items = decoded(part)
        const map = new Map(
          decodeStrict(items[1] as Uint8Array, refused) as Map<CborKey, CborValue>,
        )
        change(map)
        return encodeCbor(items.with(1, encodeCbor(map)))
      }
      expect(thrownCode(() => attachWraps(changed(body), wraps))).toBe(mismatch)
      expect(thrownCode(() => attachWraps(body, changed(wraps)))).toBe(mismatch)
    }
  })

  it('do not open with entries for another content key, put under the right headers', async () => {
    const [a, b] = await three()
    const envelope = await seal(utf8('x'), { recipients: [a!.publicKey] })
    const { body, wraps } = detachWraps(envelope)
    const [domain, header, iv, list] = decoded(wraps)
    const otherKey = new Uint8Array(32).fill(9)
    const forged = [
      await craftEntry({ key: b!.publicKey }, otherKey, 3),
      await craftBatchEntry({ key: b!.publicKey }, otherKey, new Uint8Array(32).fill(8)),
    ]
    for (const entry of forged) {
      const whole = encodeCbor([domain!, header!, iv!, [...(list as CborValue[]), entry]])
      const joined = attachWraps(body, whole)
      expect((await open(joined, { as: a! })).content).toEqual(utf8('x'))
      await expectCode(open(joined, { as: b! }), 'ERR_ENVELOPE_OPEN_FAILED')
      await expectCode(
        rewrapWraps(whole, { as: b!, add: [a!.publicKey] }),
        'ERR_ENVELOPE_OPEN_FAILED',
      )
    }
    // Entries of another envelope under the headers of this one.
    const stolen = decoded(detachWraps(await seal(utf8('y'), { recipients: [a!.publicKey] })).wraps)
    const swapped = attachWraps(body, encodeCbor([domain!, header!, iv!, stolen[3]!]))
    await expectCode(open(swapped, { as: a! }), 'ERR_ENVELOPE_OPEN_FAILED')
  })
})

describe('a hand-made part', () => {
  async function refusedParts(
    which: 'body' | 'wraps',
    change: (items: CborValue[]) => CborValue,
  ): Promise<string[]> {
    const [a] = await three()
    const { body, wraps } = detachWraps(await seal(utf8('x'), { recipients: [a!.publicKey] }))
    if (which === 'body') {
      const made = encodeCbor(change(decoded(body)))
      return [thrownCode(() => attachWraps(made, wraps))]
    }
    const made = encodeCbor(change(decoded(wraps)))
    const rewrapped = await rewrapWraps(made, { as: a! }).catch(codeOfError)
    return [thrownCode(() => attachWraps(body, made)), rewrapped as string]
  }

  const header = (items: CborValue[]): Map<CborKey, CborValue> =>
    new Map(decodeStrict(items[1] as Uint8Array, refused) as Map<CborKey, CborValue>)
  const withHeader =
    (key: CborKey, value: CborValue | undefined) =>
    (items: CborValue[]): CborValue => {
      const map = header(items)
      if (value === undefined) map.delete(key)
      else map.set(key, value)
      return items.with(1, encodeCbor(map))
    }
  const both: [string, (items: CborValue[]) => CborValue][] = [
    ['the other domain', (items) => items.with(0, 'careseal/record/1')],
    ['a later version', (items) => items.with(0, String(items[0]).replace('/1', '/2'))],
    ['no domain', (items) => items.slice(1)],
    ['a further item', (items) => [...items, null]],
    ['no array', () => new Map()],
    ['a tag', (items) => new Tagged(96, items)],
    ['a header of another type', (items) => items.with(1, 'x')],
    ['an empty header', (items) => items.with(1, new Uint8Array(0))],
    ['a header that is no map', (items) => items.with(1, encodeCbor([]))],
    ['an unknown cipher', withHeader(1, 1)],
    ['no envelope id', withHeader(-77001, undefined)],
    ['a short envelope id', withHeader(-77001, new Uint8Array(31))],
    ['no commitment', withHeader(-77002, undefined)],
    ['a short commitment', withHeader(-77002, new Uint8Array(31))],
    ['an unknown mark', withHeader(-77005, 2)],
    ['an unknown header', withHeader(-77010, 1)],
    ['a critical header', withHeader(2, [1])],
    ['an IV in the header too', withHeader(5, new Uint8Array(12))],
    ['an IV of another type', (items) => items.with(2, 1)],
    ['a short IV', (items) => items.with(2, new Uint8Array(11))],
    ['a long IV', (items) => items.with(2, new Uint8Array(13))],
    ['no last item', (items) => items.slice(0, 3)],
    ['a last item of another type', (items) => items.with(3, null)],
  ]
  it.each(both)('is refused as body and as wraps: %s', async (_, change) => {
    expect(await refusedParts('body', change)).toEqual([malformed])
    expect(await refusedParts('wraps', change)).toEqual([malformed, malformed])
  })

  const entry = (items: CborValue[]): CborValue => (items[3] as CborValue[])[0]!
  const lists: [string, (items: CborValue[]) => CborValue][] = [
    ['no reader', (items) => items.with(3, [])],
    ['one reader twice', (items) => items.with(3, [entry(items), entry(items)])],
    ['too many readers', (items) => items.with(3, Array(1001).fill(entry(items)))],
    ['an entry that is none', (items) => items.with(3, [null])],
    ['a short entry', (items) => items.with(3, [(entry(items) as CborValue[]).slice(0, 2)])],
    [
      'a long wrapped key',
      (items) => items.with(3, [(entry(items) as CborValue[]).with(2, new Uint8Array(49))]),
    ],
  ]
  it.each(lists)('is refused as wraps: %s', async (_, change) => {
    expect(await refusedParts('wraps', change)).toEqual([malformed, malformed])
  })

  it('is refused in any other encoding', async () => {
    const [a] = await three()
    const batch = await createSealer().seal(utf8('x'), { recipients: [a!.publicKey] })
    const { body, wraps } = detachWraps(batch)
    const longer = (part: Uint8Array): Uint8Array => Uint8Array.of(0x98, 4, ...part.slice(1))
    expect(thrownCode(() => attachWraps(longer(body), wraps))).toBe(malformed)
    expect(thrownCode(() => attachWraps(body, longer(wraps)))).toBe(malformed)
    expect(thrownCode(() => attachWraps(Uint8Array.of(...body, 0), wraps))).toBe(malformed)
    expect(thrownCode(() => attachWraps(body, Uint8Array.of(...wraps, 0)))).toBe(malformed)
    const items = decoded(wraps)
    const other = [(entry(items) as CborValue[]).with(0, Uint8Array.of(0xa0))]
    expect(thrownCode(() => attachWraps(body, encodeCbor(items.with(3, other))))).toBe(malformed)
    expect(thrownCode(() => attachWraps(wraps, body))).toBe(malformed)
    expect(thrownCode(() => attachWraps(batch, wraps))).toBe(malformed)
  })

  it('leads to an error of ours or to an envelope that does not open to anything else', async () => {
    const [a] = await three()
    const { body, wraps } = detachWraps(await seal(utf8('x'), { recipients: [a!.publicKey] }))
    const attempt = async (parts: () => Uint8Array): Promise<void> => {
      try {
        const { content } = await open(parts(), { as: a! })
        expect(content).toEqual(utf8('x'))
      } catch (error) {
        codeOfError(error)
      }
    }
    await fc.assert(
      fc.asyncProperty(mutated(fc.constant(wraps)), mutated(fc.constant(body)), async (w, b) => {
        await attempt(() => attachWraps(body, w))
        await attempt(() => attachWraps(b, wraps))
      }),
      { numRuns: 150 },
    )
  })
})

describe('wraps whose post-quantum mark is taken out', () => {
  it('are refused beside their body', async () => {
    const reader = await kemKey(xWing, 1)
    const weak = await kemKey(x25519, 2)
    const envelope = await seal(utf8('pq'), { recipients: [reader.publicKey] })
    const { body, wraps } = detachWraps(envelope)
    const [domain, header, ...rest] = decodeStrict(wraps, refused) as CborValue[]
    const marked = decodeStrict(header as Uint8Array, refused) as Map<CborKey, CborValue>
    const stripped = new Map([...marked].filter(([label]) => label !== -77005))
    const changed = encodeCbor([domain!, encodeCbor(stripped), ...rest])
    const add = [weak.publicKey]
    await rewrapWraps(changed, { as: reader, add })
    await expectCode(rewrapWraps(changed, { as: reader, add, body }), 'ERR_ENVELOPE_MISMATCH')
    await expectCode(rewrapWraps(wraps, { as: reader, add, body }), 'ERR_ENVELOPE_DOWNGRADE')
    expect(await rewrapWraps(wraps, { as: reader, body })).toEqual(wraps)
    await expectCode(rewrapWraps(wraps, { as: reader, body: wraps }), 'ERR_ENVELOPE_MALFORMED')
    await expect(rewrapWraps(wraps, { as: reader, body: 'x' as never })).rejects.toThrow('body')
  })
})
