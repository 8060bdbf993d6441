import { concat, wipe } from '../bytes.ts'
import { randomBytes } from '../random.ts'
import { ascii } from '../utf8.ts'
import type { HpkeSuite, KemEncapsulator } from './kem.ts'

/** A sealed message with the encapsulation that opens it. */
export interface HpkeSealed {
  readonly encapsulation: Uint8Array
  readonly ciphertext: Uint8Array
}

const noAad = new Uint8Array(0)

function suiteId(suite: HpkeSuite): Uint8Array {
  const { kem, kdf, aeadId } = suite
  return concat(
    ascii('HPKE'),
    Uint8Array.of(kem.id >> 8, kem.id, kdf.id >> 8, kdf.id, aeadId >> 8, aeadId),
  )
}

/**
 * Single-shot seal in base mode (RFC 9180 §6.1), the only mode this package uses: a sender proves who he is
 * by a signature inside. `null` if the public key is unusable. `randomness` only in tests.
 */
export async function hpkeSeal(
  suite: HpkeSuite,
  key: KemEncapsulator,
  info: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array = noAad,
  randomness: Uint8Array = randomBytes(suite.kem.randomnessSize),
): Promise<HpkeSealed | null> {
  const encapsulated = await key.encapsulate(randomness)
  if (encapsulated === null) return null
  const { encapsulation, sharedSecret } = encapsulated
  const schedule = suite.kdf.schedule(suiteId(suite), sharedSecret, info, suite.keySize)
  const ciphertext = await suite.aead.seal(schedule.key, schedule.nonce, aad, plaintext)
  wipe(sharedSecret, schedule.key)
  return { encapsulation, ciphertext }
}

/** Single-shot open in base mode, given the KEM's shared secret. `null` when it does not open. */
export async function hpkeOpen(
  suite: HpkeSuite,
  sharedSecret: Uint8Array,
  info: Uint8Array,
  ciphertext: Uint8Array,
  aad: Uint8Array = noAad,
): Promise<Uint8Array | null> {
  // The one-stage KDF has two bytes for its length (draft-ietf-hpke-hpke §5.1); only strangers' headers are longer.
  if (info.length > 0xffff) return null
  const schedule = suite.kdf.schedule(suiteId(suite), sharedSecret, info, suite.keySize)
  try {
    return await suite.aead.open(schedule.key, schedule.nonce, aad, ciphertext)
  } finally {
    wipe(schedule.key)
  }
}
