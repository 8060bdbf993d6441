import { describe, expect, it } from 'vitest'
import { verifyEvent } from '../../src/consent/index.ts'
import {
  explainRecord,
  logRecords,
  openRecord,
  sealRecord,
  shareRecord,
  verifyReceipt,
} from '../../src/index.ts'
import {
  createKeyRing,
  generateIdentity,
  generateKey,
  type Identity,
  keyDirectory,
  rotateKey,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { text } from '../helpers/bytes.ts'
import { expectCode } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'
import { entriesOf } from '../helpers/layout.ts'
import { testLog } from '../helpers/log.ts'

const content = '{"resourceType":"Observation","valueDecimal":7.20}'

async function sealedByChen(): Promise<{
  chen: Identity
  okafor: Identity
  envelope: Uint8Array
  id: string
}> {
  const [chen, okafor] = [await person(1, xWing), await person(2, xWing)]
  const { envelope, id } = await sealRecord(content, { author: chen, recipients: [chen.public] })
  return { chen, okafor, envelope, id }
}

describe('sharing', () => {
  it('lets a further reader open, and leaves the body as it is', async () => {
    const { chen, okafor, envelope, id } = await sealedByChen()
    const shared = await shareRecord(envelope, { as: chen, recipients: [okafor.public] })
    const authors = keyDirectory([chen.public])
    const opened = await openRecord(shared.envelope, { as: okafor, authors })
    expect(text(opened.content)).toBe(content)
    expect(opened.id).toBe(id)
    expect(opened.addressed).toBe('shared')
    expect(opened.security).toBe('post-quantum')
    const body = (bytes: Uint8Array): Uint8Array => bytes.slice(0, entriesOf(bytes)[0]!.start - 1)
    expect(body(shared.envelope)).toEqual(body(envelope))
  })

  it('is of the bytes that were passed, whatever becomes of the array', async () => {
    const { chen, okafor, envelope, id } = await sealedByChen()
    const other = await sealRecord('{"resourceType":"Patient"}', {
      author: chen,
      recipients: [chen.public],
    })
    const buffer = new Uint8Array(Math.max(envelope.length, other.envelope.length))
    const view = buffer.subarray(0, envelope.length)
    view.set(envelope)
    const sharing = shareRecord(view, { as: chen, recipients: [okafor.public] })
    buffer.set(other.envelope)
    const shared = await sharing
    const authors = keyDirectory([chen.public])
    expect((await openRecord(shared.envelope, { as: okafor, authors })).id).toBe(id)
    const bytes = shared.event.bytes.slice()
    const verifying = verifyEvent(bytes, { authors })
    bytes.fill(0)
    expect((await verifying).id).toBe(shared.event.id)
    // The same for what enters a log.
    const { log, trust } = await testLog()
    const commitment = other.commitment.slice()
    const logging = logRecords([{ commitment }], { log })
    commitment.fill(0)
    const [entry] = await logging
    const proven = { commitment: other.commitment, trust }
    expect((await verifyReceipt(entry!.receipt, proven)).index).toBe(entry!.index)
  })

  it('judges cards by the present time, whatever time is claimed', async () => {
    const { chen, envelope } = await sealedByChen()
    const expired = await generateIdentity({ now: new Date(0), expires: new Date(1e12) })
    const past = { recipients: [expired.public], now: new Date(1e11) }
    await expectCode(shareRecord(envelope, { as: chen, ...past }), 'ERR_IDENTITY_INVALID')
    await expectCode(sealRecord(content, { author: chen, ...past }), 'ERR_IDENTITY_INVALID')
  })

  it('leaves a signed event that says who shared what with whom', async () => {
    const { chen, okafor, envelope, id } = await sealedByChen()
    const { log, trust } = await testLog()
    const now = new Date('2026-05-06T07:08:09Z')
    const { event } = await shareRecord(envelope, {
      as: chen,
      recipients: [okafor.public],
      grant: id,
      now,
    })
    const verified = await verifyEvent(event.bytes, {
      authors: keyDirectory([chen.public]),
      type: 'share',
    })
    expect(verified.event).toEqual({
      type: 'share',
      record: id,
      recipients: [okafor.public.encryption.id],
      grant: id,
    })
    expect(verified.time).toEqual(now)
    expect(verified.author.identity.did).toBe(chen.public.did)
    expect(verified.commitment).toEqual(event.commitment)
    expect(verified.id).toBe(event.id)
    const [entry] = await logRecords([event], { log })
    const { commitment } = verified
    expect((await verifyReceipt(entry!.receipt, { commitment, trust })).index).toBe(1)
  })

  it('works for a reader with an older key in her ring, and for one whom it was shared with', async () => {
    const { chen, okafor, envelope } = await sealedByChen()
    const rotated = {
      ...okafor,
      decapsulator: rotateKey(
        createKeyRing(okafor.decapsulator as never),
        await generateKey(xWing),
      ),
    }
    const first = await shareRecord(envelope, { as: chen, recipients: [okafor.public] })
    const third = await person(3, xWing)
    const second = await shareRecord(first.envelope, { as: rotated, recipients: [third.public] })
    const opened = await openRecord(second.envelope, {
      as: third,
      authors: keyDirectory([chen.public]),
    })
    expect(opened.addressed).toBe('shared')
  })

  it('refuses strangers, damaged records, empty lists and classical readers', async () => {
    const { chen, okafor, envelope, id } = await sealedByChen()
    const third = await person(3, x25519)
    const recipients = [okafor.public]
    await expectCode(
      shareRecord(envelope, { as: okafor, recipients }),
      'ERR_ENVELOPE_RECIPIENT_NOT_FOUND',
    )
    const damaged = envelope.slice()
    damaged[200]! ^= 1
    await expectCode(shareRecord(damaged, { as: chen, recipients }), 'ERR_ENVELOPE_OPEN_FAILED')
    await expect(shareRecord(envelope, { as: chen, recipients: [] })).rejects.toThrow(RangeError)
    await expect(shareRecord(envelope, { as: chen, recipients, grant: `${id}x` })).rejects.toThrow(
      'grant must be',
    )
    const classical = { as: chen, recipients: [third.public] }
    await expectCode(shareRecord(envelope, classical), 'ERR_ENVELOPE_DOWNGRADE')
    const weak = await shareRecord(envelope, { ...classical, allowClassical: true })
    const opened = await openRecord(weak.envelope, {
      as: third,
      authors: keyDirectory([chen.public]),
    })
    expect(opened.security).toBe('classical')
    expect(explainRecord(opened)).toContain('classical cryptography only')
    const strict = {
      as: third,
      authors: keyDirectory([chen.public]),
      minimumSecurity: 'post-quantum',
    } as const
    await expectCode(openRecord(weak.envelope, strict), 'ERR_ENVELOPE_SECURITY')
  })
})

describe('explanations', () => {
  it('are given only for what was verified', async () => {
    const { chen, envelope } = await sealedByChen()
    const authors = keyDirectory([{ identity: chen.public, name: 'Dr Chen' }])
    const opened = await openRecord(envelope, { as: chen, authors })
    const words = explainRecord(opened)
    expect(words).toContain('Signed by Dr Chen')
    expect(words).toContain('Its author sealed it to this reader.')
    expect(words).toContain('No receipt was checked')
    expect(words).not.toContain('7.20')
    expect(() => explainRecord({ ...opened })).toThrow(TypeError)
    expect(() => explainRecord(null as never)).toThrow(TypeError)
    expect(Object.isFrozen(opened)).toBe(true)
  })
})
