import { decodeUtf8, encodeUtf8 } from '../internal/utf8.ts'
import { contentArgument, type FhirInput } from './content.ts'
import { isNamed } from './members.ts'
import { resourceTypeOf } from './resourceTree.ts'
import { byteText, stringContent } from './strings.ts'
import { bracket, children, isNull, isObject, quote, root, type Tape } from './tape.ts'

/** What kind of JSON value an element is. */
export type ElementKind = 'object' | 'array' | 'string' | 'number' | 'boolean'

/** One element of a resource. */
export interface Element {
  /** Where it stands, with the index of each array on the way, such as `Patient.name[0].given[1]`. */
  readonly path: string
  /** What kind of JSON value it is. */
  readonly kind: ElementKind
  /**
   * A number with the digits it was written with, the characters of a string, `true` or `false`; of an object
   * or array its JSON as it stands.
   */
  readonly text: string
}

/**
 * Finds elements by their path. A step without an index goes through all elements of an array; `null` is no
 * element.
 *
 * @param tree - A tree made by `parse`; text is parsed first.
 * @param path - Names of JSON members with dots between them, from the root on: `Patient.name.given`,
 * `Patient.name[0].given[1]`, `Observation.valueQuantity.value`. A step that begins with a capital letter is
 * the type of the root; `$` is a root of any kind.
 * @returns The elements in the order of the text; none where there is nothing.
 * @throws {@link TypeError} if `tree` or `path` is not what it should be.
 * @throws {@link FhirMalformed} if text is given that is not accepted.
 * @example
 * ```ts
 * import { parse, select } from 'careseal/fhir'
 *
 * const tree = parse('{"resourceType":"Patient","name":[{"given":["Ada","Eve"]}]}')
 * for (const { path, text } of select(tree, 'Patient.name.given')) console.log(path, text)
 * // Patient.name[0].given[0] Ada
 * // Patient.name[0].given[1] Eve
 * ```
 */
export function select(tree: FhirInput, path: string): Element[] {
  const tape = contentArgument(tree).tape()
  const steps = stepsOf(path)
  const type = resourceTypeOf(tape) ?? '$'
  let places: [p: number, path: string][] = isNull(tape, root) ? [] : [[root, type]]
  const first = steps[0]!
  if (/^(\$|[A-Z])/.test(first.name)) {
    if (first.name !== '$' && first.name !== type) return []
    steps.shift()
    if (first.index !== null) places = elements(tape, root, type, first.index)
  }
  for (const { name, bytes, index } of steps) {
    places = places.flatMap(([around, above]) => {
      if (!isObject(tape, around)) return []
      return children(tape, around)
        .filter((child) => isNamed(tape.bytes, tape.nodes, child, bytes))
        .flatMap((child) => elements(tape, child, `${above}.${name}`, index))
    })
  }
  return places.map(([p, where]) => ({ path: where, ...contentOf(tape, p) }))
}

interface Step {
  readonly name: string
  /** The name as names of the tape are compared: one character for each byte of its UTF-8. */
  readonly bytes: string
  readonly index: number | null
}

function stepsOf(path: string): Step[] {
  if (typeof path !== 'string') throw new TypeError('path must be a string')
  return path.split('.').map((step) => {
    const parts = /^([^[\]]+)(?:\[(\d{1,9})\])?$/.exec(step)
    if (parts === null) {
      throw new TypeError(
        'path must be names with dots between them, such as Patient.name[0].given',
      )
    }
    const name = parts[1]!
    const index = parts[2] === undefined ? null : Number(parts[2])
    return { name, bytes: byteText(encodeUtf8(name)), index }
  })
}

/** The value itself, or the elements of an array. */
function elements(tape: Tape, p: number, path: string, index: number | null): [number, string][] {
  if (tape.bytes[tape.nodes[p]!] !== bracket) {
    return index !== null || isNull(tape, p) ? [] : [[p, path]]
  }
  return children(tape, p)
    .map((child, k): [number, string] => [child, `${path}[${k}]`])
    .filter(([child], k) => (index === null || index === k) && !isNull(tape, child))
}

function contentOf(tape: Tape, p: number): { kind: ElementKind; text: string } {
  const { bytes, nodes } = tape
  const start = nodes[p]!
  const end = nodes[p + 1]!
  const first = bytes[start]!
  if (first === quote) {
    return { kind: 'string', text: decodeUtf8(stringContent(bytes, start + 1, end - 1))! }
  }
  const text = decodeUtf8(bytes.subarray(start, end))!
  if (isObject(tape, p)) return { kind: 'object', text }
  if (first === bracket) return { kind: 'array', text }
  return { kind: first === 0x74 || first === 0x66 ? 'boolean' : 'number', text }
}
