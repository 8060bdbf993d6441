import { FhirMalformed } from '../errors.ts'
import { malformed } from './malformed.ts'
import { compareNames, isNamed, repeated, sortMembers } from './members.ts'
import { scanNumber } from './scanNumber.ts'
import { scanString } from './scanString.ts'
import {
  brace,
  bracket,
  loose,
  narrative,
  odd,
  quote,
  root,
  type Tape,
  unnormalized,
  unnormalizedName,
} from './tape.ts'

/** Flags of an open object that concern its own members only. */
const unsorted = 1024
const escapedNames = 2048
const ownFlags = unsorted | escapedNames

/**
 * Reads a JSON text (RFC 8259) in one pass: grammar, UTF-8, surrogates, repeated names, and where every value
 * is. Neither depth nor size of the text makes it use the stack, and its time is linear but for the sorting
 * of names.
 *
 * @param input - The text, from an attacker; copied.
 * @param limits - The size and depth that are accepted.
 * @returns The tape.
 * @throws {@link FhirMalformed} if the text is no JSON, has a BOM, invalid UTF-8, a lone surrogate or a name
 * twice in one object, or is larger or deeper than the limits.
 */
export function scan(input: Uint8Array, limits: { bytes: number; depth: number }): Tape {
  const end = input.length
  if (end > limits.bytes) throw new FhirMalformed(`The text is larger than ${limits.bytes} bytes`)
  // A zero behind the last byte stops every loop below: reading past the end of an array is slow, and the
  // engine would keep the code slow for all texts that come later.
  const bytes = new Uint8Array(end + 1)
  bytes.set(input)
  let nodes = new Int32Array(32 + (end >> 1))
  const found = { flags: 0 }
  let n = root
  let i = 0
  let spaces = 0
  let depth = 0
  // The container being read, its last child so far, its flags.
  let open = 0
  let last = 0
  let flags = 0
  let inObject = false

  for (;;) {
    let from = i
    i = skipSpace(bytes, i)
    spaces += i - from
    if (n + 7 > nodes.length) nodes = enlarge(nodes)
    let own = 0

    if (inObject) {
      from = i + 1
      if (bytes[i] !== quote) throw unexpected(bytes, i, 'a quoted name')
      i = scanString(bytes, from, found)
      if (found.flags !== 0) flags |= ownFlags
      if ((found.flags & unnormalized) !== 0) own = unnormalizedName
      nodes[n] = from
      nodes[n + 1] = i
      n += 2
      if (last !== 0 && (flags & unsorted) === 0) {
        const order = compareNames(bytes, nodes[last - 2]!, nodes[last - 1]!, from, i)
        if (order === 0) throw repeated(bytes, nodes, n)
        if (order > 0) flags |= unsorted
      }
      from = i + 1
      i = skipSpace(bytes, from)
      if (bytes[i] !== 0x3a) throw unexpected(bytes, i, 'a colon')
      spaces += i - from
      from = i + 1
      i = skipSpace(bytes, from)
      spaces += i - from
    }

    const p = n
    const first = bytes[i]!
    if (last !== 0) nodes[last + 2] = p
    nodes[p] = i
    last = p
    n += 4
    if (first === quote) {
      i = scanString(bytes, i + 1, found) + 1
      own |= i === nodes[p]! + 2 ? odd : found.flags
      if (inObject && isNamed(bytes, nodes, p, 'div') && isText(bytes, nodes, open)) {
        own |= narrative
      }
    } else if (first === brace || first === bracket) {
      if (++depth > limits.depth) {
        throw malformed(bytes, `Nested deeper than ${limits.depth} levels`, i)
      }
      if (open !== 0) {
        if (!inObject && first === bracket) own |= odd
        nodes[open + 3] = flags
      }
      // While a container is open, its link holds the one around it, and its child the white space so far.
      nodes[n++] = spaces
      nodes[p + 2] = open
      open = p
      last = 0
      flags = own
      inObject = first === brace
      from = i + 1
      i = skipSpace(bytes, from)
      spaces += i - from
      if (bytes[i] !== first + 2) continue
    } else if (first === 0x2d || (first >= 0x30 && first <= 0x39)) {
      i = scanNumber(bytes, i, found)
      own |= found.flags
    } else {
      i = literalEnd(bytes, i)
      if (first === 0x6e) own |= odd
    }
    if (last !== 0) {
      nodes[p + 1] = i
      nodes[p + 3] = own
      flags |= own
    }

    for (;;) {
      from = i
      i = skipSpace(bytes, i)
      spaces += i - from
      if (open === 0) {
        if (i < end) throw unexpected(bytes, i, 'the end of the text')
        return { bytes: bytes.subarray(0, end), nodes, size: end - spaces, maximum: limits.bytes }
      }
      if (bytes[i] === 0x2c && last !== 0) {
        i++
        break
      }
      if (bytes[i] !== (inObject ? 0x7d : 0x5d)) {
        throw unexpected(bytes, i, inObject ? 'a comma or }' : 'a comma or ]')
      }
      i++
      depth--
      if (nodes[open + 4] !== spaces) flags |= loose
      let child = last === 0 ? 0 : open + (inObject ? 7 : 5)
      if (child === 0) flags |= odd
      else if ((flags & ownFlags) !== 0) {
        child = sortMembers(bytes, nodes, child, (flags & escapedNames) !== 0)
        flags = (flags & ~ownFlags) | loose
      }
      const around = nodes[open + 2]!
      nodes[open + 1] = i
      nodes[open + 2] = 0
      nodes[open + 3] = flags
      nodes[open + 4] = child
      last = open
      open = around
      if (open !== 0) {
        flags |= nodes[open + 3]!
        inObject = bytes[nodes[open]!] === brace
      }
    }
  }
}

function skipSpace(bytes: Uint8Array, i: number): number {
  let c = bytes[i]!
  if (c > 0x20) return i
  while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) c = bytes[++i]!
  return i
}

/** `true`, `false` or `null`. */
function literalEnd(bytes: Uint8Array, i: number): number {
  for (const literal of ['true', 'false', 'null']) {
    let k = 0
    while (k < literal.length && bytes[i + k] === literal.charCodeAt(k)) k++
    if (k === literal.length) return i + k
  }
  if (i === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw malformed(bytes, 'The text begins with a byte order mark', 0)
  }
  throw unexpected(bytes, i, 'a value')
}

function unexpected(bytes: Uint8Array, i: number, wanted: string): Error {
  return malformed(bytes, `Expected ${wanted}`, i)
}

/** Whether the open object is a member `text`. */
function isText(bytes: Uint8Array, nodes: Int32Array, open: number): boolean {
  const around = nodes[open + 2]!
  return around !== 0 && bytes[nodes[around]!] === brace && isNamed(bytes, nodes, open, 'text')
}

function enlarge(nodes: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(nodes.length * 2)
  larger.set(nodes)
  return larger
}
