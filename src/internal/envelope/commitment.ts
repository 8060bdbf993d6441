import { concat } from '../bytes.ts'
import { hkdf } from '../engine/hash.ts'
import { ascii } from '../utf8.ts'

/**
 * The commitment to content key and IV that stands in the protected headers: AEADs commit to neither, and
 * one ciphertext must not open to two contents for two readers (docs/formats.md §2).
 */
export function commitKey(
  contentKey: Uint8Array,
  envelopeId: Uint8Array,
  iv: Uint8Array,
): Uint8Array {
  return hkdf(contentKey, envelopeId, 32, concat(ascii('careseal/envelope/commit/1'), iv))
}
