import { refused } from './malformed.ts'
import { nameOf } from './members.ts'
import {
  bracket,
  children,
  isNull,
  isObject,
  marked,
  odd,
  quote,
  revise,
  root,
  setChildren,
  type Tape,
} from './tape.ts'

/** An array that holds both objects and nulls. */
const mixed = 1024

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
    throw refused(tape.bytes, 'lossless/1 takes one object, a resource', tape.nodes[root]!)
  }
  if ((tape.nodes[root + 3]! & odd) === 0) return tape
  const revision = revise(
    tape,
    () => {},
    ({ nodes }, p) => (nodes[p + 3]! & odd) !== 0,
  )
  // From the inside out: a dropped array may leave an object empty.
  for (let k = revision.containers.length - 1; k >= 0; k--) {
    const p = revision.containers[k]!
    if (isObject(revision.tape, p)) tidyObject(revision.tape, p)
    else tidyArray(revision.tape, p)
  }
  return revision.tape
}

function tidyArray(tape: Tape, p: number): void {
  const { bytes, nodes } = tape
  const list = children(tape, p)
  if (list.length === 0) throw refused(bytes, 'An array is empty', nodes[p]!)
  let length = 0
  let hasNull = false
  list.forEach((child, k) => {
    if (isNull(tape, child)) hasNull = true
    else length = k + 1
    if (bytes[nodes[child]!] === bracket) {
      throw refused(bytes, 'An array stands in an array', nodes[child]!)
    }
    refuseEmptyString(tape, child)
  })
  if (!hasNull) return
  if (list.some((child) => isObject(tape, child))) nodes[p + 3]! |= mixed
  if (length === 0) nodes[p + 3]! |= marked
  else setChildren(tape, p, list.slice(0, length))
}

function tidyObject(tape: Tape, p: number): void {
  const { bytes, nodes } = tape
  const list = children(tape, p)
  if (list.length === 0) throw refused(bytes, 'An object is empty', nodes[p]!)
  for (const child of list) {
    if (isNull(tape, child)) throw refused(bytes, 'A member is null', nodes[child]!)
    refuseEmptyString(tape, child)
  }
  if (list.some((child) => isMixed(tape, child))) checkCompanions(tape, list)
  const kept = list.filter((child) => bytes[nodes[child]!] !== bracket || !isMarked(tape, child))
  if (kept.length === 0) {
    throw refused(bytes, 'An object has nothing but arrays of null', nodes[p]!)
  }
  setChildren(tape, p, kept)
}

/** Objects and nulls stand together only in `_x`, beside an array `x` of primitives or beside no `x`. */
function checkCompanions(tape: Tape, list: readonly number[]): void {
  const { bytes, nodes } = tape
  const byName = new Map(list.map((child) => [nameOf(bytes, nodes, child), child]))
  for (const [name, child] of byName) {
    if (!isMixed(tape, child)) continue
    const values = byName.get(name.slice(1))
    const isCompanion =
      name.startsWith('_') &&
      (values === undefined ||
        (bytes[nodes[values]!] === bracket &&
          !children(tape, values).some((value) => isObject(tape, value))))
    if (!isCompanion) {
      const place = children(tape, child).find((element) => isNull(tape, element))
      throw refused(bytes, 'null stands among objects', nodes[place ?? child]!)
    }
  }
}

function refuseEmptyString({ bytes, nodes }: Tape, p: number): void {
  if (bytes[nodes[p]!] === quote && nodes[p + 1]! - nodes[p]! === 2) {
    throw refused(bytes, 'A string is empty', nodes[p]!)
  }
}

function isMixed({ bytes, nodes }: Tape, p: number): boolean {
  return bytes[nodes[p]!] === bracket && (nodes[p + 3]! & mixed) !== 0
}

function isMarked({ nodes }: Tape, p: number): boolean {
  return (nodes[p + 3]! & marked) !== 0
}
