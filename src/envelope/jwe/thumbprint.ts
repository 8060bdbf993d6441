import { internalsOf } from '../../internal/algorithm.ts'
import { toBase64Url } from '../../internal/base64.ts'
import { sha256 } from '../../internal/engine/hash.ts'
import { ascii } from '../../internal/utf8.ts'
import type { KemPublicKey } from '../../keys/index.ts'

/** The key id that JOSE software uses: the RFC 7638 thumbprint, for AKP keys by RFC 9964 §6. */
export function jwkThumbprint({ algorithm, bytes }: KemPublicKey): string {
  const { kty, jwk } = internalsOf(algorithm).shape
  const part = (from: number, to?: number): string => toBase64Url(bytes.subarray(from, to))
  const json =
    kty === 7
      ? `{"alg":"${jwk}","kty":"AKP","pub":"${part(0)}"}`
      : kty === 1
        ? `{"crv":"${jwk}","kty":"OKP","x":"${part(0)}"}`
        : `{"crv":"${jwk}","kty":"EC","x":"${part(1, 33)}","y":"${part(33)}"}`
  return toBase64Url(sha256(ascii(json)))
}
