import { EnvelopeOpenFailed, EnvelopeSecurity } from '../../errors.ts'
import { wipe } from '../bytes.ts'
import { encryptAad, type ParsedEnvelope, parseEncrypt } from '../cose/encrypt.ts'
import type { RecipientEntry } from '../cose/recipient.ts'
import { optionsOf } from '../options.ts'
import { aeadOf } from './aeads.ts'
import type { ReaderKey } from './reader.ts'
import { type UnwrapOptions, unwrapContentKey } from './unwrap.ts'

/** How strong an envelope must be for its reader, or is. */
export type Security = 'post-quantum' | 'classical'

/** Options of {@link openPlaintext}. */
export interface OpeningOptions extends UnwrapOptions {
  readonly externalAad: Uint8Array
  readonly profile: 'careseal' | 'foreign'
  readonly minimumSecurity?: Security | undefined
}

/** A decrypted envelope; nothing inside is verified yet. */
export interface OpenedEnvelope {
  readonly envelope: ParsedEnvelope
  readonly plaintext: Uint8Array
  /** The entry that opened. */
  readonly entry: RecipientEntry
  readonly reader: ReaderKey
  readonly security: Security
}

/** Decrypts layer 0: finds the entry, checks the commitment, then the tag (docs/formats.md §2). */
export async function openPlaintext(
  bytes: Uint8Array,
  readers: readonly ReaderKey[],
  options: OpeningOptions,
): Promise<OpenedEnvelope> {
  const { profile, externalAad, minimumSecurity, draft, ...unwrapping } = optionsOf(options)
  const least = securityArgument(minimumSecurity)
  const envelope = parseEncrypt(bytes, { profile, anyIv: draft?.anyIv === true })
  const unwrapOptions = { ...unwrapping, draft }
  const { contentKey, entry, reader } = await unwrapContentKey(envelope, readers, unwrapOptions)
  try {
    const security = securityOf(envelope, reader)
    if (least === 'post-quantum' && security !== 'post-quantum') {
      throw new EnvelopeSecurity(
        'This envelope is not post-quantum for you. Ask a reader for a rekeyed copy, or lower minimumSecurity.',
      )
    }
    const { alg, iv, ciphertext } = envelope
    const aad = encryptAad(envelope.protectedBytes, externalAad)
    // The ciphertext is a copy of ours, and nobody needs it afterwards.
    const plaintext = await aeadOf(alg).open(contentKey, iv, aad, ciphertext, true)
    if (plaintext === null) throw new EnvelopeOpenFailed()
    return { envelope, plaintext, entry, reader, security }
  } finally {
    wipe(contentKey)
  }
}

/** A word that is none of the two must not count as the weaker one. */
function securityArgument(security: Security | undefined): Security {
  if (security === undefined) return 'classical'
  if (security !== 'post-quantum' && security !== 'classical') {
    throw new TypeError("minimumSecurity must be 'post-quantum' or 'classical'")
  }
  return security
}

/** Post-quantum if every reader at sealing was, and the own entry is; strangers' entries do not count. */
function securityOf(envelope: ParsedEnvelope, reader: ReaderKey): Security {
  const own = reader.publicKey.algorithm.postQuantum
  return own && envelope.own?.postQuantum === true ? 'post-quantum' : 'classical'
}
