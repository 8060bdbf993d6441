import { expect, it } from 'vitest'
import { open } from '../../src/envelope/index.ts'
import { internalsOf } from '../../src/internal/algorithm.ts'
import {
  type CborMap,
  type CborValue,
  decodeForeign,
  encodeCbor,
  type Tagged,
} from '../../src/internal/cbor/index.ts'
import type { DraftRules } from '../../src/internal/cose/recipient.ts'
import { openPlaintext } from '../../src/internal/envelope/opening.ts'
import { readerKeys } from '../../src/internal/envelope/reader.ts'
import { hpkeOpen } from '../../src/internal/hpke/index.ts'
import {
  type KemAlgorithm,
  keyFromSeed,
  type LocalDecapsulator,
  mlKem768P256,
  p256,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { hex, text, toHex, utf8 } from '../helpers/bytes.ts'
import { refused } from '../helpers/cbor.ts'
import { codeOf } from '../helpers/errors.ts'
import { kemKey } from '../helpers/keys.ts'
import { describeVectors, vectorJson, vectorText } from '../helpers/vectors.ts'

interface Message {
  readonly title: string
  readonly key: CborMap
  readonly bytes: Uint8Array
}

/** The messages of the drafts' text file: a key, then the messages that it opens, each under its title. */
function draftMessages(suite = ''): Message[] {
  const messages: Message[] = []
  let key: CborMap = new Map()
  let title = ''
  for (const line of vectorText('crypto/cose-hpke/draft-25-testvectors.txt').split('\n')) {
    const [, coseKey] = /COSE_Key::? ([0-9a-f]+)/.exec(line) ?? []
    const [, ciphertext] = /^Ciphertext: ([0-9a-f]+)/.exec(line) ?? []
    if (coseKey !== undefined) key = decodeForeign(hex(coseKey), refused) as CborMap
    else if (ciphertext !== undefined) messages.push({ title, key, bytes: hex(ciphertext) })
    else if (line.startsWith('HPKE-')) title = line.trim()
  }
  return suite === '' ? messages : messages.filter(({ title }) => title.startsWith(`${suite} `))
}

const secretOf = (algorithm: KemAlgorithm, key: CborMap): Promise<LocalDecapsulator> =>
  keyFromSeed(algorithm, key.get(-4) as Uint8Array)

const foreign = { profile: 'foreign', externalAad: new Uint8Array(0) } as const

describeVectors('COSE-HPKE key encryption (draft-ietf-cose-hpke-25)', () => {
  // The draft's tool drew IVs of 16 and 32 bytes for AES-GCM. RFC 9053 §4.1 has 12; another length is accepted
  // only by the internal flag that these tests set.
  const rulesOf = (title: string): DraftRules => ({
    anyIv: true,
    ...(title.includes('external info') ? { extraInfo: utf8('external-info') } : {}),
    ...(title.includes('external hpke aad') ? { aad: utf8('external-hpke-aad') } : {}),
  })
  const aadOf = (title: string): Uint8Array =>
    title.includes('external aad') ? utf8('external-aad') : new Uint8Array(0)

  it.each([
    ['HPKE-4-KE', x25519],
    ['HPKE-7-KE', p256],
  ])('%s: opens all eight messages in base mode', async (suite, algorithm) => {
    const messages = draftMessages(suite).filter(({ title }) => !title.includes('PSK'))
    expect(messages).toHaveLength(8)
    for (const { title, key, bytes } of messages) {
      const readers = readerKeys(await secretOf(algorithm, key))
      const externalAad = aadOf(title)
      const options = { ...foreign, externalAad, draft: rulesOf(title) }
      const { plaintext } = await openPlaintext(bytes, readers, options)
      expect(text(plaintext), title).toBe('hpke test payload')
    }
  })

  it('pitfall 10: HPKE-7-KE: refuses the odd IVs without the flag', async () => {
    const [first] = draftMessages('HPKE-7-KE')
    const key = await secretOf(p256, first!.key)
    expect(await codeOf(open(first!.bytes, { as: key, profile: 'foreign' }))).toBe(
      'ERR_ENVELOPE_MALFORMED',
    )
  })

  it.each([
    ['HPKE-4-KE', x25519],
    ['HPKE-7-KE', p256],
  ])('%s: each message fails with any other binding', async (suite, algorithm) => {
    const messages = draftMessages(suite).filter(({ title }) => !title.includes('PSK'))
    for (const { title, key, bytes } of messages) {
      const readers = readerKeys(await secretOf(algorithm, key))
      const draft = rulesOf(title)
      const externalAad = aadOf(title)
      const wrong = [
        { externalAad: utf8('another'), draft },
        { externalAad, draft: { ...draft, extraInfo: utf8('another') } },
        { externalAad, draft: { ...draft, aad: utf8('another') } },
      ]
      for (const options of wrong) {
        const code = await codeOf(openPlaintext(bytes, readers, { ...foreign, ...options }))
        expect(code, title).toBe('ERR_ENVELOPE_OPEN_FAILED')
      }
    }
  })

  it('HPKE-4-KE: a message with a pre-shared key does not open, for we have no such mode', async () => {
    const messages = draftMessages('HPKE-4-KE').filter(({ title }) => title.includes('PSK'))
    expect(messages).toHaveLength(8)
    for (const { title, key, bytes } of messages) {
      const as = await secretOf(x25519, key)
      const code = await codeOf(open(bytes, { as, externalAad: aadOf(title), profile: 'foreign' }))
      expect(code, title).toBe('ERR_ENVELOPE_OPEN_FAILED')
    }
  })

  it('the other 176 of 192 messages do not open: other suites, pre-shared keys, the integrated mode', async () => {
    const all = draftMessages()
    expect(all).toHaveLength(192)
    const ours = /^HPKE-[47]-KE /
    const others = all.filter(({ title }) => !ours.test(title) || title.includes('PSK'))
    expect(others).toHaveLength(176)
    for (const { title, key, bytes } of others) {
      const algorithm = key.get(-1) === 4 ? x25519 : key.get(-1) === 1 ? p256 : null
      const as = algorithm === null ? await kemKey(xWing) : await secretOf(algorithm, key)
      const options = { ...foreign, externalAad: aadOf(title), draft: rulesOf(title) }
      const code = await codeOf(openPlaintext(bytes, readerKeys(as), options))
      expect(code, title).toMatch(/_(MALFORMED|OPEN_FAILED|RECIPIENT_NOT_FOUND)$/)
    }
  })
})

describeVectors('COSE-HPKE with post-quantum KEMs (draft-ietf-cose-hpke-pq-pqt)', () => {
  interface Vector {
    readonly alg: string
    readonly key: string
    readonly hex: string
  }
  const externalAad = utf8('The Fellowship of the Ring')
  const load = (alg: string): { key: CborMap; bytes: Uint8Array } => {
    const vector = vectorJson<Vector[]>('crypto/cose-hpke-pq/cose-vectors.json').find(
      (one) => one.alg === alg,
    )!
    return { key: decodeForeign(hex(vector.key), refused) as CborMap, bytes: hex(vector.hex) }
  }

  it.each([
    ['HPKE-8-KE', mlKem768P256],
    ['HPKE-9-KE', xWing],
  ])('%s: key, key id and message', async (alg, algorithm) => {
    const { key, bytes } = load(alg)
    const as = await keyFromSeed(algorithm, key.get(-2) as Uint8Array)
    expect(toHex(as.publicKey.bytes)).toBe(toHex(key.get(-1) as Uint8Array))
    expect(key.get(3)).toBe(internalsOf(algorithm).coseAlg)
    // Their key id is the RFC 9679 thumbprint, and so is ours.
    expect(toHex(as.publicKey.id)).toBe(toHex(key.get(2) as Uint8Array))
    const opened = await open(bytes, { as, externalAad, profile: 'foreign' })
    expect(text(opened.content)).toMatch(/^You can trust us .* We are your friends, Frodo\.$/)
    expect(opened).toMatchObject({
      mediaType: null,
      signers: [],
      authors: [],
      addressed: 'unstated',
      security: 'classical',
      committed: false,
      envelopeId: null,
    })
    expect(await codeOf(open(bytes, { as, profile: 'foreign' }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    expect(await codeOf(open(bytes, { as, externalAad }))).toBe('ERR_ENVELOPE_MALFORMED')
  })

  it.each([
    ['HPKE-8', mlKem768P256, 54],
    ['HPKE-9', xWing, 56],
  ])(
    'pitfall 8: %s: the integrated mode, which no envelope of ours has',
    async (alg, algorithm, coseAlg) => {
      const { key, bytes } = load(alg)
      expect(key.get(3)).toBe(coseAlg)
      const { suite } = internalsOf(algorithm)
      const message = decodeForeign(bytes, refused, [16]) as Tagged
      const [header, unprotected, ciphertext] = message.value as [Uint8Array, CborMap, Uint8Array]
      const aad = encodeCbor(['Encrypt0', header, externalAad] as CborValue)
      const secret = suite.kem.secret(key.get(-2) as Uint8Array)
      const shared = await secret.decapsulate(unprotected.get(-4) as Uint8Array)
      const plaintext = await hpkeOpen(suite, shared!, new Uint8Array(0), ciphertext, aad)
      expect(text(plaintext!)).toMatch(/^You can trust us .* We are your friends, Frodo\.$/)
      // The same key has another id there, since the algorithm is part of an AKP thumbprint.
      const as = await keyFromSeed(algorithm, key.get(-2) as Uint8Array)
      expect(toHex(as.publicKey.id)).not.toBe(toHex(key.get(2) as Uint8Array))
      const code = await codeOf(open(bytes, { as, externalAad, profile: 'foreign' }))
      expect(code).toBe('ERR_ENVELOPE_MALFORMED')
    },
  )

  it('the other eight of twelve are of suites that we do not have', async () => {
    const vectors = vectorJson<Vector[]>('crypto/cose-hpke-pq/cose-vectors.json')
    expect(vectors).toHaveLength(12)
    const others = vectors.filter(({ alg }) => !/^HPKE-[89](-KE)?$/.test(alg))
    expect(others).toHaveLength(8)
    const as = await kemKey(xWing)
    for (const { alg, hex: bytes } of others) {
      const code = await codeOf(open(hex(bytes), { as, externalAad, profile: 'foreign' }))
      expect(code, alg).toMatch(/_(MALFORMED|RECIPIENT_NOT_FOUND)$/)
    }
  })
})
