import { describe, expect, it } from 'vitest'
import { fromJwe, toJwe } from '../../src/envelope/index.ts'
import {
  createKeyRing,
  type Decapsulator,
  p256,
  rotateKey,
  setKeyStatus,
} from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { codeOf } from '../helpers/errors.ts'
import { kemKey } from '../helpers/keys.ts'

const malformed = 'ERR_ENVELOPE_MALFORMED'
const key = await kemKey(p256)
const jwe = JSON.parse(await toJwe(utf8('Hb 7.1'), { recipients: [key.publicKey] }))
const open = (change: object) => fromJwe(JSON.stringify({ ...jwe, ...change }), { as: key })
const members = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`x${i}`, 0]))
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
async function timed(change: object): Promise<[code: string, ms: number]> {
  const start = performance.now()
  const code = await codeOf(open(change))
  return [code, performance.now() - start]
}

describe('the work that a JWE can ask for', () => {
  it('has at most 256 parameters in each part of a header', async () => {
    const [entry] = jwe.recipients
    const full = { unprotected: members(256), recipients: [entry] }
    expect((await open(full)).content).toEqual(utf8('Hb 7.1'))
    expect(await codeOf(open({ unprotected: members(257) }))).toBe(malformed)
    const own = { ...entry, header: { ...entry.header, ...members(255) } }
    expect(await codeOf(open({ recipients: [own] }))).toBe(malformed)
    const inside = encoded({ enc: 'A256GCM', ...members(256) })
    expect(await codeOf(open({ protected: inside }))).toBe(malformed)
  })

  it('does not grow with recipients times shared parameters', async () => {
    const recipients = Array.from({ length: 1000 }, () => ({ header: { alg: 'x' } }))
    const [code, ms] = await timed({ unprotected: members(60_000), recipients })
    expect(code).toBe(malformed)
    expect(ms).toBeLessThan(1000)
    const [allowed, while256] = await timed({ unprotected: members(256), recipients })
    expect(allowed).toBe('ERR_ALGORITHM_UNSUPPORTED')
    expect(while256).toBeLessThan(1000)
  })
})

describe('one entry of a JWE', () => {
  it('that cannot be read hides no other of the same key', async () => {
    const [entry] = jwe.recipients
    const spoilt = [
      { ...entry, header: { ...entry.header, epk: undefined } },
      { ...entry, header: { ...entry.header, epk: { ...entry.header.epk, y: 'AAAA' } } },
      { ...entry, encrypted_key: 'AAAA' },
    ]
    for (const one of spoilt) {
      expect((await open({ recipients: [one, entry] })).content).toEqual(utf8('Hb 7.1'))
      expect(await codeOf(open({ recipients: [one] }))).toBe(malformed)
    }
    const psk = { header: { alg: 'HPKE-7-KE', psk_id: 'AAAA' }, encrypted_key: '' }
    expect((await open({ recipients: [psk, entry] })).content).toEqual(utf8('Hb 7.1'))
    expect(await codeOf(open({ recipients: [psk] }))).toBe('ERR_ALGORITHM_UNSUPPORTED')
  })

  it('a silent key is asked once, and its error comes before that of a disabled one', async () => {
    const next = await kemKey(p256, 2)
    const both = JSON.parse(await toJwe(utf8('x'), { recipients: [key.publicKey, next.publicKey] }))
    let asked = 0
    const silent: Decapsulator = { publicKey: next.publicKey, decapsulate: () => Promise.reject() }
    const ring = rotateKey(createKeyRing(key), silent)
    const as = setKeyStatus(ring, key.publicKey.id, 'disabled')
    const ecdh = () => {
      asked++
      return Promise.reject(new Error('session closed'))
    }
    const recipients = [...both.recipients, both.recipients[1]]
    const opening = fromJwe(JSON.stringify({ ...both, recipients }), { as, ecdh })
    expect(await codeOf(opening)).toBe('ERR_KEY_UNAVAILABLE')
    expect(asked).toBe(1)
  })

  it('has the same enc as all others', async () => {
    const [entry] = jwe.recipients
    const other = (enc?: string) => ({ ...entry, header: { ...entry.header, enc } })
    const bare = encoded({ typ: 'x' })
    // Of an alg that nobody here reads: nothing but its enc can be wrong.
    const recipients = [other('A256GCM'), { header: { alg: 'x', enc: 'A128GCM' } }]
    expect(await codeOf(open({ protected: bare, recipients }))).toBe(malformed)
    expect(await codeOf(open({ protected: bare, recipients: [other('A256GCM'), other()] }))).toBe(
      malformed,
    )
  })
})

describe('the limits of a JWE', () => {
  it('cty is text that a media type can have, before a key is asked', async () => {
    for (const cty of ['\ud800', 'text/plain\n', '\u0000', 'x\u007f', '\u0085']) {
      expect(await codeOf(open({ protected: encoded({ enc: 'A256GCM', cty }) }))).toBe(malformed)
      const writing = toJwe(utf8('x'), { recipients: [key.publicKey], mediaType: cty })
      await expect(writing).rejects.toThrow(TypeError)
    }
  })

  it('16 MiB exactly', async () => {
    const size = 16 * 1024 * 1024
    const recipients = [key.publicKey]
    const full = await toJwe(new Uint8Array(size), { recipients })
    expect((await fromJwe(full, { as: key })).content.length).toBe(size)
    const more = Buffer.alloc(size + 1).toString('base64url')
    expect(await codeOf(open({ ciphertext: more }))).toBe('ERR_CONTENT_TOO_LARGE')
  })

  it('64 KiB of protected header', async () => {
    const header = (length: number) => encoded({ enc: 'A256GCM', x: 'y'.repeat(length) })
    expect(await codeOf(open({ protected: header(48_000) }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    expect(await codeOf(open({ protected: header(50_000) }))).toBe(malformed)
  })

  it('1024 bytes of apu and apv', async () => {
    const [entry] = jwe.recipients
    for (const name of ['apu', 'apv']) {
      const party = (size: number) => {
        const header = { ...entry.header, [name]: Buffer.alloc(size).toString('base64url') }
        return codeOf(open({ recipients: [{ ...entry, header }] }))
      }
      expect(await party(1024)).toBe('ERR_ENVELOPE_OPEN_FAILED')
      expect(await party(1025)).toBe(malformed)
    }
  })
})
