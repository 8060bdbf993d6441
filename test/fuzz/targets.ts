import { armor } from '../../examples/migrate-archive/writeAge.ts'
import { verifyEvent } from '../../src/consent/index.ts'
import {
  attachWraps,
  createOpener,
  detachWraps,
  fromAge,
  fromAgeIdentity,
  fromJwe,
  hasRecipient,
  inspect,
  open,
  openAge,
  openRange,
  openStream,
  rekey,
  rewrap,
  rewrapWraps,
} from '../../src/envelope/index.ts'
import { isCaresealError } from '../../src/errors.ts'
import * as fhir from '../../src/fhir/index.ts'
import { openRecord, openRecordStream, shareRecord } from '../../src/index.ts'
import * as keys from '../../src/keys/index.ts'
import { verifyReceipt } from '../../src/ledger/index.ts'
import * as logs from '../../src/log/index.ts'
import { damaged } from './mutate.ts'
import type { Random } from './random.ts'
import { structureMutator } from './structure.ts'
import { algorithms, json, utf8, type World } from './world.ts'

/** The areas that `--only` knows. */
export const areas = [
  'envelope',
  'keys',
  'migration',
  'streams',
  'record',
  'event',
  'receipt',
  'log',
  'fhir',
] as const
export type Area = (typeof areas)[number]

/** One reader of untrusted input; each run takes another input, drawn before its first wait. */
export type Target = () => unknown

/** Everything that this version reads, by area. */
export function makeTargets(
  world: World,
  random: Random,
  seed: number,
): Record<Area, Record<string, Target>> {
  const { other, ring, second, authors, readers, envelopes, record, share, commitment } = world
  const { log, store, policy, receipt, proof, checkpoint, policyText, coseReceipt, signer } = world
  const restructured = structureMutator(
    [...envelopes, record.envelope, world.streamed.envelope],
    seed,
  )
  const bodies = world.opened.map(({ plaintext }) => plaintext)
  const restructuredBody = structureMutator(bodies, seed)
  const publicKeys = [...readers.flatMap((one) => [one.encryption, one.signing]), second.publicKey]
  const coseKeys = publicKeys.map((key) => keys.toCoseKey(key))
  const cards = readers.map(({ card }) => card)
  const restructuredKey = structureMutator([...coseKeys, ...cards], seed)
  const events = [share.event.bytes, world.erasure.bytes]
  const restructuredEvent = structureMutator([...events, ...cards], seed)
  const parts = envelopes.map(detachWraps)
  const restructuredPart = structureMutator(
    parts.flatMap(({ body, wraps }) => [body, wraps]),
    seed,
  )
  const restructuredReceipt = structureMutator([receipt, coseReceipt], seed)

  const multikeys = publicKeys.map((key) => keys.toMultikey(key))
  // Base58 takes quadratic time: the long ones would take most of a run.
  const shortMultikeys = multikeys.filter(({ length }) => length < 100)
  const dids = readers.map(({ signing }) => keys.toDidKey(signing))
  const jwks = publicKeys.map((key) => Object.entries(keys.toJwk(key)))
  const digestText = fhir.digestToText(fhir.digest(json))
  const damagedText = (text: string): string =>
    new TextDecoder().decode(damaged(random, utf8(text)))
  const { pems } = world
  /** The same PEM around damaged DER: damaged text seldom gets past its base64. */
  const damagedDer = (pem: string): string => {
    const [label] = /(?<=BEGIN ).*(?=-----)/.exec(pem)!
    const der = new Uint8Array(Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64'))
    const text = Buffer.from(damaged(random, der)).toString('base64')
    const lines = text.match(/.{1,64}/g) ?? ['']
    return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
  }
  const either = (bytes: Uint8Array, change: (random: Random, bytes: Uint8Array) => Uint8Array) =>
    random.once(2) ? damaged(random, bytes) : change(random, bytes)
  const envelope = (): Uint8Array => either(random.any(envelopes), restructured)
  const opener = createOpener({ as: other })
  /** What a reader can make who keeps the content key: the signature stands, and everything around it may not. */
  const inside = (from: readonly World['opened'][number][]): Promise<Uint8Array> => {
    const body = random.any(from)
    return body.around(either(body.plaintext, restructuredBody))
  }
  const [contents, records] = [world.opened.slice(0, -1), world.opened.slice(-1)]
  const demand = { authors, requiredSignatures: [keys.ed25519, keys.mlDsa65] }

  const { streams, jwes, age } = world
  const asReader = { as: other, authors }

  return {
    envelope: {
      open: () => open(envelope(), { as: random.any([other, ring]), authors }),
      'open by an opener': () => opener.open(envelope(), random.once(2) ? { authors } : demand),
      'open foreign': () => open(envelope(), { as: other, profile: 'foreign' }),
      'open changed inside': async () => opener.open(await inside(contents), { authors }),
      inspect: () => inspect(envelope()),
      hasRecipient: () => hasRecipient(envelope(), other.public),
      rewrap: () => rewrap(envelope(), { as: other, add: [ring.publicKey], allowClassical: true }),
      rekey: () => rekey(envelope(), { as: other, recipients: [other.public], removeOthers: true }),
      detachWraps: () => detachWraps(envelope()),
      'attachWraps, body': () => {
        const { body, wraps } = random.any(parts)
        return open(attachWraps(either(body, restructuredPart), wraps), { as: other, authors })
      },
      'attachWraps, wraps': () => {
        const { body, wraps } = random.any(parts)
        return open(attachWraps(body, either(wraps, restructuredPart)), { as: other, authors })
      },
      rewrapWraps: () =>
        rewrapWraps(either(random.any(parts).wraps, restructuredPart), {
          as: other,
          add: [ring.publicKey],
          allowClassical: true,
        }),
      'rekey changed inside': async () =>
        rekey(await inside(contents), {
          as: other,
          recipients: [other.public],
          removeOthers: true,
        }),
    },
    keys: {
      card: () =>
        keys.decodePublicIdentity(either(random.any(cards), restructuredKey), { algorithms }),
      fromCoseKey: () =>
        keys.fromCoseKey(either(random.any(coseKeys), restructuredKey), { algorithms }),
      fromMultikey: () =>
        keys.fromMultikey(damagedText(random.any(random.once(8) ? multikeys : shortMultikeys)), {
          algorithms,
        }),
      fromDidKey: () => keys.fromDidKey(damagedText(random.any(dids)), { algorithms }),
      fromJwk: () => {
        const changed = random
          .any(jwks)
          .map(([name, value]) => [
            random.once(3) ? damagedText(name) : name,
            random.once(2) ? damagedText(String(value)) : value,
          ])
        return keys.fromJwk(Object.fromEntries(changed), { algorithms })
      },
      'fromPem text': () => keys.fromPem(damagedText(random.any(pems.publics)), { algorithms }),
      'fromPem public': () => keys.fromPem(damagedDer(random.any(pems.publics)), { algorithms }),
      'fromPem secret': () =>
        keys.fromPem(damagedDer(random.any(pems.secrets)), { algorithms, secret: true }),
      importIdentity: () =>
        keys.importIdentity(either(world.exported, restructuredKey), { wrapper: world.vault }),
      unwrap: () => world.vault.unwrap(damaged(random, world.wrapped)),
      'unwrap with a passphrase': () => world.words.unwrap(damaged(random, world.bomb)),
      importPublicKey: () => {
        const { algorithm, bytes } = random.any(publicKeys)
        return keys.importPublicKey(algorithm, damaged(random, bytes))
      },
      verifySignature: () => {
        const signature = new Uint8Array(random.any([64, 3309, random.below(100)]))
        return keys.verifySignature(random.any(publicKeys.filter(isSigning)), message, signature)
      },
    },
    migration: {
      fromJwe: () => fromJwe(damagedText(random.any(jwes)), { as: random.any([world.me, other]) }),
      'fromJwe header': () => {
        // Behind base64url, where a damaged text seldom gets through.
        const jwe = JSON.parse(random.any(jwes))
        const [{ header, encrypted_key }] = jwe.recipients
        const entry = `[{"header":${damagedText(JSON.stringify(header))},"encrypted_key":"${encrypted_key}"}]`
        const changed = JSON.stringify({ ...jwe, recipients: '@' }).replace('"@"', () => entry)
        return fromJwe(changed, { as: random.any([world.me, other]) })
      },
      fromAge: () => fromAge(damaged(random, random.any([age, utf8(armor(age))])), { as: other }),
      'fromAge with a passphrase': () =>
        fromAge(damaged(random, world.agePassword), { as: world.password }),
      openAge: () => drain(openAge([damaged(random, age), damaged(random, age)], { as: other })),
      fromAgeIdentity: () => fromAgeIdentity(damagedText(world.identityText)),
    },
    streams: {
      openStream: () => drain(openStream([damaged(random, random.any(streams))], asReader)),
      openRange: () => {
        const stream = damaged(random, random.any(streams))
        const { length: size } = stream
        const read = async (offset: number, length: number) => stream.slice(offset, offset + length)
        const offset = random.below(2 * size)
        const length = random.below(size)
        return drain(openRange({ size, read }, { ...asReader, offset, length }))
      },
      openRecordStream: async () => {
        const blob = random.once(2) ? random : null
        const kept = {
          ...world.blobs,
          async *read(...at: Parameters<World['blobs']['read']>) {
            for await (const piece of world.blobs.read(...at)) {
              yield blob?.once(3) ? damaged(blob, piece) : piece
            }
          },
        }
        const { envelope } = world.streamed
        const sealed = blob === null ? either(envelope, restructured) : envelope
        const opened = await openRecordStream(sealed, { ...asReader, blobs: kept })
        await drain(opened.stream())
        opened.close()
      },
    },
    record: {
      openRecord: () => openRecord(either(record.envelope, restructured), { as: other, authors }),
      'openRecord changed inside': async () =>
        openRecord(await inside(records), { as: other, authors }),
      'openRecord with proof': () =>
        openRecord(record.envelope, {
          as: other,
          authors,
          proof: { receipt: either(receipt, restructuredReceipt), trust: { logs: policy } },
        }),
      shareRecord: () =>
        shareRecord(either(record.envelope, restructured), {
          as: other,
          recipients: [ring.publicKey],
          allowClassical: true,
        }),
    },
    event: {
      verifyEvent: () => verifyEvent(either(random.any(events), restructuredEvent), { authors }),
    },
    receipt: {
      verifyReceipt: () =>
        verifyReceipt(either(receipt, restructuredReceipt), {
          commitment,
          trust: { logs: policy },
        }),
      verifyCoseReceipt: () =>
        logs.verifyCoseReceipt(either(coseReceipt, restructuredReceipt), {
          commitment,
          key: signer.publicKey,
        }),
    },
    log: {
      verifyInclusion: () => logs.verifyInclusion(damagedText(proof), { commitment, policy }),
      verifyCheckpoint: () => logs.verifyCheckpoint(damagedText(checkpoint), { policy }),
      parseLogPolicy: () => logs.parseLogPolicy(damagedText(policyText)),
      parseNote: () => logs.parseNote(damagedText(checkpoint)),
      parseTlogProof: () => logs.parseTlogProof(damagedText(proof)),
      parseVerifierKey: () => logs.parseVerifierKey(damagedText(log.verifierKey)),
      readLog: async () => {
        const server = {
          async get(key: string) {
            const bytes = await store.get(key)
            return bytes !== null && random.once(4) ? damaged(random, bytes) : bytes
          },
        }
        const reader = await logs.readLog({ store: server, policy })
        for await (const _ of reader.read(0, reader.size));
        await reader.proveInclusion(world.index)
      },
    },
    fhir: {
      canonicalize: () =>
        fhir.canonicalize(damaged(random, utf8(json)), {
          canonicalization: random.any(canonicalizations),
        }),
      parse: () => fhir.toJson(fhir.parse(damaged(random, utf8(json)))),
      digestFromText: () => fhir.digestFromText(damagedText(digestText)),
      readNdjson: async () => {
        async function* source(): AsyncGenerator<Uint8Array> {
          for (let i = 0; i < 3; i++)
            yield damaged(random, utf8(`${json.replaceAll('\n', '')}\r\n`))
        }
        for await (const line of fhir.readNdjson(source())) if (isCaresealError(line)) return
      },
    },
  }
}

const message = utf8('a message')
/** Reads to the end. An offset behind the end of a stream that was cut is the caller's mistake, not the stream's. */
async function drain(stream: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const _ of stream);
  } catch (error) {
    if (!String(error).startsWith('RangeError: offset lies behind the content')) throw error
  }
}

const isSigning = (key: keys.AnyPublicKey): key is keys.SignaturePublicKey =>
  key.algorithm.kind === 'signature'

const canonicalizations = Object.values(fhir).filter(
  (value): value is fhir.Canonicalization =>
    typeof value === 'object' && 'total' in value && 'name' in value,
)
