import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  attachWraps,
  createOpener,
  createSealer,
  detachWraps,
  inspect,
  open,
  rekey,
  rewrap,
  rewrapWraps,
  seal,
} from '../../src/envelope/index.ts'
import {
  createKeyRing,
  decodePublicIdentity,
  ed25519,
  fromCoseKey,
  fromDidKey,
  fromJwk,
  fromMultikey,
  generateIdentity,
  keyDirectory,
  rotateKey,
  setKeyStatus,
  toCoseKey,
  toDidKey,
  toJwk,
  toMultikey,
  verifySignature,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { codeOf } from '../helpers/errors.ts'
import { issuedAt, kemKey, person } from '../helpers/keys.ts'
import { withSeededRandom } from '../helpers/random.ts'

/** What an attacker, or a careless library, has put on Object.prototype. */
const hostile: Record<string, unknown> = {
  // Parts of property descriptors.
  get: () => 'polluted',
  set: () => {},
  writable: true,
  // Our options.
  as: {},
  signal: AbortSignal.abort(new Error('polluted')),
  author: {},
  authors: [],
  requiredSignatures: [],
  key: {},
  cipher: {},
  keyIds: 'none',
  externalAad: utf8('polluted'),
  mediaType: 'polluted',
  profile: 'foreign',
  minimumSecurity: 'post-quantum',
  allowClassical: true,
  recipients: [],
  add: [],
  remove: [],
  secret: true,
  algorithms: [],
  kem: xWing,
  expires: new Date(0),
  now: new Date(0),
  validFrom: new Date(0),
  validUntil: new Date(0),
  compromisedAt: new Date(0),
  // What tells our objects apart, and what stands inside them.
  encryption: {},
  decapsulator: {},
  decapsulate: () => new Uint8Array(32),
  keys: [],
  signer: {},
  sign: () => new Uint8Array(64),
  identity: {},
  local: true,
  status: 'destroyed',
  retired: 'destroyed',
  batch: {},
  batchKeys: {},
  draft: { anyIv: true },
  anyIv: true,
  extraInfo: utf8('polluted'),
  aad: utf8('polluted'),
  own: null,
  kid: new Uint8Array(32),
  salt: new Uint8Array(32),
  // Members of keys in JSON.
  d: 'AA',
  priv: 'AA',
  use: 'enc',
  crv: 'X25519',
  pub: 'AA',
  curve: 1,
  jwk: 'polluted',
  multicodec: 1,
}

async function withPollution<T>(
  kind: 'value' | 'accessor',
  names: readonly string[],
  run: () => Promise<T>,
): Promise<T> {
  for (const name of names) {
    const value = hostile[name]
    const descriptor: PropertyDescriptor =
      kind === 'value'
        ? { value, writable: true }
        : {
            get: () => value,
            set() {
              throw new Error(`Object.prototype.${name} was set`)
            },
          }
    Object.defineProperty(
      Object.prototype,
      name,
      Object.assign(Object.create(null), descriptor, { configurable: true }),
    )
  }
  try {
    return await run()
  } finally {
    for (const name of names) delete (Object.prototype as Record<string, unknown>)[name]
  }
}

const bytesOf = (value: unknown): string =>
  value instanceof Uint8Array
    ? createHash('sha256').update(value).digest('hex').slice(0, 16)
    : String(value)

/** A little of everything; the outcome as text. */
async function everything(): Promise<string[]> {
  const out: unknown[] = []
  const author = await person(1)
  const other = await person(2)
  const [strong, weak] = [await kemKey(xWing), await kemKey(x25519)]
  const algorithms = { algorithms: [x25519, ed25519] }
  const content = utf8('Hb 7.1')
  const recipients = [strong.publicKey]
  const envelope = await seal(content, { recipients })
  const signed = await seal(content, { author, recipients })
  const both = await seal(content, { authors: [author, other], recipients: [author.public] })
  const directory = keyDirectory([author.public, { identity: other.public }])
  out.push(envelope, signed, both)
  const opened = await open(signed, { as: strong, authors: directory })
  out.push(opened.content, opened.mediaType, opened.addressed, opened.security, opened.committed)
  out.push(
    opened.authors.map(
      ({ name, validFrom, compromisedAt }) => `${name} ${validFrom?.getTime()} ${compromisedAt}`,
    ),
  )
  out.push((await open(both, { as: author, authors: directory })).signers.length)
  out.push(await codeOf(open(signed, { as: strong })))
  out.push(await codeOf(rewrap(envelope, { as: strong, add: [weak.publicKey] })))
  out.push(
    await codeOf(rekey(envelope, { as: strong, recipients: [strong.publicKey, weak.publicKey] })),
  )
  out.push(await codeOf(open(envelope, { as: weak })))
  out.push(await rewrap(envelope, { as: strong, add: [author.public], allowClassical: true }))
  out.push(await rekey(envelope, { as: strong, recipients }))
  const batch = await createSealer({ author }).seal(content, { recipients })
  out.push(batch, (await createOpener({ as: strong }).open(batch, { authors: directory })).content)
  const { body, wraps } = detachWraps(signed)
  out.push(body, wraps, attachWraps(body, wraps))
  out.push(await codeOf(rewrapWraps(wraps, { as: strong, add: [weak.publicKey] })))
  const moved = await rewrapWraps(wraps, { as: strong, add: [other.public], allowClassical: true })
  out.push(moved, (await open(attachWraps(body, moved), { as: other, authors: directory })).content)
  const ring = rotateKey(createKeyRing(weak), await kemKey(x25519, 3))
  out.push(setKeyStatus(ring, weak.publicKey.id, 'disabled').keys.map(({ status }) => status))
  const hidden = await seal(content, { recipients: [weak.publicKey] })
  out.push((await open(hidden, { as: ring })).content)
  out.push(
    inspect(envelope).unverified.recipients.map(
      ({ keyId, algorithm }) => `${algorithm} ${bytesOf(keyId)}`,
    ),
  )
  const jwk = toJwk(author.public.signing)
  out.push(fromJwk(jwk).id, Object.keys(jwk), fromCoseKey(toCoseKey(author.public.signing)).id)
  out.push(
    fromMultikey(toMultikey(strong.publicKey)).id,
    fromDidKey(toDidKey(author.public.signing)).id,
  )
  out.push((await decodePublicIdentity(author.public.card, algorithms)).did)
  const fresh = await generateIdentity({ kem: x25519, now: issuedAt })
  out.push(fresh.public.card, fresh.public.expires, fresh.public.encryption.algorithm.name)
  const signature = await author.signer.sign(content)
  out.push(await verifySignature(author.public.signing, content, signature))
  // An IV of another length is refused, whoever says that any will do.
  const parts = envelope.slice()
  parts[parts.length - 1]! ^= 1
  out.push(await codeOf(open(parts, { as: strong })))
  return out.map((value) => (Array.isArray(value) ? value.join() : bytesOf(value)))
}

describe('a polluted Object.prototype', () => {
  const all = Object.keys(hostile)
  // With these names it is Node itself that fails: it sets the first two on a plain object when it exports a key
  // as JWK, and its WebCrypto defines properties by plain descriptors and reads `use` through the prototype.
  const nodes: Record<string, readonly string[]> = {
    native: ['crv', 'd'],
    webcrypto: ['get', 'set', 'writable', 'use'],
    noble: [],
  }
  const namesFor = (kind: 'value' | 'accessor'): string[] => {
    const tier = process.env['CARESEAL_TIER'] ?? 'native'
    return all.filter(
      (name) => (tier === 'native' && kind === 'value') || !nodes[tier]!.includes(name),
    )
  }

  it.each(['value', 'accessor'] as const)('changes nothing, name by name (%s)', async (kind) => {
    const clean = await withSeededRandom('pollution', everything)
    expect(clean.length).toBeGreaterThan(30)
    // Plain JavaScript would take a minute for all names one by one: all at once below is enough there.
    const slow = process.env['CARESEAL_TIER'] === 'noble'
    const tried = namesFor(kind).filter((_, i) => !slow || i % 6 === 0)
    for (const name of tried) {
      const polluted = await withSeededRandom('pollution', () =>
        withPollution(kind, [name], everything),
      )
      expect(polluted, name).toEqual(clean)
    }
  })

  it.each(['value', 'accessor'] as const)('changes nothing, all at once (%s)', async (kind) => {
    const clean = await withSeededRandom('pollution', everything)
    const polluted = await withSeededRandom('pollution', () =>
      withPollution(kind, namesFor(kind), everything),
    )
    expect(polluted).toEqual(clean)
  })
})
