import { EnvelopeMalformed } from '../../errors.ts'
import { type CborValue, encodeCbor } from '../cbor/index.ts'
import { decodePlaintext, streamKeyDomain } from '../envelope/content.ts'
import { encodeUtf8 } from '../utf8.ts'

/** Longest media type of a sealed stream, in bytes of UTF-8: what is read before its end must be bounded. */
export const maximumMediaType = 255

/** What the envelope of a sealed stream holds. */
export interface StreamKeyContent {
  readonly contentKey: Uint8Array
  readonly mediaType: string
  /** Key id of the author who will sign the seal; `null` if nobody will. */
  readonly author: Uint8Array | null
}

/** Encodes the plaintext of a sealed stream's envelope (docs/formats.md §6). */
export function encodeStreamKey(content: StreamKeyContent): Uint8Array {
  const { contentKey, mediaType, author } = content
  return encodeCbor([streamKeyDomain, contentKey, mediaType, author])
}

/** Takes the plaintext of a sealed stream's envelope apart. */
export function decodeStreamKey(plaintext: Uint8Array): StreamKeyContent {
  const value = decodePlaintext(plaintext)
  const items = Array.isArray(value) ? (value as readonly CborValue[]) : []
  const [domain, contentKey, mediaType, author] = items
  if (domain !== streamKeyDomain) {
    throw malformedStream('its envelope holds no key of a stream; use open, or openRecord')
  }
  const complete =
    items.length === 4 &&
    isBytesOf(contentKey, 32) &&
    typeof mediaType === 'string' &&
    encodeUtf8(mediaType).length <= maximumMediaType &&
    (author === null || isBytesOf(author, 32))
  if (!complete) throw malformedStream('the parts of its key have the wrong type')
  return { contentKey, mediaType, author } as StreamKeyContent
}

/** The error of everything that is no sealed stream of this version. */
export function malformedStream(problem: string, offset?: number): EnvelopeMalformed {
  return new EnvelopeMalformed(`No sealed stream of this version: ${problem}`, { offset })
}

function isBytesOf(value: CborValue | undefined, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length
}
