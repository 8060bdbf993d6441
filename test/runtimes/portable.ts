/**
 * What every runtime must do alike: read what version 1 wrote, and a record all the way. No test framework and no
 * Node: it is bundled into one file and run as it stands.
 */
import {
  explainRecord,
  openRecord,
  openRecordStream,
  sealRecord,
  sealRecordStream,
  sealRecords,
  shareRecord,
  verifyReceipt,
} from 'careseal'
import { open, openStream, seal, sealStream } from 'careseal/envelope'
import { isCaresealError } from 'careseal/errors'
import { canonicalize, digest, r6Json } from 'careseal/fhir'
import * as keys from 'careseal/keys'
import { openLog, parseLogPolicy } from 'careseal/log'
import { memoryBlobs, memoryStore } from 'careseal/store'
import vectors from '../fixtures/formats-1.json' with { type: 'json' }

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))

function same(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, not ${String(expected)}`)
}

async function refused(run: () => Promise<unknown>, code: string, what: string): Promise<void> {
  let outcome: unknown = 'nothing was thrown'
  try {
    await run()
  } catch (error) {
    if (isCaresealError(error) && error.code === code) return
    outcome = error
  }
  throw new Error(`${what}: ${String(outcome)}, not ${code}`)
}

const algorithms = {
  xWing: keys.xWing,
  mlKem768P256: keys.mlKem768P256,
  p256: keys.p256,
  x25519: keys.x25519,
  ed25519: keys.ed25519,
  es256: keys.es256,
  es256k: keys.es256k,
  mlDsa65: keys.mlDsa65,
}
const keyOf = (name: string, seed: string): Promise<keys.LocalDecapsulator> =>
  keys.keyFromSeed(algorithms[name as 'xWing'], hex(seed))

async function knownAuthors(): Promise<keys.KeyDirectory> {
  const { ed25519, es256, x25519, xWing } = keys
  const identities = vectors.authors.map(({ card }) =>
    keys.decodePublicIdentity(hex(card), { algorithms: [ed25519, es256, x25519, xWing] }),
  )
  return keys.keyDirectory(await Promise.all(identities))
}

const checks: Record<string, () => Promise<void>> = {
  async 'keys of version 1'() {
    for (const { algorithm, seed, publicKey, id, multikey } of vectors.keys) {
      const key = await keyOf(algorithm, seed)
      same(toHex(key.publicKey.bytes), publicKey, algorithm)
      same(toHex(key.publicKey.id), id, algorithm)
      same(keys.toMultikey(key.publicKey), multikey, algorithm)
    }
  },
  async 'exported identities of version 1'() {
    for (const { note, card, wrappers, ring, ...vector } of vectors.identities) {
      // The secret: deriving from the passphrase takes a minute where JavaScript is interpreted.
      const secret = wrappers.find((one) => 'secret' in one)?.secret
      if (secret === undefined) throw new Error(`${note}: no secret`)
      const away = ring.flatMap((key) =>
        'elsewhere' in key ? [keyOf(key.algorithm, String(key.elsewhere))] : [],
      )
      const identity = await keys.importIdentity(hex(vector.export), {
        wrapper: keys.secretWrapper(hex(secret)),
        algorithms: Object.values(algorithms),
        decapsulators: await Promise.all(away),
      })
      same(toHex(identity.public.card), card, note)
      const statuses = identity.decapsulator.keys.map(({ status }) => status)
      same(statuses.join(), ring.map(({ status }) => status).join(), note)
      const wrapper = keys.secretWrapper(hex(secret))
      const again = await keys.exportIdentity(identity, { wrappers: [wrapper] })
      const other = { wrapper: keys.secretWrapper(hex(secret).map((byte) => byte ^ 1)) }
      await refused(() => keys.importIdentity(again, other), 'ERR_KEY_LOCKED', 'another secret')
    }
  },
  async 'envelopes of version 1'() {
    const authors = await knownAuthors()
    for (const { envelope, externalAad, readers, content, note } of vectors.envelopes) {
      for (const { algorithm, seed } of readers) {
        const as = await keyOf(algorithm, seed)
        const opened = await open(hex(envelope), { as, authors, externalAad: hex(externalAad) })
        same(toHex(opened.content), content, note)
      }
    }
  },
  async 'records of version 1'() {
    const authors = await knownAuthors()
    for (const { envelope, readerSeed, content, id, note } of vectors.records) {
      const opened = await openRecord(hex(envelope), {
        as: await keyOf('xWing', readerSeed),
        authors,
      })
      same(toHex(opened.content), content, note)
      same(opened.id, id, note)
    }
  },
  async 'receipts of version 1'() {
    for (const { receipt, commitment, policy, index } of vectors.receipts) {
      const trust = { logs: parseLogPolicy(policy) }
      const verified = await verifyReceipt(hex(receipt), { commitment: hex(commitment), trust })
      same(verified.index, index, 'index')
      const changed = hex(receipt)
      changed[changed.length - 20]! ^= 1
      const other = { commitment: hex(commitment), trust }
      await refused(() => verifyReceipt(changed, other), 'ERR_RECEIPT_INVALID', 'a changed receipt')
    }
  },
  async 'canonical forms'() {
    const document = ascii('{"b":[1.50,1e2,-0],"a":"\\u00e9"}')
    same(
      toHex(canonicalize(document, { canonicalization: r6Json }).bytes),
      toHex(ascii('{"a":"\u00c3\u00a9","b":[1.5,100,0]}')),
      'r6',
    )
    same(toHex(digest(document).value).length, 64, 'digest')
  },
  async 'a stream'() {
    const [author, reader] = await Promise.all([1, 2].map(() => keys.generateIdentity()))
    const blobs = memoryBlobs()
    const content = Uint8Array.from({ length: 10_000 }, (_, i) => i % 251)
    const options = { author: author!, recipients: [reader!.public], segmentSize: 4096 }
    const authors = keys.keyDirectory([author!.public])
    const { envelope } = await sealRecordStream([content], { ...options, blobs })
    const record = await openRecordStream(envelope, { as: reader!, authors, blobs })
    let size = 0
    for await (const piece of record.range(4090, 20)) {
      for (const byte of piece) same(byte, (4090 + size++) % 251, 'a byte of a range')
    }
    same(size, 20, 'size of a range')
    const parts: Uint8Array[] = []
    for await (const part of sealStream([content], options)) parts.push(part)
    const opened = openStream(parts, { as: reader!, authors })
    for await (const piece of opened) size += piece.length
    same(size, 10_020, 'size of a stream')
    same(opened.verified().authors.length, 1, 'authors of a stream')
    const cut = async (): Promise<void> => {
      for await (const _ of openStream(parts.slice(0, -2), { as: reader!, authors }));
    }
    await refused(cut, 'ERR_STREAM_TRUNCATED', 'a stream that was cut off')
  },
  async 'keys of WebCrypto that cannot be exported'() {
    // Plain ECMAScript has no WebCrypto, and some platforms not all of its curves; P-256 they all have.
    const subtle: SubtleCrypto | undefined = globalThis.crypto.subtle
    if (subtle === undefined) return
    const pairOf = (name: string, ...usages: KeyUsage[]): Promise<CryptoKeyPair | null> =>
      (
        subtle.generateKey({ name, namedCurve: 'P-256' }, false, usages) as Promise<CryptoKeyPair>
      ).catch((error: unknown) => {
        if (name.startsWith('EC')) throw error
        return null
      })
    for (const [name, algorithm] of [
      ['ECDH', keys.p256],
      ['X25519', keys.x25519],
    ] as const) {
      const keyPair = await pairOf(name, 'deriveBits')
      if (keyPair === null) continue
      const key = await keys.webCryptoKey({ algorithm, keyPair })
      const envelope = await seal(ascii('7'), { recipients: [key.publicKey] })
      same(toHex((await open(envelope, { as: key })).content), '37', name)
    }
    for (const [name, algorithm] of [
      ['ECDSA', keys.es256],
      ['Ed25519', keys.ed25519],
    ] as const) {
      const keyPair = await pairOf(name, 'sign', 'verify')
      if (keyPair === null) continue
      const signer = await keys.webCryptoKey({ algorithm, keyPair })
      const signature = await signer.sign(ascii('7'))
      same(await keys.verifySignature(signer.publicKey, ascii('7'), signature), true, name)
    }
  },
  async 'a record all the way'() {
    const [author, reader, other] = await Promise.all([1, 2, 3].map(() => keys.generateIdentity()))
    const signer = await keys.generateKey(keys.ed25519)
    const log = await openLog({ origin: 'runtime.example/log', signer, store: memoryStore() })
    const content = '{"resourceType":"Observation","valueString":"\u00fc"}'
    const options = { author: author!, recipients: [reader!.public], log }
    const { envelope, receipt, id } = await sealRecord(content, options)
    const authors = keys.keyDirectory([author!.public])
    const trust = { logs: parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`) }
    const { envelope: shared } = await shareRecord(envelope, {
      as: reader!,
      recipients: [other!.public],
    })
    const opened = await openRecord(shared, { as: other!, authors, proof: { receipt, trust } })
    same(opened.id, id, 'id')
    same(opened.addressed, 'shared', 'addressed')
    same(explainRecord(opened).length > 0, true, 'explanation')
    const changed = shared.slice()
    changed[changed.length - 1]! ^= 1
    const as = { as: other!, authors }
    await refused(() => openRecord(changed, as), 'ERR_ENVELOPE_OPEN_FAILED', 'a changed record')
    for await (const { records, failed } of sealRecords([{ key: 1, content }], options)) {
      same(records.length, 1, 'records of a batch')
      same(failed.length, 0, 'failures of a batch')
    }
  },
}

/** Runs all checks; resolves to a line for a person, rejects at the first that fails. */
export async function run(): Promise<string> {
  const names = Object.keys(checks)
  for (const name of names) {
    try {
      await checks[name]!()
    } catch (error) {
      throw new Error(`${name}: ${String((error as Error).stack ?? error)}`)
    }
  }
  return `${names.length} checks passed`
}
