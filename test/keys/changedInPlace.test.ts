import { describe, expect, it } from 'vitest'
import { seal } from '../../src/envelope/index.ts'
import { openRecord, sealRecord } from '../../src/index.ts'
import { generateIdentity, keyDirectory } from '../../src/keys/index.ts'
import { expectCode } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'

const content = '{"resourceType":"Patient"}'
const past = (): Date => new Date('2020-01-01')
const untrusted = 'ERR_ENVELOPE_AUTHOR_UNTRUSTED'

describe('what was checked and is written into', () => {
  it('a Date given to a directory, or got from it, is no part of it', async () => {
    const chen = await person(1)
    const { envelope } = await sealRecord(content, { author: chen, recipients: [chen.public] })
    const validUntil = past()
    const authors = keyDirectory([{ identity: chen.public, validUntil }])
    await expectCode(openRecord(envelope, { as: chen, authors }), untrusted)
    validUntil.setUTCFullYear(9999)
    await expectCode(openRecord(envelope, { as: chen, authors }), untrusted)
    const found = await authors.find(chen.public.signing.id)
    found!.validUntil!.setUTCFullYear(9999)
    await expectCode(openRecord(envelope, { as: chen, authors }), untrusted)
    expect((await authors.find(chen.public.signing.id))!.validUntil).toEqual(past())
  })

  it('the end of a card stays what was signed', async () => {
    const expires = new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000)
    const chen = await generateIdentity({ expires })
    chen.public.expires!.setUTCFullYear(2000)
    chen.public.issued!.setUTCFullYear(2000)
    expect(chen.public.expires).toEqual(expires)
    expect(chen.public.issued!.getUTCFullYear()).toBeGreaterThan(2000)
    await seal(new Uint8Array(1), { recipients: [chen.public] })
  })

  it('a public key with other bytes or another id is refused', async () => {
    const mallory = await person(3)
    for (const part of ['bytes', 'id'] as const) {
      const okafor = await generateIdentity()
      const authors = keyDirectory([okafor.public])
      const { envelope } = await sealRecord(content, {
        author: okafor,
        recipients: [mallory.public],
      })
      okafor.public.encryption[part].set(mallory.public.encryption[part])
      okafor.public.signing[part].set(mallory.public.signing[part])
      const changed = 'changed in place'
      for (const reader of [okafor.public, okafor.public.encryption]) {
        const sealed = seal(new Uint8Array(1), { recipients: [reader], keyIds: 'none' })
        await expect(sealed).rejects.toThrow(changed)
      }
      await expect(openRecord(envelope, { as: mallory, authors })).rejects.toThrow(changed)
      expect(() => keyDirectory([okafor.public])).toThrow(changed)
    }
  })

  it('a directory that answers undefined holds nothing', async () => {
    const chen = await person(1)
    const { envelope } = await sealRecord(content, { author: chen, recipients: [chen.public] })
    const authors = { find: async () => undefined as never }
    await expectCode(openRecord(envelope, { as: chen, authors }), untrusted)
  })
})
