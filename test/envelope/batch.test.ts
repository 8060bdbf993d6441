import { describe, expect, it } from 'vitest'
import {
  createOpener,
  createSealer,
  inspect,
  open,
  rewrap,
  type Sealer,
} from '../../src/envelope/index.ts'
import { unwrapKey } from '../../src/internal/engine/aesKw.ts'
import { batchKeyCache } from '../../src/internal/envelope/batchKeys.ts'
import { destroyKey, keyDirectory, p256, x25519, xWing } from '../../src/keys/index.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'
import { assemble, partsOf } from '../helpers/craft.ts'
import { codeOf } from '../helpers/errors.ts'
import { kemKey, person } from '../helpers/keys.ts'

type BatchEntry = [
  Uint8Array,
  Map<number, number>,
  Uint8Array,
  [Uint8Array, Map<number, Uint8Array>, Uint8Array][],
]

const entryOf = (envelope: Uint8Array, i = 0): BatchEntry =>
  partsOf(envelope).recipients[i] as unknown as BatchEntry
const notFound = 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND'
const fails = 'ERR_ENVELOPE_OPEN_FAILED'

/** A decapsulator that counts its calls. */
const counting = async (algorithm = x25519, n = 1) => {
  const key = await kemKey(algorithm, n)
  const counter = { calls: 0 }
  const decapsulate: typeof key.decapsulate = (encapsulation, options) => {
    counter.calls++
    return key.decapsulate(encapsulation, options)
  }
  return { counter, key: { publicKey: key.publicKey, decapsulate } }
}

describe('a batch', () => {
  it.each(['plain', 'hint', 'none'] as const)(
    '%s: opens one by one and with an opener',
    async (keyIds) => {
      const author = await person(1)
      const { key, counter } = await counting(xWing, 2)
      const other = await kemKey(p256, 3)
      const sealer = createSealer({ author, keyIds })
      const authors = keyDirectory([author.public])
      const contents = ['a', 'b', 'c', 'd']
      const envelopes: Uint8Array[] = []
      for (const content of contents) {
        const recipients = content === 'c' ? [other.publicKey] : [other.publicKey, key.publicKey]
        envelopes.push(await sealer.seal(utf8(content), { recipients }))
      }
      const opener = createOpener({ as: key })
      for (const i of [0, 1, 3]) {
        const opened = await open(envelopes[i]!, { as: other, authors })
        expect(text(opened.content)).toBe(contents[i])
        expect(opened.addressed).toBe(keyIds === 'none' ? 'unstated' : 'original')
        expect(text((await opener.open(envelopes[i]!, { authors })).content)).toBe(contents[i])
      }
      // One decapsulation for the whole batch.
      expect(counter.calls).toBe(1)
      const third = await codeOf(opener.open(envelopes[2]!, { authors }))
      expect(third).toBe(notFound)
      opener.close()
      await opener.open(envelopes[0]!, { authors })
      expect(counter.calls).toBe(2)
    },
  )

  it('has an encapsulation per reader and a content key per envelope', async () => {
    const { publicKey } = await kemKey(x25519)
    const sealer = createSealer({ keyIds: 'hint' })
    const [a, b] = [
      await sealer.seal(utf8('same'), { recipients: [publicKey] }),
      await sealer.seal(utf8('same'), { recipients: [publicKey] }),
    ]
    const [one, two] = [entryOf(a), entryOf(b)]
    expect(one[3]).toEqual(two[3])
    expect(toHex(one[2])).not.toBe(toHex(two[2]))
    expect(toHex(partsOf(a).header)).not.toBe(toHex(partsOf(b).header))
    expect(toHex(inspect(a).envelopeId)).not.toBe(toHex(inspect(b).envelopeId))
    // Another sealer has nothing in common with it.
    const other = createSealer({ keyIds: 'hint' })
    const [, , , inner] = entryOf(await other.seal(utf8('same'), { recipients: [publicKey] }))
    expect(inner).not.toEqual(one[3])
  })

  it('a reader added to one record opens no other', async () => {
    const [reader, newcomer] = [await kemKey(x25519, 1), await kemKey(x25519, 2)]
    const sealer = createSealer()
    const recipients = [reader.publicKey]
    const [a, b] = [
      await sealer.seal(utf8('a'), { recipients }),
      await sealer.seal(utf8('b'), { recipients }),
    ]
    const shared = await rewrap(a, { as: reader, add: [newcomer.publicKey] })
    expect(text((await open(shared, { as: newcomer })).content)).toBe('a')
    // Her entry is a plain one at the end; the batch entry is as it was.
    expect(partsOf(shared).recipients).toHaveLength(2)
    expect(entryOf(shared)).toEqual(entryOf(a))
    expect(entryOf(shared, 1)).toHaveLength(3)
    expect(await codeOf(open(b, { as: newcomer }))).toBe(notFound)
    const parts = partsOf(b)
    parts.recipients.push(partsOf(shared).recipients[1]!)
    expect(await codeOf(open(assemble(parts), { as: newcomer }))).toBe(fails)
  })

  it.each(['plain', 'none'] as const)(
    '%s: entries do not move between its envelopes',
    async (keyIds) => {
      const [reader, other] = [await kemKey(x25519, 1), await kemKey(x25519, 2)]
      const sealer = createSealer({ keyIds })
      const recipients = [reader.publicKey, other.publicKey]
      const [a, b] = [
        partsOf(await sealer.seal(utf8('a'), { recipients })),
        partsOf(await sealer.seal(utf8('b'), { recipients })),
      ]
      const swapped = assemble({ ...a, recipients: b.recipients })
      expect(await codeOf(open(swapped, { as: reader }))).toBe(fails)
      // The wrapped content key of one reader under the batch key of another.
      const [one, two] = a.recipients as unknown as [BatchEntry, BatchEntry]
      const crossed = assemble({ ...a, recipients: [[one[0], one[1], two[2], one[3]]] as never })
      expect(await codeOf(open(crossed, { as: reader }))).toBe(fails)
      expect(await codeOf(createOpener({ as: reader }).open(crossed))).toBe(fails)
    },
  )

  it('with hints: they are of the batch, and no reader of another batch is found by them', async () => {
    const reader = await kemKey(x25519)
    const recipients = [reader.publicKey]
    const make = async () => createSealer({ keyIds: 'hint' }).seal(utf8('a'), { recipients })
    const [a, b] = [await make(), await make()]
    const kids = [a, b].map((envelope) => toHex(inspect(envelope).unverified.recipients[0]!.keyId!))
    expect(kids[0]).not.toBe(kids[1])
    expect(kids[0]).toHaveLength(32)
    expect(text((await open(a, { as: reader })).content)).toBe('a')
    // A reader who joins later has the hint of the envelope beside that of the batch.
    const next = await kemKey(x25519, 2)
    const shared = await rewrap(a, { as: reader, add: [next.publicKey] })
    expect(inspect(shared).unverified.recipients[1]!.keyId).toHaveLength(16)
    expect(text((await open(shared, { as: next })).content)).toBe('a')
    expect(text((await open(shared, { as: reader })).content)).toBe('a')
    const back = await rewrap(shared, { as: next, remove: [reader.publicKey] })
    expect(inspect(back).unverified.recipients).toHaveLength(1)
    expect(await codeOf(open(back, { as: reader }))).toBe(notFound)
  })
})

describe('closing a sealer', () => {
  /** Whether anybody can read what was sealed: the content key lies under a key of zeros. */
  const isOpenToAll = (envelope: Uint8Array): boolean =>
    unwrapKey(new Uint8Array(32), entryOf(envelope)[2]) !== null

  // A call gives way several times; closing is tried after each step, for a batch that exists and for a new one.
  const steps = Array.from({ length: 25 }, (_, i) => i)
  it.each([true, false])('while calls are under way leaks nothing (warm: %s)', async (warm) => {
    const reader = await kemKey(x25519)
    const recipients = [reader.publicKey]
    for (const step of steps) {
      const sealer: Sealer = createSealer({ keyIds: 'hint' })
      if (warm) await sealer.seal(utf8('first'), { recipients })
      const pending = [1, 2, 3].map((n) => sealer.seal(utf8(`late ${n}`), { recipients }))
      for (let i = 0; i < step; i++) await Promise.resolve()
      sealer.close()
      for (const [i, envelope] of (await Promise.all(pending)).entries()) {
        expect(isOpenToAll(envelope), `closed after ${step} steps`).toBe(false)
        expect(text((await open(envelope, { as: reader })).content)).toBe(`late ${i + 1}`)
      }
    }
  })

  it('begins a new batch: nothing of the old one is used again', async () => {
    const { publicKey } = await kemKey(x25519)
    const sealer = createSealer({ keyIds: 'hint' })
    const recipients = [publicKey]
    const before = entryOf(await sealer.seal(utf8('a'), { recipients }))
    sealer.close()
    sealer.close()
    const after = entryOf(await sealer.seal(utf8('a'), { recipients }))
    const [header, unprotected] = before[3][0]!
    const [nextHeader, nextUnprotected] = after[3][0]!
    expect(toHex(nextHeader)).not.toBe(toHex(header))
    expect(toHex(nextUnprotected.get(-4)!)).not.toBe(toHex(unprotected.get(-4)!))
  })
})

describe('an opener', () => {
  it('keeps going with the batch keys it has, until it is closed', async () => {
    const key = await kemKey(x25519, 5)
    const sealer = createSealer()
    const envelope = await sealer.seal(utf8('a'), { recipients: [key.publicKey] })
    const opener = createOpener({ as: key })
    await opener.open(envelope)
    destroyKey(key)
    expect(text((await opener.open(envelope)).content)).toBe('a')
    opener.close()
    expect(await codeOf(opener.open(envelope))).toBe('ERR_KEY_DISABLED')
  })

  it('opens one batch many times at once', async () => {
    const { key, counter } = await counting()
    const sealer = createSealer()
    const recipients = [key.publicKey]
    const envelopes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => sealer.seal(utf8(`${i}`), { recipients })),
    )
    const opener = createOpener({ as: key })
    const opened = await Promise.all(envelopes.map((envelope) => opener.open(envelope)))
    expect(opened.map(({ content }) => text(content))).toEqual(envelopes.map((_, i) => `${i}`))
    expect(counter.calls).toBeLessThanOrEqual(20)
    const closing = envelopes.map((envelope) => opener.open(envelope))
    opener.close()
    expect((await Promise.all(closing)).map(({ content }) => text(content))).toHaveLength(20)
  })

  it('does not take a key that did not open for one that does', async () => {
    const { key, counter } = await counting()
    const sealer = createSealer()
    const envelope = await sealer.seal(utf8('a'), { recipients: [key.publicKey] })
    const parts = partsOf(envelope)
    const [outer, alg, wrapped, inner] = parts.recipients[0] as unknown as BatchEntry
    const changed = wrapped.map((byte, i) => (i === 3 ? byte ^ 1 : byte))
    const bad = assemble({ ...parts, recipients: [[outer, alg, changed, inner]] as never })
    const opener = createOpener({ as: key })
    expect(await codeOf(opener.open(bad))).toBe(fails)
    expect(text((await opener.open(envelope)).content)).toBe('a')
    expect(await codeOf(opener.open(bad))).toBe(fails)
    expect(counter.calls).toBe(1)
  })

  it('rewraps with the batch key it has', async () => {
    const { key, counter } = await counting()
    const next = await kemKey(x25519, 2)
    const sealer = createSealer()
    const envelopes = [
      await sealer.seal(utf8('a'), { recipients: [key.publicKey] }),
      await sealer.seal(utf8('b'), { recipients: [key.publicKey] }),
    ]
    const opener = createOpener({ as: key })
    for (const envelope of envelopes) {
      const moved = await opener.rewrap(envelope, {
        add: [next.publicKey],
        remove: [key.publicKey],
      })
      expect(inspect(moved).unverified.recipients).toHaveLength(1)
      expect((await open(moved, { as: next })).content).toHaveLength(1)
    }
    expect(counter.calls).toBe(1)
  })
})

describe('the cache of batch keys', () => {
  const key = (n: number): Uint8Array => new Uint8Array(32).fill(n)

  it('keeps 256 keys, drops the one used least recently and wipes it', () => {
    const cache = batchKeyCache()
    const keys = Array.from({ length: 257 }, (_, i) => key((i % 255) + 1))
    for (let i = 0; i < 256; i++) cache.set(`${i}`, keys[i]!)
    cache.set('0', cache.get('0')!)
    cache.set('256', keys[256]!)
    expect(cache.get('0')).toBe(keys[0])
    expect(cache.get('1')).toBeUndefined()
    expect(keys[1]).toEqual(key(0))
    expect(keys[0]![0]).toBe(1)
  })

  it('wipes a key that is replaced, and what comes after closing', () => {
    const cache = batchKeyCache()
    const [first, second, late] = [key(1), key(1), key(3)]
    cache.set('a', first)
    cache.set('a', second)
    expect([first, second]).toEqual([key(0), key(1)])
    cache.close()
    cache.set('b', late)
    expect([second, late]).toEqual([key(0), key(0)])
    expect(cache.get('b')).toBeUndefined()
  })
})
