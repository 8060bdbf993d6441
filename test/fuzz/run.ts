/**
 * `npm run fuzz` damages everything that this version reads, for a minute; `npm run fuzz -- 600 7` for ten, from
 * seed 7. Every input must be taken or refused with an error of ours, none may show content, take long, or let the
 * heap grow.
 */
import {
  ageIdentity,
  armor,
  writeAge,
  writeAgeFile,
} from '../../examples/migrate-archive/writeAge.ts'
import { verifyEvent } from '../../src/consent/index.ts'
import {
  agePassphrase,
  fromAge,
  fromAgeIdentity,
  fromJwe,
  inspect,
  joseHpke,
  open,
  openAge,
  rekey,
  rewrap,
  seal,
  toJwe,
} from '../../src/envelope/index.ts'
import { isCaresealError } from '../../src/errors.ts'
import * as fhir from '../../src/fhir/index.ts'
import { openRecord, sealRecord, shareRecord } from '../../src/index.ts'
import * as keys from '../../src/keys/index.ts'
import { issueReceipt, verifyReceipt } from '../../src/ledger/index.ts'
import * as logs from '../../src/log/index.ts'
import { memoryStore } from '../../src/store/index.ts'

const [seconds = 60, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number)
const canary = 'Aurelia Silverhand-Quist'
/** Milliseconds that no input may take, measured again before it counts. */
const limit = 100

/** mulberry32: the same inputs for the same seed. */
let state = seed
function below(n: number): number {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n)
}

function damaged(bytes: Uint8Array): Uint8Array {
  let out = [...bytes]
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = below(out.length + 1)
    const count = 1 + below(16)
    const kinds = [
      () => out.with(Math.min(at, out.length - 1), below(256)),
      () => out.with(Math.min(at, out.length - 1), (out[at] ?? 0) ^ (1 << below(8))),
      () => out.slice(0, at),
      () => out.toSpliced(at, 0, below(256)),
      () => out.toSpliced(at, count),
      () => out.toSpliced(at, 0, ...out.slice(at, at + count)),
      () => out.toSpliced(at, 0, ...out.slice(below(out.length), below(out.length))),
    ]
    if (out.length > 0) out = kinds[below(kinds.length)]!()
  }
  return Uint8Array.from(out)
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const damagedText = (text: string): string => new TextDecoder().decode(damaged(utf8(text)))

const me = await keys.generateIdentity()
const other = await keys.generateIdentity({ kem: keys.x25519, signature: keys.es256 })
const authors = keys.keyDirectory([me.public, other.public])
const algorithms = [
  keys.xWing,
  keys.mlKem768P256,
  keys.p256,
  keys.x25519,
  keys.ed25519,
  keys.es256,
  keys.es256k,
  keys.mlDsa65,
]
const signer = await keys.generateKey(keys.ed25519)
const store = memoryStore()
const log = await logs.openLog({ origin: 'fuzz.example/log', signer, store })
const json = `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation","valueQuantity":{"value":1.50e-3},
"text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p a=\\"b\\">${canary} &amp; &#x41;<![CDATA[x]]></p></div>"}}}],
"_x":[null,{"id":"a"}],"x":[true,null,-0,1E400,"\\u00e9\\ud83d\\ude00"]}`
const readers = [me.public, other.public]
const record = await sealRecord(json, { authors: [me, other], recipients: readers, log })
const single = await seal(utf8(canary), { recipients: [me.public] })
const share = await shareRecord(record.envelope, { as: other, recipients: [me.public] })
const { commitment, index } = record
const policyText = `log ${log.verifierKey}\nwitness w ${logs.formatVerifierKey({ name: 'w.example', type: 4, publicKey: signer.publicKey.bytes })}\ngroup g any w\nquorum none\n`
const policy = logs.parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`)
const proof = await log.proveInclusion(index)
const receipt = await issueReceipt(index, { log })
const coseReceipt = await logs.toCoseReceipt(proof, { commitment, signer })
const checkpoint = await log.checkpoint()
const publicKeys = [
  me.public.encryption,
  me.public.signing,
  other.public.encryption,
  other.public.signing,
]
const canonicalizations = Object.values(fhir).filter(
  (value): value is fhir.Canonicalization =>
    typeof value === 'object' && 'total' in value && 'name' in value,
)

const jwes = [
  await toJwe(utf8(canary), { recipients: [other.public], mediaType: 'text/plain' }),
  await toJwe(utf8(canary), { recipients: [other.public], algorithm: joseHpke, keyIds: 'none' }),
  await toJwe(utf8(canary), { recipients: [me.public] }),
]
const age = writeAge(utf8(canary), [other.public.encryption.bytes])
const agePassword = writeAgeFile(
  utf8(canary),
  () => `-> scrypt ${'A'.repeat(22)} 4\n${'A'.repeat(43)}\n`,
)
const identityText = ageIdentity(keys.exportSeed(other.decapsulator))
const password = agePassphrase(canary, { maximumWorkFactor: 10 })

const any = <T>(list: readonly T[]): T => list[below(list.length)]!

/** What is read, each from a damaged copy. */
const targets: Record<string, () => unknown> = {
  open: () => open(damaged(single), { as: me, authors }),
  'open foreign': () => open(damaged(single), { as: me, authors, profile: 'foreign' }),
  inspect: () => inspect(damaged(any([single, record.envelope]))),
  rewrap: () => rewrap(damaged(single), { as: me, add: [other.public], allowClassical: true }),
  rekey: () => rekey(damaged(single), { as: me, recipients: [me.public] }),
  openRecord: () => openRecord(damaged(record.envelope), { as: other, authors }),
  'openRecord with proof': () =>
    openRecord(record.envelope, {
      as: me,
      authors,
      proof: { receipt: damaged(receipt), trust: { logs: policy } },
    }),
  shareRecord: () => shareRecord(damaged(record.envelope), { as: me, recipients: [me.public] }),
  verifyEvent: () => verifyEvent(damaged(share.event.bytes), { authors }),
  verifyReceipt: () => verifyReceipt(damaged(receipt), { commitment, trust: { logs: policy } }),
  verifyInclusion: () => logs.verifyInclusion(damagedText(proof), { commitment, policy }),
  verifyCoseReceipt: () =>
    logs.verifyCoseReceipt(damaged(coseReceipt), { commitment, key: signer.publicKey }),
  verifyCheckpoint: () => logs.verifyCheckpoint(damagedText(checkpoint), { policy }),
  parseLogPolicy: () => logs.parseLogPolicy(damagedText(policyText)),
  parseNote: () => logs.parseNote(damagedText(checkpoint)),
  parseTlogProof: () => logs.parseTlogProof(damagedText(proof)),
  parseVerifierKey: () => logs.parseVerifierKey(damagedText(log.verifierKey)),
  card: () => keys.decodePublicIdentity(damaged(any(readers).card), { algorithms }),
  fromCoseKey: () => keys.fromCoseKey(damaged(keys.toCoseKey(any(publicKeys))), { algorithms }),
  fromMultikey: () =>
    keys.fromMultikey(damagedText(keys.toMultikey(any(publicKeys))), { algorithms }),
  fromDidKey: () => keys.fromDidKey(damagedText(keys.toDidKey(me.public.signing)), { algorithms }),
  fromJwk: () => {
    const jwk = Object.entries(keys.toJwk(any(publicKeys)))
    const changed = jwk.map(([name, value]) => [
      below(3) === 0 ? damagedText(name) : name,
      below(2) === 0 ? damagedText(String(value)) : value,
    ])
    return keys.fromJwk(Object.fromEntries(changed), { algorithms })
  },
  fromJwe: () => fromJwe(damagedText(any(jwes)), { as: any([me, other]) }),
  'fromJwe header': () => {
    // Behind base64url, where a damaged text seldom gets through.
    const jwe = JSON.parse(jwes[below(3)]!)
    const header = JSON.stringify(jwe.recipients[0].header)
    const changed = JSON.stringify({ ...jwe, recipients: '@' }).replace(
      '"@"',
      `[{"header":${damagedText(header)},"encrypted_key":"${jwe.recipients[0].encrypted_key}"}]`,
    )
    return fromJwe(changed, { as: any([me, other]) })
  },
  fromAge: () => fromAge(damaged(any([age, utf8(armor(age))])), { as: other }),
  'fromAge with a passphrase': () => fromAge(damaged(agePassword), { as: password }),
  openAge: async () => {
    for await (const _ of openAge([damaged(age), damaged(age)], { as: other }));
  },
  fromAgeIdentity: () => fromAgeIdentity(damagedText(identityText)),
  canonicalize: () =>
    fhir.canonicalize(damaged(utf8(json)), { canonicalization: any(canonicalizations) }),
  parse: () => fhir.toJson(fhir.parse(damaged(utf8(json)))),
  digestFromText: () => fhir.digestFromText(damagedText(fhir.digestToText(fhir.digest(json)))),
  readNdjson: async () => {
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 3; i++) yield damaged(utf8(`${json.replaceAll('\n', '')}\r\n`))
    }
    for await (const line of fhir.readNdjson(source())) if (isCaresealError(line)) return
  },
  readLog: async () => {
    const server = {
      async get(key: string) {
        const bytes = await store.get(key)
        return bytes !== null && below(4) === 0 ? damaged(bytes) : bytes
      },
    }
    const reader = await logs.readLog({ store: server, policy })
    for await (const _ of reader.read(0, reader.size));
    await reader.proveInclusion(index)
  },
}

let inputs = 0
let refusals = 0
const slow: string[] = []
let baseline = 0
const started = performance.now()
while (performance.now() - started < seconds * 1000) {
  for (const [name, target] of Object.entries(targets)) {
    const before = state
    for (let attempt = 0; ; attempt++) {
      state = before
      const from = process.cpuUsage()
      try {
        await target()
      } catch (error) {
        if (!isCaresealError(error)) {
          console.error(`${name}, seed ${seed}, input ${inputs}: no error of ours`)
          throw error
        }
        if (`${error.message} ${error.stack}`.includes('Silverhand')) {
          throw new Error(`${name}, seed ${seed}, input ${inputs}: the message shows content`)
        }
        if (attempt === 0) refusals++
      }
      const { user, system } = process.cpuUsage(from)
      const time = (user + system) / 1000
      if (time <= limit) break
      if (attempt === 4) {
        slow.push(`${name}, input ${inputs}: ${time.toFixed(0)} ms`)
        break
      }
    }
    inputs++
  }
  if (baseline === 0 && performance.now() - started > seconds * 250) baseline = heap()
}
const grown = heap() - baseline

function heap(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}

console.log(
  `seed ${seed}: ${inputs.toLocaleString('en')} inputs to ${Object.keys(targets).length} functions, ${refusals.toLocaleString('en')} refused, heap grew by ${grown.toFixed(1)} MB`,
)
for (const line of slow) console.error(`slow: ${line}`)
if (slow.length > 0 || grown > 16) process.exitCode = 1
