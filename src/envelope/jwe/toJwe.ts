import { ContentTooLarge } from '../../errors.ts'
import { throwIfAborted } from '../../internal/abort.ts'
import { toBase64Url } from '../../internal/base64.ts'
import { bytesArgument, wipe } from '../../internal/bytes.ts'
import { tagSize } from '../../internal/engine/aead.ts'
import { gcm } from '../../internal/engine/gcm.ts'
import { recipientKeys } from '../../internal/envelope/recipients.ts'
import { knownOptions } from '../../internal/options.ts'
import { randomParts } from '../../internal/random.ts'
import { maximumContent } from '../../internal/registry.ts'
import { ascii, encodeUtf8 } from '../../internal/utf8.ts'
import type { KemPublicKey } from '../../keys/index.ts'
import { ecdhEs } from './ecdhEs.ts'
import { isMediaText } from './header.ts'
import { joseHpke } from './joseHpke.ts'
import { methodOf } from './method.ts'
import { jwkThumbprint } from './thumbprint.ts'
import type { JweAlgorithm, ToJweOptions } from './types.ts'

const toJweOptions = ['recipients', 'mediaType', 'type', 'algorithm', 'keyIds', 'signal'] as const

/**
 * Writes content as a JWE for software that does not read envelopes: general JSON, A256GCM, ECDH-ES+A256KW for P-256
 * and X25519 keys, HPKE for post-quantum ones. A JWE carries no author, no audience and no key commitment; keep the
 * envelope, and give the JWE to those who need one.
 *
 * @param content - The bytes to encrypt, at most 16 MiB.
 * @param options - Readers and headers.
 * @returns The JWE: JSON text, about a third longer than the content.
 * @throws {@link TypeError} if an argument has the wrong type, or `algorithm` does not know the key of a reader.
 * @throws {@link RangeError} if there is no reader, one twice, more than 1000, or post-quantum beside classical ones.
 * @throws {@link ContentTooLarge} if the content has more than 16 MiB.
 * @throws {@link IdentityInvalid} if a reader's identity card has expired.
 * @throws {@link RandomUnavailable} if the platform has no secure random numbers.
 * @example
 * For a laboratory whose software knows JOSE.
 * ```ts
 * import { toJwe } from 'careseal/envelope'
 * import { generateKey, p256 } from 'careseal/keys'
 *
 * const laboratory = await generateKey(p256)
 * const jwe = await toJwe(new TextEncoder().encode('{"resourceType":"Specimen"}'), {
 *   recipients: [laboratory.publicKey],
 *   mediaType: 'application/fhir+json',
 * })
 * console.log(JSON.parse(jwe).recipients[0].header.alg) // ECDH-ES+A256KW
 * ```
 * @see RFC 7516 §7.2.1, docs/migration.md
 */
export async function toJwe(content: Uint8Array, options: ToJweOptions): Promise<string> {
  const {
    recipients,
    mediaType,
    type,
    algorithm,
    keyIds = 'plain',
    signal,
  } = knownOptions(options, toJweOptions)
  throwIfAborted(signal)
  const plaintext = bytesArgument(content, 'content').slice()
  if (plaintext.length > maximumContent) {
    throw new ContentTooLarge('Content of more than 16 MiB does not fit into one JWE. Split it.')
  }
  if (keyIds !== 'plain' && keyIds !== 'none') {
    throw new TypeError("keyIds must be 'plain' or 'none'")
  }
  const chosen = algorithm === undefined ? null : methodOf(algorithm, 'algorithm')
  const keys = recipientKeys(recipients, keyIds, new Date())
  if (new Set(keys.map((key) => key.algorithm.postQuantum)).size > 1) {
    throw new RangeError(
      'recipients holds post-quantum and classical readers, which JOSE forbids in one JWE: write two',
    )
  }
  const header = protectedHeader(mediaType, type)
  const [contentKey, iv] = randomParts(32, 12)
  try {
    const written = []
    for (const [i, key] of keys.entries()) {
      throwIfAborted(signal)
      const method = chosen ?? methodOf(usualFor(key), 'algorithm')
      const entry = await method.wrap(key, contentKey)
      if (entry === null) {
        throw new TypeError(
          `algorithm does not know keys of ${key.algorithm.name}, as recipients[${i}] has: leave it out or pass joseHpke`,
        )
      }
      const kid = keyIds === 'plain' ? { kid: jwkThumbprint(key) } : {}
      written.push({
        header: { ...entry.header, ...kid },
        encrypted_key: toBase64Url(entry.encryptedKey),
      })
    }
    const sealed = await gcm.seal(contentKey, iv, ascii(header), plaintext)
    const end = sealed.length - tagSize
    return JSON.stringify({
      protected: header,
      recipients: written,
      iv: toBase64Url(iv),
      ciphertext: toBase64Url(sealed.subarray(0, end)),
      tag: toBase64Url(sealed.subarray(end)),
    })
  } finally {
    wipe(contentKey, plaintext)
  }
}

/** What JOSE software of today reads, where it can read the key at all. */
function usualFor({ algorithm }: KemPublicKey): JweAlgorithm {
  return algorithm.postQuantum ? joseHpke : ecdhEs
}

/** BASE64URL(UTF8(JWE Protected Header)). */
function protectedHeader(mediaType: string | undefined, type: string | undefined): string {
  for (const [name, value] of [
    ['mediaType', mediaType],
    ['type', type],
  ] as const) {
    if (value !== undefined && (typeof value !== 'string' || !isMediaText(value))) {
      throw new TypeError(`${name} must be a string without control characters`)
    }
  }
  const typ = type === undefined ? {} : { typ: type }
  const cty = mediaType === undefined ? {} : { cty: shortened(mediaType) }
  return toBase64Url(encodeUtf8(JSON.stringify({ enc: 'A256GCM', ...typ, ...cty })))
}

/** RFC 7515 §4.1.10: `application/` is left out where no other slash follows. */
function shortened(mediaType: string): string {
  return /^application\/[^/]+$/.test(mediaType) ? mediaType.slice(12) : mediaType
}
