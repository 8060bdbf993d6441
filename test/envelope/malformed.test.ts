import { describe, expect, it } from 'vitest'
import { createSealer, inspect, open, rekey, rewrap, seal } from '../../src/envelope/index.ts'
import {
  type CborKey,
  type CborMap,
  type CborValue,
  decodeStrict,
  encodeCbor,
  Tagged,
} from '../../src/internal/cbor/index.ts'
import { encryptAad } from '../../src/internal/cose/encrypt.ts'
import { keyDirectory, type LocalDecapsulator, x25519, xWing } from '../../src/keys/index.ts'
import { text } from '../helpers/bytes.ts'
import { refused } from '../helpers/cbor.ts'
import {
  assemble,
  type Crafted,
  craft,
  craftBatchEntry,
  type Parts,
  partsOf,
} from '../helpers/craft.ts'
import { codeOf, thrownCode } from '../helpers/errors.ts'
import { kemKey, kems, person } from '../helpers/keys.ts'

type Change = (parts: Parts) => void
type Entry = [Uint8Array, Map<CborKey, CborValue>, Uint8Array, ...CborValue[]]

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(9)
const withHeader =
  (...headers: [CborKey, CborValue][]): Change =>
  (parts) => {
    const map = new Map(decodeStrict(parts.header, refused) as CborMap)
    for (const [label, value] of headers) map.set(label, value)
    parts.header = encodeCbor(map)
  }
const withoutHeader =
  (label: CborKey): Change =>
  (parts) => {
    const map = new Map(decodeStrict(parts.header, refused) as CborMap)
    map.delete(label)
    parts.header = encodeCbor(map)
  }
const withUnprotected =
  (label: CborKey, value: CborValue): Change =>
  (parts) => {
    parts.unprotected.set(label, value)
  }
const withEntry =
  (change: (entry: Entry) => CborValue): Change =>
  (parts) => {
    parts.recipients[0] = change([...(parts.recipients[0] as Entry)] as Entry)
  }
const withEntryHeader = (...headers: [CborKey, CborValue][]): Change =>
  withEntry(([header, ...rest]) => [
    encodeCbor(new Map([...(decodeStrict(header, refused) as CborMap), ...headers])),
    ...rest,
  ])
const withEntryUnprotected = (label: CborKey, value: CborValue): Change =>
  withEntry(([header, unprotected, ...rest]) => [
    header,
    new Map([...unprotected, [label, value]]),
    ...rest,
  ])

const layerZero: Record<string, Change> = {
  'no algorithm': withoutHeader(1),
  A128GCM: withHeader([1, 1]),
  'an unknown algorithm': withHeader([1, 99]),
  'an algorithm as text': withHeader([1, 'A256GCM']),
  'pitfall 3: an algorithm in the unprotected header': (parts) => {
    withoutHeader(1)(parts)
    parts.unprotected.set(1, 3)
  },
  'pitfall 5: an algorithm in both headers': withUnprotected(1, 3),
  'pitfall 4: crit': withHeader([2, [5]]),
  'pitfall 4: crit in the unprotected header': withUnprotected(2, [5]),
  'pitfall 10: the IV in the protected header': (parts) => {
    withHeader([5, parts.unprotected.get(5)!])(parts)
    parts.unprotected.delete(5)
  },
  'pitfall 10: the IV in both headers': (parts) =>
    withHeader([5, parts.unprotected.get(5)!])(parts),
  'no IV': (parts) => parts.unprotected.delete(5),
  'pitfall 10: an IV of 11 bytes': withUnprotected(5, bytes(11)),
  'pitfall 10: an IV of 13 bytes': withUnprotected(5, bytes(13)),
  'pitfall 10: an IV of 16 bytes': withUnprotected(5, bytes(16)),
  'pitfall 10: an empty IV': withUnprotected(5, bytes(0)),
  'an IV as text': withUnprotected(5, 'abcdefghijkl'),
  'pitfall 10: a partial IV': withUnprotected(6, bytes(4)),
  'pitfall 10: a partial IV in the protected header': withHeader([6, bytes(4)]),
  'no envelope id': withoutHeader(-77001),
  'an envelope id of 31 bytes': withHeader([-77001, bytes(31)]),
  'an envelope id of 33 bytes': withHeader([-77001, bytes(33)]),
  'an envelope id as text': withHeader([-77001, 'x'.repeat(32)]),
  'no commitment': withoutHeader(-77002),
  'a commitment of 31 bytes': withHeader([-77002, bytes(31)]),
  'a commitment of 33 bytes': withHeader([-77002, bytes(33)]),
  'a post-quantum mark of 0': withHeader([-77005, 0]),
  'a post-quantum mark of 2': withHeader([-77005, 2]),
  'a post-quantum mark of true': withHeader([-77005, true]),
  'a content type': withHeader([3, 'text/plain']),
  'a key id in layer 0': withUnprotected(4, bytes(32)),
  'an unknown protected header': withHeader([-77009, 1]),
  'an unknown unprotected header': withUnprotected(33, bytes(1)),
  'a text label': withHeader(['note', 1]),
  'a nil ciphertext': (parts) => {
    parts.ciphertext = null
  },
  'a ciphertext as text': (parts) => {
    parts.ciphertext = 'text'
  },
  'pitfall 13: no recipients': (parts) => {
    parts.recipients = []
  },
  'pitfall 13: 1001 recipients': (parts) => {
    parts.recipients = Array.from({ length: 1001 }, () => parts.recipients[0]!)
  },
  'pitfall 14: one recipient twice': (parts) => {
    parts.recipients.push(parts.recipients[0]!)
  },
  'a protected header that is an array': (parts) => {
    parts.header = encodeCbor([1, 3])
  },
  'pitfall 16: a protected header with bytes after it': (parts) => {
    parts.header = Uint8Array.of(...parts.header, 0)
  },
  'pitfall 16: a protected header with one label twice': (parts) => {
    const entries = parts.header.slice(1)
    parts.header = Uint8Array.of(0xa4, 1, 3, ...entries)
  },
  'an empty protected header': (parts) => {
    parts.header = new Uint8Array(0)
  },
}

const entries: Record<string, Change> = {
  'an entry that is a map': (parts) => {
    parts.recipients[0] = new Map()
  },
  'an entry of two items': withEntry(([header, unprotected]) => [header, unprotected]),
  'an entry of five items': withEntry((entry) => [...entry, [], []]),
  'an entry whose header is text': withEntry(([, ...rest]) => ['x', ...rest]),
  'an entry whose unprotected header is an array': withEntry(([header, , ...rest]) => [
    header,
    [],
    ...rest,
  ]),
  'an entry whose wrapped key is nil': withEntry(([header, unprotected]) => [
    header,
    unprotected,
    null,
  ]),
  'pitfall 8: HPKE-4 in place of HPKE-4-KE': withEntryHeader([1, 42]),
  'pitfall 8: HPKE-9 in place of HPKE-9-KE': withEntryHeader([1, 56]),
  'HPKE-9-KE with an encapsulation of X25519': withEntryHeader([1, 57]),
  'pitfall 13: A256KW as a recipient': withEntryHeader([1, -5]),
  'pitfall 13: direct key agreement': withEntryHeader([1, -6]),
  'pitfall 13: ECDH-ES': withEntryHeader([1, -31]),
  'no algorithm in an entry': withEntry(([header, ...rest]) => {
    const map = new Map(decodeStrict(header, refused) as CborMap)
    map.delete(1)
    return [encodeCbor(map), ...rest]
  }),
  'pitfall 3: an algorithm in the unprotected header of an entry': withEntryUnprotected(1, 50),
  'pitfall 4: crit in an entry': withEntryHeader([2, [1]]),
  'pitfall 4: crit in the unprotected header of an entry': withEntryUnprotected(2, [1]),
  'pitfall 5: a key id in both headers of an entry': withEntryUnprotected(4, bytes(32)),
  'a key id of 31 bytes': withEntryHeader([4, bytes(31)]),
  'a key id of 33 bytes': withEntryHeader([4, bytes(33)]),
  'a key id of 15 bytes': withEntryHeader([4, bytes(15)]),
  'an empty key id': withEntryHeader([4, bytes(0)]),
  'a key id as text': withEntryHeader([4, 'x'.repeat(32)]),
  'a key id of null': withEntryHeader([4, null]),
  'a pre-shared key id': withEntryHeader([-5, bytes(4)]),
  'pitfall 6: an encapsulation of 31 bytes': withEntryUnprotected(-4, bytes(31)),
  'pitfall 6: an encapsulation of 33 bytes': withEntryUnprotected(-4, bytes(33)),
  'an encapsulation as text': withEntryUnprotected(-4, 'x'.repeat(32)),
  'an encapsulation in the protected header': withEntryHeader([-4, bytes(32)]),
  'an unknown header in an entry': withEntryHeader([-77009, 1]),
  'an unknown unprotected header in an entry': withEntryUnprotected(33, 1),
  'a batch salt outside a batch': withEntryHeader([-77006, bytes(32)]),
  'pitfall 6: a wrapped key of 47 bytes': withEntry(([header, unprotected]) => [
    header,
    unprotected,
    bytes(47),
  ]),
  'pitfall 6: a wrapped key of 49 bytes': withEntry(([header, unprotected]) => [
    header,
    unprotected,
    bytes(49),
  ]),
  'pitfall 13: an entry with an empty list below it': withEntry((entry) => [...entry, []]),
}

describe('what is no envelope of ours', () => {
  const setUp = async (options: Partial<Crafted> = {}) => {
    const key = await kemKey(x25519)
    const envelope = await craft({ entries: [{ key: key.publicKey }], ...options })
    return { key, envelope }
  }

  async function expectMalformed(key: LocalDecapsulator, envelope: Uint8Array): Promise<void> {
    expect(await codeOf(open(envelope, { as: key }))).toBe('ERR_ENVELOPE_MALFORMED')
    expect(thrownCode(() => inspect(envelope))).toBe('ERR_ENVELOPE_MALFORMED')
    expect(await codeOf(rewrap(envelope, { as: key }))).toBe('ERR_ENVELOPE_MALFORMED')
    const rekeying = rekey(envelope, { as: key, recipients: [key.publicKey] })
    expect(await codeOf(rekeying)).toBe('ERR_ENVELOPE_MALFORMED')
  }

  it('what is unchanged opens', async () => {
    const { key, envelope } = await setUp()
    const again = assemble(partsOf(envelope))
    expect(text((await open(again, { as: key })).content)).toBe('crafted')
  })

  it.each(Object.entries({ ...layerZero, ...entries }))('%s', async (_name, change) => {
    const { key, envelope } = await setUp()
    const parts = partsOf(envelope)
    change(parts)
    await expectMalformed(key, assemble(parts))
  })

  it.each([
    ['pitfall 15: no tag', (value: CborValue) => encodeCbor(value)],
    [
      'pitfall 15: the tag of COSE_Encrypt0',
      (value: CborValue) => encodeCbor(new Tagged(16, value)),
    ],
    ['pitfall 15: the tag of COSE_Sign', (value: CborValue) => encodeCbor(new Tagged(98, value))],
    [
      'pitfall 15: a tag twice',
      (value: CborValue) => encodeCbor(new Tagged(96, new Tagged(96, value))),
    ],
    ['five items', (value: CborValue) => encodeCbor(new Tagged(96, [...(value as []), null]))],
    ['three items', (value: CborValue) => encodeCbor(new Tagged(96, (value as []).slice(0, 3)))],
    ['a map', () => encodeCbor(new Tagged(96, new Map()))],
    [
      'a header that is text',
      (value: CborValue) => encodeCbor(new Tagged(96, ['x', ...(value as []).slice(1)])),
    ],
    [
      'a header that is a map',
      (value: CborValue) => encodeCbor(new Tagged(96, [new Map(), ...(value as []).slice(1)])),
    ],
    [
      'an unprotected header that is an array',
      ([header, , ...rest]: CborValue[]) => encodeCbor(new Tagged(96, [header!, [], ...rest])),
    ],
    [
      'recipients that are a map',
      (value: CborValue) => encodeCbor(new Tagged(96, [...(value as []).slice(0, 3), new Map()])),
    ],
    ['nothing', () => new Uint8Array(0)],
    [
      'pitfall 16: a byte after the end',
      (value: CborValue) => Uint8Array.of(...encodeCbor(new Tagged(96, value)), 0),
    ],
    [
      'pitfall 16: a byte less',
      (value: CborValue) => encodeCbor(new Tagged(96, value)).slice(0, -1),
    ],
  ])('%s', async (_name, encode) => {
    const { key, envelope } = await setUp()
    const { header, unprotected, ciphertext, recipients } = partsOf(envelope)
    await expectMalformed(key, encode([header, unprotected, ciphertext, recipients]))
  })

  it('one reader twice, with another one between', async () => {
    const key = await kemKey(x25519)
    const other = await kemKey(x25519, 2)
    const envelope = await craft({ entries: [{ key: key.publicKey }, { key: other.publicKey }] })
    const parts = partsOf(envelope)
    parts.recipients.push(parts.recipients[0]!)
    await expectMalformed(key, assemble(parts))
  })

  it('has at most 1000 readers, also where nobody can tell them apart', async () => {
    const key = await kemKey(x25519)
    const hidden = { key: key.publicKey, headers: [[4, undefined]] } as const
    const parts = partsOf(await craft({ entries: [hidden] }))
    const list = (count: number): CborValue[] => new Array(count).fill(parts.recipients[0]!)
    const most = assemble({ ...parts, recipients: list(1000) })
    expect(inspect(most).unverified.recipients).toHaveLength(1000)
    await expectMalformed(key, assemble({ ...parts, recipients: list(1001) }))
  })

  it('pitfall 13: nested recipients that are no batch entry of ours', async () => {
    const { key, envelope } = await setUp()
    const parts = partsOf(envelope)
    const good = (await craftBatchEntry(
      { key: key.publicKey },
      new Uint8Array(32).fill(0x11),
      bytes(32),
    )) as Entry
    const [outer, alg, wrapped, [inner]] = good as unknown as [
      Uint8Array,
      CborMap,
      Uint8Array,
      Entry[],
    ]
    const hint = async (...headers: [CborKey, CborValue][]): Promise<Entry> => {
      const entry = { key: key.publicKey, headers }
      return (await craftBatchEntry(entry, new Uint8Array(32).fill(0x11), bytes(32))) as Entry
    }
    const bad: CborValue[] = [
      [bytes(1), alg, wrapped, [inner!]],
      [encodeCbor(new Map([[1, -5]])), new Map(), wrapped, [inner!]],
      [outer, new Map([[1, -3]]), wrapped, [inner!]],
      [
        outer,
        new Map<CborKey, CborValue>([
          [1, -5],
          [4, bytes(32)],
        ]),
        wrapped,
        [inner!],
      ],
      [outer, new Map(), wrapped, [inner!]],
      [outer, alg, bytes(39), [inner!]],
      [outer, alg, bytes(41), [inner!]],
      [outer, alg, bytes(48), [inner!]],
      [outer, alg, wrapped, []],
      [outer, alg, wrapped, [inner!, inner!]],
      [outer, alg, wrapped, [good]],
      [outer, alg, wrapped, inner!],
      [outer, alg, wrapped, null],
      [outer, alg, wrapped, [inner!], null],
      [outer, alg, wrapped, [inner!.slice(0, 2)]],
      [outer, alg, wrapped, [[...inner!, null]]],
      [outer, alg, wrapped, [['x', inner![1], inner![2]]]],
      [outer, alg, wrapped, [[inner![0], [], inner![2]]]],
      [outer, alg, wrapped, [[inner![0], inner![1], null]]],
      [outer, alg, wrapped, [new Map()]],
      await hint([4, bytes(16)]),
      await hint([4, bytes(16)], [-77006, bytes(31)]),
      await hint([-77006, bytes(32)]),
    ]
    for (const [i, entry] of bad.entries()) {
      const changed = assemble({ ...parts, recipients: [entry] })
      expect(await codeOf(open(changed, { as: key })), `entry ${i}`).toBe('ERR_ENVELOPE_MALFORMED')
    }
    // Hints of two salts in one envelope are those of two batches.
    const two = [
      await hint([4, bytes(16)], [-77006, bytes(32)]),
      await hint([4, new Uint8Array(16)], [-77006, new Uint8Array(32)]),
    ]
    for (const [recipients, code] of [
      [two, 'ERR_ENVELOPE_MALFORMED'],
      [two.slice(1), 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND'],
    ] as const) {
      expect(
        await codeOf(open(assemble({ ...parts, recipients: [...recipients] }), { as: key })),
      ).toBe(code)
    }
    const opened = await open(assemble({ ...parts, recipients: [good] }), { as: key })
    expect(text(opened.content)).toBe('crafted')
  })
})

describe('other encodings of an envelope', () => {
  it("pitfall 1: takes h'a0' for the empty header of a batch entry", async () => {
    const key = await kemKey(x25519)
    const parts = partsOf(await craft({ entries: [{ key: key.publicKey }] }))
    const contentKey = new Uint8Array(32).fill(0x11)
    const [, ...rest] = (await craftBatchEntry(
      { key: key.publicKey },
      contentKey,
      bytes(32),
    )) as Entry
    parts.recipients = [[Uint8Array.of(0xa0), ...rest]]
    expect(text((await open(assemble(parts), { as: key })).content)).toBe('crafted')
  })

  it('pitfall 2: takes headers in any valid encoding and authenticates them as they were received', async () => {
    const key = await kemKey(x25519)
    const plain = partsOf(await craft({ entries: [{ key: key.publicKey }] })).header
    // The same map with the algorithm as two bytes, in front; not what we would write.
    const protectedBytes = Uint8Array.of(0xa3, 0x01, 0x18, 0x03, ...plain.slice(3))
    const envelope = await craft({ entries: [{ key: key.publicKey }], protectedBytes })
    expect(text((await open(envelope, { as: key })).content)).toBe('crafted')
    const parts = partsOf(envelope)
    parts.header = plain
    expect(await codeOf(open(assemble(parts), { as: key }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    // Sharing leaves them as they are.
    const next = await kemKey(x25519, 2)
    const shared = await rewrap(envelope, { as: key, add: [next.publicKey] })
    expect(partsOf(shared).header).toEqual(protectedBytes)
    expect(text((await open(shared, { as: next })).content)).toBe('crafted')
  })

  it('takes long heads and unsorted maps outside the headers', async () => {
    const key = await kemKey(x25519)
    const envelope = await craft({ entries: [{ key: key.publicKey }] })
    // 84 as 98 04: an array of four with a longer head.
    const longer = Uint8Array.of(0xd8, 0x60, 0x98, 0x04, ...envelope.slice(3))
    expect(text((await open(longer, { as: key })).content)).toBe('crafted')
  })
})

describe('lengths and bombs', () => {
  it.each(kems.map((algorithm) => [algorithm.name, algorithm] as const))(
    'pitfall 6: %s: encapsulation and wrapped key have their exact lengths, before any key is asked',
    async (_name, algorithm) => {
      const { publicKey } = await kemKey(algorithm)
      const as = {
        publicKey,
        decapsulate: async (): Promise<Uint8Array> => {
          throw new Error('asked')
        },
      }
      const envelope = await craft({ entries: [{ key: publicKey }] })
      const lengths = { 'X-Wing': 1120, 'MLKEM768-P256': 1153, 'P-256': 65, X25519: 32 }
      const exact = lengths[algorithm.name as keyof typeof lengths]
      const [header, unprotected, wrapped] = partsOf(envelope).recipients[0] as Entry
      const ek = unprotected.get(-4) as Uint8Array
      expect([ek.length, wrapped.length]).toEqual([exact, 48])
      const others = [0, 32, 65, 1120, 1153, 1665, exact - 1, exact + 1]
      const entries: Entry[] = [
        ...others
          .filter((length) => length !== exact)
          .map((length): Entry => [header, new Map([[-4, bytes(length)]]), wrapped]),
        ...[0, 16, 32, 40, 47, 49, 64].map((length): Entry => [header, unprotected, bytes(length)]),
      ]
      for (const entry of entries) {
        const parts = { ...partsOf(envelope), recipients: [entry] }
        expect(await codeOf(open(assemble(parts), { as }))).toBe('ERR_ENVELOPE_MALFORMED')
      }
    },
  )

  it('pitfall 16: bombs of depth, length and number, doubled keys and indefinite lengths', async () => {
    const key = await kemKey(x25519)
    const envelope = await craft({ entries: [{ key: key.publicKey }] })
    const { header, ciphertext } = partsOf(envelope)
    const [h, c] = [encodeCbor(header), encodeCbor(ciphertext)]
    const iv = [0x05, 0x4c, ...bytes(12)]
    /** A COSE_Encrypt whose unprotected header and recipients are these bytes. */
    const made = (unprotected: readonly number[], recipients: readonly number[]): Uint8Array =>
      Uint8Array.from([0xd8, 0x60, 0x84, ...h, ...unprotected, ...c, ...recipients])
    const bombs = [
      made([0xa2, ...iv, 0x18, 0x21, ...Array(100_000).fill(0x81), 0], [0x80]),
      made([0xa1, ...iv], Array(100_000).fill(0x81)),
      made([0xa1, ...iv], [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      made([0xa1, ...iv], [0x9a, 0x7f, 0xff, 0xff, 0xff]),
      made([0xbb, 0, 0, 0, 1, 0, 0, 0, 0, ...iv], [0x80]),
      made([0xa1, ...iv], [0x9a, 0x00, 0x03, 0x0d, 0x40, ...Array(200_000).fill(0xa0)]),
      made([0xa2, ...iv, ...iv], [0x80]),
      // One key in two encodings.
      made([0xa2, ...iv, 0x18, ...iv], [0x80]),
      made([0xbf, ...iv, 0xff], [0x80]),
      made([0xa1, ...iv], [0x9f, 0xff]),
      made([0xa1, 0x05, 0x5f, 0x4c, ...bytes(12), 0xff], [0x80]),
    ]
    for (const [i, bomb] of bombs.entries()) {
      const start = performance.now()
      expect(await codeOf(open(bomb, { as: key })), `bomb ${i}`).toBe('ERR_ENVELOPE_MALFORMED')
      const foreign = open(bomb, { as: key, profile: 'foreign' })
      expect(await codeOf(foreign), `bomb ${i}`).toBe('ERR_ENVELOPE_MALFORMED')
      expect(performance.now() - start).toBeLessThan(1000)
    }
  })

  it("pitfall 1: an empty protected header is written as h'', in batches and in AAD", async () => {
    const key = await kemKey(x25519)
    const envelope = await createSealer().seal(bytes(1), { recipients: [key.publicKey] })
    const [outer] = partsOf(envelope).recipients[0] as Entry
    expect(outer).toHaveLength(0)
    const aads = [new Uint8Array(0), Uint8Array.of(0xa0)].map((empty) =>
      encryptAad(empty, bytes(2)),
    )
    expect(aads[0]).toEqual(aads[1])
    expect(aads[0]).toEqual(encodeCbor(['Encrypt', new Uint8Array(0), bytes(2)]))
  })

  it('pitfall 12: one classical reader, and the mark is not there to begin with', async () => {
    const [classical, hybrid] = [await kemKey(x25519), await kemKey(xWing)]
    const recipients = [hybrid.publicKey, classical.publicKey]
    const content = bytes(1)
    for (const envelope of [
      await seal(content, { recipients }),
      await createSealer().seal(content, { recipients }),
    ]) {
      for (const as of [classical, hybrid]) {
        expect((await open(envelope, { as })).security).toBe('classical')
        const strict = open(envelope, { as, minimumSecurity: 'post-quantum' })
        expect(await codeOf(strict)).toBe('ERR_ENVELOPE_SECURITY')
      }
    }
  })

  it('pitfall 22: what comes out has memory of its own', async () => {
    const author = await person(1)
    const key = await kemKey(x25519)
    const authors = keyDirectory([author.public])
    for (const options of [{}, { author }]) {
      const envelope = await seal(bytes(40), { recipients: [key.publicKey], ...options })
      const before = envelope.slice()
      expect(envelope.buffer.byteLength).toBe(envelope.length)
      for (const profile of ['careseal', 'foreign'] as const) {
        const opened = await open(envelope, { as: key, authors, profile })
        expect(opened.content.buffer.byteLength).toBe(opened.content.length)
        opened.content.fill(0)
        opened.envelopeId?.fill(0)
      }
      const shown = inspect(envelope)
      shown.envelopeId.fill(0)
      shown.unverified.recipients[0]!.keyId!.fill(0)
      const shared = await rewrap(envelope, { as: key, add: [author.public] })
      shared.fill(0)
      expect(envelope).toEqual(before)
    }
  })
})
