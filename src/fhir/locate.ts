import { brace, bracket, quote } from './tape.ts'

/** Where a path is this long, `…` stands for all that follows. */
const longest = 256

/**
 * Finds the FHIR element paths of places in a JSON text. Works on the bytes alone, so that the parser
 * need not keep account of paths that nobody asks for.
 *
 * Names are chosen by whoever wrote the text. Only what looks like an element name is shown, at most 64
 * letters, digits, `_` and `-`; any other name is `*`.
 *
 * @param bytes - A JSON text, well-formed at least up to `until`.
 * @param offsets - Byte offsets in ascending order, each below `until`.
 * @param until - How far to look for the root's `resourceType`, with which each path begins; `$` if there is none.
 * @returns One path for each offset.
 */
export function locate(bytes: Uint8Array, offsets: readonly number[], until: number): string[] {
  const found: string[] = []
  const levels: Level[] = []
  let type = '$'
  for (let i = 0; i < until; i++) {
    const c = bytes[i]!
    const level = levels[levels.length - 1]
    // A place inside a string is the string.
    const end = c === quote ? stringEnd(bytes, i) : i
    while (offsets[found.length]! <= end) found.push(pathIn(bytes, levels))
    if (c === brace || c === bracket) {
      levels.push({ isObject: c === brace, path: null, name: null, nameEnd: 0, index: 0 })
    } else if (level === undefined) continue
    else if (c === 0x7d || c === 0x5d) levels.pop()
    else if (c === 0x2c) {
      level.index++
      level.name = null
    } else if (c === quote) {
      if (level.isObject && level.name === null) {
        level.name = i + 1
        level.nameEnd = end
      } else if (levels.length === 1 && segment(bytes, level) === '.resourceType') {
        const value = nameText(bytes, i + 1, end)
        if (/^[A-Za-z]+$/.test(value)) type = value
      }
      i = end
    }
  }
  while (found.length < offsets.length) found.push(pathIn(bytes, levels))
  return found.map((path) => type + path)
}

interface Level {
  readonly isObject: boolean
  /** The path of this container, once asked for. */
  path: string | null
  /** Offset of the current member's name. */
  name: number | null
  nameEnd: number
  index: number
}

/** A container's path is made once, out of the one around it, so that many paths share their memory. */
function pathIn(bytes: Uint8Array, levels: readonly Level[]): string {
  let k = levels.length
  while (k > 0 && levels[k - 1]!.path === null) k--
  let path = k === 0 ? '' : levels[k - 1]!.path!
  for (; k <= levels.length; k++) {
    if (k > 0) path = extended(path, segment(bytes, levels[k - 1]!))
    if (k < levels.length) levels[k]!.path = path
  }
  return path
}

function extended(path: string, piece: string): string {
  if (path.length < longest) return path + piece
  return path.endsWith('…') ? path : `${path}…`
}

function segment(bytes: Uint8Array, level: Level): string {
  if (!level.isObject) return `[${level.index}]`
  return level.name === null ? '' : `.${nameText(bytes, level.name, level.nameEnd)}`
}

function nameText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 64) return '*'
  const name = String.fromCharCode(...bytes.subarray(start, end))
  return /^[\w-]+$/.test(name) ? name : '*'
}

/** Offset of the quote that ends the string at `i`, or of the last byte where none does. */
function stringEnd(bytes: Uint8Array, i: number): number {
  for (let k = i + 1; k < bytes.length; k++) {
    if (bytes[k] === quote) return k
    if (bytes[k] === 0x5c) k++
  }
  return bytes.length - 1
}
