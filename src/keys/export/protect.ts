import { wipe } from '../../internal/bytes.ts'
import { gcm } from '../../internal/engine/gcm.ts'
import { hkdf } from '../../internal/engine/hash.ts'
import type { MaybePromise } from '../../internal/engine/tier.ts'
import { ascii } from '../../internal/utf8.ts'
import { type Header, headerBytes } from './layout.ts'

/**
 * The commitment to the key of an export. AES-GCM commits to no key: without this one ciphertext could be two
 * identities, one for each of two wraps.
 */
export function commitTo(key: Uint8Array, salt: Uint8Array): Uint8Array {
  return hkdf(key, salt, 32, ascii('careseal/identity/commit/1'))
}

/** Encrypts contents; the header is authenticated as a whole. Key and nonce are derived for this export alone. */
export function protect(
  key: Uint8Array,
  header: Header,
  contents: Uint8Array,
): Promise<Uint8Array> {
  return withDerived(key, header, (derived, nonce, aad) => gcm.seal(derived, nonce, aad, contents))
}

/** Decrypts contents; `null` where anything was changed. */
export function unprotect(
  key: Uint8Array,
  header: Header,
  ciphertext: Uint8Array,
): Promise<Uint8Array | null> {
  return withDerived(key, header, (derived, nonce, aad) =>
    gcm.open(derived, nonce, aad, ciphertext),
  )
}

async function withDerived<T>(
  key: Uint8Array,
  header: Header,
  run: (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array) => MaybePromise<T>,
): Promise<T> {
  const derived = hkdf(key, header.salt, 44, ascii('careseal/identity/key/1'))
  try {
    return await run(derived.subarray(0, 32), derived.subarray(32), headerBytes(header))
  } finally {
    wipe(derived)
  }
}
