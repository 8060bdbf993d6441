import { KeyMalformed } from '../errors.ts'
import { fromBase64, toBase64 } from '../internal/base64.ts'
import { bytesArgument, concat } from '../internal/bytes.ts'
import { sha256 } from '../internal/engine/hash.ts'
import { encodeUtf8 } from '../internal/utf8.ts'
import { isKeyName, readUint32 } from './note.ts'

/** Ed25519 over the text of a note. */
export const typeEd25519 = 0x01
/** Ed25519 over a text with the time of the cosignature. */
export const typeCosignature = 0x04

/** A key of a log or a witness, as policies and logs publish it. */
export interface VerifierKey {
  /** Name of the key. */
  readonly name: string
  /** Type of its signatures: 1 = Ed25519, 4 = Ed25519 cosignature, 6 = ML-DSA-44 cosignature. */
  readonly type: number
  /** The first 32 bits of the hash of name, type and key. */
  readonly keyId: number
  /** The raw public key. */
  readonly publicKey: Uint8Array
}

/**
 * Takes a verifier key (vkey) apart. The key itself is not checked; `parseLogPolicy` does that.
 *
 * @param text - `name+id+base64`.
 * @returns Its parts.
 * @throws {@link KeyMalformed} if it is none, or its id is not that of its name and key.
 * @see https://c2sp.org/signed-note#verifier-keys
 */
export function parseVerifierKey(text: string): VerifierKey {
  const key = decodeVerifierKey(text)
  if (key === null) {
    throw new KeyMalformed(
      'This is no verifier key: name+id+base64, the id being that of name and key',
    )
  }
  return key
}

/**
 * Writes a verifier key (vkey).
 *
 * @param key - Name, type and raw public key; the id follows from them.
 * @returns `name+id+base64`.
 * @throws {@link RangeError} if the name is no key name.
 * @see https://c2sp.org/signed-note#verifier-keys
 */
export function formatVerifierKey(key: Omit<VerifierKey, 'keyId'>): string {
  if (!isKeyName(key.name)) throw new RangeError('key.name must have no spaces and no plus')
  const typed = concat(Uint8Array.of(key.type), bytesArgument(key.publicKey, 'key.publicKey'))
  const id = keyIdOf(key.name, key.type, key.publicKey)
  return `${key.name}+${hexId(id)}+${toBase64(typed)}`
}

/** `null` where {@link parseVerifierKey} throws. */
export function decodeVerifierKey(text: string): VerifierKey | null {
  const first = text.indexOf('+')
  const second = text.indexOf('+', first + 1)
  const name = text.slice(0, first)
  const id = text.slice(first + 1, second)
  const bytes = fromBase64(text.slice(second + 1))
  if (first < 0 || second < 0 || !isKeyName(name) || !/^[0-9a-f]{8}$/i.test(id)) return null
  if (bytes === null || bytes.length < 2) return null
  const key = { name, type: bytes[0]!, publicKey: bytes.slice(1) }
  const keyId = keyIdOf(name, key.type, key.publicKey)
  return id.toLowerCase() === hexId(keyId) ? { ...key, keyId } : null
}

/** SHA-256(name ‖ newline ‖ type ‖ public key), the first four bytes. */
export function keyIdOf(name: string, type: number, publicKey: Uint8Array): number {
  return readUint32(sha256(encodeUtf8(`${name}\n`), Uint8Array.of(type), publicKey), 0)
}

function hexId(id: number): string {
  return (id + 0x100000000).toString(16).slice(1)
}
