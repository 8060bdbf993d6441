import { createHash } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { agePassphrase, fromAge, fromAgeIdentity, openAge } from '../../src/envelope/index.ts'
import {
  createKeyRing,
  generateKey,
  type KeyRing,
  rotateKey,
  x25519,
} from '../../src/keys/index.ts'
import { codeOf } from '../helpers/errors.ts'
import { describeVectors, vectorBytes, vectorNames } from '../helpers/vectors.ts'

interface AgeVector {
  readonly expect: string
  readonly payload: string | undefined
  readonly identities: readonly string[]
  readonly passphrases: readonly string[]
  readonly file: Uint8Array
}

/** CCTV's form: lines of `name: value`, an empty line, the file, maybe compressed. */
function readVector(name: string): AgeVector {
  const bytes = vectorBytes(`crypto/age/${name}`)
  const text = Buffer.from(bytes).toString('latin1')
  const end = text.indexOf('\n\n')
  const lines = text.slice(0, end).split('\n')
  const all = (key: string) =>
    lines.filter((line) => line.startsWith(`${key}: `)).map((line) => line.slice(key.length + 2))
  const body = bytes.subarray(end + 2)
  return {
    expect: all('expect')[0]!,
    payload: all('payload')[0],
    identities: all('identity'),
    passphrases: all('passphrase'),
    file: all('compressed')[0] === 'zlib' ? new Uint8Array(inflateSync(body)) : body.slice(),
  }
}

/** The reader of a vector: its passphrase, or a ring of its keys. */
async function readerOf({ identities, passphrases }: AgeVector) {
  if (passphrases[0] !== undefined) return agePassphrase(passphrases[0])
  let ring: KeyRing | null = null
  for (const identity of identities) {
    const key = await fromAgeIdentity(identity)
    ring = ring === null ? createKeyRing(key) : rotateKey(ring, key)
  }
  // Files that end before their header name no reader.
  return ring ?? generateKey(x25519)
}

const codes: Record<string, readonly string[]> = {
  'header failure': ['ERR_ENVELOPE_MALFORMED'],
  'armor failure': ['ERR_ENVELOPE_MALFORMED'],
  'HMAC failure': ['ERR_ENVELOPE_OPEN_FAILED'],
  'payload failure': ['ERR_ENVELOPE_OPEN_FAILED', 'ERR_STREAM_TRUNCATED'],
  'no match': ['ERR_ENVELOPE_RECIPIENT_NOT_FOUND'],
}
/** The only stanza is of a type that nobody knows; the test kit calls that no match. */
const unknownTypes = ['hybrid_uppercase', 'scrypt_uppercase', 'x25519_lowercase']
/** A sound header that asks for more work than is done; the test kit calls that a header failure. */
const refusedWork = ['scrypt_work_factor_23']

/** More than 16 MiB: for streams only. */
const large = ['stream_257_chunks', 'stream_257_chunks_full', 'stream_258_chunks']

/** A source in chunks of odd sizes. */
async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
}

describeVectors('CCTV test kit of age', () => {
  const names = vectorNames('crypto/age')

  it('is complete', () => {
    expect(names.length).toBe(143)
  })

  it.each(names)('%s', async (name) => {
    const vector = readVector(name)
    const as = await readerOf(vector)
    const hash = createHash('sha256')
    const streamed = (async () => {
      for await (const piece of openAge(inChunks(vector.file, 70_001), { as })) hash.update(piece)
    })()
    if (vector.expect === 'success') {
      await streamed
      expect(hash.digest('hex')).toBe(vector.payload)
      if (large.includes(name)) {
        expect(await codeOf(fromAge(vector.file, { as }))).toBe('ERR_CONTENT_TOO_LARGE')
        return
      }
      const { content, committed, signers, mediaType } = await fromAge(vector.file, { as })
      expect(createHash('sha256').update(content).digest('hex')).toBe(vector.payload)
      expect({ committed, signers, mediaType }).toEqual({
        committed: false,
        signers: [],
        mediaType: null,
      })
      return
    }
    const expected = [...unknownTypes, ...refusedWork].includes(name)
      ? ['ERR_ALGORITHM_UNSUPPORTED']
      : codes[vector.expect]
    expect(expected).toContain(await codeOf(streamed))
    expect(expected).toContain(await codeOf(fromAge(vector.file, { as })))
    // Nothing comes out before header and MAC are known to be good.
    if (vector.expect !== 'payload failure') {
      expect(hash.digest('hex')).toBe(createHash('sha256').digest('hex'))
    }
  })
})
