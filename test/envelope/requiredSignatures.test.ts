import { beforeAll, describe, expect, it } from 'vitest'
import { signEvent, verifyEvent } from '../../src/consent/index.ts'
import {
  createOpener,
  createSealer,
  open,
  openRange,
  openStream,
  rekey,
  rewrap,
  seal,
  sealStream,
} from '../../src/envelope/index.ts'
import { EnvelopeSignatureMissing } from '../../src/errors.ts'
import {
  explainRecord,
  openRecord,
  openRecordStream,
  sealRecord,
  sealRecordStream,
} from '../../src/index.ts'
import { concat } from '../../src/internal/bytes.ts'
import { type CborValue, decodeStrict, encodeCbor, Tagged } from '../../src/internal/cbor/index.ts'
import {
  ed25519,
  es256,
  type Identity,
  type KeyDirectory,
  keyDirectory,
  type LocalSigner,
  mlDsa65,
  type SignatureAlgorithm,
  x25519,
} from '../../src/keys/index.ts'
import { memoryBlobs } from '../../src/store/index.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'
import { refused } from '../helpers/cbor.ts'
import { craft } from '../helpers/craft.ts'
import { craftSign1 } from '../helpers/craftSigned.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { person, signKey } from '../helpers/keys.ts'
import { resealed as resealedFor } from '../helpers/reseal.ts'

const missing = 'ERR_ENVELOPE_SIGNATURE_MISSING'
const both: readonly SignatureAlgorithm[] = [ed25519, mlDsa65]

let chen: Identity
let mallory: Identity
let reader: Identity
/** The second signing keys of Chen and of Mallory. */
let chenPq: LocalSigner
let malloryPq: LocalSigner
let authors: KeyDirectory

beforeAll(async () => {
  ;[chen, mallory, reader] = [await person(1), await person(2), await person(3)]
  ;[chenPq, malloryPq] = [await signKey(mlDsa65, 1), await signKey(mlDsa65, 2)]
  authors = keyDirectory([
    { identity: chen.public, name: 'Dr Chen' },
    { identity: chen.public, key: chenPq.publicKey, name: 'Dr Chen' },
    { identity: mallory.public, name: 'Mallory' },
    { identity: mallory.public, key: malloryPq.publicKey, name: 'Mallory' },
  ])
})

/** What a reader can do who keeps content key and plaintext: another plaintext under the same envelope id. */
const resealed = (
  envelope: Uint8Array,
  change: (value: CborValue) => CborValue,
): Promise<Uint8Array> => resealedFor(envelope, reader, [reader.public.encryption], change)

type Sign = readonly [body: Uint8Array, unprotected: CborValue, payload: Uint8Array, CborValue[]]
const signOf = (value: CborValue): Sign => (value as Tagged).value as unknown as Sign

describe('requiredSignatures', () => {
  const signedBy = (...signers: readonly (Identity | LocalSigner)[]): Promise<Uint8Array> =>
    seal(utf8('x'), { authors: signers, recipients: [reader.public] })

  it('both keys of one person: opened, and told under one name', async () => {
    const envelope = await signedBy(chen, chenPq)
    const opened = await open(envelope, { as: reader, authors, requiredSignatures: both })
    expect(text(opened.content)).toBe('x')
    expect(opened.authors.map(({ name }) => name)).toEqual(['Dr Chen', 'Dr Chen'])
    expect(opened.authors.map(({ identity }) => identity.did)).toEqual(
      Array(2).fill(chen.public.did),
    )
    expect(opened.authors.map(({ key }) => key.algorithm.name).sort()).toEqual([
      'Ed25519',
      'ML-DSA-65',
    ])
  })

  it('names what is missing', async () => {
    for (const [signers, demanded, absent] of [
      [[chen], both, ['ML-DSA-65']],
      [[chenPq], both, ['Ed25519']],
      [[chen, chenPq], [es256], ['ECDSA P-256']],
      [[chen], [mlDsa65, es256], ['ML-DSA-65', 'ECDSA P-256']],
    ] as const) {
      const envelope = await signedBy(...signers)
      const error = await rejection(
        open(envelope, { as: reader, authors, requiredSignatures: demanded }),
      )
      expect(error).toBeInstanceOf(EnvelopeSignatureMissing)
      const names = absent.map((name) => (name === 'ECDSA P-256' ? es256.name : name))
      expect((error as EnvelopeSignatureMissing).missing).toEqual(names)
      for (const name of names) expect(String(error)).toContain(name)
    }
    const opened = await open(await signedBy(chenPq), {
      as: reader,
      authors,
      requiredSignatures: [mlDsa65],
    })
    expect(opened.signers).toHaveLength(1)
  })

  it('asks each author: one cannot lend his signature to another', async () => {
    // As it would be with Ed25519 broken: Chen's is forged, Mallory's ML-DSA-65 is his own.
    const lent = await signedBy(chen, malloryPq)
    expect((await open(lent, { as: reader, authors })).authors).toHaveLength(2)
    const demand = { as: reader, authors, requiredSignatures: both }
    expect(await codeOf(open(lent, demand))).toBe(missing)
    expect(await codeOf(open(await signedBy(chen, mallory, malloryPq), demand))).toBe(missing)
    const complete = await signedBy(chen, chenPq, mallory, malloryPq)
    expect((await open(complete, demand)).authors).toHaveLength(4)
  })

  it('two identities of one name are two persons', async () => {
    const second = await person(1, x25519, mlDsa65)
    const twice = keyDirectory([
      { identity: chen.public, name: 'Dr Chen' },
      { identity: second.public, name: 'Dr Chen' },
    ])
    const envelope = await signedBy(chen, second)
    const demand = { as: reader, authors: twice, requiredSignatures: both }
    expect(await codeOf(open(envelope, demand))).toBe(missing)
  })

  it('is asked of the identity that a database names, whose id is computed', async () => {
    const envelope = await signedBy(chen, malloryPq)
    const directory = (signing: unknown): KeyDirectory => ({
      find: async (id) => ({ ...(await authors.find(id))!, identity: { signing } as never }),
    })
    const demand = (signing: unknown) =>
      open(envelope, { as: reader, authors: directory(signing), requiredSignatures: both })
    const { algorithm, bytes } = chen.public.signing
    expect((await demand({ algorithm, bytes, id: new Uint8Array(32) })).authors).toHaveLength(2)
    for (const signing of [undefined, null, chen.public.encryption]) {
      expect(await rejection(demand(signing))).toBeInstanceOf(TypeError)
    }
  })

  it('comes after all signatures: a false one is not told from a missing one', async () => {
    const envelope = await signedBy(chen, chenPq)
    for (const which of [0, 1]) {
      const forged = await resealed(envelope, (value) => {
        const [body, none, payload, signatures] = signOf(value)
        const changed = signatures.map((one, i) => {
          const [header, empty, signature] = one as [Uint8Array, CborValue, Uint8Array]
          return i === which ? [header, empty, signature.map((byte) => byte ^ 1)] : one
        })
        return new Tagged(98, [body, none, payload, changed])
      })
      for (const requiredSignatures of [both, [mlDsa65], [es256]]) {
        const code = await codeOf(open(forged, { as: reader, authors, requiredSignatures }))
        expect(code).toBe('ERR_ENVELOPE_OPEN_FAILED')
      }
    }
  })

  it('unsigned content has no author', async () => {
    const envelope = await seal(utf8('x'), { recipients: [reader.public] })
    const demand = { as: reader, authors, requiredSignatures: [ed25519] }
    expect(await codeOf(open(envelope, demand))).toBe(missing)
  })

  it('holds after sharing and rekeying, in batches, and for an opener', async () => {
    const okafor = await person(4)
    const sealer = createSealer({ authors: [chen, chenPq] })
    const single = createSealer({ author: chen })
    const add = [okafor.public]
    const good = await sealer.seal(utf8('x'), { recipients: [reader.public] })
    const bad = await single.seal(utf8('x'), { recipients: [reader.public] })
    const opener = createOpener({ as: okafor })
    for (const change of [
      (envelope: Uint8Array) => rewrap(envelope, { as: reader, add }),
      (envelope: Uint8Array) =>
        rekey(envelope, { as: reader, recipients: [reader.public, okafor.public] }),
    ]) {
      const demand = { authors, requiredSignatures: both }
      expect((await opener.open(await change(good), demand)).addressed).toBe('shared')
      expect(await codeOf(opener.open(await change(bad), demand))).toBe(missing)
    }
  })

  it('refuses a demand that is none', async () => {
    const envelope = await signedBy(chen)
    const demand = (requiredSignatures: unknown, profile: 'careseal' | 'foreign' = 'careseal') =>
      rejection(open(envelope, { as: reader, authors, profile, requiredSignatures } as never))
    expect(await demand([])).toBeInstanceOf(RangeError)
    for (const wrong of [
      'ed25519',
      ed25519,
      ['ed25519'],
      [x25519],
      [null],
      [{ kind: 'signature' }],
    ]) {
      expect(await demand(wrong), JSON.stringify(wrong)).toBeInstanceOf(TypeError)
    }
    expect(await demand([ed25519], 'foreign')).toBeInstanceOf(TypeError)
  })
})

describe('stripping one of two signatures', () => {
  const signed = () => seal(utf8('x'), { authors: [chen, chenPq], recipients: [reader.public] })
  const opened = (envelope: Uint8Array, demand = false) =>
    open(envelope, { as: reader, authors, ...(demand ? { requiredSignatures: both } : {}) })

  it.each([0, 1])('signature %i is taken out: found without a demand', async (which) => {
    const [dropped, listed, renamed] = await Promise.all([
      resealed(await signed(), (value) => {
        const [body, none, payload, signatures] = signOf(value)
        return new Tagged(98, [body, none, payload, signatures.filter((_, i) => i !== which)])
      }),
      // The other signature twice, so that the number fits.
      resealed(await signed(), (value) => {
        const [body, none, payload, signatures] = signOf(value)
        const other = signatures[1 - which]!
        return new Tagged(98, [body, none, payload, [other, other]])
      }),
      // As a COSE_Sign1 with the body's header, or with header and key id of its signature.
      resealed(await signed(), (value) => {
        const [body, none, payload, signatures] = signOf(value)
        const [, , signature] = signatures[1 - which] as CborValue[]
        return new Tagged(18, [body, none, payload, signature!])
      }),
    ])
    for (const envelope of [dropped, listed, renamed]) {
      expect(await codeOf(opened(envelope))).toBe('ERR_ENVELOPE_MALFORMED')
    }
  })

  it.each(['chen', 'chenPq'] as const)(
    'a COSE_Sign1 with the signature that %s gave: found without a demand',
    async (name) => {
      const signer = name === 'chen' ? chen.signer : chenPq
      const envelope = await resealed(await signed(), (value) => {
        const [body, none, payload, signatures] = signOf(value)
        const headers = new Map(decodeStrict(body, refused) as Map<number, CborValue>)
        headers.delete(-77004)
        const [own, , signature] = (signatures as CborValue[][]).find(([header]) =>
          toHex(header as Uint8Array).includes(toHex(signer.publicKey.id)),
        )!
        const all = [
          ...headers,
          ...(decodeStrict(own as Uint8Array, refused) as Map<number, CborValue>),
        ]
        return new Tagged(18, [encodeCbor(new Map(all)), none, payload, signature!])
      })
      expect(await codeOf(opened(envelope))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    },
  )

  it('a COSE_Sign1 that one of the keys made anew is another signature: only the demand finds it', async () => {
    // What whoever breaks Ed25519 could make; here the key itself makes it.
    const envelope = await craft({
      entries: [{ key: reader.public.encryption }],
      plaintext: await craftSign1({
        signer: chen.signer,
        payload: utf8('x'),
        audience: [reader.public.encryption.id],
      }),
    })
    expect((await opened(envelope)).authors.map(({ name }) => name)).toEqual(['Dr Chen'])
    expect(await codeOf(opened(envelope, true))).toBe(missing)
  })

  it('a reader who passes the content on unsigned, or in his own name, is no author of before', async () => {
    const unsigned = await resealed(await signed(), (value) => {
      const [, , payload] = signOf(value)
      return ['careseal/unsigned/1', 'text/plain', payload]
    })
    expect((await opened(unsigned)).authors).toEqual([])
    expect(await codeOf(opened(unsigned, true))).toBe(missing)
    const own = await seal(utf8('x'), {
      authors: [mallory, malloryPq],
      recipients: [reader.public],
    })
    // Nothing is stripped here: it says that Mallory wrote it, and that is what the demand lets pass.
    const names = (await opened(own, true)).authors.map(({ name }) => name)
    expect(names).toEqual(['Mallory', 'Mallory'])
  })
})

describe('records and events', () => {
  const content = '{"resourceType":"Patient"}'

  it('openRecord: both keys under one name, and the demand', async () => {
    const recipients = [reader.public]
    const two = await sealRecord(content, { authors: [chen, chenPq], recipients })
    const one = await sealRecord(content, { author: chen, recipients })
    const demand = { as: reader, authors, requiredSignatures: both }
    const opened = await openRecord(two.envelope, demand)
    expect(opened.authors.map(({ name }) => name)).toEqual(['Dr Chen', 'Dr Chen'])
    expect(explainRecord(opened)).toMatch(
      /^Signed by Dr Chen \(with (Ed25519 and ML-DSA-65|ML-DSA-65 and Ed25519)\), who says it /,
    )
    expect(await codeOf(openRecord(one.envelope, demand))).toBe(missing)
    const lent = await sealRecord(content, { authors: [chen, malloryPq], recipients })
    expect(await codeOf(openRecord(lent.envelope, demand))).toBe(missing)
    const explained = explainRecord(await openRecord(lent.envelope, { as: reader, authors }))
    expect(explained).toMatch(/^Signed by (Dr Chen and Mallory|Mallory and Dr Chen), who say it /)
    const wrong = openRecord(two.envelope, { ...demand, requiredSignatures: [] })
    expect(await rejection(wrong)).toBeInstanceOf(RangeError)
  })

  it.each([0, 1])('openRecord: signature %i is taken out', async (which) => {
    const { envelope } = await sealRecord(content, {
      authors: [chen, chenPq],
      recipients: [reader.public],
    })
    const stripped = await resealed(envelope, (value) => {
      const [domain, manifest, signature, ...rest] = value as CborValue[]
      const object = decodeStrict(signature as Uint8Array, refused, [98])
      const [body, none, payload, signatures] = signOf(object)
      const left = signatures.filter((_, i) => i !== which)
      const changed = encodeCbor(new Tagged(98, [body, none, payload, left]))
      return [domain!, manifest!, changed, ...rest]
    })
    expect(await codeOf(openRecord(stripped, { as: reader, authors }))).toBe('ERR_RECORD_MALFORMED')
  })

  it('openRecord: a second signature by the same hand does not join the record of before', async () => {
    // A signature of a record covers the list of its authors, and the commitment covers the signature.
    const { envelope } = await sealRecord(content, { author: chen, recipients: [reader.public] })
    const other = await sealRecord(content, {
      authors: [chen, chenPq],
      recipients: [reader.public],
    })
    let taken: CborValue = null
    await resealed(other.envelope, (value) => {
      taken = (value as CborValue[])[2]!
      return value
    })
    const joined = await resealed(envelope, (value) => {
      const [domain, manifest, , ...rest] = value as CborValue[]
      return [domain!, manifest!, taken, ...rest]
    })
    const demand = { as: reader, authors, requiredSignatures: both }
    expect(await codeOf(openRecord(joined, demand))).toBe('ERR_ENVELOPE_OPEN_FAILED')
  })

  it('openStream and openRange: the one signature of a stream, before any content', async () => {
    const whole = async (author: Identity | LocalSigner | undefined): Promise<Uint8Array> => {
      const pieces: Uint8Array[] = []
      const recipients = [reader.public]
      for await (const piece of sealStream([utf8('x')], { recipients, author })) pieces.push(piece)
      return concat(...pieces)
    }
    const drain = async (stream: AsyncIterable<Uint8Array>): Promise<number> => {
      let pieces = 0
      for await (const _ of stream) pieces++
      return pieces
    }
    const readings = (sealed: Uint8Array, required: readonly SignatureAlgorithm[]) => {
      const options = { as: reader, authors, requiredSignatures: required }
      const read = async (offset: number, length: number) => sealed.slice(offset, offset + length)
      const source = { size: sealed.length, read }
      return [
        () => drain(openStream([sealed], options)),
        () => drain(openRange(source, { ...options, offset: 0 })),
      ]
    }
    const [plain, pq, unsigned] = [await whole(chen), await whole(chenPq), await whole(undefined)]
    for (const reading of readings(pq, [mlDsa65])) expect(await reading()).toBe(1)
    for (const reading of readings(plain, [mlDsa65])) expect(await codeOf(reading())).toBe(missing)
    for (const reading of readings(unsigned, [mlDsa65])) {
      expect(await codeOf(reading())).toBe(missing)
    }
    for (const reading of [...readings(pq, both), ...readings(pq, [])]) {
      expect(await rejection(reading())).toBeInstanceOf(RangeError)
    }
  })

  it('openRecordStream: both keys of one person', async () => {
    const blobs = memoryBlobs()
    const recipients = [reader.public]
    const two = await sealRecordStream([utf8('x')], {
      authors: [chen, chenPq],
      recipients,
      blobs,
    })
    const one = await sealRecordStream([utf8('x')], { author: chen, recipients, blobs })
    const demand = { as: reader, authors, requiredSignatures: both, blobs }
    const opened = await openRecordStream(two.envelope, demand)
    expect(opened.authors.map(({ name }) => name)).toEqual(['Dr Chen', 'Dr Chen'])
    opened.close()
    expect(await codeOf(openRecordStream(one.envelope, demand))).toBe(missing)
  })

  it('verifyEvent: the one signature of an event', async () => {
    const { id } = await sealRecord(content, { author: chen, recipients: [reader.public] })
    const share = { type: 'share', record: id, recipients: [reader.public.encryption.id] } as const
    const [plain, pq] = [
      await signEvent(share, { author: chen }),
      await signEvent(share, { author: chenPq }),
    ]
    const demand = (required: readonly SignatureAlgorithm[]) => ({
      authors,
      requiredSignatures: required,
    })
    expect((await verifyEvent(pq.bytes, demand([mlDsa65]))).author.name).toBe('Dr Chen')
    expect(await codeOf(verifyEvent(plain.bytes, demand([mlDsa65])))).toBe(missing)
    expect(await rejection(verifyEvent(pq.bytes, demand(both)))).toBeInstanceOf(RangeError)
    expect(await rejection(verifyEvent(pq.bytes, demand([])))).toBeInstanceOf(RangeError)
  })
})
