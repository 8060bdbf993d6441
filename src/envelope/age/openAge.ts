import { EnvelopeOpenFailed } from '../../errors.ts'
import { throwIfAborted } from '../../internal/abort.ts'
import { wipe } from '../../internal/bytes.ts'
import { tagSize } from '../../internal/engine/aead.ts'
import { chacha } from '../../internal/engine/chacha.ts'
import { hkdf } from '../../internal/engine/hash.ts'
import { knownOptions } from '../../internal/options.ts'
import { ascii } from '../../internal/utf8.ts'
import { ecdhArgument } from '../rawEcdh.ts'
import { isArmored, unarmor } from './armor.ts'
import { type ByteReader, type ByteSource, byteReader } from './byteReader.ts'
import { unwrapFileKey } from './fileKey.ts'
import { readHeader } from './header.ts'
import type { FromAgeOptions } from './types.ts'

const chunkSize: number = 64 * 1024
const none = new Uint8Array(0)

/**
 * Decrypts an age file of any size in constant memory, so that an archive can be moved. **Provisional until the end:**
 * each piece is authentic and in its place, but only when the iteration ends without an error is the file whole. Write
 * to a temporary place and keep it then. A truncated file ends in an error, never in a short result.
 *
 * @param source - The file, binary or armored: bytes, or an iterable of chunks of any size.
 * @param options - Whose key opens.
 * @returns The content in pieces of at most 64 KiB. The source is read no faster than they are taken.
 * @throws {@link EnvelopeMalformed} on iteration, if it is no age file.
 * @throws {@link EnvelopeRecipientNotFound} on iteration, if no recipient is this reader.
 * @throws {@link EnvelopeOpenFailed} on iteration, if header or content were changed or cut off.
 * @throws {@link AlgorithmUnsupported} on iteration, if all recipients are of types that are not read (SSH, plug-ins),
 *   or the key answers as a KEM only and there is no `ecdh`.
 * @throws {@link KeyUnavailable} on iteration, if the key's home did not answer.
 * @throws {@link TypeError} on iteration, if an argument has the wrong type.
 * @example
 * A study of several gigabytes, to a temporary file first.
 * ```ts
 * import { openAge } from 'careseal/envelope'
 * import { isCaresealError } from 'careseal/errors'
 * import { generateKey, xWing } from 'careseal/keys'
 *
 * const file = new TextEncoder().encode('age-encryption.org/v1\n-> X25519')
 * try {
 *   for await (const piece of openAge([file], { as: await generateKey(xWing) })) {
 *     console.log(piece.length) // write it to a temporary file
 *   }
 *   // only here: rename the file
 * } catch (error) {
 *   if (!isCaresealError(error)) throw error
 *   console.log(error.code) // ERR_ENVELOPE_MALFORMED
 * }
 * ```
 * @see c2sp.org/age
 */
export async function* openAge(
  source: ByteSource,
  options: FromAgeOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { as, ecdh, signal } = knownOptions(options, ['as', 'ecdh', 'signal'])
  throwIfAborted(signal)
  const agreeing = { ecdh: ecdhArgument(ecdh), signal }
  const outer = byteReader(source, signal)
  let payloadKey: Uint8Array | null = null
  try {
    const reader = (await isArmored(outer)) ? byteReader(unarmor(outer), signal) : outer
    const header = await readHeader(reader)
    const fileKey = await unwrapFileKey(header, as, agreeing)
    payloadKey = hkdf(fileKey, header.nonce, 32, ascii('payload'))
    wipe(fileKey)
    yield* openPayload(reader, payloadKey)
  } finally {
    wipe(payloadKey)
    await outer.close()
  }
}

/** STREAM: chunks of 64 KiB, the last one marked and not empty unless the content is (c2sp.org/age, "Payload"). */
async function* openPayload(
  reader: ByteReader,
  key: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  const nonce = new Uint8Array(12)
  for (let counter = 0; ; counter++) {
    const sealed = await reader.read(chunkSize + tagSize)
    const last = (await reader.peek(1)).length === 0
    for (let i = 10, rest = counter; i > 3; i--, rest = Math.floor(rest / 256)) nonce[i] = rest
    nonce[11] = last ? 1 : 0
    const empty = sealed.length === tagSize && counter > 0
    const chunk =
      empty || sealed.length < tagSize ? null : await chacha.open(key, nonce, none, sealed)
    if (chunk === null) throw new EnvelopeOpenFailed()
    if (chunk.length > 0) yield chunk
    if (last) return
  }
}
