import { describe, expect, it } from 'vitest'
import { createSealer, open, rekey, rewrap, seal } from '../../src/envelope/index.ts'
import { internalsOf } from '../../src/internal/algorithm.ts'
import { exportSeed, type LocalDecapsulator } from '../../src/keys/index.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'
import { kemKey, kems, person } from '../helpers/keys.ts'
import { type OtherKey, otherOpen, otherSeal } from '../helpers/otherImplementation.ts'

/** Our key as the other implementation needs it. */
const asOther = (key: LocalDecapsulator): OtherKey => ({
  alg: internalsOf(key.publicKey.algorithm).coseAlg,
  id: key.publicKey.id,
  publicKey: key.publicKey.bytes,
  seed: exportSeed(key),
})

describe.each(kems.map((algorithm) => [algorithm.name, algorithm] as const))(
  '%s, with an implementation that shares no code',
  (_name, algorithm) => {
    it.each(['plain', 'hint', 'none'] as const)('it opens what we sealed (%s)', async (keyIds) => {
      const [stranger, reader] = [await kemKey(algorithm, 1), await kemKey(algorithm, 2)]
      const recipients = [stranger.publicKey, reader.publicKey]
      const envelope = await seal(utf8('Hb 7.1'), { recipients, keyIds, mediaType: 'text/plain' })
      const opened = await otherOpen(envelope, asOther(reader))
      expect([text(opened.content), opened.mediaType, opened.author]).toEqual([
        'Hb 7.1',
        'text/plain',
        null,
      ])
      await expect(otherOpen(envelope, asOther(await kemKey(algorithm, 3)))).rejects.toThrow()
    })

    it.each(['plain', 'hint', 'none'] as const)('we open what it sealed (%s)', async (keyIds) => {
      const [stranger, reader] = [await kemKey(algorithm, 1), await kemKey(algorithm, 2)]
      const envelope = await otherSeal(utf8('Hb 7.1'), [asOther(stranger), asOther(reader)], keyIds)
      const opened = await open(envelope, { as: reader })
      expect([text(opened.content), opened.mediaType, opened.committed]).toEqual([
        'Hb 7.1',
        'text/plain',
        true,
      ])
      expect(opened.security).toBe(algorithm.postQuantum ? 'post-quantum' : 'classical')
    })

    it('it opens what we shared and rekeyed of its envelope', async () => {
      const [reader, next] = [await kemKey(algorithm, 1), await kemKey(algorithm, 2)]
      const envelope = await otherSeal(utf8('Hb 7.1'), [asOther(reader)], 'hint')
      const shared = await rewrap(envelope, { as: reader, add: [next.publicKey] })
      expect(text((await otherOpen(shared, asOther(next))).content)).toBe('Hb 7.1')
      const recipients = [reader.publicKey, next.publicKey]
      const fresh = await rekey(shared, { as: next, recipients })
      expect(text((await otherOpen(fresh, asOther(reader))).content)).toBe('Hb 7.1')
    })

    it.each(['plain', 'hint', 'none'] as const)('it opens our batches (%s)', async (keyIds) => {
      const [stranger, reader] = [await kemKey(algorithm, 1), await kemKey(algorithm, 2)]
      const sealer = createSealer({ keyIds })
      const recipients = [stranger.publicKey, reader.publicKey]
      for (const content of ['one', 'two']) {
        const envelope = await sealer.seal(utf8(content), { recipients })
        expect(text((await otherOpen(envelope, asOther(reader))).content)).toBe(content)
      }
    })

    it('it verifies our signatures and reads whom they address', async () => {
      const author = await person(1, algorithm)
      const other = await kemKey(algorithm, 2)
      const options = {
        author,
        recipients: [other.publicKey, author.public],
        mediaType: 'text/plain',
      }
      const envelope = await seal(utf8('Hb 7.1'), options)
      const opened = await otherOpen(envelope, asOther(other), author.public.signing.bytes)
      expect(text(opened.content)).toBe('Hb 7.1')
      expect(opened.author).toBe(toHex(author.public.signing.id))
      const ids = [other.publicKey.id, author.public.encryption.id].map(toHex).sort()
      expect(opened.audience).toEqual(ids)
      const stranger = (await person(2)).public.signing.bytes
      await expect(otherOpen(envelope, asOther(other), stranger)).rejects.toThrow('signature')
      const hidden = await seal(utf8('x'), { ...options, keyIds: 'none' })
      const { audience } = await otherOpen(hidden, asOther(other), author.public.signing.bytes)
      expect(audience).toBeNull()
    })
  },
)
