import { concat, wipe } from '../bytes.ts'
import { shake256 } from '../engine/sha3.ts'
import { ascii } from '../utf8.ts'
import type { Kdf } from './kem.ts'

/** SHAKE256 with the one-stage key schedule of draft-ietf-hpke-hpke §5.1 and draft-ietf-hpke-pq, mode base. */
export const shakeKdf: Kdf = {
  id: 0x0011,
  schedule(suite, sharedSecret, info) {
    // psk and psk_id are empty; key 32, base nonce 12, exporter secret 64 bytes come out of one call.
    const length = 32 + 12 + 64
    const label = ascii('secret')
    const secret = shake256(
      length,
      concat(uint16(0), withLength(sharedSecret)),
      ascii('HPKE-v1'),
      suite,
      withLength(label),
      uint16(length),
      concat(Uint8Array.of(0), uint16(0), withLength(info)),
    )
    const result = { key: secret.slice(0, 32), nonce: secret.slice(32, 44) }
    wipe(secret)
    return result
  },
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value)
}

function withLength(bytes: Uint8Array): Uint8Array {
  return concat(uint16(bytes.length), bytes)
}
