import { type ResourceTree, tapeOfTree } from './resourceTree.ts'

/**
 * Writes a tree as the JSON that it was parsed from, byte for byte.
 *
 * @param tree - A tree made by `parse`.
 * @returns JSON in UTF-8; a fresh array.
 * @throws {@link TypeError} if `tree` is no such tree.
 * @example
 * ```ts
 * import { parse, toJson } from 'careseal/fhir'
 *
 * const json = toJson(parse('{ "value": 1.0 }'))
 * console.log(new TextDecoder().decode(json)) // { "value": 1.0 }
 * ```
 */
export function toJson(tree: ResourceTree): Uint8Array {
  const tape = tapeOfTree(tree)
  if (tape === undefined) throw new TypeError('tree must be a tree made by parse')
  return new Uint8Array(tape.bytes)
}
