/**
 * Writes test/fixtures/formats-1.json: `npx tsx tools/make-vectors.ts`. Version 1 is frozen; running it again is
 * for adding vectors, and a changed one is a changed format.
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { signEvent } from '../src/consent/index.ts'
import {
  chacha20Poly1305,
  createSealer,
  detachWraps,
  rewrap,
  type SealStreamOptions,
  seal,
  sealStream,
} from '../src/envelope/index.ts'
import { eraseRecord, sealRecord, sealRecordStream, shareRecord } from '../src/index.ts'
import { concat, toHex } from '../src/internal/bytes.ts'
import { encodeCbor } from '../src/internal/cbor/index.ts'
import { hintOf } from '../src/internal/cose/keyId.ts'
import { forceTier } from '../src/internal/engine/tier.ts'
import { openPlaintext } from '../src/internal/envelope/opening.ts'
import { readerKeys } from '../src/internal/envelope/reader.ts'
import { openingHash } from '../src/internal/record/opening.ts'
import * as keys from '../src/keys/index.ts'
import { openLog } from '../src/log/index.ts'
import { decodeRecord } from '../src/record/layout.ts'
import { decodeManifest, headHash } from '../src/record/manifest.ts'
import { memoryBlobs, memoryStore } from '../src/store/index.ts'

let counter = 0
let pool = Buffer.alloc(0)
/** A stream of bytes that is the same in every run, instead of random numbers. */
globalThis.crypto.getRandomValues = <T extends ArrayBufferView | null>(array: T): T => {
  const bytes = array as unknown as Uint8Array
  while (pool.length < bytes.length) {
    pool = Buffer.concat([
      pool,
      createHash('sha256').update(`careseal vectors ${counter++}`).digest(),
    ])
  }
  bytes.set(pool.subarray(0, bytes.length))
  pool = pool.subarray(bytes.length)
  return array
}

const seedOf = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const now = new Date('2026-01-02T03:04:05Z')
const { ed25519, es256, mlKem768P256, p256, x25519, xWing } = keys

/** Deterministic ECDSA signatures; the platform's are randomised. */
async function deterministic<T>(run: () => Promise<T>): Promise<T> {
  forceTier('noble')
  try {
    return await run()
  } finally {
    forceTier(null)
  }
}

async function person(
  n: number,
  kem: keys.KemAlgorithm = xWing,
  signature: keys.SignatureAlgorithm = ed25519,
): Promise<keys.Identity> {
  const signer = await keys.keyFromSeed(signature, seedOf(n))
  const decapsulator = await keys.keyFromSeed(kem, seedOf(n + 100))
  return keys.createIdentity({ signer, decapsulator, now })
}

async function keyVectors(): Promise<unknown[]> {
  const names = [
    'xWing',
    'mlKem768P256',
    'p256',
    'x25519',
    'ed25519',
    'es256',
    'es256k',
    'mlDsa65',
  ] as const
  return Promise.all(
    names.map(async (name, i) => {
      const algorithm = keys[name]
      const { publicKey } = await keys.keyFromSeed(algorithm, seedOf(i + 1))
      return {
        algorithm: name,
        seed: toHex(seedOf(i + 1)),
        publicKey: toHex(publicKey.bytes),
        id: toHex(publicKey.id),
        multikey: keys.toMultikey(publicKey),
      }
    }),
  )
}

const chen = await person(1)
const okafor = await person(2)
const classical = await deterministic(() => person(3, x25519, es256))

const cardVectors = [
  { who: chen, expires: null },
  {
    who: await deterministic(() =>
      keys.createIdentity({
        signer: classical.signer,
        decapsulator: classical.decapsulator,
        now,
        expires: new Date('2036-01-01T00:00:00Z'),
      }),
    ),
    expires: Date.UTC(2036, 0, 1) / 1000,
  },
].map(({ who, expires }) => ({
  card: toHex(keys.encodePublicIdentity(who.public)),
  did: who.public.did,
  signing: toHex(who.public.signing.id),
  encryption: toHex(who.public.encryption.id),
  issued: now.getTime() / 1000,
  expires,
}))

const hintVectors = [1, 2].map((n) => ({
  salt: toHex(seedOf(n)),
  id: toHex(chen.public.encryption.id),
  kid: toHex(hintOf(seedOf(n), chen.public.encryption.id)),
}))

async function envelopeVectors(): Promise<unknown[]> {
  const content = utf8('Hb 7.10 g/dL')
  const common = { content: toHex(content), externalAad: '' }
  const plain = await seal(content, { recipients: [chen.public], mediaType: 'text/plain' })
  const signed = await seal(content, {
    recipients: [chen.public, okafor.public],
    author: chen,
    mediaType: 'text/plain',
    keyIds: 'hint',
    externalAad: utf8('row 7'),
  })
  const two = await seal(content, {
    recipients: [chen.public, classical.public],
    authors: [chen, okafor],
    keyIds: 'none',
  })
  const all = [mlKem768P256, p256, x25519]
  const mixed = await Promise.all(all.map((kem, i) => keys.keyFromSeed(kem, seedOf(50 + i))))
  const many = await seal(content, { recipients: mixed.map(({ publicKey }) => publicKey) })
  const sealer = createSealer({ author: chen, keyIds: 'hint' })
  const batch = await sealer.seal(content, { recipients: [okafor.public], mediaType: 'text/plain' })
  const shared = await rewrap(batch, { as: okafor, add: [chen.public] })
  const reader = (seed: number, algorithm: string, addressed: string): unknown => ({
    seed: toHex(seedOf(seed)),
    algorithm,
    addressed,
  })
  return [
    {
      note: 'unsigned, key ids in plain',
      envelope: toHex(plain),
      ...common,
      mediaType: 'text/plain',
      authors: [],
      readers: [reader(101, 'xWing', 'unstated')],
    },
    {
      note: 'signed, hints, external_aad',
      envelope: toHex(signed),
      ...common,
      externalAad: toHex(utf8('row 7')),
      mediaType: 'text/plain',
      authors: [toHex(chen.public.signing.id)],
      readers: [reader(101, 'xWing', 'original'), reader(102, 'xWing', 'original')],
    },
    {
      note: 'two authors, hidden readers, one of them classical',
      envelope: toHex(two),
      ...common,
      mediaType: 'application/octet-stream',
      authors: [chen, okafor].map((one) => toHex(one.public.signing.id)).sort(),
      readers: [reader(101, 'xWing', 'unstated'), reader(103, 'x25519', 'unstated')],
    },
    {
      note: 'the other three KEMs',
      envelope: toHex(many),
      ...common,
      mediaType: 'application/octet-stream',
      authors: [],
      readers: all.map(({ name }, i) =>
        reader(
          50 + i,
          { 'MLKEM768-P256': 'mlKem768P256', 'P-256': 'p256', X25519: 'x25519' }[name]!,
          'unstated',
        ),
      ),
    },
    {
      note: 'of a batch, then shared with a second reader',
      envelope: toHex(shared),
      ...common,
      mediaType: 'text/plain',
      authors: [toHex(chen.public.signing.id)],
      readers: [reader(102, 'xWing', 'original'), reader(101, 'xWing', 'shared')],
    },
  ]
}

async function recordVector(
  note: string,
  content: string,
  options: Partial<Parameters<typeof sealRecord>[1]>,
): Promise<{ id: string; commitment: Uint8Array; envelope: Uint8Array; vector: unknown }> {
  const sealed = await sealRecord(content, {
    author: chen,
    recipients: [chen.public, okafor.public],
    now,
    ...options,
  } as Parameters<typeof sealRecord>[1])
  const opened = await openPlaintext(sealed.envelope, readerKeys(okafor), {
    externalAad: new Uint8Array(0),
    profile: 'careseal',
  } as Parameters<typeof openPlaintext>[2])
  const parts = decodeRecord(opened.plaintext)
  const fields = decodeManifest(parts.manifest)
  const hash = headHash(fields, parts.content)
  return {
    ...sealed,
    vector: {
      note,
      envelope: toHex(sealed.envelope),
      readerSeed: toHex(seedOf(102)),
      content: toHex(parts.content!),
      plaintext: toHex(opened.plaintext),
      manifest: toHex(parts.manifest),
      headHash: toHex(hash),
      openingHash: toHex(openingHash({ ...fields, eventType: 'record', headHash: hash })),
      commitment: toHex(sealed.commitment),
      id: sealed.id,
    },
  }
}

const first = await recordVector(
  'FHIR JSON under lossless/1',
  '{"resourceType":"Observation","valueDecimal":7.20}',
  {},
)
const second = await recordVector('text under raw, with every optional member, unpadded', 'Grüße', {
  mediaType: 'text/plain',
  subject: seedOf(9),
  securityLabels: ['R', 'PSY'],
  amends: first.id,
  padding: false,
})

const share = await shareRecord(first.envelope, {
  as: chen,
  recipients: [classical.public],
  now,
  allowClassical: true,
})
const granted = await signEvent(
  { type: 'share', record: first.id, recipients: [okafor.public.encryption.id], grant: second.id },
  { author: okafor, now },
)
const eventVectors = [
  { event: share.event, author: chen },
  { event: granted, author: okafor },
].map(({ event, author }) => ({
  bytes: toHex(event.bytes),
  author: toHex(author.public.signing.id),
  commitment: toHex(event.commitment),
  id: event.id,
}))

async function receiptVectors(): Promise<unknown[]> {
  const signer = await keys.keyFromSeed(ed25519, seedOf(77))
  const log = await openLog({ origin: 'vectors.example/log', signer, store: memoryStore() })
  const { logRecords } = await import('../src/index.ts')
  const entries = await logRecords([first, second, share.event], { log })
  return entries.map(({ index, receipt }, i) => ({
    receipt: toHex(receipt),
    commitment: toHex([first, second, share.event][i]!.commitment),
    policy: `log ${log.verifierKey}\nquorum none\n`,
    index,
    size: 4,
  }))
}

async function refusedVectors(): Promise<unknown[]> {
  const good = await seal(utf8('x'), { recipients: [chen.public], mediaType: 'text/plain' })
  const hex = toHex(good)
  const ivAt = hex.indexOf('a1054c') + 6
  const flip = (at: number): string =>
    hex.slice(0, at) + (hex[at] === '0' ? '1' : '0') + hex.slice(at + 1)
  const card = toHex(keys.encodePublicIdentity(chen.public))
  return [
    { kind: 'envelope', reason: 'the IV does not fit the key commitment', object: flip(ivAt) },
    { kind: 'envelope', reason: 'the tag 96 is missing', object: hex.slice(4) },
    { kind: 'envelope', reason: 'a byte after the end', object: `${hex}00` },
    { kind: 'envelope', reason: 'the ciphertext was changed', object: flip(hex.length - 2) },
    {
      kind: 'card',
      reason: 'the signature does not verify',
      object: card.slice(0, -2) + (card.endsWith('00') ? '01' : '00'),
    },
    {
      kind: 'event',
      reason: 'its readers are not in order',
      object: toHex(
        encodeCbor(
          await (await import('../src/internal/cose/signed.ts')).sign([chen.signer], {
            kind: 'share',
            headers: new Map([[-77007, seedOf(1)]]),
            payload: encodeCbor(
              new Map<number, never>([
                [1, 'share' as never],
                [2, 1 as never],
                [3, seedOf(1) as never],
                [4, [seedOf(2), seedOf(1)] as never],
              ]),
            ),
          }),
        ),
      ),
    },
  ]
}

const passphrase = 'Gr\u00fc\u00dfe aus dem Norden'
const wrappersOf = {
  secret: keys.secretWrapper(seedOf(201)),
  passphrase: keys.passphraseWrapper(passphrase, { memory: 12_288 }),
}
const wrapperVectors = {
  secret: { secret: toHex(seedOf(201)) },
  // Decomposed and with a no-break space: the same passphrase.
  passphrase: { passphrase: passphrase.normalize('NFD').replace(' ', '\u00a0') },
}

async function wrapVectors(): Promise<unknown[]> {
  const names = ['secret', 'passphrase'] as const
  const vectors: unknown[] = []
  for (const name of names) {
    const { id, wrap } = wrappersOf[name]
    const wrapped = toHex(await wrap(seedOf(202)))
    vectors.push({ ...wrapperVectors[name], id: toHex(id), wrapped, key: toHex(seedOf(202)) })
  }
  return vectors
}

/** X-Wing now, before it a P-256 key in an HSM, a disabled one, and a destroyed X25519 key. */
async function rotatedPerson(): Promise<keys.Identity> {
  const hsm = await keys.keyFromSeed(p256, seedOf(62))
  const steps = [
    await keys.keyFromSeed(x25519, seedOf(61)),
    { publicKey: hsm.publicKey, decapsulate: hsm.decapsulate },
    await keys.keyFromSeed(mlKem768P256, seedOf(63)),
    await keys.keyFromSeed(xWing, seedOf(64)),
  ]
  let ring = steps.slice(1).reduce(keys.rotateKey, keys.createKeyRing(steps[0]!))
  ring = keys.setKeyStatus(ring, steps[0]!.publicKey.id, 'destroyed')
  ring = keys.setKeyStatus(ring, steps[2]!.publicKey.id, 'disabled')
  const signer = await keys.keyFromSeed(ed25519, seedOf(65))
  return keys.createIdentity({ signer, decapsulator: ring, now })
}

const rotatedRing = [
  { algorithm: 'xWing', status: 'active', seed: toHex(seedOf(64)) },
  { algorithm: 'mlKem768P256', status: 'disabled', seed: toHex(seedOf(63)) },
  { algorithm: 'p256', status: 'decrypt-only', seed: null, elsewhere: toHex(seedOf(62)) },
  { algorithm: 'x25519', status: 'destroyed', seed: null },
]

async function identityVectors(): Promise<unknown[]> {
  const { secret, passphrase: words } = wrappersOf
  const rotated = await rotatedPerson()
  const both = await keys.exportIdentity(rotated, { wrappers: [words, secret] })
  const simple = await keys.exportIdentity(chen, { wrappers: [secret] })
  return [
    {
      note: 'one key, one secret',
      export: toHex(simple),
      wrappers: [wrapperVectors.secret],
      card: toHex(chen.public.card),
      signing: { algorithm: 'ed25519', seed: toHex(seedOf(1)) },
      ring: [{ algorithm: 'xWing', status: 'active', seed: toHex(seedOf(101)) }],
    },
    {
      note: 'a ring with every status, one key elsewhere; a passphrase and a secret',
      export: toHex(both),
      wrappers: [wrapperVectors.passphrase, wrapperVectors.secret],
      card: toHex(rotated.public.card),
      signing: { algorithm: 'ed25519', seed: toHex(seedOf(65)) },
      ring: rotatedRing,
    },
  ]
}

async function refusedExportVectors(): Promise<unknown[]> {
  const hex = toHex(await keys.exportIdentity(chen, { wrappers: [wrappersOf.secret] }))
  const commitmentAt = hex.indexOf('5820', hex.indexOf('5820') + 4 + 64) + 4
  const flip = (at: number): string =>
    hex.slice(0, at) + (hex[at] === '0' ? '1' : '0') + hex.slice(at + 1)
  return [
    { reason: 'the commitment is that of another key', object: flip(commitmentAt) },
    { reason: 'the ciphertext was changed', object: flip(hex.length - 1) },
    { reason: 'a byte after the end', object: `${hex}00` },
    {
      reason: 'another domain',
      object: hex.replace('6964656e746974792f31', '6964656e746974792f32'),
    },
  ].map((vector) => ({ ...vector, ...wrapperVectors.secret }))
}

/** Drawn last, so that what stood here before stays as it was. */
async function partsVectors(): Promise<unknown[]> {
  const sealer = createSealer({ keyIds: 'hint' })
  const recipients = [chen.public, okafor.public]
  const envelopes = [first.envelope, await sealer.seal(utf8('of a batch'), { recipients })]
  return envelopes.map((envelope) => {
    const { body, wraps } = detachWraps(envelope)
    return { envelope: toHex(envelope), body: toHex(body), wraps: toHex(wraps) }
  })
}

async function erasureVectors(): Promise<unknown[]> {
  const destroyed = [
    { what: 'wraps', where: 'main database', note: 'row and history' },
    { what: 'blob', where: 'Bildarchiv München' },
  ] as const
  const remaining = [{ what: 'backup', where: 'vault', until: new Date(2e12) }] as const
  const events = [
    await eraseRecord(first, { author: chen, destroyed, remaining, now }),
    await eraseRecord(second, { author: okafor, destroyed, remaining: [], now }),
  ]
  return events.map(({ bytes, commitment, id }, i) => ({
    bytes: toHex(bytes),
    author: toHex([chen, okafor][i]!.public.signing.id),
    record: [first, second][i]!.id,
    destroyed: destroyed.map(({ what, where }) => `${what}: ${where}`).sort(),
    remaining: i === 0 ? ['backup: vault'] : [],
    commitment: toHex(commitment),
    id,
  }))
}

/** Two segments of 4096 bytes, the second all but empty: as a file, signed and unsigned, and as a record. */
async function streamVectors(): Promise<unknown[]> {
  const content = Uint8Array.from({ length: 4100 }, (_, i) => (i * 7) & 0xff)
  const details = { recipients: [okafor.public], mediaType: 'application/dicom', segmentSize: 4096 }
  const fileOf = async (options: SealStreamOptions): Promise<string> => {
    const parts: Uint8Array[] = []
    for await (const part of sealStream([content], options)) parts.push(part.slice())
    return toHex(concat(...parts))
  }
  const common = {
    readerSeed: toHex(seedOf(102)),
    content: toHex(content),
    mediaType: details.mediaType,
  }
  const author = toHex(chen.public.signing.id)
  const blobs = memoryBlobs()
  const record = await sealRecordStream([content], { ...details, author: chen, blobs, now })
  const size = (await blobs.size(record.blob))!
  const blob: Uint8Array[] = []
  for await (const part of blobs.read(record.blob, 0, size)) blob.push(part)
  return [
    { note: 'a file', file: await fileOf({ ...details, author: chen }), author, ...common },
    {
      note: 'an unsigned file in ChaCha20-Poly1305',
      file: await fileOf({ ...details, cipher: chacha20Poly1305 }),
      author: null,
      ...common,
    },
    {
      note: 'a record and its blob',
      envelope: toHex(record.envelope),
      blob: toHex(concat(...blob)),
      key: record.blob,
      id: record.id,
      author,
      ...common,
    },
  ]
}

const vectors = {
  about:
    'Vectors of docs/formats.md, version 1. Byte strings are hexadecimal; private keys are seeds.',
  authors: [chen, okafor, classical].map((one) => ({
    card: toHex(keys.encodePublicIdentity(one.public)),
    signing: toHex(one.public.signing.id),
  })),
  keys: await keyVectors(),
  cards: cardVectors,
  hints: hintVectors,
  envelopes: await envelopeVectors(),
  records: [first.vector, second.vector],
  events: eventVectors,
  receipts: await receiptVectors(),
  refused: await refusedVectors(),
  // Below here everything came later: random bytes are drawn in this order.
  wraps: await wrapVectors(),
  identities: await identityVectors(),
  refusedExports: await refusedExportVectors(),
  parts: await partsVectors(),
  erasures: await erasureVectors(),
  streams: await streamVectors(),
}
writeFileSync(
  new URL('../test/fixtures/formats-1.json', import.meta.url),
  `${JSON.stringify(vectors, null, 2)}\n`,
)
