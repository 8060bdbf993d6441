import { describe, expect, it } from 'vitest'
import { openRecord, sealRecord } from '../../src/index.ts'
import { keyDirectory } from '../../src/keys/index.ts'
import { decodeReceipt, encodeReceipt } from '../../src/ledger/format.ts'
import { type AnchorVerifier, verifyReceipt } from '../../src/ledger/index.ts'
import { expectCode } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'
import { testLog } from '../helpers/log.ts'

const content = '{"resourceType":"Patient"}'
const at = (year: number): Date => new Date(Date.UTC(year, 0, 1))

/** An anchor whose evidence is its time. Only the tests believe it. */
const clockVerifier: AnchorVerifier = {
  mediaType: 'application/x-test-time',
  async verify(evidence) {
    const time = new Date(Number(new TextDecoder().decode(evidence)))
    return { ledger: 'test', operator: 'test', time, trusts: [] }
  },
}

describe('the directory decides which author counts', () => {
  it.each([
    [{ validFrom: at(2025), validUntil: at(2027) }, true],
    [{ validFrom: at(2027) }, false],
    [{ validUntil: at(2025) }, false],
    [{ compromisedAt: at(2027) }, false],
    [{}, true],
  ])('for a record of 2026 and a key with %o: %s', async (validity, accepted) => {
    const chen = await person(1)
    const options = { author: chen, recipients: [chen.public], now: at(2026) }
    const { envelope } = await sealRecord(content, options)
    const authors = keyDirectory([{ identity: chen.public, ...validity }])
    const opening = openRecord(envelope, { as: chen, authors })
    if (accepted) expect((await opening).authors.length).toBe(1)
    else await expectCode(opening, 'ERR_ENVELOPE_AUTHOR_UNTRUSTED')
  })

  it('takes a key that was compromised later, if the record provably existed before', async () => {
    const chen = await person(1)
    const { log, trust } = await testLog()
    const options = { author: chen, recipients: [chen.public], now: at(2026), log }
    const sealed = await sealRecord(content, options)
    const parts = decodeReceipt(sealed.receipt)
    const anchored = (time: Date): Uint8Array =>
      encodeReceipt({
        ...parts,
        anchors: [
          {
            mediaType: clockVerifier.mediaType,
            evidence: new TextEncoder().encode(String(time.getTime())),
            proof: 0,
          },
        ],
      })
    const authors = keyDirectory([{ identity: chen.public, compromisedAt: at(2028) }])
    const open = (receipt: Uint8Array): Promise<unknown> =>
      openRecord(sealed.envelope, {
        as: chen,
        authors,
        proof: { receipt, trust: { ...trust, anchors: [clockVerifier] } },
      })
    await open(anchored(at(2027)))
    await open(anchored(at(2028)))
    await expectCode(open(anchored(at(2029))), 'ERR_ENVELOPE_AUTHOR_UNTRUSTED')
    await expectCode(open(sealed.receipt), 'ERR_ENVELOPE_AUTHOR_UNTRUSTED')
    const { commitment } = sealed
    const verified = await verifyReceipt(anchored(at(2027)), {
      commitment,
      trust: { ...trust, anchors: [clockVerifier] },
    })
    expect(verified.assurance).toBe('anchored')
    expect(verified.existedBefore).toEqual(at(2027))
  })

  it('is not asked for a directory that answers with another key', async () => {
    const [chen, mallory] = [await person(1), await person(2)]
    const { envelope } = await sealRecord(content, { author: chen, recipients: [chen.public] })
    const honest = keyDirectory([mallory.public])
    const authors = { find: () => honest.find(mallory.public.signing.id) }
    await expectCode(openRecord(envelope, { as: chen, authors }), 'ERR_ENVELOPE_AUTHOR_UNTRUSTED')
  })
})
