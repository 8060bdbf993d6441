import { type Canonicalization, defineCanonicalization } from './canonicalization.ts'
import { jcs } from './jcs.ts'

/**
 * `r6/json`: the JSON canonicalization of FHIR R6, which is RFC 8785 (JCS). Numbers are written as binary
 * doubles, so `2.00` and `2.0` have the same bytes; each number that changes is a loss, and a number beyond a
 * double is refused. Any JSON value is taken, for R6 signs arrays of resources too.
 *
 * Its URI in FHIR is `http://hl7.org/fhir/canonicalization/json`, which R4 and R5 define otherwise.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8785
 * @example
 * ```ts
 * import { canonicalize, r6Json } from 'careseal/fhir'
 *
 * const { bytes, losses } = canonicalize('{"value":2.00}', { canonicalization: r6Json })
 * console.log(new TextDecoder().decode(bytes), losses.length) // {"value":2} 1
 * ```
 */
export const r6Json: Canonicalization = /* @__PURE__ */ defineCanonicalization(
  'r6/json',
  false,
  ({ tape }) => jcs(tape()),
)
