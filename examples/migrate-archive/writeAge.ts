import {
  createCipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

// Writes age files (c2sp.org/age) for X25519 recipients, so that this example has something to move. It is the other
// side's software here: careseal reads age files and writes none.

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '')

function hkdf(key: Uint8Array, salt: Uint8Array, info: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, info, 32))
}

function seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

const raw = (key: KeyObject): Uint8Array =>
  Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url')

function publicKeyOf(bytes: Uint8Array): KeyObject {
  const x = Buffer.from(bytes).toString('base64url')
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x } })
}

/** One wrapped file key, as two lines of the header or more. */
export function x25519Stanza(recipient: Uint8Array, fileKey: Uint8Array): string {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const share = raw(publicKey)
  const shared = diffieHellman({ privateKey, publicKey: publicKeyOf(recipient) })
  const salt = Buffer.concat([share, recipient])
  const key = hkdf(shared, salt, 'age-encryption.org/v1/X25519')
  return `-> X25519 ${b64(share)}\n${b64(seal(key, new Uint8Array(12), fileKey))}\n`
}

/** An age file of any stanzas. */
export function writeAgeFile(
  content: Uint8Array,
  stanzas: (fileKey: Uint8Array) => string,
): Uint8Array {
  const fileKey = randomBytes(16)
  const header = `age-encryption.org/v1\n${stanzas(fileKey)}---`
  const mac = createHmac('sha256', hkdf(fileKey, new Uint8Array(0), 'header')).update(header)
  const nonce = randomBytes(16)
  const key = hkdf(fileKey, nonce, 'payload')
  const size = 64 * 1024
  const chunks: Uint8Array[] = []
  for (let i = 0; i === 0 || i * size < content.length; i++) {
    const counter = Buffer.alloc(12)
    counter.writeUInt32BE(i, 7)
    counter[11] = (i + 1) * size >= content.length ? 1 : 0
    chunks.push(seal(key, counter, content.subarray(i * size, (i + 1) * size)))
  }
  const last = ` ${b64(mac.digest())}\n`
  return new Uint8Array(Buffer.concat([Buffer.from(header + last), nonce, ...chunks]))
}

/** An age file for X25519 recipients: their public keys, 32 bytes each. */
export function writeAge(content: Uint8Array, recipients: readonly Uint8Array[]): Uint8Array {
  return writeAgeFile(content, (fileKey) =>
    recipients.map((recipient) => x25519Stanza(recipient, fileKey)).join(''),
  )
}

/** The armor that mail programs want. */
export function armor(file: Uint8Array): string {
  const lines =
    Buffer.from(file)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  const [begin, end] = ['BEGIN', 'END'].map((word) => `-----${word} AGE ENCRYPTED FILE-----`)
  return `${[begin, ...lines, end].join('\n')}\n`
}

/** An identity as `age-keygen` prints it: bech32 of a private key. */
export function ageIdentity(secret: Uint8Array, prefix = 'age-secret-key-'): string {
  const digits: number[] = []
  let group = 0
  let bits = 0
  for (const byte of secret) {
    group = (group << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) digits.push((group >> (bits - 5)) & 31)
  }
  if (bits > 0) digits.push((group << (5 - bits)) & 31)
  const codes = Buffer.from(prefix)
  const expanded = [...codes.map((c) => c >> 5), 0, ...codes.map((c) => c & 31)]
  let sum = 1
  for (const value of [...expanded, ...digits, 0, 0, 0, 0, 0, 0]) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
    for (const [i, one] of generator.entries()) if ((top >> i) & 1) sum ^= one
  }
  const check = [5, 4, 3, 2, 1, 0].map((i) => ((sum ^ 1) >> (5 * i)) & 31)
  const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
  return `${prefix}1${[...digits, ...check].map((digit) => alphabet[digit]).join('')}`.toUpperCase()
}

/** The public key of a secret, for writing to it. */
export function agePublicKey(secret: Uint8Array): Uint8Array {
  const d = Buffer.from(secret).toString('base64url')
  const jwk = { kty: 'OKP', crv: 'X25519', d, x: 'A'.repeat(43) }
  return raw(createPublicKey(createPrivateKey({ format: 'jwk', key: jwk })))
}
