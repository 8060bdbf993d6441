import { type Canonicalization, defineCanonicalization } from './canonicalization.ts'

/**
 * The bytes as they are. They need not be FHIR, nor even text: nothing is read, nothing is refused, and a
 * changed space is changed content.
 *
 * @example
 * ```ts
 * import { canonicalize, raw } from 'careseal/fhir'
 *
 * const { bytes } = canonicalize('{ "a": 1 }', { canonicalization: raw })
 * console.log(bytes.length) // 10
 * ```
 */
export const raw: Canonicalization = /* @__PURE__ */ defineCanonicalization(
  'raw',
  true,
  ({ bytes }) => ({ bytes }),
)
