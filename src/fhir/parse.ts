import { optionsOf } from '../internal/options.ts'
import { contentArgument, type FhirInput } from './content.ts'
import type { Limits } from './limits.ts'
import { makeTree, type ResourceTree } from './resourceTree.ts'

/** Options of {@link parse}. */
export interface ParseOptions {
  /** How much is read before it is refused. */
  readonly limits?: Limits | undefined
}

/**
 * Parses FHIR JSON without losing anything: the digits of numbers, the order of members, the bytes of
 * strings. Text that two readers may read differently is refused: a name twice in one object, a lone
 * surrogate, invalid UTF-8, a byte order mark, anything behind the end. Names such as `__proto__` are names
 * like any other.
 *
 * Time and memory are bounded by the size of the text (at most some fifteen times its size), and no text
 * however deep exhausts the stack.
 *
 * @param input - JSON in UTF-8, as bytes or as a string. Any JSON value is taken, not only a resource.
 * @param options - Limits.
 * @returns The tree; it keeps a copy of the text.
 * @throws {@link TypeError} if `input` is neither bytes nor a string.
 * @throws {@link RangeError} if a limit is out of range.
 * @throws {@link FhirMalformed} with byte offset and element path if the text is not accepted.
 * @example
 * ```ts
 * import { parse, select } from 'careseal/fhir'
 *
 * const tree = parse('{"resourceType":"Observation","valueQuantity":{"value":2.00}}')
 * console.log(select(tree, 'Observation.valueQuantity.value')[0]?.text) // 2.00
 * ```
 * @see https://www.rfc-editor.org/rfc/rfc8259
 */
export function parse(input: FhirInput, options: ParseOptions = {}): ResourceTree {
  return makeTree(contentArgument(input, optionsOf(options).limits).tape())
}
