import fc from 'fast-check'

/** How often a property is tried: more often where CARESEAL_FUZZ says so. */
export function runs(count: number): number {
  return count * Number(process.env['CARESEAL_FUZZ'] ?? 1)
}

/** Characters that are awkward somewhere: in JSON, in UTF-8, in UTF-16, in XML, in paths. */
const awkward = [
  '"',
  '\\',
  '/',
  '\b',
  '\t',
  '\n',
  '\f',
  '\r',
  '\u0000',
  '\u001f',
  '\u007f',
  '\u0080',
  '\u00e9',
  'e\u0301',
  '\u2028',
  '\ud7ff',
  '\ue000',
  '\uee00',
  '\uefff',
  '\uf8ff',
  '\ufeff',
  '\ufffd',
  '\ufffe',
  '\uffff',
  '\u{10000}',
  '\u{1f600}',
  '\u{10ffff}',
  '<',
  '>',
  '&',
  "'",
  ' ',
  '[',
  ']',
  '.',
  '_',
  '*',
  '1',
  'a',
  'A',
]

/** Strings of such characters and of plain ones. */
export const nastyString: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(...awkward),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(''))

/** Names that mean something to somebody, and nasty ones. */
export const memberName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'resourceType',
    'id',
    '_id',
    'meta',
    'text',
    'div',
    'status',
    'given',
    '_given',
    'value',
    '__proto__',
    'constructor',
    'toString',
    '0',
    '1',
    '10',
    '',
    '_',
    'contained',
    'entry',
    'resource',
    'extension',
  ),
  nastyString,
)

const digits = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength })

/** Numbers in every spelling that JSON has. */
export const lexeme: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(
      fc.constant('0'),
      digits(22).map((text) => text.replace(/^0+/, '') || '0'),
    ),
    fc.option(digits(22), { nil: null }),
    fc.option(
      fc.tuple(
        fc.constantFrom('e', 'E'),
        fc.constantFrom('', '+', '-'),
        fc.oneof(
          digits(2),
          fc.constantFrom('999', '1000', '1001', '0001000', '99999999999999999999'),
        ),
      ),
      { nil: null },
    ),
  )
  .map(([sign, whole, fraction, exponent]) =>
    [sign, whole, fraction === null ? '' : `.${fraction}`, ...(exponent ?? [])].join(''),
  )

/** Builds a text out of the decisions that it is given; when they run out, the first choice is taken. */
export class Decisions {
  readonly #bytes: Uint8Array
  #used = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** A number from 0 to `count` - 1. */
  choose(count: number): number {
    return (this.#bytes[this.#used++] ?? 0) % count
  }

  pick<T>(list: readonly T[]): T {
    return list[this.choose(list.length)]!
  }

  /** At most `most` things, and at least one. */
  some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: 1 + this.choose(most) }, make)
  }
}

/** A text that a function builds out of random decisions: fast, and it shrinks. */
export function built(
  build: (decisions: Decisions) => string,
  maxLength = 400,
): fc.Arbitrary<string> {
  return fc.uint8Array({ maxLength, size: 'max' }).map((bytes) => build(new Decisions(bytes)))
}

const names = [
  'resourceType',
  'text',
  'div',
  'status',
  'given',
  '_given',
  'id',
  '_id',
  'meta',
  'value',
  'entry',
  'resource',
  '__proto__',
  'constructor',
  'toString',
  '0',
  '1',
  '10',
  '',
  '_',
  'a"b',
  '\u{1f600}',
  '\uffff',
  '\ue000',
  'é',
]
const numbers = [
  '0',
  '1',
  '-1',
  '12',
  '-0',
  '0.0',
  '1.0',
  '1.00',
  '0.1',
  '2.50',
  '1e0',
  '1.0e0',
  '1E-7',
  '1.2E+2',
  '-0e5',
  '0.000001',
  '0.0000001',
  '123456789012345678',
  '1e21',
  '1e22',
  '1e-400',
  '9007199254740993',
  '1e1000',
  '1e1001',
  '0.1e-1000',
]

/**
 * JSON texts of resources: mostly of FHIR's shape, at times with nulls and empty things and names that
 * repeat, in all spellings. `narrative` makes what stands in `text.div`.
 */
export function resourceText(
  narrative: (decisions: Decisions) => string = nasty,
): fc.Arbitrary<string> {
  return built((decisions) => {
    const { choose, pick } = {
      choose: (count: number) => decisions.choose(count),
      pick: <T>(list: readonly T[]) => decisions.pick(list),
    }
    const gap = (): string => pick(['', '', '', ' ', '\n\t\r '])
    const joined = (parts: string[]): string => parts.map((part) => gap() + part + gap()).join(',')
    const string = (value: string): string =>
      `"${[...value].map((character) => spell(character, choose(9))).join('')}"`
    const primitive = (): string => {
      const kind = choose(4)
      if (kind === 0) return pick(numbers)
      if (kind === 1) return pick(['true', 'false'])
      return string(nasty(decisions) || 'x')
    }
    const value = (depth: number): string => {
      const kind = choose(depth > 4 ? 4 : 16)
      if (kind < 4) return primitive()
      if (kind < 9) return object(depth + 1)
      if (kind < 12) return `[${joined(decisions.some(3, () => object(depth + 1)))}]`
      if (kind < 14) return `[${joined(decisions.some(3, primitive))}]`
      if (kind === 14) return `[${joined(decisions.some(4, () => pick([primitive(), 'null'])))}]`
      if (choose(4) === 0) return pick(['null', '""', '{}', '[]', '[[1]]', '[{},null]'])
      return `[${joined(decisions.some(4, () => pick([object(depth + 1), 'null'])))}]`
    }
    const object = (depth: number): string => {
      const taken = new Set<string>()
      const member = (): string[] => {
        const name = choose(5) === 0 ? nasty(decisions) : pick(names)
        if (taken.has(name) && choose(40) > 0) return []
        taken.add(name)
        const isDiv = name === 'div' && choose(4) > 0
        const content = isDiv ? string(narrative(decisions)) : value(depth)
        return [`${string(name)}${gap()}:${gap()}${content}`]
      }
      return `{${joined(decisions.some(5, member).flat())}}`
    }
    return gap() + object(0) + gap()
  })
}

/** A string of awkward characters and plain ones. */
function nasty(decisions: Decisions): string {
  return decisions.some(5, () => decisions.pick(awkward)).join('')
}

/** One spelling of a character in a JSON string. */
function spell(character: string, choice: number): string {
  if (choice < 6) return JSON.stringify(character).slice(1, -1)
  if (choice === 6 && character === '/') return '\\/'
  return character
    .split('')
    .map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'))
    .map((hex) => `\\u${choice === 7 ? hex.toUpperCase() : hex}`)
    .join('')
}
