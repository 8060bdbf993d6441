import { EnvelopeOpenFailed, StreamTruncated } from '../../errors.ts'
import { throwIfAborted } from '../../internal/abort.ts'
import { wipe } from '../../internal/bytes.ts'
import { tagSize } from '../../internal/engine/aead.ts'
import { chacha } from '../../internal/engine/chacha.ts'
import { hkdf } from '../../internal/engine/hash.ts'
import { knownOptions } from '../../internal/options.ts'
import type { ByteSource } from '../../internal/stream/source.ts'
import { ascii } from '../../internal/utf8.ts'
import { ecdhArgument } from '../rawEcdh.ts'
import { isArmored, unarmor } from './armor.ts'
import { unwrapFileKey, unwrappersOf } from './fileKey.ts'
import { readHeader } from './header.ts'
import { AgeReader } from './reader.ts'
import type { FromAgeOptions } from './types.ts'

const chunkSize: number = 64 * 1024
const none = new Uint8Array(0)

/**
 * Decrypts an age file of any size in constant memory, so that an archive can be moved. **Provisional until the end:**
 * each piece is authentic and in its place, but only when the iteration ends without an error is the file whole. Write
 * to a temporary place and keep it then. A truncated file ends in an error, never in a short result.
 *
 * @param source - The file in pieces of any size, binary or armored.
 * @param options - Whose key opens.
 * @returns The content in pieces of at most 64 KiB. The source is read no faster than they are taken.
 * @throws {@link EnvelopeMalformed} on iteration, if it is no age file.
 * @throws {@link EnvelopeRecipientNotFound} on iteration, if no recipient is this reader.
 * @throws {@link EnvelopeOpenFailed} on iteration, if header or content were changed.
 * @throws {@link StreamTruncated} on iteration, if the source ends between two chunks or less than 16 bytes behind; further
 *   within one, that is `EnvelopeOpenFailed`.
 * @throws {@link AlgorithmUnsupported} on iteration, if all recipients are of types that are not read (SSH, plug-ins),
 *   or the key answers as a KEM only and there is no `ecdh`.
 * @throws {@link KeyUnavailable} on iteration, if the key's home did not answer.
 * @throws {@link TypeError} on iteration, if an argument has the wrong type.
 * @example
 * From an old file into a sealed stream; both are read as fast as the result is taken.
 * ```ts
 * import { fromAgeIdentity, openAge, openStream, sealStream } from 'careseal/envelope'
 * import { generateKey, xWing } from 'careseal/keys'
 *
 * const old = await fromAgeIdentity(
 *   'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX',
 * )
 * const file = `-----BEGIN AGE ENCRYPTED FILE-----
 * YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBBOW02bHlxaHFTVS93anVr
 * TllmdmtvZXVIa2ZVSlVqc2lXdGJxL3VSU2hjCjZTcmtFUVNkUUNjbEhiWVoyVGZJ
 * ck5xOEZoNFA4T1BzUTFnWlFtalE5MEUKLS0tIG5CZ1RtRWZ6Q3pYR3A1ZlhCNHFz
 * Vm9mbDhvR1YvMHVNa1NYSnZTUTM3bTgKyTPmIP9OH7O8y6XloQVCusMlezIU/aOT
 * cGT1IrSdGS8xa2qvkIu+3xm3jQ==
 * -----END AGE ENCRYPTED FILE-----
 * `
 * const as = await generateKey(xWing)
 * const content = openAge([new TextEncoder().encode(file)], { as: old })
 * const opened = openStream(sealStream(content, { recipients: [as.publicKey] }), { as })
 * for await (const piece of opened) console.log(piece.length) // 11
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
  const unwrappers = unwrappersOf(as, agreeing)
  const outer = new AgeReader(source, signal)
  let payloadKey: Uint8Array | null = null
  try {
    const reader = (await isArmored(outer)) ? new AgeReader(unarmor(outer), signal) : outer
    const header = await readHeader(reader)
    const fileKey = await unwrapFileKey(header, unwrappers, signal)
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
  reader: AgeReader,
  key: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let counter = 0; ; counter++) {
    const sealed = await reader.read(chunkSize + tagSize)
    const last = (await reader.peek(1)).length === 0
    if (sealed.length < tagSize) throw new StreamTruncated()
    const chunk = await chacha.open(key, nonceOf(counter, last), none, sealed)
    if (chunk === null) {
      // An authentic chunk that is not the last one, and nothing behind it: the file was cut there.
      const next = last ? await chacha.open(key, nonceOf(counter, false), none, sealed) : null
      throw next === null ? new EnvelopeOpenFailed() : new StreamTruncated()
    }
    if (chunk.length === 0 && counter > 0) throw new EnvelopeOpenFailed()
    if (chunk.length > 0) yield chunk
    if (last) return
  }
}

/** Eleven bytes of counter, and whether the chunk is the last one. */
function nonceOf(counter: number, last: boolean): Uint8Array {
  const nonce = new Uint8Array(12)
  for (let i = 10, rest = counter; rest > 0; i--, rest = Math.floor(rest / 256)) nonce[i] = rest
  nonce[11] = last ? 1 : 0
  return nonce
}
