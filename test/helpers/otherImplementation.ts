import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  hkdfSync,
  randomBytes,
  verify,
} from 'node:crypto'
import * as noble from '@panva/hpke-noble'
import * as cborg from 'cborg'
import * as HPKE from 'hpke'

// A second implementation of docs/formats.md §2 that shares no code with ours: CBOR by cborg, HPKE by hpke, all
// else by node:crypto. What it writes we must read, and the other way round.

type Bytes = Uint8Array<ArrayBufferLike>
type Headers = Map<number, unknown>
type Entry = [Bytes, Headers, Bytes, Entry[]?]

/** The HPKE suite of each COSE algorithm. */
const suites: Record<number, HPKE.CipherSuite> = {
  50: new HPKE.CipherSuite(
    noble.KEM_DHKEM_X25519_HKDF_SHA256,
    noble.KDF_HKDF_SHA256,
    noble.AEAD_ChaCha20Poly1305,
  ),
  53: new HPKE.CipherSuite(
    HPKE.KEM_DHKEM_P256_HKDF_SHA256,
    HPKE.KDF_HKDF_SHA256,
    HPKE.AEAD_AES_256_GCM,
  ),
  55: new HPKE.CipherSuite(noble.KEM_MLKEM768_P256, noble.KDF_SHAKE256, HPKE.AEAD_AES_256_GCM),
  57: new HPKE.CipherSuite(noble.KEM_MLKEM768_X25519, noble.KDF_SHAKE256, HPKE.AEAD_AES_256_GCM),
}

const plain = (bytes: Bytes): Uint8Array => new Uint8Array(bytes)
const encode = (value: unknown): Uint8Array =>
  plain(cborg.encode(value, cborg.rfc8949EncodeOptions))
const tagged = (decode: () => unknown): unknown => decode()
const decode = <T>(bytes: Bytes, tag?: number): T =>
  cborg.decode(bytes, { useMaps: true, tags: tag === undefined ? {} : { [tag]: tagged } }) as T
const sha256 = (...parts: (Bytes | string)[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return plain(hash.digest())
}
const info = (nextAlg: number, header: Bytes): Uint8Array =>
  encode(['HPKE Recipient', nextAlg, header, new Uint8Array(0)])
const commit = (key: Bytes, id: Bytes, iv: Bytes): Uint8Array =>
  plain(
    Buffer.from(
      hkdfSync(
        'sha256',
        key,
        id,
        Buffer.concat([Buffer.from('careseal/envelope/commit/1'), iv]),
        32,
      ),
    ),
  )

/** A key as this implementation needs it. */
export interface OtherKey {
  readonly alg: number
  readonly id: Uint8Array
  readonly publicKey: Uint8Array
  readonly seed: Uint8Array
}

/** What this implementation finds in an envelope. */
export interface OtherOpened {
  readonly content: Uint8Array
  readonly mediaType: string
  /** Key id of the author whose signature it verified with `author`; `null` if nobody signed. */
  readonly author: string | null
  readonly audience: string[] | null
}

const hexOf = (bytes: Bytes): string => Buffer.from(bytes).toString('hex')

async function unwrap(entry: Entry, key: OtherKey, nextAlg: number): Promise<Uint8Array> {
  const [header, unprotected, wrapped] = entry
  const suite = suites[key.alg]!
  const secret = await suite.DeserializePrivateKey(key.seed, true)
  return suite.Open(
    { privateKey: secret, publicKey: await suite.DeserializePublicKey(key.publicKey) },
    plain(unprotected.get(-4) as Bytes),
    plain(wrapped),
    { info: info(nextAlg, header) },
  )
}

/** Opens an envelope of ours. `author` is the author's raw Ed25519 key. */
export async function otherOpen(
  envelope: Uint8Array,
  key: OtherKey,
  author?: Uint8Array,
): Promise<OtherOpened> {
  const [header, unprotected, ciphertext, entries] = decode<[Bytes, Headers, Bytes, Entry[]]>(
    envelope,
    96,
  )
  const headers = decode<Headers>(header)
  const [alg, id, iv] = [
    headers.get(1) as number,
    headers.get(-77001) as Bytes,
    unprotected.get(5) as Bytes,
  ]
  const isOwn = (entry: Entry): boolean => {
    const inner = decode<Headers>(entry[0])
    const kid = inner.get(4) as Bytes | undefined
    const salt = (inner.get(-77006) as Bytes | undefined) ?? id
    const hint = sha256('careseal/kid/1', salt, key.id).slice(0, 16)
    if (kid === undefined) return inner.get(1) === key.alg
    return hexOf(kid) === hexOf(kid.length === 32 ? key.id : hint)
  }
  const nested = (entry: Entry): Entry => (entry[3] === undefined ? entry : entry[3][0]!)
  let contentKey: Uint8Array | undefined
  for (const entry of entries.filter((one) => isOwn(nested(one)))) {
    try {
      if (entry[3] === undefined) contentKey = await unwrap(entry, key, alg)
      else {
        const batchKey = await unwrap(nested(entry), key, -5)
        const unwrapping = createDecipheriv('id-aes256-wrap', batchKey, Buffer.alloc(8, 0xa6))
        contentKey = plain(Buffer.concat([unwrapping.update(entry[2]), unwrapping.final()]))
      }
      break
    } catch {}
  }
  if (contentKey === undefined) throw new Error('no entry opened')
  if (hexOf(commit(contentKey, id, iv)) !== hexOf(headers.get(-77002) as Bytes))
    throw new Error('commitment')
  const name = alg === 3 ? 'aes-256-gcm' : 'chacha20-poly1305'
  const decipher = createDecipheriv(name as 'aes-256-gcm', contentKey, iv, { authTagLength: 16 })
  decipher.setAAD(encode(['Encrypt', header, new Uint8Array(0)]), {
    plaintextLength: ciphertext.length - 16,
  } as never)
  decipher.setAuthTag(ciphertext.subarray(-16))
  const plaintext = Buffer.concat([decipher.update(ciphertext.subarray(0, -16)), decipher.final()])
  return read(plaintext, id, author)
}

function read(plaintext: Uint8Array, id: Bytes, author: Uint8Array | undefined): OtherOpened {
  if (author === undefined) {
    const [domain, mediaType, content] = decode<[string, string, Bytes]>(plaintext)
    if (domain !== 'careseal/unsigned/1') throw new Error('not unsigned')
    return { content: plain(content), mediaType, author: null, audience: null }
  }
  const [header, , content, signature] = decode<[Bytes, Headers, Bytes, Bytes]>(plaintext, 18)
  const headers = decode<Headers>(header)
  if (headers.get(16) !== 'application/careseal-content+cose') throw new Error('kind')
  if (headers.get(1) !== -19 || hexOf(headers.get(-77001) as Bytes) !== hexOf(id))
    throw new Error('headers')
  const message = encode(['Signature1', header, new Uint8Array(0), content])
  const x = Buffer.from(author).toString('base64url')
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } })
  if (!verify(null, message, key, signature)) throw new Error('signature')
  const audience = headers.get(-77003) as Bytes[] | null
  return {
    content: plain(content),
    mediaType: headers.get(3) as string,
    author: hexOf(headers.get(4) as Bytes),
    audience: audience === null ? null : audience.map(hexOf),
  }
}

/** Seals unsigned content as docs/formats.md §2 says. */
export async function otherSeal(
  content: Uint8Array,
  keys: readonly OtherKey[],
  keyIds: 'plain' | 'hint' | 'none',
): Promise<Uint8Array> {
  const [contentKey, id, iv] = [randomBytes(32), plain(randomBytes(32)), plain(randomBytes(12))]
  const strong = keys.every(({ alg }) => alg > 53)
  const header = encode(
    new Map<number, unknown>([
      [1, 3],
      [-77001, id],
      [-77002, commit(contentKey, id, iv)],
      ...(strong ? ([[-77005, 1]] as [number, unknown][]) : []),
    ]),
  )
  const entries: Entry[] = []
  for (const key of keys) {
    const hint = sha256('careseal/kid/1', id, key.id).slice(0, 16)
    const kid = keyIds === 'plain' ? key.id : hint
    const own = encode(
      new Map<number, unknown>([
        [1, key.alg],
        ...(keyIds === 'none' ? [] : ([[4, kid]] as [number, unknown][])),
      ]),
    )
    const suite = suites[key.alg]!
    const { encapsulatedSecret, ciphertext } = await suite.Seal(
      await suite.DeserializePublicKey(key.publicKey),
      plain(contentKey),
      { info: info(3, own) },
    )
    entries.push([own, new Map([[-4, plain(encapsulatedSecret)]]), plain(ciphertext)])
  }
  const cipher = createCipheriv('aes-256-gcm', contentKey, iv)
  cipher.setAAD(encode(['Encrypt', header, new Uint8Array(0)]))
  const plaintext = encode(['careseal/unsigned/1', 'text/plain', plain(content)])
  const sealed = plain(
    Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]),
  )
  return encode(new cborg.Tagged(96, [header, new Map([[5, iv]]), sealed, entries]))
}
