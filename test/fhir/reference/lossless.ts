import { parseJson, Refused, type Value } from './json.ts'
import { referenceXhtml } from './xhtml.ts'

/**
 * `lossless/1`, written straight from docs/formats/lossless-1.md: it builds a tree, changes the tree, and
 * writes it. Throws where the format refuses.
 */
export function referenceLossless(bytes: Uint8Array): string {
  const root = parseJson(bytes)
  if (root.kind !== 'object') throw new Refused('§1.1')
  return write(narratives(tidy(root)))
}

type ObjectValue = Extract<Value, { kind: 'object' }>

/** §2: from the inside out. */
function tidy(object: ObjectValue): ObjectValue {
  const members: [string, Value][] = []
  for (const [name, value] of object.members) {
    if (value.kind === 'null') throw new Refused('§2.1')
    if (value.kind === 'array') {
      const items = tidyArray(value.items, name, object)
      if (items.length > 0) members.push([name, { kind: 'array', items }])
    } else members.push([name, value.kind === 'object' ? tidy(value) : notEmpty(value)])
  }
  if (members.length === 0) throw new Refused('§2.2 or §2.7')
  return { kind: 'object', members }
}

function tidyArray(items: Value[], name: string, around: ObjectValue): Value[] {
  if (items.length === 0) throw new Refused('§2.2')
  if (items.some(({ kind }) => kind === 'array')) throw new Refused('§2.3')
  const hasNull = items.some(({ kind }) => kind === 'null')
  if (hasNull && hasObject(items)) {
    const sibling = around.members.find(([other]) => `_${other}` === name)?.[1]
    const isCompanion =
      name[0] === '_' &&
      (sibling === undefined || (sibling.kind === 'array' && !hasObject(sibling.items)))
    if (!isCompanion) throw new Refused('§2.4')
  }
  const tidied = items.map((item) => (item.kind === 'object' ? tidy(item) : notEmpty(item)))
  while (tidied[tidied.length - 1]?.kind === 'null') tidied.pop()
  return tidied
}

function hasObject(items: Value[]): boolean {
  return items.some(({ kind }) => kind === 'object')
}

function notEmpty(value: Value): Value {
  if (value.kind === 'string' && value.text === '') throw new Refused('§2.2')
  return value
}

/** §6: `text.div` of any object. */
function narratives(value: Value, isText = false): Value {
  if (value.kind === 'array') {
    return { kind: 'array', items: value.items.map((item) => narratives(item)) }
  }
  if (value.kind !== 'object') return value
  return {
    kind: 'object',
    members: value.members.map(([name, member]) => {
      if (isText && name === 'div' && member.kind === 'string') {
        return [name, { kind: 'string', text: referenceXhtml(member.text) ?? member.text }]
      }
      return [name, narratives(member, name === 'text')]
    }),
  }
}

/** §3. */
export function referenceNumber(lexeme: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(lexeme)!
  const [, sign, whole, fraction = '', written = '0'] = match
  const coefficient = BigInt(`${whole}${fraction}`).toString()
  const exponent = BigInt(written.replace('+', '')) - BigInt(fraction.length)
  if (exponent > 1000n || exponent < -1000n) throw new Refused('§3.1')
  if (exponent === 0n) return `${sign}${coefficient}`
  if (exponent > 0n) return `${sign}${coefficient}E+${exponent}`
  const digits = Number(-exponent)
  let padded = coefficient
  while (padded.length <= digits) padded = `0${padded}`
  return `${sign}${padded.slice(0, padded.length - digits)}.${padded.slice(-digits)}`
}

/** §4 and §5; ECMAScript's own order of strings is that of UTF-16 code units. */
function write(value: Value): string {
  switch (value.kind) {
    case 'null':
      return 'null'
    case 'literal':
      return value.text
    case 'number':
      return referenceNumber(value.text)
    case 'string':
      return JSON.stringify(value.text)
    case 'array':
      return `[${value.items.map(write).join(',')}]`
    case 'object':
      return `{${[...value.members]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`)
        .join(',')}}`
  }
}
