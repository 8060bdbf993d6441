import { describe, expect, it } from 'vitest'
import { signEvent, verifyEvent } from '../../src/consent/index.ts'
import { sealRecord } from '../../src/index.ts'
import { type CborKey, type CborValue, encodeCbor } from '../../src/internal/cbor/index.ts'
import { sign } from '../../src/internal/cose/signed.ts'
import { type Identity, keyDirectory } from '../../src/keys/index.ts'
import { codeOfError, expectCode } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'

async function setting(): Promise<{
  chen: Identity
  authors: ReturnType<typeof keyDirectory>
  record: string
  recipients: Uint8Array[]
}> {
  const chen = await person(1)
  const { id: record } = await sealRecord('{"resourceType":"Basic"}', {
    author: chen,
    recipients: [chen.public],
  })
  const recipients = [new Uint8Array(32).fill(2), new Uint8Array(32).fill(1)]
  return { chen, authors: keyDirectory([chen.public]), record, recipients }
}

describe('an event', () => {
  it('verifies with its author, and its lists are in their one order', async () => {
    const { chen, authors, record, recipients } = await setting()
    const doubled = [...recipients, recipients[0]!]
    const signed = await signEvent({ type: 'share', record, recipients: doubled }, { author: chen })
    const verified = await verifyEvent(signed.bytes, { authors, type: 'share' })
    expect(verified.event.recipients).toEqual([recipients[1], recipients[0]])
    expect(verified.commitment).toEqual(signed.commitment)
    const again = await signEvent({ type: 'share', record, recipients }, { author: chen })
    expect(again.commitment).not.toEqual(signed.commitment)
  })

  it('is refused after any change of a byte', async () => {
    const { chen, authors, record, recipients } = await setting()
    const { bytes } = await signEvent({ type: 'share', record, recipients }, { author: chen })
    for (let i = 0; i < bytes.length; i++) {
      for (const mask of [0x01, 0x80]) {
        const changed = bytes.slice()
        changed[i]! ^= mask
        const error = await verifyEvent(changed, { authors }).then(
          () => new Error(`byte ${i} ^ ${mask} was accepted`),
          (reason: unknown) => reason,
        )
        codeOfError(error)
      }
    }
  })

  it('counts only by an author whom the directory holds, at a time when the key was good', async () => {
    const { chen, record, recipients } = await setting()
    const now = new Date('2026-05-05T00:00:00Z')
    const { bytes } = await signEvent({ type: 'share', record, recipients }, { author: chen, now })
    const untrusted = 'ERR_ENVELOPE_AUTHOR_UNTRUSTED'
    await expectCode(verifyEvent(bytes, { authors: keyDirectory([]) }), untrusted)
    const until = { identity: chen.public, validUntil: new Date('2026-05-04T00:00:00Z') }
    await expectCode(verifyEvent(bytes, { authors: keyDirectory([until]) }), untrusted)
    const stolen = { identity: chen.public, compromisedAt: new Date('2026-06-01T00:00:00Z') }
    const authors = keyDirectory([stolen])
    await expectCode(verifyEvent(bytes, { authors }), untrusted)
    await verifyEvent(bytes, { authors, existedBefore: new Date('2026-05-20T00:00:00Z') })
  })

  it('refuses what cannot be signed', async () => {
    const { chen, record, recipients } = await setting()
    const attempt = (change: object): Promise<unknown> =>
      signEvent({ type: 'share', record, recipients, ...change } as never, { author: chen })
    await expect(attempt({ type: 'grant' })).rejects.toThrow(TypeError)
    await expect(attempt({ record: 'x' })).rejects.toThrow('record must be')
    await expect(attempt({ grant: 'x' })).rejects.toThrow('grant must be')
    await expect(attempt({ recipients: [] })).rejects.toThrow(RangeError)
    await expect(attempt({ recipients: [new Uint8Array(16)] })).rejects.toThrow(RangeError)
    await expect(signEvent(null as never, { author: chen })).rejects.toThrow(TypeError)
  })
})

describe('a hand-made event', () => {
  const salt = new Uint8Array(32).fill(3)
  async function craft(
    change: readonly (readonly [CborKey, CborValue | undefined])[],
    options: {
      kind?: 'share' | 'record'
      headers?: Map<number, CborValue>
      signers?: Identity[]
    } = {},
  ): Promise<{ bytes: Uint8Array; authors: ReturnType<typeof keyDirectory> }> {
    const chen = await person(1)
    const map = new Map<CborKey, CborValue>([
      [1, 'share'],
      [2, 1_770_000_000],
      [3, new Uint8Array(32)],
      [4, [new Uint8Array(32)]],
    ])
    for (const [key, value] of change) {
      if (value === undefined) map.delete(key)
      else map.set(key, value)
    }
    const { kind = 'share', headers = new Map([[-77007, salt]]), signers = [chen] } = options
    const content = { kind, headers, payload: encodeCbor(map) }
    const bytes = encodeCbor(
      await sign(
        signers.map(({ signer }) => signer),
        content,
      ),
    )
    return { bytes, authors: keyDirectory(signers.map((one) => one.public)) }
  }

  it('is accepted as it should be', async () => {
    const { bytes, authors } = await craft([])
    expect((await verifyEvent(bytes, { authors })).event.type).toBe('share')
  })

  const bad: [string, [CborKey, CborValue | undefined][]][] = [
    ['an unknown type', [[1, 'grant']]],
    ['no type', [[1, undefined]]],
    ['no time', [[2, undefined]]],
    ['a negative time', [[2, -1]]],
    ['no record', [[3, undefined]]],
    ['a short record', [[3, new Uint8Array(31)]]],
    ['no readers', [[4, []]]],
    ['readers of another type', [[4, ['x']]]],
    ['unsorted readers', [[4, [new Uint8Array(32).fill(1), new Uint8Array(32)]]]],
    ['doubled readers', [[4, [new Uint8Array(32), new Uint8Array(32)]]]],
    [
      'too many readers',
      [
        [
          4,
          Array.from({ length: 1001 }, (_, i) =>
            new Uint8Array(32).fill(0).map((_, k) => (k === 0 ? i >> 8 : k === 1 ? i : 0)),
          ),
        ],
      ],
    ],
    ['a short grant', [[5, new Uint8Array(31)]]],
    ['a further member', [[6, 1]]],
  ]
  it.each(bad)('is refused with %s', async (_, change) => {
    const { bytes, authors } = await craft(change)
    await expectCode(verifyEvent(bytes, { authors }), 'ERR_EVENT_MALFORMED')
  })

  it('is refused as another kind of signature, without its salt, with two authors, or as other bytes', async () => {
    const two = [await person(1), await person(2)]
    for (const made of [
      await craft([], { kind: 'record' }),
      await craft([], { headers: new Map() }),
      await craft([], { headers: new Map([[-77007, new Uint8Array(16)]]) }),
      await craft([], {
        headers: new Map<number, CborValue>([
          [-77007, salt],
          [3, 'x'],
        ]),
      }),
      await craft([], { signers: two }),
    ]) {
      await expectCode(verifyEvent(made.bytes, { authors: made.authors }), 'ERR_EVENT_MALFORMED')
    }
    const { bytes, authors } = await craft([])
    for (const other of [
      new Uint8Array(0),
      Uint8Array.of(0xd2),
      Uint8Array.of(...bytes, 0),
      bytes.slice(1),
    ]) {
      await expectCode(verifyEvent(other, { authors }), 'ERR_EVENT_MALFORMED')
    }
  })
})
