import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import {
  aes256Gcm,
  chacha20Poly1305,
  createSealer,
  inspect,
  type KeyIdMode,
  open,
  rekey,
  rewrap,
  seal,
} from '../../src/envelope/index.ts'
import { forceTier, type Tier } from '../../src/internal/engine/tier.ts'
import { es256, mlDsa65, x25519 } from '../../src/keys/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'
import { rejection } from '../helpers/errors.ts'
import { kemKey, kems, person, signKey } from '../helpers/keys.ts'
import { withoutRandom, withSeededRandom } from '../helpers/random.ts'

const tiers: readonly Tier[] = ['native', 'webcrypto', 'noble']
const own = process.env['CARESEAL_TIER'] as Tier
afterEach(() => forceTier(own))

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** One run of everything that draws random numbers; keys and authors are fixed. */
async function everything(keyIds: KeyIdMode): Promise<Uint8Array[]> {
  const author = await person(1)
  const keys = await Promise.all(kems.map((algorithm) => kemKey(algorithm, 5)))
  const recipients = keys.map(({ publicKey }) => publicKey)
  const options = { recipients, keyIds, cipher: aes256Gcm, mediaType: 'text/plain' }
  const content = utf8('Hb 7.1 g/dL')
  const unsigned = await seal(content, options)
  const signed = await seal(content, { ...options, author, externalAad: utf8('row 7') })
  const chacha = await seal(content, { ...options, cipher: chacha20Poly1305 })
  const sealer = createSealer({ author, keyIds, cipher: aes256Gcm })
  const batch = [
    await sealer.seal(content, { recipients }),
    await sealer.seal(utf8('next'), { recipients: recipients.slice(1) }),
  ]
  const add = [(await kemKey(x25519, 6)).publicKey]
  const shared = await rewrap(unsigned, { as: keys[0]!, add, allowClassical: true })
  const fresh = await rekey(batch[0]!, { as: keys[1]!, recipients })
  return [unsigned, signed, chacha, ...batch, shared, fresh]
}

describe('the same bytes on every tier', () => {
  // Signed with Ed25519. ES256 is exempt, since OpenSSL and WebCrypto draw its nonces themselves, and so is
  // ML-DSA's time of signing, though not its bytes: its hedge comes from our stream.
  it.each(['plain', 'hint', 'none'] as const)(
    '%s: given the same random numbers',
    async (keyIds) => {
      const runs: string[] = []
      for (const tier of tiers) {
        forceTier(tier)
        const envelopes = await withSeededRandom('careseal', () => everything(keyIds))
        runs.push(envelopes.map(digest).join())
      }
      expect(runs[1]).toBe(runs[0])
      expect(runs[2]).toBe(runs[0])
      const other = await withSeededRandom('another', () => everything(keyIds))
      expect(other.map(digest).join()).not.toBe(runs[0])
    },
  )

  it('ML-DSA-65 signatures too', async () => {
    const signatures: string[] = []
    for (const tier of tiers) {
      forceTier(tier)
      const key = await signKey(mlDsa65)
      signatures.push(toHex(await withSeededRandom('careseal', () => key.sign(utf8('x')))))
    }
    expect(new Set(signatures).size).toBe(1)
  })

  it('the cipher that is chosen by default differs, and each tier opens both', async () => {
    const key = await kemKey(x25519)
    const names: string[] = []
    for (const tier of tiers) {
      forceTier(tier)
      names.push(inspect(await seal(utf8('x'), { recipients: [key.publicKey] })).algorithm)
    }
    expect(names).toEqual(['AES-256-GCM', 'AES-256-GCM', 'ChaCha20-Poly1305'])
  })
})

describe('without secure random numbers', () => {
  it('nothing is sealed, shared or rekeyed, and nothing falls back', async () => {
    const key = await kemKey(x25519)
    const next = await kemKey(x25519, 2)
    const envelope = await seal(utf8('x'), { recipients: [key.publicKey] })
    const author = await person(1)
    const es256Key = await signKey(es256)
    const recipients = [key.publicKey]
    const calls: Record<string, () => Promise<unknown>> = {
      seal: () => seal(utf8('x'), { recipients }),
      'seal, signed': () => seal(utf8('x'), { author, recipients }),
      'seal, signed with ES256': () => seal(utf8('x'), { author: es256Key, recipients }),
      rewrap: () => rewrap(envelope, { as: key, add: [next.publicKey] }),
      rekey: () => rekey(envelope, { as: key, recipients: [key.publicKey] }),
      'a batch': () => createSealer().seal(utf8('x'), { recipients }),
      'a batch with hints': () => createSealer({ keyIds: 'hint' }).seal(utf8('x'), { recipients }),
    }
    for (const [name, call] of Object.entries(calls)) {
      const error = await withoutRandom(() => rejection(call()))
      expect(error, name).toMatchObject({
        code: 'ERR_RANDOM_UNAVAILABLE',
        name: 'RandomUnavailable',
      })
    }
  })

  it('what needs none still works: opening, inspecting, removing', async () => {
    const [key, other] = [await kemKey(x25519), await kemKey(x25519, 2)]
    const recipients = [key.publicKey, other.publicKey]
    const envelope = await seal(utf8('x'), { recipients })
    await withoutRandom(async () => {
      expect((await open(envelope, { as: key })).content).toHaveLength(1)
      expect(inspect(envelope).unverified.recipients).toHaveLength(2)
      const rest = await rewrap(envelope, { as: key, remove: [other.publicKey] })
      expect(inspect(rest).unverified.recipients).toHaveLength(1)
    })
  })
})
