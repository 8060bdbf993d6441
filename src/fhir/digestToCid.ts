import { base32 } from 'multiformats/bases/base32'
import { concat } from '../internal/bytes.ts'
import { strictDecode } from '../internal/strictDecode.ts'
import { type HashValue, hashValueArgument, hashValueFrom } from './hashValue.ts'

/** CIDv1 and its codec `raw`: what is hashed is bytes, whose canonicalization the CID does not tell. */
const version = 1
const rawCodec = 0x55
/** Multihash codes (multicodec table). */
const sha2x256 = 0x12
const sha2x512 = 0x13

/**
 * Writes a digest as a CIDv1 with codec `raw`, in base32: the address that the canonical bytes have in IPFS
 * and the like. The canonicalization is not part of it.
 *
 * @param digest - A digest made by `digest`, or any hash.
 * @returns The CID, beginning with `baf`.
 * @throws {@link TypeError} if `digest` is of another shape.
 * @example
 * ```ts
 * import { digest, digestToCid } from 'careseal/fhir'
 *
 * console.log(digestToCid(digest('{"resourceType":"Patient"}')).slice(0, 7)) // bafkrei
 * ```
 * @see https://github.com/multiformats/cid
 */
export function digestToCid(digest: HashValue): string {
  const { hash, value } = hashValueArgument(digest)
  const code = hash === 'sha-256' ? sha2x256 : sha2x512
  return base32.encode(concat(Uint8Array.of(version, rawCodec, code, value.length), value))
}

/**
 * Reads the CID that {@link digestToCid} writes. Another version, codec, base or spelling is not accepted.
 *
 * @param cid - The text, from wherever.
 * @returns The hash and its name.
 * @throws {@link FhirMalformed} if the text has another form.
 */
export function digestFromCid(cid: string): HashValue {
  const text = String(cid)
  const bytes = text.startsWith(base32.prefix) ? strictDecode(base32, text.slice(1)) : null
  const isOurs =
    bytes !== null && bytes[0] === version && bytes[1] === rawCodec && bytes[3] === bytes.length - 4
  const hash =
    isOurs && bytes[2] === sha2x256 ? 'sha-256' : bytes?.[2] === sha2x512 ? 'sha-512' : ''
  return hashValueFrom(hash, isOurs ? bytes.slice(4) : null, 'CIDv1, raw, base32')
}
