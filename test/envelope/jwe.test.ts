import {
  CompactEncrypt,
  calculateJwkThumbprint,
  compactDecrypt,
  FlattenedEncrypt,
  flattenedDecrypt,
  GeneralEncrypt,
  generalDecrypt,
  importJWK,
} from 'jose'
import { describe, expect, it } from 'vitest'
import {
  ecdhEs,
  type FromJweOptions,
  fromJwe,
  joseHpke,
  type OpenedJwe,
  type RawEcdhOptions,
  toJwe,
} from '../../src/envelope/index.ts'
import { jwkThumbprint } from '../../src/envelope/jwe/thumbprint.ts'
import {
  createKeyRing,
  type Decapsulator,
  destroyKey,
  type KemAlgorithm,
  type LocalDecapsulator,
  mlKem768P256,
  p256,
  rotateKey,
  setKeyStatus,
  toJwk,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { type HpkeRecipient, otherHpkeJwe } from '../helpers/joseHpke.ts'
import { kemKey, kems, person } from '../helpers/keys.ts'

const note = utf8('Hb 7.1 g/dL ÄÖ')
const classical = [p256, x25519]
const wrapped = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM' }

/** Our key in jose's hands. */
const asJose = async (key: LocalDecapsulator, alg = wrapped.alg) =>
  importJWK({ ...toJwk(key, { secret: true }) }, alg)
const asJosePublic = async (key: LocalDecapsulator, alg = wrapped.alg) =>
  importJWK({ ...toJwk(key.publicKey) }, alg)

describe.each(classical.map((algorithm) => [algorithm.name, algorithm] as const))(
  '%s, with jose',
  (_name, algorithm) => {
    it('jose opens what we write, for each of several readers', async () => {
      const keys = await Promise.all([1, 2, 3].map((n) => kemKey(algorithm, n)))
      const recipients = keys.map(({ publicKey }) => publicKey)
      const jwe = await toJwe(note, { recipients, mediaType: 'application/fhir+json', type: 'x/y' })
      for (const key of keys) {
        const opened = await generalDecrypt(JSON.parse(jwe), await asJose(key))
        expect(new Uint8Array(opened.plaintext)).toEqual(note)
        expect(opened.protectedHeader).toEqual({ enc: 'A256GCM', typ: 'x/y', cty: 'fhir+json' })
        expect(opened.unprotectedHeader?.['kid']).toBe(
          await calculateJwkThumbprint({ ...toJwk(key.publicKey) }),
        )
      }
      await expect(
        generalDecrypt(JSON.parse(jwe), await asJose(await kemKey(algorithm, 4))),
      ).rejects.toThrow()
    })

    it('we open what jose writes: general, flattened, compact; wrapped or agreed directly', async () => {
      const [other, key] = [await kemKey(algorithm, 1), await kemKey(algorithm, 2)]
      const general = await new GeneralEncrypt(note)
        .setProtectedHeader({ enc: 'A256GCM', cty: 'text/plain' })
        .setSharedUnprotectedHeader({ 'shared.example': [{ a: 1.5e3 }, null, true] })
        .setAdditionalAuthenticatedData(utf8('row 7'))
        .addRecipient(await asJosePublic(other))
        .setUnprotectedHeader({ alg: wrapped.alg, kid: 'alice' })
        .addRecipient(await asJosePublic(key))
        .setUnprotectedHeader({ alg: wrapped.alg, kid: 'bob' })
        .encrypt()
      const opened = await fromJwe(JSON.stringify(general, null, 2), { as: key })
      expect([text(opened.content), opened.mediaType, text(opened.aad!)]).toEqual([
        text(note),
        'text/plain',
        'row 7',
      ])
      for (const alg of ['ECDH-ES+A256KW', 'ECDH-ES']) {
        for (const enc of ['A256GCM', 'A128GCM']) {
          const parties = { apu: utf8('Alice'), apv: utf8('Bob') }
          const header = { alg, enc, cty: 'fhir+json' }
          const flattened = await new FlattenedEncrypt(note)
            .setProtectedHeader(header)
            .setKeyManagementParameters(parties)
            .encrypt(await asJosePublic(key, alg))
          const compact = await new CompactEncrypt(note)
            .setProtectedHeader(header)
            .encrypt(await asJosePublic(key, alg))
          for (const jwe of [JSON.stringify(flattened), compact, utf8(compact)]) {
            const { content, mediaType } = await fromJwe(jwe, { as: key })
            expect([text(content), mediaType]).toEqual([text(note), 'application/fhir+json'])
          }
          expect(await codeOf(fromJwe(compact, { as: other }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
        }
      }
    })

    it('one reader only: what we write is also flattened for those who want that', async () => {
      const key = await kemKey(algorithm)
      const jwe = JSON.parse(await toJwe(note, { recipients: [key.publicKey] }))
      const { recipients, ...rest } = jwe
      const flat = { ...rest, ...recipients[0] }
      expect((await flattenedDecrypt(flat, await asJose(key))).plaintext).toEqual(
        (await generalDecrypt(jwe, await asJose(key))).plaintext,
      )
      expect((await fromJwe(JSON.stringify(flat), { as: key })).content).toEqual(note)
    })
  },
)

describe.each(kems.map((algorithm) => [algorithm.name, algorithm] as const))(
  '%s, HPKE with an implementation that shares no code',
  (_name, algorithm) => {
    it('we open what it writes: key encryption for several, integrated for one', async () => {
      const [other, key] = [await kemKey(algorithm, 1), await kemKey(algorithm, 2)]
      const both: HpkeRecipient[] = [other, key]
      const jwe = await otherHpkeJwe(note, both, { integrated: false })
      expect((await fromJwe(jwe, { as: key })).content).toEqual(note)
      expect(await codeOf(fromJwe(jwe, { as: await kemKey(algorithm, 3) }))).toBe(
        'ERR_ENVELOPE_OPEN_FAILED',
      )
      const integrated = await otherHpkeJwe(note, [key], { integrated: true })
      expect((await fromJwe(integrated, { as: key })).content).toEqual(note)
      expect(await codeOf(fromJwe(integrated, { as: other }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    })

    it('we open what we write, with and without key ids', async () => {
      const [other, key] = [await kemKey(algorithm, 1), await kemKey(algorithm, 2)]
      const recipients = [other.publicKey, key.publicKey]
      for (const keyIds of ['plain', 'none'] as const) {
        const jwe = await toJwe(note, { recipients, keyIds, algorithm: joseHpke })
        expect((await fromJwe(jwe, { as: key, algorithms: [joseHpke] })).content).toEqual(note)
        expect(jwe.includes('kid')).toBe(keyIds === 'plain')
        expect(jwe.includes(jwkThumbprint(key.publicKey))).toBe(keyIds === 'plain')
      }
    })
  },
)

/** A JWE of one P-256 reader, as an object to spoil. */
async function parts(algorithm: KemAlgorithm = p256) {
  const key = await kemKey(algorithm)
  const jwe = JSON.parse(
    await toJwe(note, { recipients: [key.publicKey], mediaType: 'text/plain' }),
  )
  const open = (change: object | string, options: Partial<FromJweOptions> = {}) =>
    fromJwe(typeof change === 'string' ? change : JSON.stringify({ ...jwe, ...change }), {
      as: key,
      ...options,
    })
  const entry = jwe.recipients[0]
  const withHeader = (change: object) =>
    open({ recipients: [{ ...entry, header: { ...entry.header, ...change } }] })
  return { key, jwe, entry, open, withHeader }
}
const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const malformed = 'ERR_ENVELOPE_MALFORMED'
const unsupported = 'ERR_ALGORITHM_UNSUPPORTED'

describe('what a JWE says', () => {
  it('is returned with nothing claimed that is not known', async () => {
    const { open, jwe } = await parts()
    const { content, ...rest } = await open({})
    expect(content).toEqual(note)
    expect(rest).toEqual({
      mediaType: 'text/plain',
      signers: [],
      authors: [],
      addressed: 'unstated',
      security: 'classical',
      committed: false,
      envelopeId: null,
      aad: null,
      protectedHeader: Buffer.from(jwe.protected, 'base64url').toString(),
    } satisfies Omit<OpenedJwe, 'content'>)
    const key = await kemKey(xWing)
    const hybrid = await fromJwe(await toJwe(note, { recipients: [key.publicKey] }), { as: key })
    expect(hybrid).toMatchObject({ security: 'classical', committed: false, mediaType: null })
  })

  it('takes a media type from the protected header only', async () => {
    const key = await kemKey(p256)
    const jwe = JSON.parse(await toJwe(note, { recipients: [key.publicKey] }))
    const shared = { ...jwe, unprotected: { cty: 'text/html' } }
    expect((await fromJwe(JSON.stringify(shared), { as: key })).mediaType).toBe(null)
  })

  it('is not compressed, and has no critical extension', async () => {
    const { jwe, open, withHeader } = await parts()
    const header = JSON.parse(Buffer.from(jwe.protected, 'base64url').toString())
    expect(await codeOf(open({ protected: b64({ ...header, zip: 'DEF' }) }))).toBe(unsupported)
    expect(await codeOf(withHeader({ zip: 'DEF' }))).toBe(unsupported)
    for (const crit of [['exp'], [], ['enc'], 'exp']) {
      expect(await codeOf(open({ protected: b64({ ...header, crit }) }))).toBe(malformed)
    }
    expect(await codeOf(withHeader({ crit: ['exp'] }))).toBe(malformed)
  })

  it('has one value for each header parameter, over all parts', async () => {
    const { open, withHeader, jwe } = await parts()
    expect(await codeOf(withHeader({ enc: 'A256GCM' }))).toBe(malformed)
    expect(await codeOf(open({ unprotected: { enc: 'A256GCM' } }))).toBe(malformed)
    expect(await codeOf(open({ unprotected: { alg: 'ECDH-ES+A256KW' } }))).toBe(malformed)
    const twice = `{"enc":"A256GCM","\\u0065nc":"A256GCM"}`
    const encoded = Buffer.from(twice).toString('base64url')
    expect(await codeOf(open({ protected: encoded }))).toBe(malformed)
    const json = JSON.stringify(jwe)
    const doubled = `${json.slice(0, -1)},"tag":"${jwe.tag}"}`
    const error = await rejection(open(doubled))
    expect(error).toMatchObject({ code: malformed, offset: json.length })
  })

  it('has exact lengths, each checked before a key is asked', async () => {
    for (const algorithm of [p256, x25519, xWing, mlKem768P256]) {
      const { jwe, entry, key } = await parts(algorithm)
      let asked = 0
      const as: Decapsulator = {
        publicKey: key.publicKey,
        decapsulate: () => {
          asked++
          return Promise.reject(new Error('asked'))
        },
      }
      const ecdh = () => {
        asked++
        return Promise.reject(new Error('asked'))
      }
      const longer = (value: string) =>
        Buffer.concat([Buffer.from(value, 'base64url'), Buffer.from([0])]).toString('base64url')
      const shorter = (value: string) =>
        Buffer.from(value, 'base64url').subarray(1).toString('base64url')
      for (const change of [longer, shorter]) {
        const changed = [
          { iv: change(jwe.iv) },
          { tag: change(jwe.tag) },
          { recipients: [{ ...entry, encrypted_key: change(entry.encrypted_key) }] },
        ]
        const { ek, epk } = entry.header
        if (ek !== undefined) {
          changed.push({ recipients: [{ ...entry, header: { ...entry.header, ek: change(ek) } }] })
        } else {
          const x = { ...epk, x: change(epk.x) }
          changed.push({ recipients: [{ ...entry, header: { ...entry.header, epk: x } }] })
        }
        for (const one of changed) {
          const opening = fromJwe(JSON.stringify({ ...jwe, ...one }), { as, ecdh })
          expect(await codeOf(opening), Object.keys(one)[0]).toBe(malformed)
        }
      }
      expect(asked).toBe(0)
    }
  })

  it('has an epk on the curve, and no private one', async () => {
    const { entry, withHeader } = await parts()
    const { epk } = entry.header
    const spoilt = [
      { ...epk, y: epk.x },
      { ...epk, kty: 'OKP' },
      { ...epk, d: epk.x },
      { kty: 'EC', crv: 'P-256', x: epk.x },
      { kty: 'EC', crv: 'P-256', x: 7, y: epk.y },
      'epk',
      null,
    ]
    for (const one of spoilt) expect(await codeOf(withHeader({ epk: one }))).toBe(malformed)
    expect(await codeOf(withHeader({ epk: { ...epk, crv: 'P-384' } }))).toBe(
      'ERR_ENVELOPE_RECIPIENT_NOT_FOUND',
    )
    const curve = await parts(x25519)
    for (const x of [
      '00',
      '01',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    ]) {
      const point = Buffer.from(x.padEnd(64, '0'), 'hex').toString('base64url')
      const own = { kty: 'OKP', crv: 'X25519', x: point }
      expect(await codeOf(curve.withHeader({ epk: own }))).toBe(malformed)
    }
  })

  it('opens under none of its changes', async () => {
    const { open, jwe, entry } = await parts()
    const flip = (value: string) => {
      const bytes = Buffer.from(value, 'base64url')
      bytes[bytes.length - 1]! ^= 1
      return bytes.toString('base64url')
    }
    const failed = 'ERR_ENVELOPE_OPEN_FAILED'
    for (const name of ['iv', 'ciphertext', 'tag']) {
      expect(await codeOf(open({ [name]: flip(jwe[name]) })), name).toBe(failed)
    }
    expect(await codeOf(open({ aad: b64('more') }))).toBe(failed)
    expect(await codeOf(open({ protected: b64({ enc: 'A256GCM', cty: 'text/html' }) }))).toBe(
      failed,
    )
    const other = { ...entry, encrypted_key: flip(entry.encrypted_key) }
    expect(await codeOf(open({ recipients: [other] }))).toBe(failed)
    const parties = { ...entry, header: { ...entry.header, apu: 'QWxpY2U' } }
    expect(await codeOf(open({ recipients: [parties] }))).toBe(failed)
  })

  it('is strict JSON, or strictly compact', async () => {
    const { open, jwe, entry } = await parts()
    const spoilt: (object | string)[] = [
      '',
      'a.b.c',
      'a.b.c.d.e.f',
      '....',
      '{',
      '[]',
      '{}',
      `${JSON.stringify(jwe)}x`,
      `\ufeff${JSON.stringify(jwe)}`,
      JSON.stringify(jwe).replace('"iv"', 'iv'),
      { protected: `${jwe.protected}=` },
      { ciphertext: `${jwe.ciphertext} ` },
      { iv: jwe.iv.replace(/.$/, '+') },
      { tag: 7 },
      { recipients: [] },
      { recipients: {} },
      { recipients: ['x'] },
      { recipients: [{ ...entry, header: [] }] },
      { recipients: [{ encrypted_key: entry.encrypted_key }] },
      { header: {} },
      { unprotected: 'x' },
      { protected: b64('text') },
      { protected: '' },
      { recipients: Array.from({ length: 1001 }, () => entry) },
      `${'{"a":'.repeat(17)}1${'}'.repeat(17)}`,
      `{"a":[${'0,'.repeat(70_000)}0]}`,
    ]
    for (const one of spoilt) {
      expect(await codeOf(open(one)), JSON.stringify(one).slice(0, 80)).toBe(malformed)
    }
    expect(await codeOf(fromJwe(Uint8Array.of(0xff, 0xfe), { as: await kemKey(p256) }))).toBe(
      malformed,
    )
    // What the standard does not name is ignored.
    expect((await open({ 'x.example': { a: [] }, __proto__: { iv: 'x' } })).content).toEqual(note)
  })

  it('is limited: 16 MiB, before anything is decoded', async () => {
    const { open } = await parts()
    const large = 'A'.repeat(Math.ceil(((16 * 1024 * 1024 + 17) * 4) / 3))
    expect(await codeOf(open({ ciphertext: large }))).toBe('ERR_CONTENT_TOO_LARGE')
    const huge = 'A'.repeat(32 * 1024 * 1024 + 1)
    expect(await codeOf(open(huge))).toBe('ERR_CONTENT_TOO_LARGE')
    const recipients = [(await kemKey(p256)).publicKey]
    const content = new Uint8Array(16 * 1024 * 1024 + 1)
    expect(await codeOf(toJwe(content, { recipients }))).toBe('ERR_CONTENT_TOO_LARGE')
  })
})

describe('algorithms of a JWE', () => {
  it('that are not read are named', async () => {
    const { jwe, open } = await parts()
    const named = [
      'RSA1_5',
      'RSA-OAEP',
      'RSA-OAEP-256',
      'PBES2-HS512+A256KW',
      'dir',
      'A256KW',
      'A256GCMKW',
      'ECDH-ES+A128KW',
      'HPKE-10-KE',
      'HPKE-04',
    ]
    for (const alg of named) {
      const header = { alg, p2c: 2 ** 31 - 1, p2s: 'AAAAAAAAAAA' }
      const error = (await rejection(
        open({ recipients: [{ header, encrypted_key: '' }] }),
      )) as Error
      expect(error).toMatchObject({ code: unsupported })
      expect(error.message).toContain(alg)
    }
    const secret = (await rejection(
      open({ recipients: [{ header: { alg: 'Aurelia Silverhand' }, encrypted_key: '' }] }),
    )) as Error
    expect(secret.message).not.toContain('Silverhand')
    for (const enc of ['A128CBC-HS256', 'A192GCM', 'none']) {
      const error = (await rejection(open({ protected: b64({ enc }) }))) as Error
      expect(error).toMatchObject({ code: unsupported })
      expect(error.message).toContain(enc)
    }
    expect(await codeOf(open({ protected: b64({ cty: 'x' }) }))).toBe(malformed)
    // Beside a reader that we know they do no harm.
    const beside = [{ header: { alg: 'RSA-OAEP' }, encrypted_key: 'AAAA' }, ...jwe.recipients]
    expect((await open({ recipients: beside })).content).toEqual(note)
  })

  it('that were not accepted are named with their constant', async () => {
    const { open } = await parts()
    const error = (await rejection(open({}, { algorithms: [joseHpke] }))) as Error
    expect(error).toMatchObject({ code: unsupported })
    expect(error.message).toContain('ecdhEs')
    expect((await open({}, { algorithms: [ecdhEs] })).content).toEqual(note)
    for (const algorithms of [[], ['ECDH-ES'], [p256], 'ECDH-ES', [null]]) {
      expect(await rejection(open({}, { algorithms: algorithms as never }))).toBeInstanceOf(
        TypeError,
      )
    }
  })

  it('for one recipient stand alone, integrated ones without what they do not use', async () => {
    const key = await kemKey(x25519)
    const jwe = JSON.parse(await otherHpkeJwe(note, [key], { integrated: true }))
    const open = (change: object) => fromJwe(JSON.stringify({ ...jwe, ...change }), { as: key })
    expect((await open({ iv: '', tag: '' })).content).toEqual(note)
    const { encrypted_key, ...rest } = jwe
    const second = await kemKey(x25519, 2)
    const { recipients } = JSON.parse(
      await toJwe(note, { recipients: [second.publicKey], algorithm: joseHpke }),
    )
    const general = (list: object[]) =>
      fromJwe(JSON.stringify({ ...rest, recipients: list }), { as: key })
    expect((await general([{ encrypted_key }])).content).toEqual(note)
    expect(await codeOf(general([{ encrypted_key }, { encrypted_key }]))).toBe(malformed)
    expect(await codeOf(general([{ encrypted_key }, recipients[0]]))).toBe(malformed)
    const spoilt = [
      { iv: 'AAAAAAAAAAAAAAAA' },
      { tag: 'AAAAAAAAAAAAAAAAAAAAAA' },
      { header: { enc: 'A256GCM' } },
      { header: { ek: encrypted_key } },
      { encrypted_key: '' },
      { protected: b64({}), header: { alg: 'HPKE-4' } },
    ]
    for (const one of spoilt) expect(await codeOf(open(one))).toBe(malformed)
    expect(await codeOf(open({ header: { psk_id: 'AAAA' } }))).toBe(unsupported)
  })
})

describe('readers of a JWE', () => {
  it('are people and rings; a retired key is named, not used', async () => {
    const doctor = await person(3, p256)
    const jwe = await toJwe(note, { recipients: [doctor.public] })
    expect((await fromJwe(jwe, { as: doctor })).content).toEqual(note)
    const old = doctor.decapsulator as LocalDecapsulator
    const ring = rotateKey(createKeyRing(old), await kemKey(xWing, 4))
    expect((await fromJwe(jwe, { as: ring })).content).toEqual(note)
    const disabled = setKeyStatus(ring, old.publicKey.id, 'disabled')
    expect(await codeOf(fromJwe(jwe, { as: disabled }))).toBe('ERR_KEY_DISABLED')
    const nameless = await toJwe(note, { recipients: [doctor.public], keyIds: 'none' })
    expect(await codeOf(fromJwe(nameless, { as: disabled }))).toBe(
      'ERR_ENVELOPE_RECIPIENT_NOT_FOUND',
    )
    destroyKey(old)
    expect(await codeOf(fromJwe(jwe, { as: ring }))).toBe('ERR_KEY_DISABLED')
  })

  it('are found by key id behind any number of others, without one behind 63', async () => {
    const { jwe, entry, key } = await parts(x25519)
    const stranger = await kemKey(x25519, 2)
    const { recipients } = JSON.parse(await toJwe(note, { recipients: [stranger.publicKey] }))
    const others = (count: number) => Array.from({ length: count }, () => recipients[0])
    const open = (list: object[]) =>
      fromJwe(JSON.stringify({ ...jwe, recipients: list }), { as: key })
    expect((await open([...others(80), entry])).content).toEqual(note)
    const { kid: _, ...header } = entry.header
    const bare = { ...entry, header }
    expect((await open([...others(63), bare])).content).toEqual(note)
    expect(await codeOf(open([...others(64), bare]))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    const own = {
      ...entry,
      header: { ...header, kid: Buffer.from(key.publicKey.id).toString('base64url') },
    }
    expect((await open([...others(80), own])).content).toEqual(note)
  })

  it('whose keys are elsewhere give their raw ECDH, or are told how', async () => {
    for (const algorithm of classical) {
      const local = await kemKey(algorithm)
      const { publicKey } = local
      const as: Decapsulator = { publicKey, decapsulate: (ek) => local.decapsulate(ek) }
      const jwe = await toJwe(note, { recipients: [publicKey] })
      const error = (await rejection(fromJwe(jwe, { as }))) as Error
      expect(error).toMatchObject({ code: unsupported })
      expect(error.message).toContain('{ ecdh }')
      const seen: RawEcdhOptions[] = []
      const { subtle } = crypto
      const name = algorithm === p256 ? 'ECDH' : 'X25519'
      const curve = algorithm === p256 ? { name, namedCurve: 'P-256' } : { name }
      const secret = { ...toJwk(local, { secret: true }) }
      const privateKey = await subtle.importKey('jwk', secret, curve, false, ['deriveBits'])
      const ecdh = async (peer: Uint8Array, options: RawEcdhOptions) => {
        seen.push(options)
        const theirs = await subtle.importKey('raw', peer as BufferSource, curve, false, [])
        const bits = await subtle.deriveBits({ name, public: theirs }, privateKey, 256)
        return new Uint8Array(bits)
      }
      expect((await fromJwe(jwe, { as, ecdh })).content).toEqual(note)
      expect(seen.map((one) => one.publicKey)).toEqual([publicKey])
      const hpke = await toJwe(note, { recipients: [publicKey], algorithm: joseHpke })
      expect((await fromJwe(hpke, { as })).content).toEqual(note)

      const silent = new Error('session closed')
      const failing = fromJwe(jwe, { as, ecdh: () => Promise.reject(silent) })
      expect(await rejection(failing)).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', cause: silent })
      const short = fromJwe(jwe, { as, ecdh: async () => new Uint8Array(31) })
      expect(await rejection(short)).toBeInstanceOf(TypeError)
      const zero = fromJwe(jwe, { as, ecdh: async () => new Uint8Array(32) })
      expect(await codeOf(zero)).toBe('ERR_ENVELOPE_OPEN_FAILED')
      const none = fromJwe(jwe, { as, ecdh: 'raw' as never })
      expect(await rejection(none)).toBeInstanceOf(TypeError)
    }
  })

  it('wipe what they agreed', async () => {
    const local = await kemKey(x25519)
    const jwe = await toJwe(note, { recipients: [local.publicKey] })
    const given: Uint8Array[] = []
    const as: Decapsulator = { publicKey: local.publicKey, decapsulate: () => Promise.reject() }
    const ecdh = async () => {
      const bytes = new Uint8Array(32).fill(9)
      given.push(bytes)
      return bytes
    }
    await rejection(fromJwe(jwe, { as, ecdh }))
    expect(given).toEqual([new Uint8Array(32)])
  })

  it('abort', async () => {
    const { jwe, key } = await parts()
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    expect(await rejection(fromJwe(JSON.stringify(jwe), { as: key, signal }))).toBe(reason)
    expect(await rejection(toJwe(note, { recipients: [key.publicKey], signal }))).toBe(reason)
    const controller = new AbortController()
    const as: Decapsulator = { publicKey: key.publicKey, decapsulate: () => Promise.reject() }
    const never = () => new Promise<never>(() => {})
    const text = JSON.stringify(jwe)
    const waiting = fromJwe(text, { as, ecdh: never, signal: controller.signal })
    controller.abort(reason)
    expect(await rejection(waiting)).toBe(reason)
  })
})

describe('arguments of toJwe and fromJwe', () => {
  it('are checked', async () => {
    const { publicKey } = await kemKey(p256)
    const hybrid = (await kemKey(xWing)).publicKey
    const recipients = [publicKey]
    const wrong: [unknown, object | null, unknown][] = [
      ['text', { recipients }, TypeError],
      [note, { recipients: [] }, RangeError],
      [note, { recipients: [publicKey, publicKey] }, RangeError],
      [note, { recipients: [publicKey, hybrid] }, RangeError],
      [note, { recipients: [hybrid], algorithm: ecdhEs }, TypeError],
      [note, { recipients, algorithm: 'ECDH-ES' }, TypeError],
      [note, { recipients, mediaType: 7 }, TypeError],
      [note, { recipients, type: '\ud800' }, TypeError],
      [note, { recipients, keyIds: 'hint' }, TypeError],
      [note, { recipients, author: 'me' }, TypeError],
      [note, null, TypeError],
    ]
    for (const [content, options, kind] of wrong) {
      expect(await rejection(toJwe(content as never, options as never))).toBeInstanceOf(kind)
    }
    const as = await kemKey(p256)
    const jwe = await toJwe(note, { recipients })
    expect(await rejection(fromJwe(7 as never, { as }))).toBeInstanceOf(TypeError)
    expect(await rejection(fromJwe(jwe, {} as never))).toBeInstanceOf(TypeError)
    expect(await rejection(fromJwe(jwe, { as, profile: 'x' } as never))).toBeInstanceOf(TypeError)
  })

  it('may change once the call has returned', async () => {
    const key = await kemKey(p256)
    const content = note.slice()
    const writing = toJwe(content, { recipients: [key.publicKey] })
    content.fill(0)
    expect((await fromJwe(await writing, { as: key })).content).toEqual(note)
  })

  it('of any size: empty content and a megabyte', async () => {
    const key = await kemKey(xWing)
    for (const content of [new Uint8Array(0), new Uint8Array(1_000_001).fill(7)]) {
      const jwe = await toJwe(content, { recipients: [key.publicKey] })
      const opened = await fromJwe(jwe, { as: key })
      expect(Buffer.compare(opened.content, content)).toBe(0)
    }
  })

  it('compact JWE that jose takes for the same', async () => {
    const key = await kemKey(x25519)
    const compact = await new CompactEncrypt(note)
      .setProtectedHeader(wrapped)
      .encrypt(await asJosePublic(key))
    expect((await compactDecrypt(compact, await asJose(key))).plaintext).toEqual(
      new Uint8Array((await fromJwe(compact, { as: key })).content),
    )
    for (const end of ['\n', '\r\n']) {
      expect((await fromJwe(`${compact}${end}`, { as: key })).content).toEqual(note)
    }
    for (const more of ['\n\n', ' ', '\r', '\n ']) {
      expect(await codeOf(fromJwe(`${compact}${more}`, { as: key }))).toBe(malformed)
    }
  })
})

describe('the commonest content encryption that is not read', () => {
  it('is named, and not taken for damage', async () => {
    const key = await kemKey(p256)
    const jwe = await new CompactEncrypt(note)
      .setProtectedHeader({ alg: 'ECDH-ES+A256KW', enc: 'A128CBC-HS256' })
      .encrypt(await asJosePublic(key))
    const error = await rejection(fromJwe(jwe, { as: key }))
    expect(error).toMatchObject({ code: 'ERR_ALGORITHM_UNSUPPORTED' })
    expect((error as Error).message).toContain('A128CBC-HS256')
  })
})
