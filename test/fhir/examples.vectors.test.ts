import npmCanonicalize from 'canonicalize'
import { expect, it } from 'vitest'
import { isCaresealError } from '../../src/errors.ts'
import { canonicalize, lossless1, r6Json, readNdjson } from '../../src/fhir/index.ts'
import { equalBytes } from '../../src/internal/bytes.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { describeVectors, vectorBytes, vectorNames } from '../helpers/vectors.ts'
import { parseJson, type Value } from './reference/json.ts'
import { referenceLossless } from './reference/lossless.ts'

/** What every file of a folder is expected to be; `lossless/1` refuses these and no others. */
const folders: Record<string, { files: number; refused: Record<string, string> }> = {
  'r4-examples/json': { files: 135, refused: {} },
  'r5-examples/json': { files: 139, refused: {} },
  'r4-examples/pairs': { files: 122, refused: {} },
  'r4-examples/pairs-lossy': { files: 2, refused: {} },
  'r5-examples/pairs': { files: 4, refused: {} },
  'synthea/bundles': { files: 4, refused: {} },
  'fhir-test-cases/signatures': { files: 8, refused: {} },
  'fhir-test-cases/pairs/validator': {
    files: 34,
    refused: {
      // Broken on purpose, to try the validator.
      'group-choice-empty.json': 'ERR_FHIR_MALFORMED',
      'list-bad-syntax.json': 'ERR_FHIR_MALFORMED',
      'med-dispense.json': 'ERR_FHIR_MALFORMED',
      // A byte order mark.
      'xml-bad-entities.json': 'ERR_FHIR_MALFORMED',
      // An empty object, an empty array: not JSON of FHIR.
      'list-empty1.json': 'ERR_FHIR_REFUSED',
      'list-empty2.json': 'ERR_FHIR_REFUSED',
    },
  },
}

/** All numbers of a value, as they are written, sorted. */
function lexemes(value: Value, found: string[] = []): string[] {
  if (value.kind === 'number') found.push(value.text)
  else if (value.kind === 'array') for (const item of value.items) lexemes(item, found)
  else if (value.kind === 'object') for (const [, member] of value.members) lexemes(member, found)
  return found
}

/** Sign, coefficient and exponent of a number, by way of big integers. */
function decimal(lexeme: string): string {
  const [mantissa, exponent = '0'] = lexeme.toLowerCase().split('e') as [string, string?]
  const [whole, fraction = ''] = mantissa.replace('-', '').split('.') as [string, string?]
  const sign = lexeme.startsWith('-') ? '-' : ''
  return `${sign}${BigInt(whole + fraction)}e${BigInt(exponent.replace('+', '')) - BigInt(fraction.length)}`
}

/** The paths of all numbers that a double changes. */
function changedNumbers(value: Value, path: string, found: string[] = []): string[] {
  if (value.kind === 'number') {
    if (decimal(value.text) !== decimal(String(Number(value.text)))) found.push(path)
  } else if (value.kind === 'array') {
    for (const [i, item] of value.items.entries()) changedNumbers(item, `${path}[${i}]`, found)
  } else if (value.kind === 'object') {
    for (const [name, member] of value.members) changedNumbers(member, `${path}.${name}`, found)
  }
  return found
}

function typeOf(root: Value): string {
  if (root.kind !== 'object') return '$'
  const type = root.members.find(([name]) => name === 'resourceType')?.[1]
  return type?.kind === 'string' ? type.text : '$'
}

describeVectors("HL7's and Synthea's examples", () => {
  let changed = 0

  for (const [folder, { files, refused }] of Object.entries(folders)) {
    const names = vectorNames(`fhir/${folder}`).filter((name) => name.endsWith('.json'))

    it(`${folder}: ${files} files`, () => {
      expect(names.length).toBe(files)
      for (const name of names) {
        const bytes = vectorBytes(`fhir/${folder}/${name}`)
        let code: string | null = null
        try {
          canonicalize(bytes, { canonicalization: lossless1 })
        } catch (error) {
          code = isCaresealError(error) ? error.code : String(error)
        }
        expect([name, code]).toEqual([name, refused[name] ?? null])
        if (code === 'ERR_FHIR_MALFORMED') continue

        const root = parseJson(bytes)
        if (code === null) {
          const form = canonicalize(bytes)
          expect(text(form.bytes)).toBe(referenceLossless(bytes))
          expect(equalBytes(canonicalize(form.bytes).bytes, form.bytes)).toBe(true)
          const before = lexemes(root).map(decimal).sort()
          expect(lexemes(parseJson(form.bytes)).map(decimal).sort()).toEqual(before)
        }
        const form = canonicalize(bytes, { canonicalization: r6Json })
        expect(text(form.bytes)).toBe(npmCanonicalize(JSON.parse(text(bytes))))
        const again = canonicalize(form.bytes, { canonicalization: r6Json })
        expect(equalBytes(again.bytes, form.bytes)).toBe(true)
        const paths = changedNumbers(root, typeOf(root))
        expect(form.losses.map(({ path }) => path)).toEqual(paths)
        changed += paths.length
      }
    })
  }

  it('have numbers that r6/json does not keep', () => {
    expect(changed).toBeGreaterThan(50)
  })

  it('of the Bulk Data kind canonicalize line by line', async () => {
    let lines = 0
    // log.ndjson is a record of the export, not FHIR.
    const names = vectorNames('fhir/synthea/ndjson').filter((name) =>
      /^[A-Z].*\.ndjson$/.test(name),
    )
    for (const name of names) {
      const bytes = vectorBytes(`fhir/synthea/ndjson/${name}`)
      const expected = text(bytes)
        .split('\n')
        .filter((line) => line.trim() !== '')
      const found: string[] = []
      for await (const line of readNdjson(bytes)) {
        found.push(text(line.bytes))
        expect(text(canonicalize(line.bytes).bytes)).toBe(referenceLossless(utf8(text(line.bytes))))
        lines++
      }
      expect(found).toEqual(expected)
    }
    expect(lines).toBeGreaterThan(500)
  })
})
