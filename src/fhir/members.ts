import { decodeUtf8 } from '../internal/utf8.ts'
import { malformed } from './malformed.ts'
import { quote } from './tape.ts'

/** Objects up to this size are sorted in place; nearly all objects of FHIR are. */
const small = 24

/**
 * Compares two names without escapes by their UTF-16 code units (RFC 8785 §3.2.3).
 *
 * @param bytes - The text.
 * @param a - Offset of the first byte of a name; a quote ends it.
 * @param b - The same of another name.
 * @returns Less than, equal to, or greater than 0.
 */
export function compareNames(bytes: Uint8Array, a: number, b: number): number {
  let x = bytes[a]!
  let y = bytes[b]!
  while (x === y && x !== quote) {
    x = bytes[++a]!
    y = bytes[++b]!
  }
  if (x === y) return 0
  if (x === quote) return -1
  if (y === quote) return 1
  // UTF-8 sorts by code points. By code units, U+10000 and above (lead bytes F0 to F4) stand before
  // U+E000 to U+FFFF (lead bytes EE and EF), for they begin with a surrogate.
  if (x >= 0xee && y >= 0xee && x >= 0xf0 !== y >= 0xf0) return y - x
  return x - y
}

/**
 * Sorts the members of an object by name and links them in that order.
 *
 * @param bytes - The text, from an attacker.
 * @param nodes - The tape's values; the members are linked as they stand in the text.
 * @param first - Position of the first member.
 * @param isEscaped - Whether a name among them has an escape.
 * @returns Position of the first member in the new order.
 */
export function sortMembers(
  bytes: Uint8Array,
  nodes: Int32Array,
  first: number,
  isEscaped: boolean,
): number {
  const members: number[] = []
  for (let p = first; p !== 0; p = nodes[p + 2]!) members.push(p)
  if (isEscaped) sortDecoded(bytes, nodes, members)
  else if (members.length > small) {
    members.sort((p, q) => compareNames(bytes, nodes[p - 2]!, nodes[q - 2]!))
    for (let k = 1; k < members.length; k++) {
      const p = members[k]!
      const q = members[k - 1]!
      if (compareNames(bytes, nodes[p - 2]!, nodes[q - 2]!) === 0)
        throw repeated(bytes, nodes, p, q)
    }
  } else insertionSort(bytes, nodes, members)
  let next = 0
  for (let k = members.length - 1; k >= 0; k--) {
    nodes[members[k]! + 2] = next
    next = members[k]!
  }
  return next
}

function insertionSort(bytes: Uint8Array, nodes: Int32Array, members: number[]): void {
  for (let k = 1; k < members.length; k++) {
    const p = members[k]!
    const name = nodes[p - 2]!
    let j = k - 1
    for (; j >= 0; j--) {
      const q = members[j]!
      const order = compareNames(bytes, nodes[q - 2]!, name)
      if (order === 0) throw repeated(bytes, nodes, p, q)
      if (order < 0) break
      members[j + 1] = q
    }
    members[j + 1] = p
  }
}

/** Names with escapes are compared as the strings that they stand for. */
function sortDecoded(bytes: Uint8Array, nodes: Int32Array, members: number[]): void {
  const names = new Map(members.map((p) => [p, nameOf(bytes, nodes, p)]))
  members.sort((p, q) => (names.get(p)! < names.get(q)! ? -1 : 1))
  for (let k = 1; k < members.length; k++) {
    const p = members[k]!
    const q = members[k - 1]!
    if (names.get(p) === names.get(q)) throw repeated(bytes, nodes, p, q)
  }
}

/** The name of a member, decoded. */
export function nameOf(bytes: Uint8Array, nodes: Int32Array, p: number): string {
  return JSON.parse(decodeUtf8(bytes.subarray(nodes[p - 2]! - 1, nodes[p - 1]! + 1))!) as string
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
