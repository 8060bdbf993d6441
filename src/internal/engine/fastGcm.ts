import { type Aead, tagSize, whole } from './aead.ts'
import { nativeAeadWorks, nativeOpen, nativeSeal } from './nativeAead.ts'
import { type MaybePromise, nativeFeature, subtleCrypto } from './tier.ts'

const name = 'aes-256-gcm'
const native = /* @__PURE__ */ nativeFeature((node) => nativeAeadWorks(node, name))

/**
 * AES-256-GCM of the platform (SP 800-38D), or `null` where there is none: so that whoever can choose
 * another cipher does not carry AES in JavaScript.
 */
export function fastGcm(): Aead | null {
  const node = native()
  if (node !== null) {
    return {
      seal: (key, nonce, aad, plaintext) => nativeSeal(node, name, key, nonce, aad, plaintext),
      open: (key, nonce, aad, sealed, consume) =>
        nativeOpen(node, name, key, nonce, aad, sealed, consume),
    }
  }
  const subtle = subtleCrypto()
  return subtle === null ? null : subtleGcm(subtle)
}

const isParts = (
  plaintext: Uint8Array | readonly Uint8Array[],
): plaintext is readonly Uint8Array[] => Array.isArray(plaintext)

function subtleGcm(subtle: SubtleCrypto): Aead {
  const run = async (
    usage: 'encrypt' | 'decrypt',
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    data: Uint8Array,
  ): Promise<Uint8Array> => {
    const imported = await subtle.importKey('raw', key as BufferSource, 'AES-GCM', false, [usage])
    const parameters = { name: 'AES-GCM', iv: nonce, additionalData: aad, tagLength: tagSize * 8 }
    return new Uint8Array(
      await subtle[usage](parameters as AesGcmParams, imported, data as BufferSource),
    )
  }
  return {
    // Read now, not when the key has been imported: what a caller has hashed before must be what is encrypted.
    seal: (key, nonce, aad, plaintext) =>
      run('encrypt', key, nonce, aad, isParts(plaintext) ? whole(plaintext) : plaintext.slice()),
    open: (key, nonce, aad, sealed, consume): MaybePromise<Uint8Array | null> =>
      run('decrypt', key, nonce, aad, consume === true ? sealed : sealed.slice()).catch(() => null),
  }
}
