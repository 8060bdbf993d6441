import { ageIdentity, writeAge, writeAgeFile } from '../../examples/migrate-archive/writeAge.ts'
import {
  agePassphrase,
  createSealer,
  joseHpke,
  seal,
  sealStream,
  toJwe,
} from '../../src/envelope/index.ts'
import { eraseRecord, sealRecord, sealRecordStream, shareRecord } from '../../src/index.ts'
import { concat } from '../../src/internal/bytes.ts'
import { decodeForeign, encodeCbor, Tagged } from '../../src/internal/cbor/index.ts'
import { encryptAad, parseEncrypt } from '../../src/internal/cose/encrypt.ts'
import { aeadOf } from '../../src/internal/envelope/aeads.ts'
import { readerKeys } from '../../src/internal/envelope/reader.ts'
import { unwrapContentKey } from '../../src/internal/envelope/unwrap.ts'
import * as keys from '../../src/keys/index.ts'
import { issueReceipt } from '../../src/ledger/index.ts'
import * as logs from '../../src/log/index.ts'
import { memoryBlobs, memoryStore } from '../../src/store/index.ts'
import { kemKey, person, signKey } from '../helpers/keys.ts'

/** Stands in all content, and in no message. */
export const canary = 'Aurelia Silverhand-Quist'
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

export const algorithms = [
  keys.xWing,
  keys.mlKem768P256,
  keys.p256,
  keys.x25519,
  keys.ed25519,
  keys.es256,
  keys.es256k,
  keys.mlDsa65,
]

export const json = `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation","valueQuantity":{"value":1.50e-3},
"text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p a=\\"b\\">${canary} &amp; &#x41;<![CDATA[x]]></p></div>"}}}],
"_x":[null,{"id":"a"}],"x":[true,null,-0,1E400,"\\u00e9\\ud83d\\ude00"]}`

const now = new Date('2026-01-02T03:04:05Z')

const scryptStanza = (): string => `-> scrypt ${'A'.repeat(22)} 4\n${'A'.repeat(43)}\n`

/** As a passphrase would wrap it, at a cost out of bounds: whatever is changed, no derivation may begin. */
function passphraseBomb(): Uint8Array {
  const domain = 'careseal/wrap/passphrase/1'
  return encodeCbor([domain, new Uint8Array(16), 2 ** 32 - 1, 2 ** 31, 255, new Uint8Array(40)])
}

/** One person of every kind of key, and valid objects of all kinds for them. */
export async function makeWorld() {
  const me = await person(1, keys.xWing)
  const other = await person(2, keys.x25519, keys.es256)
  const second = await signKey(keys.mlDsa65, 1)
  const authors = keys.keyDirectory([
    me.public,
    other.public,
    { identity: me.public, key: second.publicKey },
  ])
  const ring = keys.rotateKey(
    keys.createKeyRing(await kemKey(keys.x25519, 2)),
    await kemKey(keys.p256, 3),
  )
  const content = utf8(canary)
  const readers = [me.public, other.public]
  const envelopes: Uint8Array[] = []
  for (const keyIds of ['plain', 'hint', 'none'] as const) {
    const recipients = [other.public, ring.publicKey]
    envelopes.push(await seal(content, { recipients: [other.public], keyIds }))
    envelopes.push(await seal(content, { author: me, recipients, keyIds }))
    envelopes.push(await createSealer({ author: me, keyIds }).seal(content, { recipients }))
  }
  envelopes.push(await seal(content, { authors: [me, second], recipients: [other.public] }))
  const store = memoryStore()
  const signer = await signKey(keys.ed25519, 9)
  const log = await logs.openLog({ origin: 'fuzz.example/log', signer, store, clock: () => now })
  const record = await sealRecord(json, { authors: [me, other], recipients: readers, log, now })
  const forOthers = await sealRecord(json, { author: me, recipients: [other.public], now })
  const share = await shareRecord(record.envelope, { as: other, recipients: [me.public], now })
  const erasure = await eraseRecord(record, {
    author: other,
    destroyed: [
      { what: 'wraps', where: 'main database', note: 'all rows' },
      { what: 'blob', where: 'bucket' },
    ],
    remaining: [{ what: 'backup', where: 'vault', until: now }],
    now,
  })
  const proof = await log.proveInclusion(record.index)
  const blobs = memoryBlobs()
  const streamed = await sealRecordStream([utf8(json)], {
    author: me,
    recipients: [other.public],
    blobs,
    segmentSize: 4096,
    now,
  })
  const { commitment, index } = record
  const pemSigners = [keys.es256k, keys.ed25519, keys.mlDsa65].map((one) => signKey(one, 4))
  const pemKems = [keys.p256, keys.x25519].map((one) => kemKey(one, 4))
  const pemKeys = [...(await Promise.all(pemSigners)), ...(await Promise.all(pemKems))]
  const pems = {
    publics: pemKeys.map(({ publicKey }) => keys.toPem(publicKey)),
    secrets: pemKeys.map((key) => keys.toPem(key as keys.LocalSigner, { secret: true })),
  }
  const vault = keys.secretWrapper(new Uint8Array(32).fill(7))
  return {
    vault,
    exported: await keys.exportIdentity(me, { wrappers: [vault] }),
    wrapped: await vault.wrap(new Uint8Array(32).fill(8)),
    words: keys.passphraseWrapper('gravel ocean ticket'),
    bomb: passphraseBomb(),
    jwes: [
      await toJwe(content, { recipients: [other.public], mediaType: 'text/plain' }),
      await toJwe(content, { recipients: [other.public], algorithm: joseHpke, keyIds: 'none' }),
      await toJwe(content, { recipients: [me.public] }),
    ],
    age: writeAge(content, [other.public.encryption.bytes]),
    agePassword: writeAgeFile(content, scryptStanza),
    identityText: ageIdentity(keys.exportSeed(other.decapsulator as keys.LocalDecapsulator)),
    password: agePassphrase(canary, { maximumWorkFactor: 10 }),
    pems,
    me,
    other,
    ring,
    second,
    authors,
    readers,
    envelopes,
    log,
    store,
    signer,
    record,
    share,
    erasure,
    proof,
    streams: await sealedStreams(me, other),
    blobs,
    streamed,
    commitment,
    index,
    receipt: await issueReceipt(index, { log }),
    coseReceipt: await logs.toCoseReceipt(proof, { commitment, signer }),
    checkpoint: await log.checkpoint(),
    policy: logs.parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`),
    policyText: `log ${log.verifierKey}\nwitness w ${logs.formatVerifierKey({ name: 'w.example', type: 4, publicKey: signer.publicKey.bytes })}\ngroup g any w\nquorum none\n`,
    opened: await openedBodies([...envelopes, forOthers.envelope], other),
  }
}

export type World = Awaited<ReturnType<typeof makeWorld>>

/** A signed stream of three segments, and an unsigned empty one. */
async function sealedStreams(author: keys.Identity, reader: keys.Identity): Promise<Uint8Array[]> {
  const streams: Uint8Array[] = []
  for (const [content, signing] of [
    [utf8(canary.repeat(400)), { author }],
    [new Uint8Array(0), {}],
  ] as const) {
    const options = { recipients: [reader.public], segmentSize: 4096, ...signing }
    const pieces: Uint8Array[] = []
    for await (const piece of sealStream([content], options)) pieces.push(piece)
    streams.push(concat(...pieces))
  }
  return streams
}

/** An envelope whose content key is known: what a reader can do who means harm. */
export interface OpenedBody {
  readonly plaintext: Uint8Array
  /** The same envelope around another plaintext; its readers' entries, header and IV stay. */
  around(plaintext: Uint8Array): Promise<Uint8Array>
}

async function openedBodies(
  envelopes: readonly Uint8Array[],
  as: keys.Identity,
): Promise<OpenedBody[]> {
  const bodies: OpenedBody[] = []
  for (const envelope of envelopes) {
    const parsed = parseEncrypt(envelope, { profile: 'careseal', anyIv: false })
    const { contentKey } = await unwrapContentKey(parsed, readerKeys(as))
    const { alg, iv, protectedBytes, ciphertext } = parsed
    const aad = encryptAad(protectedBytes, new Uint8Array(0))
    const message = decodeForeign(envelope, () => new Error(), [96]) as Tagged
    const [header, unprotected, , recipients] = message.value as [never, never, never, never]
    bodies.push({
      plaintext: (await aeadOf(alg).open(contentKey, iv, aad, ciphertext))!,
      async around(plaintext) {
        const sealed = await aeadOf(alg).seal(contentKey, iv, aad, plaintext)
        return encodeCbor(new Tagged(96, [header, unprotected, sealed, recipients]))
      },
    })
  }
  return bodies
}
