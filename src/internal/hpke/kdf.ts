import { concat, wipe } from '../bytes.ts'
import { hkdfExpand, hkdfExtract } from '../engine/hash.ts'
import { ascii } from '../utf8.ts'
import type { Kdf } from './kem.ts'

const version = 'HPKE-v1'
const none = new Uint8Array(0)

/** HKDF-SHA256 with the two-stage key schedule of RFC 9180 §5.1, mode base. */
export const hkdfSha256: Kdf = {
  id: 1,
  schedule(suite, sharedSecret, info, keySize = 32) {
    const extract = (salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array =>
      hkdfExtract(salt, ascii(version), suite, ascii(label), ikm)
    const context = concat(
      Uint8Array.of(0),
      extract(none, 'psk_id_hash', none),
      extract(none, 'info_hash', info),
    )
    const secret = extract(sharedSecret, 'secret', none)
    const expand = (label: string, length: number): Uint8Array =>
      hkdfExpand(
        secret,
        length,
        Uint8Array.of(0, length),
        ascii(version),
        suite,
        ascii(label),
        context,
      )
    const result = { key: expand('key', keySize), nonce: expand('base_nonce', 12) }
    wipe(secret)
    return result
  },
}
