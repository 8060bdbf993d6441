import type { Aead } from '../engine/aead.ts'
import { chacha } from '../engine/chacha.ts'
import { gcm } from '../engine/gcm.ts'
import { algA256Gcm } from '../registry.ts'

/** The AEAD of a content algorithm that parsing has admitted. */
export function aeadOf(alg: number): Aead {
  return alg === algA256Gcm ? gcm : chacha
}
