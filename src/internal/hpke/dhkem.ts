import { concat, wipe } from '../bytes.ts'
import { hkdfExpand, hkdfExtract } from '../engine/hash.ts'
import type { DhSecret } from '../engine/x25519.ts'
import { randomBytes } from '../random.ts'
import { ascii } from '../utf8.ts'
import type { Kem } from './kem.ts'

/** A Diffie–Hellman group as DHKEM needs it. */
export interface DhGroup {
  readonly id: number
  readonly publicKeySize: number
  isPublicKey(bytes: Uint8Array): boolean
  isSecret(secret: Uint8Array): boolean
  secret(secret: Uint8Array): DhSecret
}

/** DHKEM with HKDF-SHA256 (RFC 9180 §4.1). Private keys and ephemeral randomness are 32-byte secrets. */
export function dhkem(group: DhGroup): Kem {
  const derive = (dh: Uint8Array, encapsulation: Uint8Array, publicKey: Uint8Array): Uint8Array =>
    extractAndExpand(group.id, dh, concat(encapsulation, publicKey))
  return {
    id: group.id,
    publicKeySize: group.publicKeySize,
    encapsulationSize: group.publicKeySize,
    randomnessSize: 32,
    isPublicKey: group.isPublicKey,
    isEncapsulation: group.isPublicKey,
    isSeed: group.isSecret,
    parts: {
      latticePublicSize: 0,
      latticeCiphertextSize: 0,
      combine: (_lattice, dh, encapsulation, publicKey) => derive(dh, encapsulation, publicKey),
    },
    ephemeral: group.secret,
    secret(seed) {
      const own = group.secret(seed)
      return {
        publicKey: own.publicKey,
        agree: own.agree,
        async decapsulate(encapsulation) {
          const dh = await own.agree(encapsulation)
          return dh === null ? null : derive(dh, encapsulation, own.publicKey)
        },
      }
    },
    encapsulator: (publicKey) => ({
      async encapsulate(randomness) {
        let scalar = randomness
        // A P-256 scalar is out of range once in 2³²; then it is drawn again.
        while (!group.isSecret(scalar)) scalar = randomBytes(32)
        const ephemeral = group.secret(scalar)
        const dh = await ephemeral.agree(publicKey)
        wipe(scalar)
        if (dh === null) return null
        const encapsulation = ephemeral.publicKey
        return { encapsulation, sharedSecret: derive(dh, encapsulation, publicKey) }
      },
    }),
  }
}

/** ExtractAndExpand of RFC 9180 §4.1; what lifts a raw ECDH result of an HSM to the KEM's shared secret. */
export function extractAndExpand(kemId: number, dh: Uint8Array, context: Uint8Array): Uint8Array {
  const suite = concat(ascii('KEM'), Uint8Array.of(kemId >> 8, kemId))
  const prk = hkdfExtract(new Uint8Array(0), ascii('HPKE-v1'), suite, ascii('eae_prk'), dh)
  const length = Uint8Array.of(0, 32)
  const secret = hkdfExpand(
    prk,
    32,
    length,
    ascii('HPKE-v1'),
    suite,
    ascii('shared_secret'),
    context,
  )
  wipe(dh, prk)
  return secret
}
