import { describe, expect, it } from 'vitest'
import { fromJwe, toJwe } from '../../src/envelope/index.ts'
import { p256 } from '../../src/keys/index.ts'
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
