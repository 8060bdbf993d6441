import { malformed } from './malformed.ts'
import { byteText, stringContent } from './strings.ts'

/** Objects up to this size are sorted in place; nearly all objects of FHIR are. */
const small = 24

/**
 * Compares two names, given as ranges of UTF-8, by their UTF-16 code units (RFC 8785 §3.2.3).
 *
 * @returns Less than, equal to, or greater than 0.
 */
export function compareNames(
  a: Uint8Array,
  i: number,
  endA: number,
  b: Uint8Array,
  j: number,
  endB: number,
): number {
  while (i < endA && j < endB && a[i] === b[j]) {
    i++
    j++
  }
  if (i === endA || j === endB) return endA - i - (endB - j)
  const x = a[i]!
  const y = b[j]!
  // UTF-8 sorts by code points. By code units, U+10000 and above (lead bytes F0 to F4) stand before
  // U+E000 to U+FFFF (lead bytes EE and EF), for they begin with a surrogate.
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
  let compare = (p: number, q: number): number =>
    compareNames(bytes, nodes[p - 2]!, nodes[p - 1]!, bytes, nodes[q - 2]!, nodes[q - 1]!)
  if (isEscaped) {
    const names = new Map(
      members.map((p) => [p, stringContent(bytes, nodes[p - 2]!, nodes[p - 1]!)]),
    )
    compare = (p, q) => {
      const a = names.get(p)!
      const b = names.get(q)!
      return compareNames(a, 0, a.length, b, 0, b.length)
    }
  }
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
  for (let k = members.length - 1; k >= 0; k--) {
    const p = members[k]!
    if (next !== 0 && compare(p, next) === 0) throw repeated(bytes, nodes, p, next)
    nodes[p + 2] = next
    next = p
  }
  return next
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

/** The error for one name used twice: two readers would see different values. */
export function repeated(bytes: Uint8Array, nodes: Int32Array, p: number, q: number): Error {
  const later = Math.max(p, q)
  const problem = 'An object has the same name twice'
  return malformed(bytes, problem, nodes[later - 2]! - 1, nodes[later - 1]! + 1)
}
