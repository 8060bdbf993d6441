import { malformed } from './malformed.ts'
import { byteText, stringContent } from './strings.ts'

/** Objects up to this size are sorted in place; nearly all objects of FHIR are. */
const small = 24

/**
 * Compares two names, given as ranges of UTF-8, by their UTF-16 code units (RFC 8785 §3.2.3).
 *
 * @param names - What they are ranges of.
 * @param i - Where one begins.
 * @param endI - Where it ends.
 * @param j - Where the other begins.
 * @param endJ - Where it ends.
 * @returns Less than, equal to, or greater than 0.
 */
export function compareNames(
  names: Uint8Array,
  i: number,
  endI: number,
  j: number,
  endJ: number,
): number {
  while (i < endI && j < endJ && names[i] === names[j]) {
    i++
    j++
  }
  if (i === endI || j === endJ) return endI - i - (endJ - j)
  const x = names[i]!
  const y = names[j]!
  // UTF-8 sorts by code points. By code units, U+10000 and above (lead bytes F0 to F4) stand before U+E000 to
  // U+FFFF (lead bytes EE and EF), for they begin with a surrogate.
  return x >= 0xee && y >= 0xee && x >= 0xf0 !== y >= 0xf0 ? y - x : x - y
}

/**
 * Sorts the members of an object by name and links them in that order.
 *
 * @param bytes - The text, from an attacker.
 * @param nodes - The tape's values; the members are linked as they stand in the text.
 * @param first - Position of the first member.
 * @param isEscaped - Whether a name among them has an escape.
 * @returns Position of the first member in the new order.
 * @throws {@link FhirMalformed} if two have the same name.
 */
export function sortMembers(
  bytes: Uint8Array,
  nodes: Int32Array,
  first: number,
  isEscaped: boolean,
): number {
  const members: number[] = []
  for (let p = first; p !== 0; p = nodes[p + 2]!) members.push(p)
  const written = isEscaped ? members.map((p) => [p, nodes[p - 2]!, nodes[p - 1]!] as const) : []
  const names = isEscaped ? decodeNames(bytes, nodes, members) : bytes
  const compare = (p: number, q: number): number =>
    compareNames(names, nodes[p - 2]!, nodes[p - 1]!, nodes[q - 2]!, nodes[q - 1]!)

  if (members.length > small) members.sort(compare)
  else {
    for (let k = 1; k < members.length; k++) {
      const p = members[k]!
      let j = k
      for (; j > 0 && compare(members[j - 1]!, p) > 0; j--) members[j] = members[j - 1]!
      members[j] = p
    }
  }
  let next = 0
  let twice = 0
  for (let k = members.length - 1; k >= 0; k--) {
    const p = members[k]!
    if (next !== 0 && compare(p, next) === 0) twice = Math.max(twice, p, next)
    nodes[p + 2] = next
    next = p
  }
  for (const [p, start, end] of written) {
    nodes[p - 2] = start
    nodes[p - 1] = end
  }
  if (twice !== 0) throw repeated(bytes, nodes, twice)
  return next
}

/** Has the members' names stand for ranges of a text in which they are decoded. */
function decodeNames(bytes: Uint8Array, nodes: Int32Array, members: readonly number[]): Uint8Array {
  const names = new Uint8Array(
    members.reduce((length, p) => length + nodes[p - 1]! - nodes[p - 2]!, 0),
  )
  let n = 0
  for (const p of members) {
    const name = stringContent(bytes, nodes[p - 2]!, nodes[p - 1]!)
    names.set(name, n)
    nodes[p - 2] = n
    n += name.length
    nodes[p - 1] = n
  }
  return names
}

/** The name of a member, decoded: one character for each byte of its UTF-8. */
export function nameOf(bytes: Uint8Array, nodes: Int32Array, p: number): string {
  return byteText(stringContent(bytes, nodes[p - 2]!, nodes[p - 1]!))
}

/** Whether a member has this name, however it is escaped. */
export function isNamed(bytes: Uint8Array, nodes: Int32Array, p: number, name: string): boolean {
  const start = nodes[p - 2]!
  const end = nodes[p - 1]!
  for (let k = 0; k < name.length; k++) {
    const c = bytes[start + k]!
    if (c === name.charCodeAt(k)) continue
    // Another spelling of the name begins to differ at a backslash, and is no longer than \u escapes make it.
    return c === 0x5c && end - start <= 6 * name.length && nameOf(bytes, nodes, p) === name
  }
  return end - start === name.length
}

/** The error for a member whose name was used before: two readers would see different values. */
export function repeated(bytes: Uint8Array, nodes: Int32Array, p: number): Error {
  const problem = 'An object has the same name twice'
  return malformed(bytes, problem, nodes[p - 2]! - 1, nodes[p - 1]! + 1)
}
