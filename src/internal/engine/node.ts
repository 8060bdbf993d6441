/** The few functions of `node:crypto` that the engine calls; no dependency on Node's types. */
export interface NodeCrypto {
  hash?(algorithm: string, data: Uint8Array, encoding: 'buffer'): Uint8Array
  createHash(algorithm: string, options?: { outputLength: number }): Hash
  createHmac(algorithm: string, key: Uint8Array): Hash
  createCipheriv(name: string, key: Uint8Array, iv: Uint8Array, options?: CipherOptions): Cipher
  createDecipheriv(name: string, key: Uint8Array, iv: Uint8Array, options?: CipherOptions): Decipher
  createPrivateKey(input: { format: 'jwk'; key: Jwk }): KeyObject
  createPublicKey(input: { format: 'jwk'; key: Jwk } | KeyObject): KeyObject
  diffieHellman(keys: { privateKey: KeyObject; publicKey: KeyObject }): Uint8Array
  createECDH(curve: string): Ecdh
  sign(digest: string | null, data: Uint8Array, key: SignKey): Uint8Array
  verify(digest: string | null, data: Uint8Array, key: SignKey, signature: Uint8Array): boolean
}

interface Hash {
  update(data: Uint8Array): Hash
  digest(): Uint8Array
}

interface Ecdh {
  setPrivateKey(secret: Uint8Array): void
  getPublicKey(): Uint8Array
  computeSecret(publicKey: Uint8Array): Uint8Array
}

interface CipherOptions {
  readonly authTagLength: number
}

interface Cipher {
  setAAD(aad: Uint8Array, options?: { plaintextLength: number }): void
  update(data: Uint8Array): Uint8Array
  final(): Uint8Array
  getAuthTag(): Uint8Array
}

interface Decipher {
  setAAD(aad: Uint8Array, options?: { plaintextLength: number }): void
  setAuthTag(tag: Uint8Array): void
  update(data: Uint8Array): Uint8Array
  final(): Uint8Array
}

/** A JSON Web Key as Node takes it. */
export interface Jwk {
  readonly kty: string
  readonly crv: string
  readonly x: string
  readonly y?: string
  readonly d?: string
}

/** A key held by OpenSSL. */
export interface KeyObject {
  export(options: { format: 'jwk' }): { x?: string; y?: string; d?: string }
}

type SignKey = KeyObject | { key: KeyObject; dsaEncoding: 'ieee-p1363' }

/** A Buffer of Node to a plain Uint8Array; copied only where it is part of a larger pool. */
export function plain(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength
    ? new Uint8Array(bytes.buffer)
    : new Uint8Array(bytes)
}
