import { toBase64, toBase64Url } from '../internal/base64.ts'
import { isBytes, toHex } from '../internal/bytes.ts'
import { fieldOf } from '../internal/options.ts'
import { decodeUtf8 } from '../internal/utf8.ts'

/** Shorter handles stand in texts by chance. */
const shortest = 4

/**
 * Refuses texts that show the patient's handle or the digest of the content, as far as the record at hand says
 * them: in hexadecimal, base64, base64url, or as the text that a handle may be.
 */
export function refuseTelling(record: unknown, copies: unknown, name: string): void {
  const manifest = fieldOf(record, 'manifest')
  const known = [fieldOf(manifest, 'subject'), fieldOf(manifest, 'digest')].filter(isBytes)
  const forms = known.filter(({ length }) => length >= shortest).flatMap(formsOf)
  for (const [i, copy] of (Array.isArray(copies) ? copies : []).entries()) {
    for (const member of ['where', 'note']) {
      const text = fieldOf(copy, member)
      if (typeof text !== 'string') continue
      // Hexadecimal digits in groups are as telling; base64 is searched for as it is.
      const plain = text.toLowerCase().replace(/[\s:-]/g, '')
      if (forms.some((form) => text.includes(form.exact) || plain.includes(form.folded))) {
        throw new RangeError(
          `${name}[${i}].${member} shows the patient's handle or the content's digest, which a certificate must not hold`,
        )
      }
    }
  }
}

function formsOf(bytes: Uint8Array): { exact: string; folded: string }[] {
  const text = decodeUtf8(bytes) ?? ''
  const folded = text.toLowerCase().replace(/[\s:-]/g, '')
  const texts = folded.length < shortest ? [] : [{ exact: text, folded }]
  const hex = toHex(bytes)
  return [
    { exact: toBase64(bytes).replace(/=+$/, ''), folded: hex },
    { exact: toBase64Url(bytes), folded: hex },
    ...texts,
  ]
}
