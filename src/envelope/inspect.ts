import { bytesArgument } from '../internal/bytes.ts'
import { parseEncrypt } from '../internal/cose/encrypt.ts'
import { kemName } from '../internal/cose/kems.ts'
import { algA256Gcm } from '../internal/registry.ts'

/** What an envelope shows to everybody. */
export interface InspectedEnvelope {
  /** The id of the envelope, 32 bytes. */
  readonly envelopeId: Uint8Array
  /** The content cipher. */
  readonly algorithm: 'AES-256-GCM' | 'ChaCha20-Poly1305'
  /** Length of the encrypted content in bytes, its framing and padding included. */
  readonly size: number
  /** What nothing protects: anyone on the way may have changed it. */
  readonly unverified: {
    /** The readers' entries, as they stand there. */
    readonly recipients: readonly {
      /** 32 bytes of a key id, 16 of a hint; `null` if the entry names no key. */
      readonly keyId: Uint8Array | null
      /** The KEM, such as `X25519`; or `COSE` and the number, if this version does not know it. */
      readonly algorithm: string
    }[]
  }
}

/**
 * Shows what an envelope reveals without a key. Everything here is as the bytes claim; only opening verifies.
 *
 * @param envelope - The envelope's bytes.
 * @returns Its id, cipher, size and readers' entries.
 * @throws {@link EnvelopeMalformed} if the bytes are no envelope of careseal's profile.
 * @throws {@link TypeError} if `envelope` is no Uint8Array.
 * @example
 * How many readers an envelope has.
 * ```ts
 * import { inspect, seal } from 'careseal/envelope'
 * import { generateKey, xWing } from 'careseal/keys'
 *
 * const { publicKey } = await generateKey(xWing)
 * const envelope = await seal(new Uint8Array(100), { recipients: [publicKey] })
 * console.log(inspect(envelope).unverified.recipients.length) // 1
 * ```
 */
export function inspect(envelope: Uint8Array): InspectedEnvelope {
  const bytes = bytesArgument(envelope, 'envelope')
  const { own, alg, ciphertext, recipients } = parseEncrypt(bytes, {
    profile: 'careseal',
    anyIv: false,
  })
  return {
    envelopeId: own!.envelopeId,
    algorithm: alg === algA256Gcm ? 'AES-256-GCM' : 'ChaCha20-Poly1305',
    size: ciphertext.length,
    unverified: {
      recipients: recipients.map(({ kid, alg: kem }) => ({ keyId: kid, algorithm: kemName(kem) })),
    },
  }
}
