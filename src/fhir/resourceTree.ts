import { isNamed } from './members.ts'
import { byteText } from './strings.ts'
import { children, isObject, quote, root, type Tape } from './tape.ts'

/**
 * FHIR content, parsed and checked, with every number as it was written. Made by `parse`; read it with
 * `select`, write it with `toJson`, or hand it to any function that takes FHIR. It holds the content in a way
 * that logging or serialising the object does not show.
 */
export interface ResourceTree {
  /** The type of the resource, such as `Observation`, or `null` where the root is no resource. */
  readonly resourceType: string | null
  /** Size of the text it was parsed from, in bytes. */
  readonly size: number
}

const tapes = /* @__PURE__ */ new WeakMap<object, Tape>()

/** Wraps a tape for the world outside. */
export function makeTree(tape: Tape): ResourceTree {
  const tree = Object.freeze({ resourceType: resourceTypeOf(tape), size: tape.bytes.length })
  tapes.set(tree, tape)
  return tree
}

/** The tape of a tree, or `undefined` for anything else. */
export function tapeOfTree(value: unknown): Tape | undefined {
  return typeof value === 'object' && value !== null ? tapes.get(value) : undefined
}

/** The root's `resourceType`, where it is one. */
export function resourceTypeOf(tape: Tape): string | null {
  const { bytes, nodes } = tape
  if (!isObject(tape, root)) return null
  const type = children(tape, root).find((p) => isNamed(bytes, nodes, p, 'resourceType'))
  if (type === undefined || bytes[nodes[type]!] !== quote) return null
  // Longer ones are cut, and are no names then either.
  const name = byteText(bytes, nodes[type]! + 1, Math.min(nodes[type + 1]! - 1, nodes[type]! + 66))
  return /^[A-Za-z]{1,64}$/.test(name) ? name : null
}
