/**
 * A second implementation of "Wrapped keys and exported identities" (docs/formats.md §1), written from that page alone:
 * CBOR from cborg, everything else from node:crypto, Argon2id from hash-wasm.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import { decode, encode, rfc8949EncodeOptions } from 'cborg'
import { argon2id } from 'hash-wasm'

/** One item of CBOR, as cborg reads it. */
export type Item = unknown

const ascii = (text: string): Buffer => Buffer.from(text, 'ascii')
const initial = Buffer.alloc(8, 0xa6)

/** HKDF-SHA256. */
export function hkdf(ikm: Uint8Array, salt: Uint8Array, info: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', ikm, salt, ascii(info), length))
}

/** Deterministic CBOR. */
export function dcbor(item: Item): Uint8Array {
  return encode(item, rfc8949EncodeOptions)
}

/** CBOR with maps as maps. */
export function fromCbor(bytes: Uint8Array): Item {
  return decode(bytes, { useMaps: true, strict: true, rejectDuplicateMapKeys: true })
}

/** AES-256 key wrap. */
export function keyWrap(kek: Uint8Array, key: Uint8Array): Uint8Array {
  const cipher = createCipheriv('id-aes256-wrap', kek, initial)
  return new Uint8Array(Buffer.concat([cipher.update(key), cipher.final()]))
}

/** Its inverse; throws where it does not fit. */
export function keyUnwrap(kek: Uint8Array, wrapped: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('id-aes256-wrap', kek, initial)
  return new Uint8Array(Buffer.concat([decipher.update(wrapped), decipher.final()]))
}

/** The kek of a passphrase that needs no preparation. */
export async function passphraseKek(
  passphrase: string | Uint8Array,
  salt: Uint8Array,
  [memory, passes, lanes]: readonly [number, number, number],
): Promise<Uint8Array> {
  const stretched = await argon2id({
    password: passphrase,
    salt,
    memorySize: memory,
    iterations: passes,
    parallelism: lanes,
    hashLength: 32,
    outputType: 'binary',
  })
  return hkdf(stretched, salt, 'careseal/wrap/passphrase/1', 32)
}

/** The parts of an export, to be changed before it is written again. */
export interface Parts {
  domain: string
  salt: Uint8Array
  commitment: Uint8Array
  wraps: Item
  contents: Item
}

/** Writes an export of these parts under a key; sorts and checks nothing. */
export function writeExport(key: Uint8Array, parts: Parts, raw?: Uint8Array): Uint8Array {
  const { domain, salt, commitment, wraps, contents } = parts
  const derived = hkdf(key, salt, 'careseal/identity/key/1', 44)
  const cipher = createCipheriv('aes-256-gcm', derived.slice(0, 32), derived.slice(32))
  cipher.setAAD(dcbor([domain, salt, commitment, wraps]))
  const sealed = Buffer.concat([
    cipher.update(raw ?? dcbor(contents)),
    cipher.final(),
    cipher.getAuthTag(),
  ])
  return dcbor([domain, salt, commitment, wraps, new Uint8Array(sealed)])
}

/** Reads an export with its key. */
export function readExport(key: Uint8Array, bytes: Uint8Array): Parts {
  const [domain, salt, commitment, wraps, sealed] = fromCbor(bytes) as [
    string,
    Uint8Array,
    Uint8Array,
    Item,
    Uint8Array,
  ]
  const derived = hkdf(key, salt, 'careseal/identity/key/1', 44)
  const decipher = createDecipheriv('aes-256-gcm', derived.slice(0, 32), derived.slice(32))
  decipher.setAAD(dcbor([domain, salt, commitment, wraps]))
  decipher.setAuthTag(sealed.slice(-16))
  const plain = Buffer.concat([decipher.update(sealed.slice(0, -16)), decipher.final()])
  return { domain, salt, commitment, wraps, contents: fromCbor(new Uint8Array(plain)) }
}

/** The commitment to a key. */
export function commitTo(key: Uint8Array, salt: Uint8Array): Uint8Array {
  return hkdf(key, salt, 'careseal/identity/commit/1', 32)
}

/** The RFC 9679 thumbprint of a COSE_Key that may hold its private member. */
export function thumbprint(key: Map<number, Item>): string {
  const secret = key.get(1) === 7 ? -2 : -4
  const bare = new Map([...key].filter(([label]) => label !== secret))
  return createHash('sha256').update(dcbor(bare)).digest('hex')
}
