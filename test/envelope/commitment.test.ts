import { describe, expect, it } from 'vitest'
import { inspect, open, rewrap, seal } from '../../src/envelope/index.ts'
import { encodeCbor } from '../../src/internal/cbor/index.ts'
import { chacha } from '../../src/internal/engine/chacha.ts'
import { gcm } from '../../src/internal/engine/gcm.ts'
import { p256, x25519 } from '../../src/keys/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'
import { assemble, commitmentOf, craft, craftBatchEntry, partsOf } from '../helpers/craft.ts'
import { codeOf } from '../helpers/errors.ts'
import { kemKey } from '../helpers/keys.ts'
import { chachaSalamander, gcmSalamander, type Opening } from '../helpers/salamander.ts'

const envelopeId = new Uint8Array(32).fill(0x33)
const one: Opening = { key: new Uint8Array(32).fill(1), iv: new Uint8Array(12).fill(7) }
const otherKey: Opening = { key: new Uint8Array(32).fill(2), iv: one.iv }
const otherIv: Opening = { key: one.key, iv: new Uint8Array(12).fill(8) }

/** The protected header that commits to the first opening. */
const headerOf = (alg: number): Uint8Array =>
  encodeCbor(
    new Map<number, number | Uint8Array>([
      [1, alg],
      [-77001, envelopeId],
      [-77002, commitmentOf(one.key, envelopeId, one.iv)],
    ]),
  )
const aadOf = (header: Uint8Array): Uint8Array => encodeCbor(['Encrypt', header, new Uint8Array(0)])

const attacks = [
  ['AES-256-GCM under two keys', 3, otherKey, gcmSalamander, gcm],
  ['ChaCha20-Poly1305 under two keys', 24, otherKey, chachaSalamander, chacha],
  ['ChaCha20-Poly1305 under two IVs', 24, otherIv, chachaSalamander, chacha],
] as const

describe('one ciphertext with two contents', () => {
  it.each(attacks)('%s: is possible', async (_name, alg, two, make, aead) => {
    const aad = aadOf(headerOf(alg))
    const ciphertext = make(one, two, aad)
    const first = await aead.open(one.key, one.iv, aad, ciphertext)
    const second = await aead.open(two.key, two.iv, aad, ciphertext)
    expect(first).toHaveLength(32)
    expect(second).toHaveLength(32)
    expect(toHex(first!)).not.toBe(toHex(second!))
  })

  it.each(attacks)(
    'pitfall 11: %s: opens for nobody whom it was not committed to',
    async (_name, alg, two, make) => {
      const [alice, bob] = [await kemKey(x25519, 1), await kemKey(x25519, 2)]
      const header = headerOf(alg)
      const ciphertext = make(one, two, aadOf(header))
      const entries = [
        { key: alice.publicKey, contentKey: one.key },
        { key: bob.publicKey, contentKey: two.key },
      ]
      const envelope = await craft({ entries, alg, ciphertext, protectedBytes: header, iv: two.iv })
      // Any other reader would show bob another content than alice.
      const foreign = await open(envelope, { as: bob, profile: 'foreign' })
      expect(foreign.content).toHaveLength(32)
      expect(await codeOf(open(envelope, { as: bob }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
      // Alice holds the committed key; with the other IV that does not help either.
      const alices = await codeOf(open(envelope, { as: alice }))
      expect(alices).toBe(two === otherIv ? 'ERR_ENVELOPE_OPEN_FAILED' : 'ERR_ENVELOPE_MALFORMED')
      // What does not open is not passed on.
      const sharing = rewrap(envelope, { as: bob, add: [(await kemKey(x25519, 3)).publicKey] })
      expect(await codeOf(sharing)).toBe('ERR_ENVELOPE_OPEN_FAILED')
    },
  )

  it('pitfall 11: a batch entry with another content key is refused alike', async () => {
    const [alice, bob] = [await kemKey(x25519, 1), await kemKey(p256, 2)]
    const envelope = await craft({ entries: [{ key: alice.publicKey }] })
    const parts = partsOf(envelope)
    const batchKey = new Uint8Array(32).fill(0x44)
    const good = await craftBatchEntry(
      { key: bob.publicKey },
      new Uint8Array(32).fill(0x11),
      batchKey,
    )
    const bad = await craftBatchEntry(
      { key: bob.publicKey },
      new Uint8Array(32).fill(0x12),
      batchKey,
    )
    const opened = await open(assemble({ ...parts, recipients: [good] }), { as: bob })
    expect(toHex(opened.content)).toBe(toHex(utf8('crafted')))
    const swapped = assemble({ ...parts, recipients: [bad] })
    expect(await codeOf(open(swapped, { as: bob }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
  })
})

describe('the commitment', () => {
  it('is what docs/formats.md §2 says', async () => {
    const reader = await kemKey(x25519)
    const envelope = await craft({ entries: [{ key: reader.publicKey }] })
    const { content, committed } = await open(envelope, { as: reader })
    expect([toHex(content), committed]).toEqual([toHex(utf8('crafted')), true])
  })

  it.each([
    ['another envelope id', { envelopeId: new Uint8Array(32).fill(0x34) }],
    ['another IV', { iv: new Uint8Array(12).fill(0x23) }],
    ['another content key', { contentKey: new Uint8Array(32).fill(0x12) }],
  ])('pitfall 11: of %s is refused', async (_name, other) => {
    const reader = await kemKey(x25519)
    const given = {
      contentKey: new Uint8Array(32).fill(0x11),
      envelopeId,
      iv: new Uint8Array(12).fill(0x22),
    }
    const { contentKey, envelopeId: id, iv } = { ...given, ...other }
    const headers = [[-77002, commitmentOf(contentKey, id, iv)]] as const
    const envelope = await craft({ ...given, entries: [{ key: reader.publicKey }], headers })
    expect(await codeOf(open(envelope, { as: reader }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    const foreign = await open(envelope, { as: reader, profile: 'foreign' })
    expect(foreign.committed).toBe(false)
  })

  it('differs between envelopes of the same content for the same reader', async () => {
    const { publicKey } = await kemKey(x25519)
    const envelopes = await Promise.all(
      [1, 2].map(() => seal(utf8('same'), { recipients: [publicKey] })),
    )
    const headers = envelopes.map((envelope) => toHex(partsOf(envelope).header))
    expect(headers[0]).not.toBe(headers[1])
    const ids = envelopes.map((envelope) => toHex(inspect(envelope).envelopeId))
    expect(ids[0]).not.toBe(ids[1])
  })
})
