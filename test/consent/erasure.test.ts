import { describe, expect, it } from 'vitest'
import {
  type CopyKind,
  type DestroyedCopy,
  type RemainingCopy,
  signEvent,
  verifyEvent,
} from '../../src/consent/index.ts'
import { commitmentOf } from '../../src/index.ts'
import {
  type CborKey,
  type CborValue,
  decodeStrict,
  encodeCbor,
  Tagged,
} from '../../src/internal/cbor/index.ts'
import { sign } from '../../src/internal/cose/signed.ts'
import { commitmentId } from '../../src/internal/record/opening.ts'
import type { SignatureKind } from '../../src/internal/registry.ts'
import { keyDirectory } from '../../src/keys/index.ts'
import { refused } from '../helpers/cbor.ts'
import { codeOfError, expectCode } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'

const record = commitmentId(new Uint8Array(32).fill(5))
const destroyed: DestroyedCopy[] = [
  { what: 'wraps', where: 'main database' },
  { what: 'blob', where: 'bucket eu-1', note: 'all versions' },
]
const until = new Date('2027-03-01T00:00:00Z')
const remaining: RemainingCopy[] = [{ what: 'backup', where: 'vault 3', until }]

async function certificate(
  change: { destroyed?: unknown; remaining?: unknown; record?: unknown } = {},
): Promise<Uint8Array> {
  const event = { type: 'erasure', record, destroyed, remaining, ...change }
  return (await signEvent(event as never, { author: await person(1) })).bytes
}

describe('an erasure', () => {
  it('verifies with its author; copies stand in their one order', async () => {
    const authors = keyDirectory([(await person(1)).public])
    const doubled = await certificate({ destroyed: [...destroyed, destroyed[0]] })
    const { event } = await verifyEvent(doubled, { authors, type: 'erasure' })
    expect(event.record).toBe(record)
    expect([...event.destroyed].sort((a, b) => (a.what < b.what ? 1 : -1))).toEqual(destroyed)
    expect(event.remaining).toEqual(remaining)
    expect(Object.isFrozen(event) && Object.isFrozen(event.destroyed[0])).toBe(true)
    const turned = await verifyEvent(await certificate({ destroyed: destroyed.toReversed() }), {
      authors,
    })
    expect(turned.event).toEqual(event)
  })

  it('has exactly the members of docs/formats.md §3', async () => {
    const tagged = decodeStrict(await certificate(), refused, [18]) as Tagged
    const payload = (tagged.value as CborValue[])[2] as Uint8Array
    const map = decodeStrict(payload, refused) as Map<CborKey, CborValue>
    expect([...map.keys()]).toEqual([1, 2, 3, 4, 5])
    expect(map.get(1)).toBe('erasure')
    expect(map.get(3)).toEqual(commitmentOf(record))
    expect(map.get(5)).toEqual([
      new Map<CborKey, CborValue>([
        [1, 'backup'],
        [2, 'vault 3'],
        [4, until.getTime() / 1000],
      ]),
    ])
  })

  it('is refused as another type, and another type as an erasure', async () => {
    const authors = keyDirectory([(await person(1)).public])
    const share = await signEvent(
      { type: 'share', record, recipients: [new Uint8Array(32)] },
      { author: await person(1) },
    )
    const invalid = 'ERR_EVENT_INVALID'
    await expectCode(verifyEvent(share.bytes, { authors, type: 'erasure' }), invalid)
    await expectCode(verifyEvent(await certificate(), { authors, type: 'share' }), invalid)
  })

  it('takes every kind of copy, and as much text as there may be', async () => {
    const authors = keyDirectory([(await person(1)).public])
    const kinds: CopyKind[] = [
      'envelope',
      'body',
      'wraps',
      'blob',
      'key',
      'opening',
      'receipt',
      'event',
      'index',
      'export',
      'backup',
      'other',
    ]
    const long = { where: 'ä'.repeat(100), note: '記録'.repeat(83) }
    const every = kinds.map((what) => ({ what, ...long }))
    const { event } = await verifyEvent(await certificate({ destroyed: every }), {
      authors,
      type: 'erasure',
    })
    expect(new Set(event.destroyed.map(({ what }) => what))).toEqual(new Set(kinds))
    expect(event.destroyed[0]).toMatchObject(long)
    const many = Array.from({ length: 256 }, (_, i) => ({ what: 'blob', where: `part ${i}` }))
    const full = await certificate({
      destroyed: many,
      remaining: many.map((copy) => ({ ...copy, what: 'backup' })),
    })
    const whole = await verifyEvent(full, { authors, type: 'erasure' })
    expect(whole.event.remaining).toHaveLength(256)
  })

  const copy = { what: 'blob', where: 'x' }
  const late = new Date(253_402_300_800_000)
  const bad: [string, object, typeof TypeError | typeof RangeError, string][] = [
    ['nothing destroyed', { destroyed: [] }, RangeError, 'destroyed must name'],
    ['no list', { destroyed: copy }, TypeError, 'destroyed must be an array'],
    ['no second list', { remaining: undefined }, TypeError, 'remaining must be an array'],
    ['257 copies', { remaining: Array(257).fill(copy) }, RangeError, 'remaining must hold'],
    ['no copy', { destroyed: [null] }, TypeError, 'destroyed[0] must be'],
    ['an unknown kind', { destroyed: [{ ...copy, what: 'x' }] }, RangeError, 'destroyed[0].what'],
    ['no kind', { destroyed: [{ where: 'x' }] }, RangeError, 'destroyed[0].what'],
    ['no place', { destroyed: [{ what: 'blob' }] }, TypeError, 'destroyed[0].where'],
    ['an empty place', { destroyed: [{ ...copy, where: '' }] }, RangeError, 'destroyed[0].where'],
    ['white space', { destroyed: [{ ...copy, where: ' \u3000' }] }, RangeError, '.where'],
    ['a long place', { destroyed: [{ ...copy, where: 'ä'.repeat(101) }] }, RangeError, '.where'],
    ['a long note', { remaining: [{ ...copy, note: 'x'.repeat(501) }] }, RangeError, '.note'],
    ['a line break', { destroyed: [{ ...copy, where: 'a\nb' }] }, RangeError, '.where'],
    ['C1', { destroyed: [{ ...copy, where: 'a\u009bb' }] }, RangeError, '.where'],
    ['a paragraph', { destroyed: [{ ...copy, where: 'a\u2029b' }] }, RangeError, '.where'],
    ['text that turns', { destroyed: [{ ...copy, where: 'a\u202eb' }] }, RangeError, '.where'],
    ['an isolate', { destroyed: [{ ...copy, where: 'a\u2066b' }] }, RangeError, '.where'],
    ['no width', { destroyed: [{ ...copy, where: 'a\u200bb' }] }, RangeError, '.where'],
    ['a mark of order', { remaining: [{ ...copy, note: '\ufeffa' }] }, RangeError, '.note'],
    ['a mark of direction', { destroyed: [{ ...copy, where: 'a\u200fb' }] }, RangeError, '.where'],
    ['hidden tags', { destroyed: [{ ...copy, where: 'a\u{e0041}' }] }, RangeError, '.where'],
    ['joiners alone', { destroyed: [{ ...copy, where: '\u200d \u200c' }] }, RangeError, '.where'],
    ['an end in the year 10000', { remaining: [{ ...copy, until: late }] }, RangeError, '.until'],
    ['half a character', { destroyed: [{ ...copy, where: '\ud800' }] }, RangeError, '.where'],
    ['an end of what is gone', { destroyed: [{ ...copy, until }] }, TypeError, 'unknown option'],
    ['an end that is none', { remaining: [{ ...copy, until: 1 }] }, RangeError, '.until'],
    ['a misspelt member', { remaining: [{ ...copy, untill: until }] }, TypeError, 'unknown option'],
    ['one copy in both', { destroyed: [copy], remaining: [copy] }, RangeError, 'one copy twice'],
    [
      'one copy with two notes',
      { destroyed: [copy, { ...copy, note: 'x' }] },
      RangeError,
      'one copy twice',
    ],
    ['no record', { record: 'x' }, RangeError, 'record must be'],
  ]
  it.each(bad)('cannot be signed with %s', async (_, change, kind, message) => {
    const error = await certificate(change).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(kind)
    expect((error as Error).message).toContain(message)
  })
})

describe('a hand-made erasure', () => {
  type Change = readonly (readonly [CborKey, CborValue | undefined])[]
  const mapOf = (basic: Change, change: Change): Map<CborKey, CborValue> => {
    const map = new Map<CborKey, CborValue>()
    for (const [key, value] of [...basic, ...change]) {
      if (value === undefined) map.delete(key)
      else map.set(key, value)
    }
    return map
  }
  const made = (change: Change = []): CborValue =>
    mapOf(
      [
        [1, 'blob'],
        [2, 'x'],
      ],
      change,
    )
  const basic: Change = [
    [1, 'erasure'],
    [2, 1_770_000_000],
    [3, new Uint8Array(32)],
    [4, [made()]],
    [5, [made([[2, 'y']])]],
  ]
  async function verify(change: Change, kind: SignatureKind = 'erasure'): Promise<unknown> {
    const { signer, public: chen } = await person(1)
    const payload = encodeCbor(mapOf(basic, change))
    const headers = new Map([[-77007, new Uint8Array(32)]])
    const bytes = encodeCbor(await sign([signer], { kind, headers, payload }))
    return verifyEvent(bytes, { authors: keyDirectory([chen]) }).then(
      () => 'accepted',
      (error: unknown) => codeOfError(error),
    )
  }

  it('is accepted as it should be', async () => {
    expect(await verify([])).toBe('accepted')
    expect(await verify([[5, []]])).toBe('accepted')
    expect(
      await verify([
        [
          5,
          [
            made([
              [2, 'y'],
              [3, 'note'],
              [4, 0],
            ]),
          ],
        ],
      ]),
    ).toBe('accepted')
  })

  it('is refused under a signature of another kind', async () => {
    expect(await verify([], 'share')).toBe('ERR_EVENT_MALFORMED')
  })

  const bad: [string, Change][] = [
    ['no time', [[2, undefined]]],
    ['a negative time', [[2, -1]]],
    ['a time in the year 10000', [[2, 253_402_300_800]]],
    ['a time of 2^53', [[2, 2n ** 53n]]],
    [
      'an end in the year 10000',
      [
        [
          5,
          [
            made([
              [2, 'y'],
              [4, 253_402_300_800],
            ]),
          ],
        ],
      ],
    ],
    ['a place without width', [[4, [made([[2, 'a\u200bb']])]]]],
    ['a place of joiners', [[4, [made([[2, '\u200c']])]]]],
    ['a note with a mark of order', [[4, [made([[3, '\ufeffa']])]]]],
    ['no record', [[3, undefined]]],
    ['a short record', [[3, new Uint8Array(31)]]],
    ['no destroyed copies', [[4, undefined]]],
    ['nothing destroyed', [[4, []]]],
    ['no remaining copies', [[5, undefined]]],
    ['a list that is none', [[5, made()]]],
    ['a copy that is none', [[4, ['blob']]]],
    [
      'too many copies',
      [[4, Array.from({ length: 257 }, (_, i) => made([[2, String(1000 + i)]]))]],
    ],
    ['copies out of order', [[4, [made([[2, 'z']]), made([[2, 'a']])]]]],
    ['a copy twice', [[4, [made(), made()]]]],
    ['a copy in both lists', [[5, [made()]]]],
    ['a copy in both lists, with a note', [[5, [made([[3, 'n']])]]]],
    ['a copy of an unknown kind', [[4, [made([[1, 'scroll']])]]]],
    ['a copy without a kind', [[4, [made([[1, undefined]])]]]],
    ['a copy without a place', [[4, [made([[2, undefined]])]]]],
    ['an empty place', [[4, [made([[2, '']])]]]],
    ['a long place', [[4, [made([[2, 'x'.repeat(201)]])]]]],
    ['a place in bytes', [[4, [made([[2, new Uint8Array(3)]])]]]],
    ['a place with a line break', [[4, [made([[2, 'a\nb']])]]]],
    ['a note with a direction', [[4, [made([[3, 'a\u202eb']])]]]],
    ['an empty note', [[4, [made([[3, '']])]]]],
    ['a long note', [[4, [made([[3, 'x'.repeat(501)]])]]]],
    ['a note of another type', [[4, [made([[3, 1]])]]]],
    ['an end of what is gone', [[4, [made([[4, 1]])]]]],
    [
      'an end that is no time',
      [
        [
          5,
          [
            made([
              [2, 'y'],
              [4, -1],
            ]),
          ],
        ],
      ],
    ],
    [
      'an end of another type',
      [
        [
          5,
          [
            made([
              [2, 'y'],
              [4, 'soon'],
            ]),
          ],
        ],
      ],
    ],
    ['a digest beside the copies', [[6, new Uint8Array(32)]]],
    ['a digest in a copy', [[4, [made([[5, new Uint8Array(32)]])]]]],
  ]
  it.each(bad)('is refused with %s', async (_, change) => {
    expect(await verify(change)).toBe('ERR_EVENT_MALFORMED')
  })

  it('may have joiners, and end with the year 9999', async () => {
    const last = 253_402_300_799
    const word = made([
      [2, 'می\u200cخواهم'],
      [4, last],
    ])
    expect(
      await verify([
        [2, last],
        [5, [word]],
      ]),
    ).toBe('accepted')
  })

  it('is refused for its size before anything is read', async () => {
    const authors = keyDirectory([(await person(1)).public])
    const verified = verifyEvent(new Uint8Array(512 * 1024 + 1), { authors })
    await expect(verified).rejects.toThrow('larger than 512 KiB')
    await expect(verifyEvent(new Uint8Array(512 * 1024), { authors })).rejects.not.toThrow('larger')
    // Bytes where a text belongs are never written out.
    const bytes = new Uint8Array(400_000).fill(255)
    const start = performance.now()
    expect(await verify([[4, [made([[2, bytes]])]]])).toBe('ERR_EVENT_MALFORMED')
    expect(performance.now() - start).toBeLessThan(2000)
  })

  it('is refused with a tag, and after any change of a byte', async () => {
    const authors = keyDirectory([(await person(1)).public])
    expect(await verify([[4, new Tagged(18, [])]])).toBe('ERR_EVENT_MALFORMED')
    const bytes = await certificate()
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.slice()
      changed[i]! ^= 1
      const error = await verifyEvent(changed, { authors }).then(
        () => new Error(`byte ${i} was accepted`),
        (reason: unknown) => reason,
      )
      codeOfError(error)
    }
  })
})
