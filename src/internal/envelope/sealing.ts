import { wipe } from '../bytes.ts'
import { encodeEncrypt, encodeOwnHeaders, encryptAad } from '../cose/encrypt.ts'
import { type KeyIdMode, kidFor } from '../cose/keyId.ts'
import { type RecipientEntry, type WrapKey, wrapFor } from '../cose/recipient.ts'
import { chacha } from '../engine/chacha.ts'
import { fastGcm } from '../engine/fastGcm.ts'
import type { MaybePromise } from '../engine/tier.ts'
import { algA256Gcm, algChaCha20Poly1305 } from '../registry.ts'
import type { CipherInternals } from './cipher.ts'
import { commitKey } from './commitment.ts'

/** Makes the entry of one reader for a content key. */
export type WrapContentKey = (
  key: WrapKey,
  contentKey: Uint8Array,
  nextAlg: number,
  envelopeId: Uint8Array,
) => MaybePromise<RecipientEntry>

/** What is sealed, for whom. */
export interface Sealing {
  readonly envelopeId: Uint8Array
  /** In parts, where content is large: it is not copied together. It has been read when the call returns. */
  readonly plaintext: Uint8Array | readonly Uint8Array[]
  readonly keys: readonly WrapKey[]
  readonly wrap: WrapContentKey
  readonly externalAad: Uint8Array
  /** The platform's best unless given. */
  readonly cipher: CipherInternals | undefined
  /** A fresh content key (wiped here) and IV, for whoever draws all randomness of a record at once. */
  readonly secrets: readonly [contentKey: Uint8Array, iv: Uint8Array]
}

/** Wraps a content key for each reader on its own. */
export function wrapSingly(keyIds: KeyIdMode): WrapContentKey {
  return (key, contentKey, nextAlg, envelopeId) =>
    wrapFor(key, contentKey, nextAlg, kidFor(keyIds, envelopeId, key.id))
}

/** Seals one plaintext under a fresh content key and IV (docs/formats.md §2). */
export async function sealPlaintext(sealing: Sealing): Promise<Uint8Array> {
  const { envelopeId, plaintext, keys, wrap, externalAad, cipher } = sealing
  const { coseAlg, aead } = cipher ?? defaultCipher()
  const [contentKey, iv] = sealing.secrets
  const commitment = commitKey(contentKey, envelopeId, iv)
  const postQuantum = keys.every(({ algorithm }) => algorithm.postQuantum)
  const protectedBytes = encodeOwnHeaders(coseAlg, { envelopeId, commitment, postQuantum })
  const aad = encryptAad(protectedBytes, externalAad)
  try {
    const sealing = aead.seal(contentKey, iv, aad, plaintext)
    const wrapping = wrapAll(keys, (key) => wrap(key, contentKey, coseAlg, envelopeId))
    const [sealed, wrapped] = await Promise.allSettled([sealing, wrapping])
    if (wrapped.status === 'rejected') throw wrapped.reason
    if (sealed.status === 'rejected') throw sealed.reason
    return encodeEncrypt({ protectedBytes, iv, ciphertext: sealed.value }, wrapped.value)
  } finally {
    wipe(contentKey)
  }
}

/**
 * Wraps for all keys. Waits for every wrap even if one fails: the caller wipes the content key next, and a wrap
 * that still ran would wrap zeros.
 */
export async function wrapAll(
  keys: readonly WrapKey[],
  wrap: (key: WrapKey) => MaybePromise<RecipientEntry>,
): Promise<RecipientEntry[]> {
  const entries = keys.map(wrap)
  if (entries.every((entry): entry is RecipientEntry => !(entry instanceof Promise))) return entries
  const results = await Promise.allSettled(entries)
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

/** AES-256-GCM where the platform has it; else ChaCha20-Poly1305, which JavaScript runs faster. */
export function defaultCipher(): CipherInternals {
  const gcm = fastGcm()
  return gcm === null
    ? { coseAlg: algChaCha20Poly1305, aead: chacha }
    : { coseAlg: algA256Gcm, aead: gcm }
}
