import { scryptSync } from 'node:crypto'
import * as noble from '@panva/hpke-noble'
import * as HPKE from 'hpke'
import { describe, expect, it } from 'vitest'
import {
  ageIdentity,
  armor,
  writeAge,
  writeAgeFile,
  x25519Stanza,
} from '../../examples/migrate-archive/writeAge.ts'
import {
  agePassphrase,
  type ByteSource,
  fromAge,
  fromAgeIdentity,
  openAge,
} from '../../src/envelope/index.ts'
import {
  createKeyRing,
  type Decapsulator,
  destroyKey,
  exportSeed,
  type KeyRing,
  p256,
  rotateKey,
  setKeyStatus,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey, person } from '../helpers/keys.ts'

const note = utf8('Hb 7.1 g/dL')
const malformed = 'ERR_ENVELOPE_MALFORMED'
const failed = 'ERR_ENVELOPE_OPEN_FAILED'
const truncated = 'ERR_STREAM_TRUNCATED'
const notFound = 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND'
const unsupported = 'ERR_ALGORITHM_UNSUPPORTED'
const key = await kemKey(x25519)

const fileFor = (content: Uint8Array) => writeAge(content, [key.publicKey.bytes])
async function collect(source: ByteSource, as = key as Parameters<typeof openAge>[1]['as']) {
  const pieces: Uint8Array[] = []
  let error: unknown = null
  try {
    for await (const piece of openAge(source, { as })) pieces.push(piece)
  } catch (thrown) {
    error = thrown
  }
  return { content: new Uint8Array(Buffer.concat(pieces)), error }
}
async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
}

describe('an age file as a stream', () => {
  it('comes out whole, whatever the sizes of content and chunks', async () => {
    for (const size of [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]) {
      const content = new Uint8Array(size).map((_, i) => i * 7)
      const file = fileFor(content)
      for (const source of [
        [file],
        [new Uint8Array(0), file.subarray(0, 3), new Uint8Array(0), file.subarray(3)],
        inChunks(file, 1000),
        inChunks(file, 65_552),
        inChunks(Buffer.from(armor(file)), 777),
      ]) {
        const { content: out, error } = await collect(source)
        expect(error).toBe(null)
        expect(Buffer.compare(out, content)).toBe(0)
      }
    }
  })

  it('is copied: a source may use its array again', async () => {
    const content = new Uint8Array(100_000).map((_, i) => i * 3)
    const file = fileFor(content)
    async function* reused() {
      const buffer = new Uint8Array(1024)
      for (let i = 0; i < file.length; i += buffer.length) {
        const piece = file.subarray(i, i + buffer.length)
        buffer.set(piece)
        yield buffer.subarray(0, piece.length)
      }
    }
    const { content: out, error } = await collect(reused())
    expect(error).toBe(null)
    expect(Buffer.compare(out, content)).toBe(0)
  })

  it('never ends short: cut anywhere, it ends in an error', async () => {
    const content = new Uint8Array(140_000).fill(7)
    const file = fileFor(content)
    const start = file.length - 140_000 - 3 * 16
    for (const [length, code] of [
      [0, malformed],
      [10, malformed],
      [start - 17, malformed],
      [start - 1, malformed],
      [start, truncated],
      [start + 15, truncated],
      [start + 16, failed],
      [start + 65_552, truncated],
      [start + 65_553, truncated],
      [start + 65_600, failed],
      [start + 2 * 65_552, truncated],
      [file.length - 1, failed],
    ] as const) {
      const { content: out, error } = await collect(inChunks(file.subarray(0, length), 30_000))
      expect(error, String(length - start)).toMatchObject({ code })
      expect(Buffer.compare(out, content.subarray(0, out.length))).toBe(0)
      expect(out.length).toBeLessThanOrEqual(Math.max(0, length - start))
    }
    const cutArmor = armor(file).slice(0, -100)
    const { error } = await collect([utf8(cutArmor)])
    expect(error).toMatchObject({ code: malformed })
  })

  it('shows no chunk that was changed, moved, doubled or appended', async () => {
    const content = new Uint8Array(200_000).map((_, i) => i >> 8)
    const file = fileFor(content)
    const start = file.length - 200_000 - 4 * 16
    const chunk = (n: number) => file.subarray(start + n * 65_552, start + (n + 1) * 65_552)
    const head = file.subarray(0, start)
    const flipped = file.slice()
    flipped[start + 65_552 + 5]! ^= 1
    const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts))
    const cases: [string, Uint8Array, number][] = [
      ['flipped', flipped, 65_536],
      ['reordered', joined(head, chunk(1), chunk(0), chunk(2), chunk(3)), 0],
      ['doubled', joined(head, chunk(0), chunk(0), chunk(1), chunk(2), chunk(3)), 65_536],
      ['missing', joined(head, chunk(0), chunk(2), chunk(3)), 65_536],
      ['appended', joined(file, Uint8Array.of(0)), 3 * 65_536],
      ['spliced', joined(head, chunk(0), fileFor(content).subarray(start + 65_552)), 65_536],
    ]
    for (const [name, changed, authentic] of cases) {
      const { content: out, error } = await collect([changed])
      expect(error, name).toMatchObject({ code: failed })
      expect(out.length, name).toBe(authentic)
    }
  })

  it('is read no faster than it is taken, and let go when nobody wants more', async () => {
    const file = fileFor(new Uint8Array(1_000_000))
    let given = 0
    let closed = false
    async function* source() {
      try {
        for await (const chunk of inChunks(file, 65_552)) {
          given++
          yield chunk
        }
      } finally {
        closed = true
      }
    }
    for await (const piece of openAge(source(), { as: key })) {
      expect(piece.length).toBe(65_536)
      break
    }
    expect(given).toBeLessThanOrEqual(3)
    expect(closed).toBe(true)
  })

  it('takes constant memory', async () => {
    // 64 MiB through a source that makes its chunks as it goes; nothing of them may stay.
    const chunk = fileFor(new Uint8Array(4_000_000))
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    for (let i = 0; i < 8; i++) {
      for await (const _ of openAge(inChunks(chunk, 8192), { as: key })) {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before)
      }
    }
    expect(most).toBeLessThan(64 * 1024 * 1024)
  })

  it('passes on what its source reports, and what is no source is a mistake', async () => {
    const broken = new Error('disk')
    async function* source(): AsyncGenerator<Uint8Array> {
      yield fileFor(note).subarray(0, 30)
      throw broken
    }
    expect((await collect(source())).error).toBe(broken)
    for (const wrong of [null, 7, 'text', {}, ['text'], [[1, 2]], note]) {
      expect((await collect(wrong as never)).error).toBeInstanceOf(TypeError)
    }
  })

  it('aborts', async () => {
    const reason = new Error('enough')
    const controller = new AbortController()
    async function* never(): AsyncGenerator<Uint8Array> {
      yield fileFor(note).subarray(0, 30)
      await new Promise(() => {})
    }
    const reading = openAge(never(), { as: key, signal: controller.signal }).next()
    setTimeout(() => controller.abort(reason), 5)
    expect(await rejection(reading)).toBe(reason)
    const signal = AbortSignal.abort(reason)
    expect(await rejection(fromAge(fileFor(note), { as: key, signal }))).toBe(reason)
  })
})

describe('the header of an age file', () => {
  const spoil = (change: (header: string) => string) => {
    const file = Buffer.from(fileFor(note)).toString('latin1')
    const end = file.indexOf('\n', file.indexOf('---')) + 1
    return new Uint8Array(Buffer.from(change(file.slice(0, end)) + file.slice(end), 'latin1'))
  }

  it('is bounded', async () => {
    const stanza = '-> x.example/none\n\n'
    const cases = [
      (header: string) => header.replace('->', `${stanza.repeat(1000)}->`),
      (header: string) => header.replace('->', `-> x ${'y'.repeat(70_000)}\n\n->`),
      (header: string) => header.replace('->', `-> x\n${`${'A'.repeat(64)}\n`.repeat(40_000)}\n->`),
    ]
    for (const change of cases)
      expect(await codeOf(fromAge(spoil(change), { as: key }))).toBe(malformed)
    expect(await codeOf(fromAge(utf8('A'.repeat(100_000)), { as: key }))).toBe(malformed)
    const endless = (async function* () {
      for (;;) yield new Uint8Array(65_536).fill(65)
    })()
    expect((await collect(endless)).error).toMatchObject({ code: malformed })
    const blank = (async function* () {
      for (;;) yield new Uint8Array(65_536).fill(32)
    })()
    expect((await collect(blank)).error).toMatchObject({ code: malformed })
  })

  it('is authentic, stanzas of others included', async () => {
    const more = spoil((header) => header.replace('->', '-> x.example/more\n\n->'))
    expect(await codeOf(fromAge(more, { as: key }))).toBe(failed)
  })

  it('may name types that nobody knows, but not only those', async () => {
    const mixed = writeAgeFile(
      note,
      (fileKey) => `-> ssh-ed25519 abcd\nAAAA\n${x25519Stanza(key.publicKey.bytes, fileKey)}`,
    )
    expect((await fromAge(mixed, { as: key })).content).toEqual(note)
    const ssh = writeAgeFile(note, () => '-> ssh-ed25519 abcd\nAAAA\n-> piv-p256 x\n\n')
    const error = (await rejection(fromAge(ssh, { as: key }))) as Error
    expect(error).toMatchObject({ code: unsupported })
    expect(error.message).toContain('ssh-ed25519, piv-p256')
  })
})

describe('readers of an age file', () => {
  it('are keys, people and rings', async () => {
    const doctor = await person(3, x25519)
    const file = writeAge(note, [key.publicKey.bytes, doctor.public.encryption.bytes])
    expect((await fromAge(file, { as: doctor })).content).toEqual(note)
    const ring = rotateKey(createKeyRing(key), await kemKey(xWing, 4))
    expect((await fromAge(file, { as: ring })).content).toEqual(note)
    const disabled: KeyRing = setKeyStatus(ring, key.publicKey.id, 'disabled')
    expect(await codeOf(fromAge(file, { as: disabled }))).toBe(notFound)
    expect(await codeOf(fromAge(file, { as: await kemKey(x25519, 9) }))).toBe(notFound)
    expect(await codeOf(fromAge(file, { as: await kemKey(p256) }))).toBe(notFound)
    expect(await codeOf(fromAge(file, { as: agePassphrase('password') }))).toBe(notFound)
    const gone = await kemKey(x25519, 5)
    destroyKey(gone)
    const lost = writeAge(note, [gone.publicKey.bytes])
    expect(await codeOf(fromAge(lost, { as: gone }))).toBe('ERR_KEY_DISABLED')
  })

  it('whose keys are elsewhere give their raw X25519, or are told how; X-Wing needs nothing more', async () => {
    const { publicKey } = key
    const as: Decapsulator = { publicKey, decapsulate: (ek) => key.decapsulate(ek) }
    const file = fileFor(note)
    const error = (await rejection(fromAge(file, { as }))) as Error
    expect(error).toMatchObject({ code: unsupported })
    expect(error.message).toContain('{ ecdh }')
    const { subtle } = crypto
    const d = Buffer.from(exportSeed(key)).toString('base64url')
    const x = Buffer.from(publicKey.bytes).toString('base64url')
    const jwk = { kty: 'OKP', crv: 'X25519', d, x }
    const secret = await subtle.importKey('jwk', jwk, 'X25519', false, ['deriveBits'])
    const ecdh = async (peer: Uint8Array) => {
      const theirs = await subtle.importKey('raw', peer as BufferSource, 'X25519', false, [])
      return new Uint8Array(
        await subtle.deriveBits({ name: 'X25519', public: theirs }, secret, 256),
      )
    }
    expect((await fromAge(file, { as, ecdh })).content).toEqual(note)
    const silent = { as, ecdh: () => Promise.reject(new Error('session closed')) }
    expect(await codeOf(fromAge(file, silent))).toBe('ERR_KEY_UNAVAILABLE')

    const hybrid = await kemKey(xWing)
    const suite = new HPKE.CipherSuite(
      noble.KEM_MLKEM768_X25519,
      noble.KDF_HKDF_SHA256,
      noble.AEAD_ChaCha20Poly1305,
    )
    const recipient = await suite.DeserializePublicKey(new Uint8Array(hybrid.publicKey.bytes))
    const fileKey = new Uint8Array(16).fill(5)
    const info = utf8('age-encryption.org/mlkem768x25519')
    const sealed = await suite.Seal(recipient, fileKey, { info })
    expect(sealed.ciphertext.length).toBe(32)
    const kept: Decapsulator = {
      publicKey: hybrid.publicKey,
      decapsulate: (ek) => hybrid.decapsulate(ek),
    }
    const b64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replace(/=+$/, '')
    const stanza = `-> mlkem768x25519 ${b64(sealed.encapsulatedSecret)}\n${b64(sealed.ciphertext)}\n`
    // The header's MAC is under another key here, so that it is the stanza that is shown to open.
    expect(
      await codeOf(
        fromAge(
          writeAgeFile(note, () => stanza),
          { as: kept },
        ),
      ),
    ).toBe(failed)
    expect(
      await codeOf(
        fromAge(
          writeAgeFile(note, () => stanza),
          { as: await kemKey(xWing, 2) },
        ),
      ),
    ).toBe(notFound)
  })

  it('may be a passphrase, within the work that the caller allows', async () => {
    const salt = Buffer.alloc(16, 3)
    const stanza = (fileKey: Uint8Array) => {
      const full = Buffer.concat([Buffer.from('age-encryption.org/v1/scrypt'), salt])
      const wrapping = scryptSync('correct horse', full, 32, { N: 1024, r: 8, p: 1 })
      return { wrapping: new Uint8Array(wrapping), fileKey }
    }
    const { chacha } = await import('../../src/internal/engine/chacha.ts')
    const b64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replace(/=+$/, '')
    const nonce = new Uint8Array(12)
    const file = writeAgeFile(note, (fileKey) => {
      const { wrapping } = stanza(fileKey)
      const body = chacha.seal(wrapping, nonce, new Uint8Array(0), fileKey) as Uint8Array
      return `-> scrypt ${b64(salt)} 10\n${b64(body)}\n`
    })
    expect((await fromAge(file, { as: agePassphrase('correct horse') })).content).toEqual(note)
    expect(await codeOf(fromAge(file, { as: agePassphrase('battery staple') }))).toBe(notFound)
    const careful = agePassphrase('correct horse', { maximumWorkFactor: 9 })
    const error = (await rejection(fromAge(file, { as: careful }))) as Error
    expect(error).toMatchObject({ code: unsupported })
    expect(error.message).toContain('maximumWorkFactor')
    expect(await codeOf(fromAge(file, { as: key }))).toBe(notFound)
    expect(JSON.stringify(careful)).not.toContain('horse')
    for (const wrong of ['', 7, '\ud800'])
      expect(() => agePassphrase(wrong as never)).toThrow(TypeError)
    for (const maximumWorkFactor of [0, 23, 1.5, '18'])
      expect(() => agePassphrase('x', { maximumWorkFactor } as never)).toThrow(RangeError)
    const reason = new Error('enough')
    const as = agePassphrase('correct horse')
    expect(await rejection(fromAge(file, { as, signal: AbortSignal.abort(reason) }))).toBe(reason)
  })
})

describe('fromAge', () => {
  it('takes bytes and armor, with white space around it', async () => {
    const file = fileFor(note)
    const opened = await fromAge(` \r\n${armor(file)}\n\n`, { as: key })
    expect(text(opened.content)).toBe(text(note))
    expect({ ...opened, content: null }).toEqual({
      content: null,
      mediaType: null,
      signers: [],
      authors: [],
      addressed: 'unstated',
      security: 'classical',
      committed: false,
      envelopeId: null,
    })
    expect(await codeOf(fromAge('\ud800', { as: key }))).toBe(malformed)
  })

  it('checks its arguments', async () => {
    for (const [file, options] of [
      [7, { as: key }],
      [fileFor(note), {}],
      [fileFor(note), { as: key, passphrase: 'x' }],
      [fileFor(note), { as: key, ecdh: 1 }],
      [fileFor(note), null],
    ]) {
      expect(await rejection(fromAge(file as never, options as never))).toBeInstanceOf(TypeError)
    }
  })

  it('is limited to 16 MiB', async () => {
    const large = new Uint8Array(32 * 1024 * 1024 + 1)
    expect(await codeOf(fromAge(large, { as: key }))).toBe('ERR_CONTENT_TOO_LARGE')
  })
})

describe('age identities', () => {
  const classical = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX'
  const hybrid = 'AGE-SECRET-KEY-PQ-1XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR'

  it('become keys: those of the specification', async () => {
    const one = await fromAgeIdentity(classical)
    expect(exportSeed(one)).toEqual(new Uint8Array(32).fill(0x42))
    expect(one.publicKey.algorithm).toBe(x25519)
    const other = await fromAgeIdentity(hybrid)
    expect(other.publicKey.algorithm).toBe(xWing)
    expect(ageIdentity(exportSeed(other), 'age-secret-key-pq-')).toBe(hybrid)
    expect((await fromAgeIdentity(classical.toLowerCase())).publicKey.id).toEqual(one.publicKey.id)
    const file = `# created: today\n# public key: age1…\n\n${classical}\n`
    expect((await fromAgeIdentity(file)).publicKey.id).toEqual(one.publicKey.id)
  })

  it('of other forms are refused, without being shown', async () => {
    const swapped = classical.replace('GFPYY', 'GFYPY')
    for (const [wrong, code] of [
      ['', 'ERR_KEY_MALFORMED'],
      [swapped, 'ERR_KEY_MALFORMED'],
      [classical.replace('GFPYY', 'gfpyy'), 'ERR_KEY_MALFORMED'],
      [classical.slice(0, -1), 'ERR_KEY_MALFORMED'],
      [`${classical}\n${hybrid}`, 'ERR_KEY_MALFORMED'],
      ['age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj', 'ERR_KEY_MALFORMED'],
      [ageIdentity(new Uint8Array(31)), 'ERR_KEY_MALFORMED'],
      [ageIdentity(new Uint8Array(32), 'age-plugin-yubikey-'), unsupported],
      ['1QQQQQQ', 'ERR_KEY_MALFORMED'],
      ['A'.repeat(1_000_000), 'ERR_KEY_MALFORMED'],
    ] as const) {
      const error = (await rejection(fromAgeIdentity(wrong))) as Error
      expect(error, wrong).toMatchObject({ code })
      if (wrong.length > 8) expect(error.message).not.toContain(wrong.slice(20, 30))
    }
    const error = (await rejection(fromAgeIdentity(hybrid, { algorithms: [x25519] }))) as Error
    expect(error).toMatchObject({ code: unsupported })
    expect(error.message).toContain('xWing')
    for (const wrong of [7, null])
      expect(await rejection(fromAgeIdentity(wrong as never))).toBeInstanceOf(TypeError)
    const misspelt = fromAgeIdentity(classical, { algorithm: x25519 } as never)
    expect(await rejection(misspelt)).toBeInstanceOf(TypeError)
  })
})
