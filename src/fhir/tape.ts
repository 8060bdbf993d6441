/**
 * A parsed JSON text: the text itself, and one array of integers that says where its values are. Nothing is
 * decoded, so numbers keep their digits and strings their bytes, and a canonical form is made by copying
 * pieces of the text.
 *
 * A value is a *position* `p` in `nodes`; 0 is no value.
 *
 * | at | holds |
 * |---|---|
 * | `p - 2`, `p - 1` | members of objects only: offset of the name's first byte, and of its closing quote |
 * | `p` | offset of the value's first byte, which also tells its kind |
 * | `p + 1` | offset behind its last byte |
 * | `p + 2` | next sibling: members sorted by name, elements as they stand; 0 after the last |
 * | `p + 3` | flags, those of everything inside included |
 * | `p + 4` | objects and arrays only: the first child in that order, 0 if there is none |
 */
export interface Tape {
  /** The text, in valid UTF-8. */
  readonly bytes: Uint8Array
  /** The values, see above. */
  readonly nodes: Int32Array
  /** Length of the text without white space between its tokens. */
  readonly size: number
  /** The size in bytes that a canonical form may have. */
  readonly maximum: number
}

/** Position of the root value. */
export const root = 2

/** A string has an escape that RFC 8785 §3.2.2.2 writes otherwise, such as `\/` or `\u0041`. */
export const unnormalized = 1
/** So has the name of a member. */
export const unnormalizedName = 2
/** A string has an escape, of whatever kind. */
export const escaped = 4
/** A number has a fraction. */
export const decimal = 8
/** A number has an exponent, or more fraction digits than `lossless/1` admits. */
export const exponent = 16
/** An integer has more digits than a double holds for certain, or is `-0`. */
export const long = 32
/** `null`, an empty string, object or array, or an array in an array. */
export const odd = 64
/** The string `div` of an object that is the member `text`: XHTML. */
export const narrative = 128
/** Between the tokens is white space, or members are out of order: not to be copied in one piece. */
export const loose = 256
/** Whatever the canonicalization at work has to change, leave out or keep. */
export const marked = 512

/** First bytes of values that are looked for by more than one file. */
export const quote = 0x22
export const brace = 0x7b
export const bracket = 0x5b

/** Whether the value is an object or an array. */
export function isContainer({ bytes, nodes }: Tape, p: number): boolean {
  const first = bytes[nodes[p]!]
  return first === brace || first === bracket
}

/** Whether the value is an object. */
export function isObject({ bytes, nodes }: Tape, p: number): boolean {
  return bytes[nodes[p]!] === brace
}

/** Whether the value is `null`. */
export function isNull({ bytes, nodes }: Tape, p: number): boolean {
  return bytes[nodes[p]!] === 0x6e
}

/** The children of an object or array, members in canonical order. */
export function children({ nodes }: Tape, p: number): number[] {
  const list: number[] = []
  for (let child = nodes[p + 4]!; child !== 0; child = nodes[child + 2]!) list.push(child)
  return list
}

/** Lets an object or array have these children only, in this order. */
export function setChildren({ nodes }: Tape, p: number, list: readonly number[]): void {
  let next = 0
  for (let k = list.length - 1; k >= 0; k--) {
    nodes[list[k]! + 2] = next
    next = list[k]!
  }
  nodes[p + 4] = next
}

/**
 * Makes a copy of a tape for a canonicalization to change: none of its containers that are visited is copied
 * in one piece any more.
 *
 * @param original - The tape; stays as it is, for a tree may be canonicalized often.
 * @param visit - Called with each container before those inside it, and may set its children.
 * @param enters - Whether the containers inside are visited too.
 * @returns The copy, and what was visited, each container before what it holds.
 */
export function revise(
  original: Tape,
  visit: (tape: Tape, p: number) => void,
  enters: (tape: Tape, p: number, around: number) => boolean = () => true,
): [revised: Tape, containers: readonly number[]] {
  const tape = { ...original, nodes: original.nodes.slice() }
  const containers = isContainer(tape, root) ? [root] : []
  for (const p of containers) {
    tape.nodes[p + 3]! |= loose
    visit(tape, p)
    for (const child of children(tape, p)) {
      if (isContainer(tape, child) && enters(tape, child, p)) containers.push(child)
    }
  }
  return [tape, containers]
}
