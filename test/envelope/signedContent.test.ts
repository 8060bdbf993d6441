import { describe, expect, it } from 'vitest'
import { open, seal } from '../../src/envelope/index.ts'
import type { CborKey, CborValue } from '../../src/internal/cbor/index.ts'
import { decodeStrict, encodeCbor, Tagged } from '../../src/internal/cbor/index.ts'
import { receiveSigned, sign, verifySigned } from '../../src/internal/cose/signed.ts'
import {
  ed25519,
  es256,
  type Identity,
  keyDirectory,
  type LocalDecapsulator,
  mlDsa65,
  type PublicIdentity,
  x25519,
} from '../../src/keys/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { RefusedCbor, refused } from '../helpers/cbor.ts'
import { craft } from '../helpers/craft.ts'
import {
  type CraftedMany,
  type CraftedSigned,
  craftSign,
  craftSign1,
} from '../helpers/craftSigned.ts'
import { codeOf } from '../helpers/errors.ts'
import { kemKey, person, signKey } from '../helpers/keys.ts'

const payload = utf8('Hb 7.1 g/dL')
const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(9)
type Changes = [CborKey, CborValue | undefined][]

/** The outcome of opening a hand-made plaintext: the content, or the code of the refusal. */
async function outcome(plaintext: Uint8Array, people: readonly PublicIdentity[]): Promise<string> {
  const as: LocalDecapsulator = await kemKey(x25519, 9)
  const envelope = await craft({ entries: [{ key: as.publicKey }], plaintext })
  const opening = open(envelope, { as, authors: keyDirectory(people) })
  return opening.then(
    ({ content, signers }) => `${text(content)} by ${signers.length}`,
    () => codeOf(opening),
  )
}

/** Made once: keys and cards of ML-DSA take longer than all else here. */
let authors: Promise<readonly Identity[]> | undefined

const setUp = async () => {
  authors ??= Promise.all([person(1), person(2, x25519, es256), person(3, x25519, mlDsa65)])
  const people = await authors
  const sign1 = (changes: Partial<CraftedSigned> = {}) =>
    craftSign1({ signer: people[0]!.signer, payload, ...changes })
  const sign = (changes: Partial<CraftedMany> = {}) =>
    craftSign({ signers: people.map(({ signer }) => signer), payload, ...changes })
  return { people: people.map((one) => one.public), identities: people, sign1, sign }
}

describe('one signature (COSE_Sign1)', () => {
  it('made by hand as the format says, verifies', async () => {
    const { people, sign1 } = await setUp()
    expect(await outcome(await sign1(), people)).toBe('Hb 7.1 g/dL by 1')
    // EdDSA of RFC 8152 is the older name of the same algorithm.
    expect(await outcome(await sign1({ headers: [[1, -8]] }), people)).toBe('Hb 7.1 g/dL by 1')
  })

  const refusals: Record<string, Partial<CraftedSigned>> = {
    'another kind': { typ: 'application/careseal-record+cose' },
    'the kind of an identity card': { typ: 'application/careseal-identity+cose' },
    'no kind': { headers: [[16, undefined]] },
    'another envelope id': { envelopeId: bytes(32) },
    'a short envelope id': { envelopeId: bytes(31) },
    'no envelope id': { headers: [[-77001, undefined]] },
    'no audience': { headers: [[-77003, undefined]] },
    'an audience of one unsorted list': { audience: [bytes(32), new Uint8Array(32)] },
    'an audience with one id twice': { audience: [bytes(32), bytes(32)] },
    'an audience of short ids': { audience: [bytes(31)] },
    'an audience of text': { audience: ['x'.repeat(32)] },
    'an audience that is no list': { audience: bytes(32) },
    'no media type': { headers: [[3, undefined]] },
    'a media type as number': { headers: [[3, 50]] },
    'an unknown header': { headers: [[-77009, 1]] },
    'a list of signers': { headers: [[-77004, [bytes(32)]]] },
    'pitfall 4: crit': { headers: [[2, [16]]] },
    'no algorithm': { headers: [[1, undefined]] },
    'an algorithm as text': { headers: [[1, 'EdDSA']] },
    'no key id': { headers: [[4, undefined]] },
    'a short key id': { headers: [[4, bytes(31)]] },
    'an unprotected header': { unprotected: new Map([[4, bytes(2)]]) },
    'a detached payload': { shown: null },
    'a payload as text': { shown: 'Hb 7.1 g/dL' },
    'another header in place of the audience': {
      headers: [
        [-77003, undefined],
        [-77009, null],
      ],
    },
    'no headers at all': {
      headers: [1, 3, 4, 16, -77001, -77003].map((label) => [label, undefined]),
    },
    'a signature as text': { signature: () => 'x'.repeat(64) },
    'the tag of COSE_Sign': { tag: 98 },
  }
  it.each(Object.entries(refusals))('with %s is malformed', async (_name, change) => {
    const { people, sign1 } = await setUp()
    expect(await outcome(await sign1(change), people)).toBe('ERR_ENVELOPE_MALFORMED')
  })

  const failures: Record<string, Partial<CraftedSigned>> = {
    'another payload': { shown: utf8('Hb 9.1 g/dL') },
    'the algorithm of another key': { headers: [[1, -9]] },
    'an algorithm that nobody has': { headers: [[1, -37]] },
    'a changed signature': {
      signature: (signature) => signature.map((byte, i) => (i === 5 ? byte ^ 1 : byte)),
    },
    'a signature that is too short': { signature: (signature) => signature.slice(0, 63) },
    'a signature with a byte after it': {
      signature: (signature) => Uint8Array.of(...signature, 0),
    },
    'an empty signature': { signature: () => new Uint8Array(0) },
    'other additional data': { externalAad: utf8('another row') },
  }
  it.each(Object.entries(failures))('with %s does not open', async (_name, change) => {
    const { people, sign1 } = await setUp()
    expect(await outcome(await sign1(change), people)).toBe('ERR_ENVELOPE_OPEN_FAILED')
  })

  it("under another author's key id does not open", async () => {
    const { people, sign1 } = await setUp()
    const headers: Changes = [[4, people[1]!.signing.id]]
    expect(await outcome(await sign1({ headers }), people)).toBe('ERR_ENVELOPE_OPEN_FAILED')
    const claimed: Changes = [
      [1, -9],
      [4, people[1]!.signing.id],
    ]
    expect(await outcome(await sign1({ headers: claimed }), people)).toBe(
      'ERR_ENVELOPE_OPEN_FAILED',
    )
  })

  it('with s in the upper half does not open, though verifySignature takes it', async () => {
    const { people, identities, sign1 } = await setUp()
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const highS = (signature: Uint8Array): Uint8Array => {
      const s = BigInt(`0x${Buffer.from(signature.slice(32)).toString('hex')}`)
      const twin = (order - s).toString(16).padStart(64, '0')
      return Uint8Array.of(...signature.slice(0, 32), ...Buffer.from(twin, 'hex'))
    }
    const { signer } = identities[1]!
    expect(await outcome(await sign1({ signer }), people)).toBe('Hb 7.1 g/dL by 1')
    const twin = await sign1({ signer, signature: highS })
    expect(await outcome(twin, people)).toBe('ERR_ENVELOPE_OPEN_FAILED')
  })
})

describe('several signatures (COSE_Sign)', () => {
  it('made by hand as the format says, verify', async () => {
    const { people, sign } = await setUp()
    expect(await outcome(await sign(), people)).toBe('Hb 7.1 g/dL by 3')
  })

  const refusals: Record<string, Partial<CraftedMany>> = {
    'another kind': { typ: 'application/careseal-record+cose' },
    'one signature only': { signatures: (list) => list.slice(0, 1) },
    'no signatures': { signatures: () => [] },
    'no list of signatures': { signatures: () => null },
    'a signature in place of their list': { signatures: () => bytes(64) },
    'one signature less than listed': { signatures: (list) => list.slice(0, 2) },
    'signatures in another order': { signatures: (list) => [list[1]!, list[0]!, list[2]!] },
    'one signature twice': { signatures: (list) => [list[0]!, list[0]!, list[2]!] },
    'no list of signers': { headers: [[-77004, undefined]] },
    'a list of signers with another one': { kids: [bytes(32), bytes(32), bytes(32)] },
    'a list of signers that is no list': { kids: bytes(96) },
    'an algorithm for the whole': { headers: [[1, -19]] },
    'a key id for the whole': { headers: [[4, bytes(32)]] },
    'an unprotected header': { unprotected: new Map([[4, bytes(2)]]) },
    'an unprotected header in a signature': { signatureUnprotected: new Map([[1, -19]]) },
    'an unknown header in a signature': { signatureHeaders: [[-77009, 1]] },
    'a kind in a signature': { signatureHeaders: [[16, 'application/careseal-content+cose']] },
    'no key id in a signature': { signatureHeaders: [[4, undefined]] },
    'a detached payload': { shown: null },
    'a signature that is no array': { signatures: (list) => [...list.slice(1), bytes(64)] },
    'more than 16 signatures': { signatures: (list) => Array.from({ length: 17 }, () => list[0]!) },
  }
  it.each(Object.entries(refusals))('with %s are malformed', async (_name, change) => {
    const { people, sign } = await setUp()
    expect(await outcome(await sign(change), people)).toBe('ERR_ENVELOPE_MALFORMED')
  })

  it('are 2 to 16, also where the list of signers says otherwise', async () => {
    const many = await Promise.all(Array.from({ length: 17 }, (_, i) => person(i + 1)))
    const people = many.map((one) => one.public)
    const signers = many.map(({ signer }) => signer)
    for (const [count, expected] of [
      [1, 'ERR_ENVELOPE_MALFORMED'],
      [2, 'Hb 7.1 g/dL by 2'],
      [16, 'Hb 7.1 g/dL by 16'],
      [17, 'ERR_ENVELOPE_MALFORMED'],
    ] as const) {
      const plaintext = await craftSign({ signers: signers.slice(0, count), payload })
      expect(await outcome(plaintext, people)).toBe(expected)
    }
  })

  it('with a list that is right but for one are malformed', async () => {
    const { people, sign } = await setUp()
    const kids = people.map(({ signing }) => signing.id).sort(Buffer.compare)
    for (const index of [0, 1, 2]) {
      // Close to the right one, so that the list stays sorted.
      const wrong = kids.map((kid, i) =>
        i === index ? kid.map((byte, k) => (k === 31 ? byte ^ 1 : byte)) : kid,
      )
      expect(await outcome(await sign({ kids: wrong }), people)).toBe('ERR_ENVELOPE_MALFORMED')
    }
  })

  it('with one that is not good do not open', async () => {
    const { people, sign } = await setUp()
    for (const index of [0, 1, 2]) {
      const signatures = (list: readonly CborValue[]): CborValue[] =>
        list.map((item, i) => {
          const [header, unprotected, signature] = item as [Uint8Array, CborValue, Uint8Array]
          const changed = signature.map((byte, k) => (k === 20 && i === index ? byte ^ 4 : byte))
          return [header, unprotected, changed]
        })
      expect(await outcome(await sign({ signatures }), people)).toBe('ERR_ENVELOPE_OPEN_FAILED')
    }
    const other = await sign({ shown: utf8('other') })
    expect(await outcome(other, people)).toBe('ERR_ENVELOPE_OPEN_FAILED')
  })

  it('are no two separate signatures: the same bytes do not verify one by one', async () => {
    const { people, identities } = await setUp()
    const { signer } = identities[0]!
    // The signature of a COSE_Sign1, made for the structure of COSE_Sign.
    const confused = {
      publicKey: signer.publicKey,
      sign: async (message: Uint8Array) => {
        const [, header, aad, content] = decodeStrict(message, refused) as CborValue[]
        return signer.sign(encodeCbor(['Signature', header!, header!, aad!, content!]))
      },
    }
    const plaintext = await craftSign1({ signer: confused, payload })
    expect(await outcome(plaintext, people)).toBe('ERR_ENVELOPE_OPEN_FAILED')
  })
})

describe('the arrays of signed objects', () => {
  it('have exactly their length', async () => {
    const { people, sign1, sign } = await setUp()
    for (const [plaintext, opens] of [
      [await sign1(), 'Hb 7.1 g/dL by 1'],
      [await sign(), 'Hb 7.1 g/dL by 3'],
    ] as const) {
      const { tag, value } = decodeStrict(plaintext, refused, [18, 98]) as Tagged
      const items = value as CborValue[]
      expect(await outcome(encodeCbor(new Tagged(tag, items)), people)).toBe(opens)
      for (const other of [[...items, null], items.slice(0, 3), items[2]!, new Map()]) {
        const changed = encodeCbor(new Tagged(tag, other))
        expect(await outcome(changed, people)).toBe('ERR_ENVELOPE_MALFORMED')
      }
    }
    for (const change of [
      (signature: CborValue[]) => [...signature, null],
      (signature: CborValue[]) => signature.slice(0, 2),
    ]) {
      const signatures = (list: readonly CborValue[]) =>
        list.map((one) => change(one as CborValue[]))
      expect(await outcome(await sign({ signatures }), people)).toBe('ERR_ENVELOPE_MALFORMED')
    }
  })
})

describe('content that looks like something else', () => {
  it('is content, even where it is a valid signature of a trusted author', async () => {
    const { people, sign1 } = await setUp()
    const as = await kemKey(x25519, 9)
    const trap = await sign1()
    const envelope = await seal(trap, { recipients: [as.publicKey] })
    const opened = await open(envelope, { as, authors: keyDirectory(people) })
    expect(opened.content).toEqual(trap)
    expect(opened.signers).toEqual([])
    expect(opened.addressed).toBe('unstated')
  })

  it.each([
    ['a record', ['careseal/record/1', bytes(3), bytes(3), bytes(3), bytes(0)]],
    ['the key of a stream', ['careseal/stream-key/1', bytes(32), 'text/plain', null]],
    ['a later version', ['careseal/unsigned/2', 'text/plain', payload]],
    ['a fourth item', ['careseal/unsigned/1', 'text/plain', payload, null]],
    ['two items', ['careseal/unsigned/1', 'text/plain']],
    ['content as text', ['careseal/unsigned/1', 'text/plain', 'text']],
    ['a media type as bytes', ['careseal/unsigned/1', bytes(3), payload]],
    ['a bare byte string', payload],
    ['a map', new Map([[1, payload]])],
    ['null', null],
    ['an empty array', []],
    ['an envelope tag', new Tagged(18, [])],
  ] as [string, CborValue][])('%s is refused', async (_name, value) => {
    expect(await outcome(encodeCbor(value), [])).toBe('ERR_ENVELOPE_MALFORMED')
  })

  it('is refused where its encoding is not deterministic', async () => {
    const good = encodeCbor(['careseal/unsigned/1', 'text/plain', payload])
    expect(await outcome(good, [])).toBe('Hb 7.1 g/dL by 0')
    for (const bad of [
      Uint8Array.of(0x98, 3, ...good.slice(1)),
      Uint8Array.of(...good, 0),
      good.slice(0, -1),
      new Uint8Array(0),
    ]) {
      expect(await outcome(bad, [])).toBe('ERR_ENVELOPE_MALFORMED')
    }
  })
})

describe('a signed object, taken apart', () => {
  const expected = { kind: 'content', labels: [3, -77001, -77003] } as const
  const parts = async () => {
    const { people, sign1 } = await setUp()
    const { value } = decodeStrict(await sign1(), refused, [18, 98]) as Tagged
    return { people, items: value as CborValue[] }
  }

  it('has its tag', async () => {
    const { items } = await parts()
    expect(receiveSigned(new Tagged(18, items), expected, refused).kids).toHaveLength(1)
    for (const value of [items, new Tagged(96, items), new Tagged(17, items), null]) {
      expect(() => receiveSigned(value, expected, refused)).toThrow(RefusedCbor)
    }
  })

  it('has a map as its protected header', async () => {
    const { items } = await parts()
    for (const header of [[1], 1, 'x', null, new Uint8Array(3)]) {
      const value = new Tagged(18, [encodeCbor(header), ...items.slice(1)])
      expect(() => receiveSigned(value, expected, refused)).toThrow(RefusedCbor)
    }
  })

  it('verifies with a key for each signature, no more and no less', async () => {
    const { people, items } = await parts()
    const signed = receiveSigned(new Tagged(18, items), expected, refused)
    const [author, other] = people.map(({ signing }) => signing)
    expect(await verifySigned(signed, [author!])).toBe(true)
    for (const keys of [[], [other!], [author!, other!], [author!, author!]]) {
      expect(await verifySigned(signed, keys)).toBe(false)
    }
  })
})

describe('signing by nobody', () => {
  it('is refused below too', async () => {
    const nothing = { kind: 'content', headers: new Map(), payload } as const
    await expect(sign([], nothing)).rejects.toThrow(RangeError)
  })
})

describe('a signer that is not ours', () => {
  it.each([
    ['too short', (signature: Uint8Array) => signature.slice(1)],
    ['no bytes', () => 'signature' as unknown as Uint8Array],
    ['nothing', () => undefined as unknown as Uint8Array],
    [
      'a signature over something else',
      (signature: Uint8Array) => signature.map((byte) => byte ^ 1),
    ],
  ])('is refused when it answers with %s, before anything is sealed', async (_name, answer) => {
    const key = await signKey(ed25519)
    const author = {
      publicKey: key.publicKey,
      sign: async (message: Uint8Array) => answer(await key.sign(message)),
    }
    const { publicKey } = await kemKey(x25519)
    await expect(seal(payload, { author, recipients: [publicKey] })).rejects.toThrow(TypeError)
  })

  it('is refused for a signature of another length even where it says that it is ours', async () => {
    const { publicKey, sign } = await signKey(ed25519)
    const reader = await kemKey(x25519)
    for (const change of [(one: Uint8Array) => one.slice(1), (one: Uint8Array) => [...one]]) {
      const author = {
        publicKey,
        local: true,
        sign: async (message: Uint8Array) => change(await sign(message)) as Uint8Array,
      }
      const sealing = seal(payload, { author, recipients: [reader.publicKey] })
      await expect(sealing).rejects.toThrow(/^signer\.sign must resolve to 64 raw bytes/)
    }
  })
})
