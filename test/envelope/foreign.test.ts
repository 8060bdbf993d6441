import { describe, expect, it } from 'vitest'
import { inspect, open, rekey, rewrap, seal } from '../../src/envelope/index.ts'
import { type CborKey, type CborValue, encodeCbor, Tagged } from '../../src/internal/cbor/index.ts'
import { gcm } from '../../src/internal/engine/gcm.ts'
import {
  createKeyRing,
  type KemPublicKey,
  p256,
  rotateKey,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { assemble, type CraftedEntry, craftEntry, partsOf, unsigned } from '../helpers/craft.ts'
import { codeOf, rejection, thrownCode } from '../helpers/errors.ts'
import { kemKey } from '../helpers/keys.ts'

type Headers = [CborKey, CborValue][]
const malformed = 'ERR_ENVELOPE_MALFORMED'
const iv = new Uint8Array(12).fill(2)

/** A COSE_Encrypt as another sender makes it: no id, no commitment, any further headers. */
async function foreignEnvelope(
  entries: readonly CraftedEntry[],
  change: { headers?: Headers; unprotected?: Headers; others?: CborValue[]; tag?: number } = {},
): Promise<Uint8Array> {
  const contentKey = new Uint8Array(32).fill(1)
  const header = encodeCbor(new Map<CborKey, CborValue>([[1, 3], ...(change.headers ?? [])]))
  const aad = encodeCbor(['Encrypt', header, new Uint8Array(0)])
  const ciphertext = await gcm.seal(contentKey, iv, aad, utf8('from elsewhere'))
  const recipients: CborValue[] = [...(change.others ?? [])]
  for (const entry of entries) recipients.push(await craftEntry(entry, contentKey, 3))
  const unprotected = new Map<CborKey, CborValue>(change.unprotected ?? [[5, iv]])
  return encodeCbor(new Tagged(change.tag ?? 96, [header, unprotected, ciphertext, recipients]))
}

const foreign = { profile: 'foreign' } as const
const kidless = (key: KemPublicKey): CraftedEntry => ({ key, headers: [[4, undefined]] })

describe('envelopes of other senders', () => {
  it('open as they are, with nothing claimed that was not verified', async () => {
    const key = await kemKey(xWing)
    const envelope = await foreignEnvelope([{ key: key.publicKey }], {
      headers: [[3, 'text/plain']],
    })
    const { content, ...rest } = await open(envelope, { as: key, ...foreign })
    expect(text(content)).toBe('from elsewhere')
    expect(rest).toEqual({
      mediaType: 'text/plain',
      signers: [],
      authors: [],
      addressed: 'unstated',
      security: 'classical',
      committed: false,
      envelopeId: null,
    })
    const demanding = { as: key, minimumSecurity: 'post-quantum', ...foreign } as const
    expect(await codeOf(open(envelope, demanding))).toBe('ERR_ENVELOPE_SECURITY')
  })

  it('are never taken for ours', async () => {
    const key = await kemKey(x25519)
    const envelope = await foreignEnvelope([{ key: key.publicKey }])
    expect(await codeOf(open(envelope, { as: key }))).toBe(malformed)
    expect(thrownCode(() => inspect(envelope))).toBe(malformed)
    expect(await codeOf(rewrap(envelope, { as: key }))).toBe(malformed)
    const rekeying = rekey(envelope, { as: key, recipients: [key.publicKey] })
    expect(await codeOf(rekeying)).toBe(malformed)
  })

  it('a word that is no profile is refused', async () => {
    const key = await kemKey(x25519)
    const envelope = await foreignEnvelope([{ key: key.publicKey }])
    for (const profile of ['any', '', null, true]) {
      const opening = open(envelope, { as: key, profile: profile as never })
      expect(await rejection(opening)).toBeInstanceOf(TypeError)
    }
  })

  it('may have other headers, other tags in them, text labels, any content type', async () => {
    const key = await kemKey(x25519)
    const headers: Headers = [
      [3, 50],
      [15, new Map([[1, 'issuer']])],
      ['note', [1, 2]],
      [-70000, new Tagged(18, [new Uint8Array(0), new Map(), null, new Uint8Array(64)])],
    ]
    const unprotected: Headers = [
      [5, iv],
      [11, new Tagged(98, [])],
    ]
    const envelope = await foreignEnvelope([{ key: key.publicKey }], { headers, unprotected })
    const opened = await open(envelope, { as: key, ...foreign })
    expect([text(opened.content), opened.mediaType]).toEqual(['from elsewhere', null])
  })

  it('pitfall 10: may have the IV in the protected header, but one IV only, of 12 bytes', async () => {
    const key = await kemKey(x25519)
    const entries = [{ key: key.publicKey }]
    const inside = await foreignEnvelope(entries, { headers: [[5, iv]], unprotected: [] })
    expect(text((await open(inside, { as: key, ...foreign })).content)).toBe('from elsewhere')
    for (const change of [
      { headers: [[5, iv]] as Headers },
      { unprotected: [] as Headers },
      { unprotected: [[5, iv.slice(1)]] as Headers },
      { unprotected: [[5, new Uint8Array(16)]] as Headers },
      { unprotected: [[6, new Uint8Array(4)]] as Headers },
      {
        unprotected: [
          [5, iv],
          [6, new Uint8Array(4)],
        ] as Headers,
      },
      { headers: [[6, new Uint8Array(4)]] as Headers },
    ]) {
      const envelope = await foreignEnvelope(entries, change)
      expect(await codeOf(open(envelope, { as: key, ...foreign }))).toBe(malformed)
    }
  })

  it('pitfall 4: may not have critical headers, an outer algorithm or one label twice', async () => {
    const key = await kemKey(x25519)
    const entries = [{ key: key.publicKey }]
    for (const change of [
      { headers: [[2, [3]]] as Headers },
      {
        unprotected: [
          [5, iv],
          [2, [5]],
        ] as Headers,
      },
      {
        unprotected: [
          [5, iv],
          [1, 3],
        ] as Headers,
      },
      {
        headers: [[33, 1]] as Headers,
        unprotected: [
          [5, iv],
          [33, 1],
        ] as Headers,
      },
      { tag: 98 },
      { tag: 18 },
    ]) {
      const envelope = await foreignEnvelope(entries, change)
      expect(await codeOf(open(envelope, { as: key, ...foreign }))).toBe(malformed)
    }
  })

  it('may not have the algorithm of the content outside the protected headers alone', async () => {
    const key = await kemKey(x25519)
    const parts = partsOf(await foreignEnvelope([{ key: key.publicKey }]))
    parts.header = new Uint8Array(0)
    parts.unprotected.set(1, 3)
    expect(await codeOf(open(assemble(parts), { as: key, ...foreign }))).toBe(malformed)
  })

  it('may have key ids of any kind, in either header, or none', async () => {
    const key = await kemKey(x25519)
    const stranger = await kemKey(x25519, 2)
    const named: CraftedEntry[] = [
      { key: key.publicKey, headers: [[4, utf8('alice')]] },
      { key: key.publicKey, headers: [[4, undefined]], unprotected: [[4, utf8('alice')]] },
      { key: key.publicKey, headers: [[4, undefined]], unprotected: [[4, key.publicKey.id]] },
      kidless(key.publicKey),
      { key: key.publicKey, headers: [[4, stranger.publicKey.id]] },
    ]
    for (const entry of named) {
      const envelope = await foreignEnvelope([{ key: stranger.publicKey }, entry])
      expect(text((await open(envelope, { as: key, ...foreign })).content)).toBe('from elsewhere')
    }
  })

  it('open by key id behind any number of others, without one behind 63', async () => {
    const key = await kemKey(x25519)
    const stranger = await kemKey(x25519, 2)
    const others = Array.from({ length: 70 }, () => kidless(stranger.publicKey))
    const named = await foreignEnvelope([...others, { key: key.publicKey }])
    expect(text((await open(named, { as: key, ...foreign })).content)).toBe('from elsewhere')
    const hidden = await foreignEnvelope([...others, kidless(key.publicKey)])
    expect(await codeOf(open(hidden, { as: key, ...foreign }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    const reached = await foreignEnvelope([...others.slice(0, 63), kidless(key.publicKey)])
    const ring = rotateKey(createKeyRing(key), stranger)
    expect(text((await open(reached, { as: ring, ...foreign })).content)).toBe('from elsewhere')
  })

  it('pitfall 13: may have recipients of kinds that are not ours, which nobody here is', async () => {
    const key = await kemKey(p256)
    const others: CborValue[] = [
      [encodeCbor(new Map([[1, -25]])), new Map([[-1, new Map()]]), new Uint8Array(0)],
      [encodeCbor(new Map([[1, 53]])), new Map([[-4, new Uint8Array(12)]]), new Uint8Array(48)],
      [encodeCbor(new Map([[1, 53]])), new Map(), new Uint8Array(48)],
      [encodeCbor(new Map([[1, 53]])), new Map([[-4, new Uint8Array(65)]]), new Uint8Array(3)],
      [
        new Uint8Array(0),
        new Map(),
        new Uint8Array(40),
        [[new Uint8Array(0), new Map(), new Uint8Array(0)]],
      ],
      // `direct` and AES key wrap name their algorithm outside: they have no protected headers.
      [new Uint8Array(0), new Map([[1, -6]]), new Uint8Array(0)],
      [Uint8Array.of(0xa0), new Map([[1, -5]]), new Uint8Array(40)],
    ]
    const envelope = await foreignEnvelope([{ key: key.publicKey }], { others })
    expect(text((await open(envelope, { as: key, ...foreign })).content)).toBe('from elsewhere')
    const alone = partsOf(envelope)
    alone.recipients = others
    expect(await codeOf(open(assemble(alone), { as: key, ...foreign }))).toBe(
      'ERR_ENVELOPE_OPEN_FAILED',
    )
    const stranger = await kemKey(xWing)
    expect(await codeOf(open(envelope, { as: stranger, ...foreign }))).toBe(
      'ERR_ENVELOPE_RECIPIENT_NOT_FOUND',
    )
  })

  it('pitfall 3: an HPKE recipient names its algorithm inside, or the message is refused', async () => {
    const key = await kemKey(p256)
    const bare = await foreignEnvelope([{ key: key.publicKey }])
    const move = (headers: readonly [number, CborValue][], empty: Uint8Array): Uint8Array => {
      const parts = partsOf(bare)
      const [, unprotected, wrapped] = parts.recipients[0] as CborValue[]
      const all = new Map([...(unprotected as ReadonlyMap<number, CborValue>), ...headers])
      parts.recipients = [[empty, all, wrapped!]]
      return assemble(parts)
    }
    for (const alg of [50, 53, 55, 57]) {
      for (const empty of [new Uint8Array(0), Uint8Array.of(0xa0), encodeCbor(new Map([[4, 1]]))]) {
        const outside = open(move([[1, alg]], empty), { as: key, ...foreign })
        expect(await codeOf(outside)).toBe(malformed)
      }
    }
  })

  it('with an entry that is none of its algorithm has no reader there', async () => {
    const key = await kemKey(x25519)
    const parts = partsOf(await foreignEnvelope([{ key: key.publicKey }]))
    const [header, , wrapped] = parts.recipients[0] as [Uint8Array, CborValue, CborValue]
    for (const unprotected of [
      new Map(),
      new Map<CborKey, CborValue>([[-4, new Uint8Array(33).fill(9)]]),
      new Map<CborKey, CborValue>([[-4, 'x'.repeat(32)]]),
    ]) {
      const envelope = assemble({ ...parts, recipients: [[header, unprotected, wrapped]] })
      expect(await codeOf(open(envelope, { as: key, ...foreign }))).toBe(
        'ERR_ENVELOPE_RECIPIENT_NOT_FOUND',
      )
    }
  })

  it('opens by a key id in the unprotected header behind any number of others', async () => {
    const key = await kemKey(x25519)
    const stranger = await kemKey(x25519, 2)
    const others = Array.from({ length: 64 }, () => kidless(stranger.publicKey))
    const { id } = key.publicKey
    const named = { ...kidless(key.publicKey), unprotected: [[4, id]] as Headers }
    const envelope = await foreignEnvelope([...others, named])
    expect(text((await open(envelope, { as: key, ...foreign })).content)).toBe('from elsewhere')
  })

  it('whose wrapped key has another length than 32 bytes does not open', async () => {
    const key = await kemKey(x25519)
    for (const length of [0, 16, 31, 33]) {
      const entry = { key: key.publicKey, contentKey: new Uint8Array(length) }
      const envelope = await foreignEnvelope([entry])
      expect(await codeOf(open(envelope, { as: key, ...foreign }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    }
  })

  it('with a recipient header longer than HPKE can bind does not open', async () => {
    const key = await kemKey(xWing)
    const padding = new Uint8Array(66_000)
    const envelope = partsOf(await foreignEnvelope([{ key: key.publicKey }]))
    const [, ...rest] = envelope.recipients[0] as [Uint8Array, ...CborValue[]]
    const header = encodeCbor(
      new Map<CborKey, CborValue>([
        [1, 57],
        [-70001, padding],
      ]),
    )
    envelope.recipients = [[header, ...rest]]
    expect(await codeOf(open(assemble(envelope), { as: key, ...foreign }))).toBe(
      'ERR_ENVELOPE_OPEN_FAILED',
    )
  })

  it('one of ours, opened as foreign, is not interpreted', async () => {
    const key = await kemKey(x25519)
    const envelope = await seal(utf8('x'), { recipients: [key.publicKey], mediaType: 'text/plain' })
    const { content, mediaType, committed } = await open(envelope, { as: key, ...foreign })
    expect(content).toEqual(unsigned(utf8('x')))
    expect([mediaType, committed]).toEqual([null, false])
  })
})
