import { ContentTooLarge } from '../../errors.ts'
import { bytesArgument } from '../../internal/bytes.ts'
import { maximumContent } from '../../internal/registry.ts'
import { encodeUtf8, isWellFormed } from '../../internal/utf8.ts'
import { foreignContent } from '../foreignContent.ts'
import type { OpenedContent } from '../types.ts'
import { joined } from './joined.ts'
import { malformedAge } from './malformed.ts'
import { openAge } from './openAge.ts'
import type { FromAgeOptions } from './types.ts'

/**
 * Opens an age file in one piece, so that its content can be sealed again: X25519, MLKEM768-X25519 and passphrase
 * recipients, binary or armored. Nothing is known about who wrote it: age files carry no author.
 *
 * @param file - The file: its bytes, or the text of an armored one; at most 16 MiB of content.
 * @param options - Whose key opens.
 * @returns The content. `mediaType` is `null`: age files have none.
 * @throws {@link EnvelopeMalformed} if it is no age file.
 * @throws {@link EnvelopeRecipientNotFound} if no recipient is this reader.
 * @throws {@link EnvelopeOpenFailed} if header or content were changed.
 * @throws {@link StreamTruncated} if the file ends between two chunks of its content, or less than 16 bytes behind.
 * @throws {@link AlgorithmUnsupported} if all recipients are of types that are not read (SSH, plug-ins), or the key
 *   answers as a KEM only and there is no `ecdh`.
 * @throws {@link ContentTooLarge} if it holds more than 16 MiB; use `openAge`.
 * @throws {@link KeyUnavailable} if the key's home did not answer; retry.
 * @throws {@link TypeError} if an argument has the wrong type.
 * @example
 * An armored file, and the identity that opens it.
 * ```ts
 * import { fromAge, fromAgeIdentity } from 'careseal/envelope'
 *
 * const key = await fromAgeIdentity(
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
 * const { content } = await fromAge(file, { as: key })
 * console.log(new TextDecoder().decode(content)) // Hb 7.1 g/dL
 * ```
 * @see c2sp.org/age, docs/migration.md
 */
export async function fromAge(
  file: Uint8Array | string,
  options: FromAgeOptions,
): Promise<OpenedContent> {
  if (typeof file === 'string' && !isWellFormed(file)) {
    throw malformedAge('text that is no armor')
  }
  const bytes = typeof file === 'string' ? encodeUtf8(file) : bytesArgument(file, 'file').slice()
  // Armor has 65 characters for 48 bytes, and a tag stands behind each 64 KiB.
  if (bytes.length > 2 * maximumContent) throw tooLarge()
  // Read bit by bit from here on, while the caller may use the array again.
  const stable = typeof file === 'string' ? bytes : bytes.slice()
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of openAge([stable], options)) {
    size += piece.length
    if (size > maximumContent) throw tooLarge()
    pieces.push(piece)
  }
  return foreignContent(joined(pieces), null)
}

function tooLarge(): ContentTooLarge {
  return new ContentTooLarge('An age file of more than 16 MiB. Decrypt it in pieces with openAge.')
}
