import { describe, expect, it } from 'vitest'
import { signEvent, verifyEvent } from '../../src/consent/index.ts'
import { hasRecipient, rekey, rewrap, seal } from '../../src/envelope/index.ts'
import {
  openRecord,
  type RecordInput,
  sealRecord,
  sealRecords,
  shareRecord,
  verifyReceipt,
} from '../../src/index.ts'
import {
  createIdentity,
  exportIdentity,
  importIdentity,
  keyDirectory,
  secretWrapper,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { expectCode } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'
import { testLog } from '../helpers/log.ts'

/** What a call was given when it was made is what counts, whatever the caller does to it meanwhile. */
describe('arguments that change after the call', () => {
  it('shareRecord: event and envelope name the same reader', async () => {
    const [chen, okafor, eve] = [await person(1), await person(2), await person(3)]
    const { envelope } = await sealRecord('{"resourceType":"Patient"}', {
      author: chen,
      recipients: [chen.public],
    })
    const recipients = [okafor.public]
    const now = new Date('2026-03-04T05:06:07Z')
    const sharing = shareRecord(envelope, { as: chen, recipients, now })
    recipients[0] = eve.public
    now.setTime(0)
    const shared = await sharing
    expect(hasRecipient(shared.envelope, okafor.public)).toBe(true)
    expect(hasRecipient(shared.envelope, eve.public)).toBe(false)
    const authors = keyDirectory([chen.public])
    const { event, time } = await verifyEvent(shared.event.bytes, { authors, type: 'share' })
    expect(event.recipients).toEqual([okafor.public.encryption.id])
    expect(time).toEqual(new Date('2026-03-04T05:06:07Z'))
  })

  it('rekey and rewrap: the readers of the call', async () => {
    const [chen, okafor, eve] = [await person(1), await person(2), await person(3)]
    const envelope = await seal(utf8('x'), { recipients: [chen.public, eve.public] })
    const recipients = [chen.public, okafor.public]
    const remove = [eve.public]
    const rekeying = rekey(envelope, { as: chen, recipients, remove })
    recipients[1] = eve.public
    remove[0] = okafor.public
    const add = [okafor.public]
    const rewrapping = rewrap(envelope, { as: chen, add })
    add[0] = eve.public
    const rekeyed = await rekeying
    expect(hasRecipient(rekeyed, okafor.public)).toBe(true)
    expect(hasRecipient(rekeyed, eve.public)).toBe(false)
    expect(hasRecipient(await rewrapping, okafor.public)).toBe(true)
  })

  it('importIdentity: the algorithms of the call', async () => {
    const chen = await person(1, x25519)
    const wrapper = secretWrapper(new Uint8Array(32).fill(1))
    const stored = await exportIdentity(chen, { wrappers: [wrapper] })
    const algorithms: (typeof x25519 | typeof chen.public.signing.algorithm)[] = [
      xWing,
      chen.public.signing.algorithm,
    ]
    const importing = importIdentity(stored, { wrapper, algorithms })
    algorithms.push(x25519)
    await expectCode(importing, 'ERR_ALGORITHM_UNSUPPORTED')
  })

  it('createIdentity: the dates of the card that was signed', async () => {
    const { signer, decapsulator } = await person(1)
    const [now, expires] = [new Date('2026-01-01'), new Date('2027-01-01')]
    const making = createIdentity({ signer, decapsulator, now, expires })
    now.setTime(0)
    expires.setTime(8e15)
    const made = await making
    expect(made.public.issued).toEqual(new Date('2026-01-01'))
    expect(made.public.expires).toEqual(new Date('2027-01-01'))
  })

  it('keyDirectory: the dates that were listed', async () => {
    const { public: identity } = await person(1)
    const compromisedAt = new Date('2026-01-01')
    const directory = keyDirectory([{ identity, compromisedAt }])
    compromisedAt.setTime(8e15)
    const found = await directory.find(identity.signing.id)
    expect(found?.compromisedAt).toEqual(new Date('2026-01-01'))
  })

  it('openRecord: receipt and trust, canonicalizations', async () => {
    const {
      log,
      trust: { logs: policy },
    } = await testLog()
    const chen = await person(1)
    const options = { author: chen, recipients: [chen.public], log }
    const { envelope, receipt, commitment } = await sealRecord(
      '{"resourceType":"Patient"}',
      options,
    )
    const given = receipt.slice()
    const trust = { logs: policy, minimumAnchors: 0 }
    const authors = keyDirectory([chen.public])
    const opening = openRecord(envelope, { as: chen, authors, proof: { receipt: given, trust } })
    given.fill(0)
    trust.minimumAnchors = 9
    expect((await opening).logged?.index).toBe(1)
    const again = { logs: policy, minimumAnchors: 0 }
    const verifying = verifyReceipt(receipt, { commitment, trust: again })
    again.minimumAnchors = 9
    expect((await verifying).assurance).toBe('log-only')
  })

  it('verifyEvent: the time before which it provably existed', async () => {
    const chen = await person(1)
    const event = { type: 'share' as const, record: '', recipients: [chen.public.encryption.id] }
    const { id } = await sealRecord('{"resourceType":"Patient"}', {
      author: chen,
      recipients: [chen.public],
    })
    const signing = signEvent({ ...event, record: id }, { author: chen })
    const { bytes } = await signing
    const compromisedAt = new Date('2027-01-01')
    const authors = keyDirectory([{ identity: chen.public, compromisedAt }])
    const existedBefore = new Date('2028-01-01')
    const verifying = verifyEvent(bytes, { authors, existedBefore })
    existedBefore.setTime(new Date('2026-12-31').getTime())
    await expectCode(verifying, 'ERR_ENVELOPE_AUTHOR_UNTRUSTED')
  })

  it('signEvent: the commitment is of the type that was signed', async () => {
    const chen = await person(1)
    const { id } = await sealRecord('{"resourceType":"Patient"}', {
      author: chen,
      recipients: [chen.public],
    })
    const event = { type: 'share' as const, record: id, recipients: [chen.public.encryption.id] }
    const signing = signEvent(event, { author: chen })
    Object.assign(event, { type: 'erasure' })
    const signed = await signing
    const authors = keyDirectory([chen.public])
    expect((await verifyEvent(signed.bytes, { authors })).commitment).toEqual(signed.commitment)
  })

  it('sealRecords: a source that uses its buffer and its objects again', async () => {
    const chen = await person(1)
    const subject = new Uint8Array(16).fill(1)
    async function* source(): AsyncGenerator<RecordInput<number>> {
      const input = { key: 0, content: new Uint8Array(40).fill(32) }
      for (const name of ['Patient', 'Practice']) {
        input.key++
        input.content.set(utf8(`{"resourceType":"${name.slice(0, 7)}"}`))
        yield input
      }
      subject.fill(9)
    }
    const options = { author: chen, recipients: [chen.public], subject }
    const sealed = []
    for await (const { records } of sealRecords(source(), options)) sealed.push(...records)
    expect(sealed.map(({ key }) => key)).toEqual([1, 2])
    const authors = keyDirectory([chen.public])
    const opened = await Promise.all(
      sealed.map(({ envelope }) => openRecord(envelope, { as: chen, authors })),
    )
    expect(opened.map(({ content }) => text(content).trim())).toEqual([
      '{"resourceType":"Patient"}',
      '{"resourceType":"Practic"}',
    ])
    expect(opened[1]!.manifest.subject).toEqual(new Uint8Array(16).fill(1))
  })
})
