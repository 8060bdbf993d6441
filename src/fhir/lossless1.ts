import { ascii } from '../internal/utf8.ts'
import { type Canonicalization, defineCanonicalization } from './canonicalization.ts'
import { toJsonString } from './jsonSink.ts'
import { losslessNumber } from './losslessNumber.ts'
import { refused } from './malformed.ts'
import { byteText, stringContent } from './strings.ts'
import { exponent, narrative, quote, type Tape, unnormalized } from './tape.ts'
import { tidy } from './tidy.ts'
import { write } from './write.ts'
import { canonicalXhtml } from './xhtml/canonicalXhtml.ts'

/**
 * `lossless/1`, the default: JSON with members sorted and without white space, every number with the
 * precision it was written with, narratives as canonical XML. Nothing of the content is lost: two texts have
 * the same bytes only if they say the same. What FHIR's JSON does not have (a `null` member, empty strings,
 * objects and arrays, an array in an array) is refused with `FhirRefused`.
 *
 * @see docs/formats/lossless-1.md
 * @example
 * ```ts
 * import { canonicalize, lossless1 } from 'careseal/fhir'
 *
 * const { bytes } = canonicalize('{ "value": 2.00, "code": "8867-4" }', { canonicalization: lossless1 })
 * console.log(new TextDecoder().decode(bytes)) // {"code":"8867-4","value":2.00}
 * ```
 */
export const lossless1: Canonicalization = /* @__PURE__ */ defineCanonicalization(
  'lossless/1',
  true,
  ({ tape }) => ({
    bytes: write(tidy(tape()), { mask: unnormalized | exponent | narrative, leaf }),
  }),
)

function leaf(tape: Tape, p: number): Uint8Array | null {
  const { bytes, nodes, maximum } = tape
  const start = nodes[p]!
  const flags = nodes[p + 3]!
  if (bytes[start] !== quote) {
    const number = losslessNumber(byteText(bytes, start, nodes[p + 1]!))
    if (number === null) {
      throw refused(tape, 'The exponent of a number is beyond ±1000', p)
    }
    return ascii(number)
  }
  const characters = stringContent(bytes, start + 1, nodes[p + 1]! - 1)
  const xhtml = (flags & narrative) === 0 ? null : canonicalXhtml(characters, maximum)
  return xhtml ?? ((flags & unnormalized) === 0 ? null : toJsonString(characters))
}
