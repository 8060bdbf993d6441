/** A JSON value as the reference sees it: numbers stay text, members stay a list. */
export type Value =
  | { kind: 'null' }
  | { kind: 'literal' | 'number' | 'string'; text: string }
  | { kind: 'array'; items: Value[] }
  | { kind: 'object'; members: [string, Value][] }

/** The format does not admit the text. */
export class Refused extends Error {}

/**
 * JSON by recursive descent over characters: slow, short, and written without a look at the parser in src.
 * Throws for whatever docs/formats/lossless-1.md §1 refuses.
 */
export function parseJson(bytes: Uint8Array): Value {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  let i = 0

  const fail = (): never => {
    throw new Refused(`not JSON at ${i}`)
  }
  const take = (sticky: RegExp): string => {
    sticky.lastIndex = i
    const match = sticky.exec(text) ?? fail()
    i += match[0].length
    return match[0]
  }
  const string = (): string => {
    const raw = take(patterns.string)
    const value = JSON.parse(raw) as string
    if (/[\ud800-\udfff]/u.test(value)) fail()
    return value
  }
  /** What stands between two brackets, with commas between. */
  const list = <T>(close: string, item: () => T): T[] => {
    const items: T[] = []
    i++
    take(patterns.space)
    while (text[i] !== close) {
      if (items.length > 0) {
        take(patterns.comma)
        take(patterns.space)
      }
      items.push(item())
      take(patterns.space)
    }
    i++
    return items
  }
  const value = (): Value => {
    const next = text[i]
    if (next === '"') return { kind: 'string', text: string() }
    if (next === '[') return { kind: 'array', items: list(']', value) }
    if (next === '{') {
      const names = new Set<string>()
      const members = list('}', (): [string, Value] => {
        const name = string()
        if (names.has(name)) fail()
        names.add(name)
        take(patterns.space)
        take(patterns.colon)
        take(patterns.space)
        return [name, value()]
      })
      return { kind: 'object', members }
    }
    if (next === 'n') {
      take(patterns.null)
      return { kind: 'null' }
    }
    if (next === 't' || next === 'f') return { kind: 'literal', text: take(patterns.literal) }
    return { kind: 'number', text: take(patterns.number) }
  }

  take(patterns.space)
  const root = value()
  take(patterns.space)
  return i < text.length ? fail() : root
}

const patterns = {
  space: /[ \t\n\r]*/y,
  comma: /,/y,
  colon: /:/y,
  null: /null/y,
  literal: /true|false/y,
  number: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y,
  string: /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy,
}
