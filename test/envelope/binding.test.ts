import { describe, expect, it } from 'vitest'
import { type KeyIdMode, open, rewrap, seal } from '../../src/envelope/index.ts'
import {
  type CborMap,
  type CborValue,
  decodeStrict,
  encodeCbor,
  type Tagged,
} from '../../src/internal/cbor/index.ts'
import { openPlaintext } from '../../src/internal/envelope/opening.ts'
import { readerKeys } from '../../src/internal/envelope/reader.ts'
import {
  ed25519,
  type Identity,
  keyDirectory,
  mlKem768P256,
  p256,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { refused } from '../helpers/cbor.ts'
import {
  assemble,
  craft,
  craftBatchEntry,
  craftEntry,
  partsOf,
  unsigned,
} from '../helpers/craft.ts'
import { codeOf } from '../helpers/errors.ts'
import { kemKey, person } from '../helpers/keys.ts'

const modes: readonly KeyIdMode[] = ['plain', 'hint', 'none']
const contentKey = new Uint8Array(32).fill(0x11)
const fails = 'ERR_ENVELOPE_OPEN_FAILED'

/** The plaintext of layer 0, as a malicious reader has it. */
async function insideOf(envelope: Uint8Array, reader: Identity): Promise<Uint8Array> {
  const options = { externalAad: new Uint8Array(0), profile: 'careseal' } as const
  return (await openPlaintext(envelope, readerKeys(reader), options)).plaintext
}

describe('parts of two envelopes, swapped', () => {
  it.each(modes)('%s: entries, ciphertexts, headers and IVs fit nowhere else', async (keyIds) => {
    const reader = await kemKey(x25519)
    const recipients = [reader.publicKey]
    const [a, b] = await Promise.all(
      ['first', 'other'].map((content) => seal(utf8(content), { recipients, keyIds })),
    )
    const [one, two] = [partsOf(a!), partsOf(b!)]
    // A hint belongs to one envelope; with it the entry is not even recognised in another.
    const entryCode = keyIds === 'hint' ? 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND' : fails
    const mixed: [Uint8Array, string][] = [
      [assemble({ ...one, recipients: two.recipients }), entryCode],
      [assemble({ ...one, ciphertext: two.ciphertext }), fails],
      [assemble({ ...one, unprotected: two.unprotected }), fails],
      [assemble({ ...one, header: two.header }), entryCode],
    ]
    for (const [envelope, code] of mixed) {
      expect(await codeOf(open(envelope, { as: reader }))).toBe(code)
      expect(await codeOf(open(envelope, { as: reader, profile: 'foreign' }))).toBe(fails)
    }
    expect(text((await open(assemble(one), { as: reader })).content)).toBe('first')
  })

  it('an entry does not open for another reader, whatever key id it claims', async () => {
    const [alice, bob] = [await kemKey(x25519, 1), await kemKey(x25519, 2)]
    const parts = partsOf(await craft({ entries: [{ key: alice.publicKey }] }))
    const [header, ...rest] = parts.recipients[0] as [Uint8Array, ...CborValue[]]
    const renamed = new Map([...(decodeStrict(header, refused) as CborMap), [4, bob.publicKey.id]])
    parts.recipients = [[encodeCbor(renamed as CborMap), ...rest]]
    expect(await codeOf(open(assemble(parts), { as: bob }))).toBe(fails)
    expect(await codeOf(open(assemble(parts), { as: alice }))).toBe(
      'ERR_ENVELOPE_RECIPIENT_NOT_FOUND',
    )
  })
})

describe('algorithms, confused', () => {
  it.each([
    ['A256GCM where the header says ChaCha20-Poly1305', 24, 3],
    ['ChaCha20-Poly1305 where the header says A256GCM', 3, 24],
    ['the algorithm of a batch in an entry of content', 3, -5],
  ] as const)(
    'pitfall 9: a content key wrapped for %s does not open',
    async (_name, alg, nextAlg) => {
      const { publicKey, ...key } = await kemKey(x25519)
      const as = { publicKey, decapsulate: key.decapsulate }
      const good = await craft({ alg, entries: [{ key: publicKey }] })
      expect(text((await open(good, { as })).content)).toBe('crafted')
      const bad = await craft({ alg, entries: [{ key: publicKey, nextAlg }] })
      expect(await codeOf(open(bad, { as }))).toBe(fails)
    },
  )

  it('pitfall 9: a header changed from one cipher to the other does not open', async () => {
    const key = await kemKey(x25519)
    for (const [alg, other] of [
      [3, 24],
      [24, 3],
    ] as const) {
      const parts = partsOf(await craft({ alg, entries: [{ key: key.publicKey }] }))
      const headers = decodeStrict(parts.header, refused) as CborMap
      parts.header = encodeCbor(new Map([...headers, [1, other]]))
      expect(await codeOf(open(assemble(parts), { as: key }))).toBe(fails)
    }
  })

  it('pitfall 9: a batch key is no content key, and a content key no batch key', async () => {
    const key = await kemKey(x25519)
    const batchKey = new Uint8Array(32).fill(0x44)
    const parts = partsOf(await craft({ entries: [{ key: key.publicKey }] }))
    const entry = { key: key.publicKey }
    // The inner recipient of a batch, taken out of it: its info names A256KW, not the content's cipher.
    const inner = await craftEntry({ ...entry, contentKey, nextAlg: -5 }, contentKey, 3)
    expect(await codeOf(open(assemble({ ...parts, recipients: [inner] }), { as: key }))).toBe(fails)
    // The other way round.
    const batch = await craftBatchEntry({ ...entry, nextAlg: 3 }, contentKey, batchKey)
    expect(await codeOf(open(assemble({ ...parts, recipients: [batch] }), { as: key }))).toBe(fails)
  })

  it.each([
    ['X-Wing', xWing, 56],
    ['MLKEM768-P256', mlKem768P256, 54],
    ['P-256', p256, 45],
    ['X25519', x25519, 42],
  ] as const)(
    'pitfall 8: %s: an entry of the integrated mode is refused',
    async (_name, algorithm, alg) => {
      const key = await kemKey(algorithm)
      const entries = [{ key: key.publicKey, headers: [[1, alg]] as const }]
      const envelope = await craft({ entries })
      expect(await codeOf(open(envelope, { as: key }))).toBe('ERR_ENVELOPE_MALFORMED')
      expect(await codeOf(open(envelope, { as: key, profile: 'foreign' }))).toBe(
        'ERR_ENVELOPE_RECIPIENT_NOT_FOUND',
      )
    },
  )
})

describe('external data', () => {
  it('is bound, signed or not', async () => {
    const author = await person(1)
    const authors = keyDirectory([author.public])
    for (const options of [{}, { author }]) {
      const recipients = [author.public]
      const envelope = await seal(utf8('x'), { ...options, recipients, externalAad: utf8('row 7') })
      const as = author
      expect(
        (await open(envelope, { as, authors, externalAad: utf8('row 7') })).content,
      ).toHaveLength(1)
      expect(await codeOf(open(envelope, { as, authors, externalAad: utf8('row 8') }))).toBe(fails)
      expect(await codeOf(open(envelope, { as, authors }))).toBe(fails)
    }
  })
})

describe('a signature', () => {
  const setUp = async () => {
    const [author, reader, stranger] = [await person(1), await person(2), await person(3)]
    const options = { author, recipients: [reader.public], mediaType: 'text/plain' }
    const envelope = await seal(utf8('Hb 7.1'), options)
    const authors = keyDirectory([author.public])
    return { author, reader, stranger, envelope, authors }
  }

  it('does not move to another envelope', async () => {
    const { reader, stranger, envelope, authors } = await setUp()
    const plaintext = await insideOf(envelope, reader)
    const moved = await craft({
      plaintext,
      entries: [{ key: stranger.public.encryption }],
      envelopeId: new Uint8Array(32).fill(0x77),
    })
    expect(await codeOf(open(moved, { as: stranger, authors }))).toBe('ERR_ENVELOPE_MALFORMED')
  })

  it('tells whom the author addressed, even in a copy that a reader made for others', async () => {
    const { reader, stranger, envelope, authors } = await setUp()
    const first = await open(envelope, { as: reader, authors })
    expect(first.addressed).toBe('original')
    const copy = await craft({
      plaintext: await insideOf(envelope, reader),
      entries: [{ key: stranger.public.encryption }],
      envelopeId: first.envelopeId!,
    })
    const second = await open(copy, { as: stranger, authors })
    expect(second.addressed).toBe('shared')
    expect(text(second.content)).toBe('Hb 7.1')
    const shared = await rewrap(envelope, { as: reader, add: [stranger.public] })
    expect((await open(shared, { as: stranger, authors })).addressed).toBe('shared')
    expect((await open(shared, { as: reader, authors })).addressed).toBe('original')
  })

  it('can be dropped by a reader, and then it is gone: nobody is named as author', async () => {
    const { reader, stranger, envelope, authors } = await setUp()
    const { envelopeId, content } = await open(envelope, { as: reader, authors })
    const stripped = await craft({
      plaintext: unsigned(content),
      entries: [{ key: stranger.public.encryption }],
      envelopeId: envelopeId!,
    })
    const opened = await open(stripped, { as: stranger, authors })
    expect([opened.signers, opened.authors, opened.addressed]).toEqual([[], [], 'unstated'])
  })

  it('of somebody else does not take its place', async () => {
    const { author, reader, stranger, envelope } = await setUp()
    const authors = keyDirectory([author.public, stranger.public])
    const tagged = decodeStrict(await insideOf(envelope, reader), refused, [18]) as Tagged
    const [header, , payload] = tagged.value as [Uint8Array, CborValue, Uint8Array]
    const message = encodeCbor(['Signature1', header, new Uint8Array(0), payload])
    const forged = await stranger.signer.sign(message)
    const { envelopeId } = await open(envelope, { as: reader, authors })
    const copy = await craft({
      plaintext: Uint8Array.of(0xd2, ...encodeCbor([header, new Map(), payload, forged])),
      entries: [{ key: reader.public.encryption }],
      envelopeId: envelopeId!,
    })
    expect(author.signer.publicKey.algorithm).toBe(ed25519)
    expect(await codeOf(open(copy, { as: reader, authors }))).toBe(fails)
  })

  it.each(modes)('%s: states its audience, or not where readers are hidden', async (keyIds) => {
    const { author, reader, authors } = await setUp()
    const envelope = await seal(utf8('x'), { author, recipients: [reader.public], keyIds })
    const { addressed } = await open(envelope, { as: reader, authors })
    expect(addressed).toBe(keyIds === 'none' ? 'unstated' : 'original')
  })
})
