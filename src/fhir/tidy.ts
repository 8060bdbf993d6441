import { refused } from './malformed.ts'
import { nameOf } from './members.ts'
import {
  bracket,
  children,
  isNull,
  isObject,
  odd,
  quote,
  revise,
  root,
  setChildren,
  type Tape,
} from './tape.ts'

/**
 * Refuses what FHIR's JSON does not have and `lossless/1` does not admit, and drops the nulls that say
 * nothing (docs/formats/lossless-1.md §2 and §5).
 *
 * @param tape - The content.
 * @returns The same, or a changed copy.
 * @throws {@link FhirRefused} if the content is not admitted.
 */
export function tidy(tape: Tape): Tape {
  if (!isObject(tape, root)) {
    throw refused(tape, 'lossless/1 takes one object, a resource', root)
  }
  if ((tape.nodes[root + 3]! & odd) === 0) return tape
  const [revised, containers] = revise(
    tape,
    () => {},
    ({ nodes }, p) => (nodes[p + 3]! & odd) !== 0,
  )
  // From the inside out: a dropped array may leave an object empty.
  for (let k = containers.length - 1; k >= 0; k--) {
    if (isObject(revised, containers[k]!)) tidyObject(revised, containers[k]!)
  }
  return revised
}

function tidyObject(tape: Tape, p: number): void {
  const { bytes, nodes } = tape
  const members = children(tape, p)
  let byName: Map<string, number> | undefined
  const refuseIf = (problem: string, child: number, isWrong: boolean): void => {
    if (isWrong) throw refused(tape, problem, child)
  }
  const isArray = (child: number): boolean => bytes[nodes[child]!] === bracket
  const kept = members.filter((member) => {
    refuseIf('A member is null', member, isNull(tape, member))
    refuseIf('A string is empty', member, isEmptyString(tape, member))
    if (!isArray(member)) return true
    const elements = children(tape, member)
    refuseIf('An array is empty', member, elements.length === 0)
    for (const element of elements) {
      refuseIf('An array stands in an array', element, isArray(element))
      refuseIf('A string is empty', element, isEmptyString(tape, element))
    }
    const isAnObject = (element: number): boolean => isObject(tape, element)
    if (elements.some((element) => isNull(tape, element)) && elements.some(isAnObject)) {
      // Objects and nulls stand together only in `_x`, beside an array `x` of primitives or beside no `x`.
      byName ??= new Map(members.map((child) => [nameOf(bytes, nodes, child), child]))
      const name = nameOf(bytes, nodes, member)
      const values = byName.get(name.slice(1))
      const isCompanion =
        values === undefined || (isArray(values) && !children(tape, values).some(isAnObject))
      refuseIf('null stands among objects', member, !name.startsWith('_') || !isCompanion)
    }
    let { length } = elements
    while (length > 0 && isNull(tape, elements[length - 1]!)) length--
    setChildren(tape, member, elements.slice(0, length))
    return length > 0
  })
  refuseIf('An object is empty', p, kept.length === 0)
  setChildren(tape, p, kept)
}

function isEmptyString({ bytes, nodes }: Tape, p: number): boolean {
  return bytes[nodes[p]!] === quote && nodes[p + 1]! - nodes[p]! === 2
}
