import { toJsonString } from './jsonSink.ts'
import { stringContent } from './strings.ts'
import { brace, bracket, loose, root, type Tape, unnormalizedName } from './tape.ts'
import { tooLarge } from './tooLarge.ts'

/** How a canonicalization writes values. */
export interface Form {
  /** The flags of strings, numbers and names that may have to be written otherwise than they stand. */
  readonly mask: number
  /** The bytes of such a string or number, or `null` to copy it as it stands. */
  readonly leaf: (tape: Tape, p: number) => Uint8Array | null
}

/** Shorter pieces are copied faster by a loop than by a call. */
const short = 64

/**
 * Writes a JSON text without white space, members in the order in which the tape links them. What is
 * canonical as it stands is copied in one piece.
 *
 * @param tape - The values.
 * @param form - How they are written.
 * @returns A fresh array.
 * @throws {@link FhirRefused} if the result would be larger than the limit.
 */
export function write(tape: Tape, { mask, leaf }: Form): Uint8Array {
  const { bytes, nodes, maximum } = tape
  const skip = mask | unnormalizedName | loose
  const open: number[] = []
  let out = new Uint8Array(tape.size)
  // Room beyond what the rest takes if it is copied as it stands.
  let spare = 0
  let n = 0
  let p = root
  let inObject = false
  for (;;) {
    const flags = nodes[p + 3]!
    let start = nodes[p]!
    const end = nodes[p + 1]!
    const first = bytes[start]!
    if (inObject) {
      let k = nodes[p - 2]! - 1
      const nameEnd = nodes[p - 1]!
      if ((flags & unnormalizedName) === 0) while (k <= nameEnd) out[n++] = bytes[k++]!
      else {
        const name = toJsonString(stringContent(bytes, k + 1, nameEnd))
        out.set(name, n)
        n += name.length
      }
      out[n++] = 0x3a
    }
    const isContainer = first === brace || first === bracket
    const made = (flags & mask) !== 0 && !isContainer ? leaf(tape, p) : null
    if (isContainer && (flags & skip) !== 0) {
      out[n++] = first
      const child = nodes[p + 4]!
      if (child !== 0) {
        open.push(p)
        inObject = first === brace
        p = child
        continue
      }
      out[n++] = first + 2
    } else if (made !== null) {
      spare -= made.length - (end - start)
      const size = out.length - spare
      if (size > maximum) throw tooLarge(maximum)
      if (spare < 0) {
        spare = size >> 1
        const wider = new Uint8Array(size + spare)
        wider.set(out.subarray(0, n))
        out = wider
      }
      out.set(made, n)
      n += made.length
    } else if (end - start < short) {
      while (start < end) out[n++] = bytes[start++]!
    } else {
      out.set(bytes.subarray(start, end), n)
      n += end - start
    }

    while (nodes[p + 2] === 0) {
      const around = open.pop()
      if (around === undefined) return n === out.length ? out : out.slice(0, n)
      p = around
      out[n++] = bytes[nodes[p]!]! + 2
      inObject = open.length > 0 && bytes[nodes[open[open.length - 1]!]!] === brace
    }
    p = nodes[p + 2]!
    out[n++] = 0x2c
  }
}
