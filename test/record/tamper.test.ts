import { describe, expect, it } from 'vitest'
import { openRecord, sealRecord, verifyReceipt } from '../../src/index.ts'
import { keyDirectory, x25519 } from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { codeOfError } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'
import { entriesOf } from '../helpers/layout.ts'
import { testLog } from '../helpers/log.ts'

const tier = process.env['CARESEAL_TIER']
/** OpenSSL takes a fraction of the time of the others: all patterns there. */
const masks = tier === 'native' ? [0x01, 0x20, 0x80, 0xff] : [0x01]
const step = tier === 'noble' ? 5 : 1
const content = utf8('{"resourceType":"Observation","valueDecimal":7.20}')

describe('every byte of a record is flipped', () => {
  it.each([1, 3])('with %i reader(s): our error, or a stranger’s entry', async (readers) => {
    const people = await Promise.all([1, 2, 3].map((n) => person(n, x25519)))
    const recipients = people.slice(0, readers).map((one) => one.public)
    const { envelope } = await sealRecord(content, { author: people[0]!, recipients })
    const own = readers === 3 ? 1 : 0
    const options = { as: people[own]!, authors: keyDirectory([people[0]!.public]) }
    const expected = await openRecord(envelope, options)
    const strangers = new Set<number>()
    entriesOf(envelope).forEach(({ start, end }, reader) => {
      for (let i = start; i < end && reader !== own; i++) strangers.add(i)
    })
    let tolerated = 0
    for (let i = 0; i < envelope.length; i += step) {
      for (const mask of masks) {
        const changed = envelope.slice()
        changed[i]! ^= mask
        try {
          const opened = await openRecord(changed, options)
          expect(strangers.has(i), `byte ${i} ^ ${mask}`).toBe(true)
          expect(opened).toEqual(expected)
          tolerated++
        } catch (error) {
          codeOfError(error)
        }
      }
    }
    expect(tolerated > 0).toBe(readers === 3)
  })
})

describe('every byte of a log-only receipt is flipped', () => {
  it('is refused with our error, always', async () => {
    const chen = await person(1)
    const { log, trust } = await testLog()
    const options = { author: chen, recipients: [chen.public], log }
    for (let i = 0; i < 5; i++) await sealRecord(content, options)
    const { receipt, commitment } = await sealRecord(content, options)
    expect((await verifyReceipt(receipt, { commitment, trust })).index).toBe(6)
    for (let i = 0; i < receipt.length; i += step) {
      for (const mask of masks) {
        const changed = receipt.slice()
        changed[i]! ^= mask
        const error = await verifyReceipt(changed, { commitment, trust }).then(
          () => new Error(`byte ${i} ^ ${mask} was accepted`),
          (reason: unknown) => reason,
        )
        codeOfError(error)
      }
    }
  })

  it('cut short or grown is refused', async () => {
    const chen = await person(1)
    const { log, trust } = await testLog()
    const sealed = await sealRecord(content, { author: chen, recipients: [chen.public], log })
    const { receipt, commitment } = sealed
    for (let length = 0; length < receipt.length; length += 3) {
      const error = await verifyReceipt(receipt.slice(0, length), { commitment, trust }).catch(
        (e) => e,
      )
      expect(codeOfError(error)).toBe('ERR_RECEIPT_MALFORMED')
    }
    const longer = await verifyReceipt(Uint8Array.of(...receipt, 0), { commitment, trust }).catch(
      (e) => e,
    )
    expect(codeOfError(longer)).toBe('ERR_RECEIPT_MALFORMED')
  })
})
