/** A JSON value; objects are maps, so that no name reaches a prototype. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
/** A JSON object. */
export type JsonObject = ReadonlyMap<string, JsonValue>

/** Makes the error of what is wrong and where: an index into the text. */
type Fail = (problem: string, at: number) => Error

const maximumDepth = 16
const maximumValues = 65_536
const numberShape = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** What must not stand in a string as it is (RFC 8259 §7), or stands for something else. */
const special = /[^\u0020-\uffff]|\\/

/**
 * Strict JSON (RFC 8259) of strangers: a name may stand once in an object, nesting and number of values are bounded,
 * nothing follows. Not the FHIR parser: that one keeps lexemes and sources.
 */
export function parseStrictJson(text: string, fail: Fail): JsonValue {
  let at = 0
  let values = 0

  function blanks(): void {
    while (at < text.length) {
      const c = text.charCodeAt(at)
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return
      at++
    }
  }

  function value(depth: number): JsonValue {
    if (++values > maximumValues) throw fail('more than 65,536 JSON values', at)
    blanks()
    const c = text[at]
    if (c === '{' || c === '[') {
      if (depth === maximumDepth) throw fail('JSON nested more than 16 levels', at)
      at++
      return c === '{' ? object(depth + 1) : array(depth + 1)
    }
    if (c === '"') return string()
    for (const [word, meaning] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (text.startsWith(word, at)) {
        at += word.length
        return meaning
      }
    }
    numberShape.lastIndex = at
    const number = numberShape.exec(text)
    if (number === null) throw fail('no JSON', at)
    at = numberShape.lastIndex
    return Number(number[0])
  }

  function object(depth: number): JsonObject {
    const members = new Map<string, JsonValue>()
    blanks()
    if (text[at] === '}') {
      at++
      return members
    }
    for (;;) {
      blanks()
      const start = at
      if (text[at] !== '"') throw fail('an object member without a name', at)
      const name = string()
      if (members.has(name)) throw fail('one name twice in a JSON object', start)
      blanks()
      if (text[at] !== ':') throw fail('an object member without a value', at)
      at++
      members.set(name, value(depth))
      if (ends('}')) return members
    }
  }

  function array(depth: number): JsonValue[] {
    const items: JsonValue[] = []
    blanks()
    if (text[at] === ']') {
      at++
      return items
    }
    for (;;) {
      items.push(value(depth))
      if (ends(']')) return items
    }
  }

  /** Behind an item: its container ends, or a comma goes on. */
  function ends(close: string): boolean {
    blanks()
    const c = text[at]
    if (c !== close && c !== ',') throw fail('JSON that ends too early', at)
    at++
    return c === close
  }

  function string(): string {
    const start = at
    let end = text.indexOf('"', start + 1)
    const plain = end < 0 ? '' : text.slice(start + 1, end)
    if (end >= 0 && !special.test(plain)) {
      at = end + 1
      return plain
    }
    for (end = start + 1; end < text.length && text[end] !== '"'; end++) {
      if (text[end] === '\\') end++
    }
    at = end + 1
    try {
      return JSON.parse(text.slice(start, at)) as string
    } catch {
      throw fail('a JSON string that is not one', start)
    }
  }

  const result = value(0)
  blanks()
  if (at < text.length) throw fail('something behind the JSON', at)
  return result
}
