import { toBase64 } from '../internal/base64.ts'
import { isBytes, toHex } from '../internal/bytes.ts'
import { fieldOf } from '../internal/options.ts'
import { decodeUtf8 } from '../internal/utf8.ts'

/** Shorter handles stand in texts by chance. */
const shortest = 4

/** What the format admits (docs/formats.md §3); longer texts are refused for their length. */
const longest = 500

/**
 * Everything but letters and digits, as far as decomposed text has it; written out, because not every runtime knows
 * `\p{L}`.
 */
const marks =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are taken out
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single code points are meant
  /[\u0000-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u02b0-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u2000-\u2bff\u3000-\u303f\u3099-\u309c\ufe00-\ufe2f]/g

/**
 * Refuses texts that show the patient's handle or the digest of the content, as far as the record at hand says
 * them: in hexadecimal, base64, or as the text that a handle may be, whatever the case, accents and punctuation.
 */
export function refuseTelling(record: unknown, copies: unknown, name: string): void {
  const manifest = fieldOf(record, 'manifest')
  const known = [fieldOf(manifest, 'subject'), fieldOf(manifest, 'digest')].filter(isBytes)
  const forms = known.filter(({ length }) => length >= shortest).flatMap(formsOf)
  for (const [i, copy] of (Array.isArray(copies) ? copies : []).entries()) {
    for (const member of ['where', 'note']) {
      const text = fieldOf(copy, member)
      if (typeof text !== 'string' || text.length > longest) continue
      const plain = folded(text)
      if (forms.some((form) => plain.includes(form))) {
        throw new RangeError(
          `${name}[${i}].${member} shows the patient's handle or the content's digest, which a certificate must not hold`,
        )
      }
    }
  }
}

/** The forms of a value in folded text; base64url folds as base64 does. */
function formsOf(bytes: Uint8Array): string[] {
  const text = decodeUtf8(bytes) ?? ''
  const texts = [toHex(bytes), toBase64(bytes), text, encodeURIComponent(text)].map(folded)
  return texts.filter(({ length }) => length >= shortest)
}

function folded(text: string): string {
  return text.normalize('NFKD').toLowerCase().normalize('NFKD').replace(marks, '')
}
