import { describe, expect, it } from 'vitest'
import { inspect, open, rekey, rewrap } from '../../src/envelope/index.ts'
import {
  type CborKey,
  type CborMap,
  type CborValue,
  decodeStrict,
  encodeCbor,
  Tagged,
} from '../../src/internal/cbor/index.ts'
import type { LocalDecapsulator } from '../../src/keys/index.ts'
import { x25519 } from '../../src/keys/index.ts'
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
import { kemKey } from '../helpers/keys.ts'

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
  'an algorithm in the unprotected header': (parts) => {
    withoutHeader(1)(parts)
    parts.unprotected.set(1, 3)
  },
  'an algorithm in both headers': withUnprotected(1, 3),
  crit: withHeader([2, [5]]),
  'crit in the unprotected header': withUnprotected(2, [5]),
  'the IV in the protected header': (parts) => {
    withHeader([5, parts.unprotected.get(5)!])(parts)
    parts.unprotected.delete(5)
  },
  'the IV in both headers': (parts) => withHeader([5, parts.unprotected.get(5)!])(parts),
  'no IV': (parts) => parts.unprotected.delete(5),
  'an IV of 11 bytes': withUnprotected(5, bytes(11)),
  'an IV of 13 bytes': withUnprotected(5, bytes(13)),
  'an IV of 16 bytes': withUnprotected(5, bytes(16)),
  'an empty IV': withUnprotected(5, bytes(0)),
  'an IV as text': withUnprotected(5, 'abcdefghijkl'),
  'a partial IV': withUnprotected(6, bytes(4)),
  'a partial IV in the protected header': withHeader([6, bytes(4)]),
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
  'no recipients': (parts) => {
    parts.recipients = []
  },
  '1001 recipients': (parts) => {
    parts.recipients = Array.from({ length: 1001 }, () => parts.recipients[0]!)
  },
  'one recipient twice': (parts) => {
    parts.recipients.push(parts.recipients[0]!)
  },
  'a protected header that is an array': (parts) => {
    parts.header = encodeCbor([1, 3])
  },
  'a protected header with bytes after it': (parts) => {
    parts.header = Uint8Array.of(...parts.header, 0)
  },
  'a protected header with one label twice': (parts) => {
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
  'HPKE-4 in place of HPKE-4-KE': withEntryHeader([1, 42]),
  'HPKE-9 in place of HPKE-9-KE': withEntryHeader([1, 56]),
  'HPKE-9-KE with an encapsulation of X25519': withEntryHeader([1, 57]),
  'A256KW as a recipient': withEntryHeader([1, -5]),
  'direct key agreement': withEntryHeader([1, -6]),
  'ECDH-ES': withEntryHeader([1, -31]),
  'no algorithm in an entry': withEntry(([header, ...rest]) => {
    const map = new Map(decodeStrict(header, refused) as CborMap)
    map.delete(1)
    return [encodeCbor(map), ...rest]
  }),
  'an algorithm in the unprotected header of an entry': withEntryUnprotected(1, 50),
  'crit in an entry': withEntryHeader([2, [1]]),
  'crit in the unprotected header of an entry': withEntryUnprotected(2, [1]),
  'a key id in both headers of an entry': withEntryUnprotected(4, bytes(32)),
  'a key id of 31 bytes': withEntryHeader([4, bytes(31)]),
  'a key id of 33 bytes': withEntryHeader([4, bytes(33)]),
  'a key id of 15 bytes': withEntryHeader([4, bytes(15)]),
  'an empty key id': withEntryHeader([4, bytes(0)]),
  'a key id as text': withEntryHeader([4, 'x'.repeat(32)]),
  'a key id of null': withEntryHeader([4, null]),
  'a pre-shared key id': withEntryHeader([-5, bytes(4)]),
  'an encapsulation of 31 bytes': withEntryUnprotected(-4, bytes(31)),
  'an encapsulation of 33 bytes': withEntryUnprotected(-4, bytes(33)),
  'an encapsulation as text': withEntryUnprotected(-4, 'x'.repeat(32)),
  'an encapsulation in the protected header': withEntryHeader([-4, bytes(32)]),
  'an unknown header in an entry': withEntryHeader([-77009, 1]),
  'an unknown unprotected header in an entry': withEntryUnprotected(33, 1),
  'a batch salt outside a batch': withEntryHeader([-77006, bytes(32)]),
  'a wrapped key of 47 bytes': withEntry(([header, unprotected]) => [
    header,
    unprotected,
    bytes(47),
  ]),
  'a wrapped key of 49 bytes': withEntry(([header, unprotected]) => [
    header,
    unprotected,
    bytes(49),
  ]),
  'an entry with an empty list below it': withEntry((entry) => [...entry, []]),
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
    ['no tag', (value: CborValue) => encodeCbor(value)],
    ['the tag of COSE_Encrypt0', (value: CborValue) => encodeCbor(new Tagged(16, value))],
    ['the tag of COSE_Sign', (value: CborValue) => encodeCbor(new Tagged(98, value))],
    ['a tag twice', (value: CborValue) => encodeCbor(new Tagged(96, new Tagged(96, value)))],
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
      'a byte after the end',
      (value: CborValue) => Uint8Array.of(...encodeCbor(new Tagged(96, value)), 0),
    ],
    ['a byte less', (value: CborValue) => encodeCbor(new Tagged(96, value)).slice(0, -1)],
  ])('%s', async (_name, encode) => {
    const { key, envelope } = await setUp()
    const { header, unprotected, ciphertext, recipients } = partsOf(envelope)
    await expectMalformed(key, encode([header, unprotected, ciphertext, recipients]))
  })

  it('entries of batches', async () => {
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
      [outer, alg, wrapped, [inner!.slice(0, 2)]],
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
  it("takes h'a0' for the empty header of a batch entry", async () => {
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

  it('takes headers in any valid encoding and authenticates them as they were received', async () => {
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
