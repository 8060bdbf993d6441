/** A JSON value as the reference sees it: numbers stay text, members stay a list. */
export type Value =
  | { kind: 'null' }
  | { kind: 'literal' | 'number' | 'string'; text: string }
  | { kind: 'array'; items: Value[] }
  | { kind: 'object'; members: [string, Value][] }

/** The format does not admit the text. */
export class Refused extends Error {}

/**
 * JSON by recursive descent over characters: slow, short, and written without a look at the parser in
 * src. Throws for whatever docs/formats/lossless-1.md §1 refuses.
 */
export function parseJson(bytes: Uint8Array): Value {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  let i = 0

  const fail = (): never => {
    throw new Refused(`not JSON at ${i}`)
  }
  const take = (pattern: RegExp): string => {
    const found = new RegExp(pattern, 'yu')
    found.lastIndex = i
    const match = found.exec(text) ?? fail()
    i += match[0].length
    return match[0]
  }
  const space = (): string => take(/[ \t\n\r]*/)
  const string = (): string => {
    const raw = take(/"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/u)
    const value = JSON.parse(raw) as string
    if (/[\ud800-\udfff]/u.test(value)) fail()
    return value
  }
  const value = (): Value => {
    const next = text[i]
    if (next === '"') return { kind: 'string', text: string() }
    if (next === '{') {
      const members: [string, Value][] = []
      take(/\{/)
      space()
      while (text[i] !== '}') {
        if (members.length > 0) {
          take(/,/)
          space()
        }
        const name = string()
        if (members.some(([other]) => other === name)) fail()
        space()
        take(/:/)
        space()
        members.push([name, value()])
        space()
      }
      i++
      return { kind: 'object', members }
    }
    if (next === '[') {
      const items: Value[] = []
      take(/\[/)
      space()
      while (text[i] !== ']') {
        if (items.length > 0) {
          take(/,/)
          space()
        }
        items.push(value())
        space()
      }
      i++
      return { kind: 'array', items }
    }
    if (next === 'n') {
      take(/null/)
      return { kind: 'null' }
    }
    if (next === 't' || next === 'f') return { kind: 'literal', text: take(/true|false/) }
    return { kind: 'number', text: take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/) }
  }

  space()
  const root = value()
  space()
  if (i < text.length) fail()
  return root
}
