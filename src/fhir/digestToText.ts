import { fromBase64Url, toBase64Url } from '../internal/base64.ts'
import type { Digest } from './digest.ts'
import { hashValueArgument, hashValueFrom } from './hashValue.ts'

/** Names of canonicalizations, such as `lossless/1` and `r6/json#data`. */
const name = /^[a-z0-9]+(?:[/#.-][a-z0-9]+)*$/

/**
 * Writes a digest as `<canonicalization>;<hash>;<base64url>`, such as `lossless/1;sha-256;47DEQpj8…`: all
 * that is needed to check it, in one line.
 *
 * @param digest - A digest made by `digest`.
 * @returns The text.
 * @throws {@link TypeError} if `digest` is of another shape.
 * @example
 * ```ts
 * import { digest, digestFromText, digestToText } from 'careseal/fhir'
 *
 * const text = digestToText(digest('{"resourceType":"Patient"}'))
 * console.log(digestFromText(text).canonicalization) // lossless/1
 * ```
 */
export function digestToText(digest: Digest): string {
  const { hash, value } = hashValueArgument(digest)
  if (typeof digest.canonicalization !== 'string' || !name.test(digest.canonicalization)) {
    throw new TypeError('digest.canonicalization must be a name such as lossless/1')
  }
  return `${digest.canonicalization};${hash};${toBase64Url(value)}`
}

/**
 * Reads a digest that {@link digestToText} wrote. Exactly that form is accepted: no white space, no padding,
 * no other spelling.
 *
 * @param text - The text, from wherever.
 * @returns The digest. Whether it is the digest of anything shows when it is computed again.
 * @throws {@link FhirMalformed} if the text has another form.
 */
export function digestFromText(text: string): Digest {
  const [canonicalization = '', hash, value = '', more] = String(text).split(';')
  const bytes = name.test(canonicalization) && more === undefined ? fromBase64Url(value) : null
  return {
    canonicalization,
    ...hashValueFrom(hash, bytes, '<canonicalization>;<hash>;<base64url>'),
  }
}
