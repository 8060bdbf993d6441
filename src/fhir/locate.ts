import { brace, bracket, quote } from './tape.ts'

/** Beyond this length `…` stands for each step but the last. */
const longest = 256

/**
 * Finds the FHIR element paths of places in a JSON text. It works on the bytes alone, so that parsing need
 * not keep account of paths that nobody asks for.
 *
 * Names are chosen by whoever wrote the text. Only what looks like an element name is shown, at most 64
 * letters, digits, `_` and `-`; any other name is `*`.
 *
 * @param bytes - A JSON text, well-formed at least up to `until`.
 * @param offsets - Byte offsets in ascending order.
 * @param until - How far to look for the root's `resourceType`, with which each path begins; `$` if there is
 * none.
 * @returns One path for each offset. A container's path is made once, so that many paths share their memory.
 */
export function locate(bytes: Uint8Array, offsets: readonly number[], until: number): string[] {
  const found: string[] = []
  const around: [path: string, segment: string, index: number][] = []
  let type = '$'
  // The innermost container's path, which of its children is being read, and how many elements came before;
  // objects count none.
  let path = ''
  let segment = ''
  let index = -1
  for (let i = 0; i <= until; i++) {
    const c = bytes[i]
    // A place inside a string is the string.
    const end = c === quote ? stringEnd(bytes, i) : i
    while (offsets[found.length]! <= end) found.push(path + segment)
    if (c === brace || c === bracket) {
      around.push([path, segment, index])
      path += path.length < longest ? segment : '…'
      index = c === brace ? -1 : 0
      segment = c === brace ? '' : '[0]'
    } else if (c === 0x7d || c === 0x5d) {
      ;[path, segment, index] = around.pop() ?? ['', '', -1]
    } else if (c === 0x2c) segment = index < 0 ? '' : `[${++index}]`
    else if (c === quote) {
      const text = end - i < 66 ? String.fromCharCode(...bytes.subarray(i + 1, end)) : ''
      if (around.length > 0 && segment === '') segment = `.${/^[\w-]+$/.test(text) ? text : '*'}`
      else if (around.length === 1 && segment === '.resourceType' && /^[a-z]+$/i.test(text))
        type = text
      i = end
    }
  }
  return found.map((rest) => type + rest)
}

/** Offset of the quote that ends the string at `i`, or of the last byte where none does. */
function stringEnd(bytes: Uint8Array, i: number): number {
  let k = i + 1
  while (k < bytes.length && bytes[k] !== quote) k += bytes[k] === 0x5c ? 2 : 1
  return k
}
