import { toBase64Url } from '../base64.ts'
import type { Jwk } from './node.ts'

/** A key of an OKP curve as a platform takes it; `secret` makes it a private one. */
export function okpJwk(crv: string, publicKey: Uint8Array, secret?: Uint8Array): Jwk {
  return withSecret({ kty: 'OKP', crv, x: toBase64Url(publicKey) }, secret)
}

/** An uncompressed point of a Weierstrass curve as a platform takes it; `secret` makes it a private key. */
export function ecJwk(crv: string, publicKey: Uint8Array, secret?: Uint8Array): Jwk {
  const x = toBase64Url(publicKey.subarray(1, 33))
  return withSecret({ kty: 'EC', crv, x, y: toBase64Url(publicKey.subarray(33)) }, secret)
}

function withSecret(jwk: Jwk, secret: Uint8Array | undefined): Jwk {
  return secret === undefined ? jwk : { ...jwk, d: toBase64Url(secret) }
}
