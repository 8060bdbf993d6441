import { describe, expect, it } from 'vitest'
import { armor, writeAge } from '../../examples/migrate-archive/writeAge.ts'
import {
  agePassphrase,
  fromAge,
  fromAgeIdentity,
  openAge,
  type RawEcdh,
} from '../../src/envelope/index.ts'
import {
  createKeyRing,
  type Decapsulator,
  destroyKey,
  rotateKey,
  x25519,
} from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey } from '../helpers/keys.ts'

const note = utf8('Hb 7.1 g/dL')
const malformed = 'ERR_ENVELOPE_MALFORMED'
const key = await kemKey(x25519)
const stranger = (await kemKey(x25519, 2)).publicKey.bytes
const kept: Decapsulator = { publicKey: key.publicKey, decapsulate: () => Promise.reject() }
const fileFor = (others: number) =>
  writeAge(note, [...Array.from({ length: others }, () => stranger), key.publicKey.bytes])
async function* bytewise(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1)
}

describe('the work that an age file can ask for', () => {
  it('is 64 stanzas for each key', async () => {
    expect((await fromAge(fileFor(63), { as: key })).content).toEqual(note)
    expect(await codeOf(fromAge(fileFor(64), { as: key }))).toBe('ERR_ENVELOPE_RECIPIENT_NOT_FOUND')
    const ring = rotateKey(createKeyRing(key), await kemKey(x25519, 3))
    expect((await fromAge(fileFor(63), { as: ring })).content).toEqual(note)
  })

  it('leaves turns to others, and ends with an abort', async () => {
    const reason = new Error('enough')
    const controller = new AbortController()
    let asked = 0
    const ecdh: RawEcdh = async () => {
      asked++
      return new Uint8Array(32).fill(9)
    }
    setImmediate(() => controller.abort(reason))
    const opening = fromAge(fileFor(63), { as: kept, ecdh, signal: controller.signal })
    expect(await rejection(opening)).toBe(reason)
    expect(asked).toBeLessThan(64)
  })

  it('does not grow with the square of a line that comes byte by byte', async () => {
    const line = `-> x ${'y'.repeat(65_000)}\n\n`
    const file = utf8(`age-encryption.org/v1\n${line}`)
    const { set } = Uint8Array.prototype
    let moved = 0
    Uint8Array.prototype.set = function (source, at) {
      moved += source.length
      set.call(this, source, at)
    }
    try {
      const reading = openAge(bytewise(file), { as: key })
      expect(await codeOf(reading.next())).toBe(malformed)
    } finally {
      Uint8Array.prototype.set = set
    }
    expect(moved).toBeGreaterThan(file.length)
    expect(moved).toBeLessThan(8 * file.length)
  })

  it('takes content byte by byte', async () => {
    const content = new Uint8Array(70_000).map((_, i) => i)
    const file = writeAge(content, [key.publicKey.bytes])
    const pieces: Uint8Array[] = []
    for await (const piece of openAge(bytewise(file), { as: key })) pieces.push(piece)
    expect(Buffer.compare(Buffer.concat(pieces), content)).toBe(0)
  })

  it('a header of a stanza as long as allowed', async () => {
    const body = `${'A'.repeat(64)}\n`.repeat(32_000)
    const file = utf8(`age-encryption.org/v1\n-> x\n${body}\n--- ${'A'.repeat(43)}\n`)
    expect(await codeOf(fromAge(file, { as: key }))).toBe(malformed)
  })
})

describe('limits and remedies of age', () => {
  it('1024 blanks around armor', async () => {
    const text = armor(fileFor(0))
    expect((await fromAge(`${' '.repeat(1024)}${text}`, { as: key })).content).toEqual(note)
    expect((await fromAge(`${text}${' '.repeat(1024)}`, { as: key })).content).toEqual(note)
    expect(await codeOf(fromAge(`${' '.repeat(1025)}${text}`, { as: key }))).toBe(malformed)
    expect(await codeOf(fromAge(`${text}${' '.repeat(1025)}`, { as: key }))).toBe(malformed)
  })

  it('a work factor above the limit is refused by name, with what can be done', async () => {
    const asking = (factor: number) =>
      utf8(
        `age-encryption.org/v1\n-> scrypt ${'A'.repeat(22)} ${factor}\n${'A'.repeat(43)}\n--- ${'A'.repeat(43)}\n${'n'.repeat(40)}`,
      )
    const refused = async (factor: number, maximumWorkFactor?: number) => {
      const as = agePassphrase('correct horse', { maximumWorkFactor })
      const error = (await rejection(fromAge(asking(factor), { as }))) as Error
      expect(error).toMatchObject({ code: 'ERR_ALGORITHM_UNSUPPORTED' })
      return error.message
    }
    expect(await refused(20)).toContain('maximumWorkFactor: 20')
    for (const message of [await refused(23), await refused(23, 22)]) {
      expect(message).not.toContain('maximumWorkFactor')
      expect(message).toContain('decrypt it with age')
    }
  })

  it('bytes may be used again once the call has returned', async () => {
    const file = fileFor(0)
    const opening = fromAge(file, { as: key })
    file.fill(0)
    expect((await opening).content).toEqual(note)
  })

  it('an identity file above 64 KiB is refused, not cut', async () => {
    const one = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX'
    const comment = `#${' '.repeat(66_000)}`
    expect(await codeOf(fromAgeIdentity(`${one}\n${comment}\n${one}`))).toBe('ERR_KEY_MALFORMED')
  })

  it('a silent key comes before a destroyed one', async () => {
    const gone = await kemKey(x25519, 5)
    destroyKey(gone)
    const ring = rotateKey(createKeyRing(gone), kept)
    const ecdh = () => Promise.reject(new Error('session closed'))
    const file = writeAge(note, [gone.publicKey.bytes, key.publicKey.bytes])
    expect(await codeOf(fromAge(file, { as: ring, ecdh }))).toBe('ERR_KEY_UNAVAILABLE')
  })
})
