import type { Reason } from '../internal/reason.ts'
import type { Content } from './content.ts'

/**
 * A canonicalization: a rule by which equal content has equal bytes. Import one of the constants of
 * `careseal/fhir`; what is not imported is not in the bundle.
 */
export interface Canonicalization {
  /** Its name in records, digests and errors, such as `lossless/1`. A changed rule gets a new name. */
  readonly name: string
  /**
   * Whether it never loses anything of what it accepts, so that different content has different bytes. One
   * that is not total may seal a record only when its list of losses is empty.
   */
  readonly total: boolean
}

/** What a canonicalization makes of content. */
export interface Canonical {
  /** The canonical form; may be the content's own bytes. */
  readonly bytes: Uint8Array
  /** What is lost, in the order of the text; absent where nothing is. */
  readonly losses?: Reason[]
}

type Apply = (content: Content) => Canonical

/** Hidden from the public type; `Symbol.for`, so that two loaded copies understand each other. */
const hidden: symbol = /* @__PURE__ */ Symbol.for('careseal.canonicalization/1')

/** Builds the constant of a canonicalization. */
export function defineCanonicalization(
  name: string,
  total: boolean,
  apply: Apply,
): Canonicalization {
  return Object.freeze({ name, total, [hidden]: apply })
}

/** The rule behind a constant; a TypeError for anything else. */
export function ruleOf(canonicalization: Canonicalization): Apply {
  const apply = (canonicalization as unknown as Record<symbol, Apply> | null)?.[hidden]
  if (apply === undefined) {
    throw new TypeError('canonicalization must be a constant of careseal/fhir, such as lossless1')
  }
  return apply
}
