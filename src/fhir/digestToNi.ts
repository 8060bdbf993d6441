import { fromBase64Url, toBase64Url } from '../internal/base64.ts'
import { type HashValue, hashValueArgument, hashValueFrom } from './hashValue.ts'

/**
 * Writes a digest as a "named information" URI (RFC 6920), such as `ni:///sha-256;47DEQpj8…`. The
 * canonicalization is not part of it.
 *
 * @param digest - A digest made by `digest`, or any hash.
 * @returns The URI, without an authority.
 * @throws {@link TypeError} if `digest` is of another shape.
 * @example
 * ```ts
 * import { digest, digestToNi } from 'careseal/fhir'
 *
 * console.log(digestToNi(digest('{"resourceType":"Patient"}')).slice(0, 14)) // ni:///sha-256;
 * ```
 * @see https://www.rfc-editor.org/rfc/rfc6920#section-3
 */
export function digestToNi(digest: HashValue): string {
  const { hash, value } = hashValueArgument(digest)
  return `ni:///${hash};${toBase64Url(value)}`
}

/**
 * Reads the URI that {@link digestToNi} writes. An authority, a query or another spelling is not accepted,
 * though RFC 6920 has them: one hash has one URI here.
 *
 * @param uri - The URI, from wherever.
 * @returns The hash and its name.
 * @throws {@link FhirMalformed} if the text has another form.
 */
export function digestFromNi(uri: string): HashValue {
  const [, hash, value = ''] = /^ni:\/\/\/([^;]*);(.*)$/.exec(String(uri)) ?? []
  return hashValueFrom(hash, fromBase64Url(value), 'ni:///<hash>;<base64url>')
}
