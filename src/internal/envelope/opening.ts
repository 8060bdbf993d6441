import { EnvelopeOpenFailed, EnvelopeSecurity } from '../../errors.ts'
import { wipe } from '../bytes.ts'
import { encryptAad, type ParsedEnvelope, parseEncrypt } from '../cose/encrypt.ts'
import type { RecipientEntry } from '../cose/recipient.ts'
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
  /** Accepts IVs of other lengths, as some draft vectors have them. Only for tests. */
  readonly anyIv?: boolean
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
  const { profile, anyIv = false } = options
  const envelope = parseEncrypt(bytes, { profile, anyIv })
  const { contentKey, entry, reader } = await unwrapContentKey(envelope, readers, options)
  const security = securityOf(envelope, reader)
  if (options.minimumSecurity === 'post-quantum' && security !== 'post-quantum') {
    wipe(contentKey)
    throw new EnvelopeSecurity(
      'This envelope is not post-quantum for you. Ask a reader for a rekeyed copy, or lower minimumSecurity.',
    )
  }
  const aad = encryptAad(envelope.protectedBytes, options.externalAad)
  const plaintext = await aeadOf(envelope.alg).open(
    contentKey,
    envelope.iv,
    aad,
    envelope.ciphertext,
  )
  wipe(contentKey)
  if (plaintext === null) throw new EnvelopeOpenFailed()
  return { envelope, plaintext, entry, reader, security }
}

/** Post-quantum if every reader at sealing was, and the own entry is; strangers' entries do not count. */
function securityOf(envelope: ParsedEnvelope, reader: ReaderKey): Security {
  const own = reader.publicKey.algorithm.postQuantum
  return own && envelope.own?.postQuantum === true ? 'post-quantum' : 'classical'
}
