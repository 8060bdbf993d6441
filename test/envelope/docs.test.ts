import * as crypto from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as filesystem from 'node:fs/promises'
import * as os from 'node:os'
import * as path from 'node:path'
import { inspect } from 'node:util'
import * as jose from 'jose'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import * as consent from '../../src/consent/index.ts'
import * as envelope from '../../src/envelope/index.ts'
import * as errors from '../../src/errors.ts'
import * as record from '../../src/index.ts'
import * as keys from '../../src/keys/index.ts'
import * as log from '../../src/log/index.ts'
import * as files from '../../src/store/fs/index.ts'
import * as store from '../../src/store/index.ts'
import { s3Blobs } from '../../src/store/s3/index.ts'

const modules: Record<string, object> = {
  careseal: record,
  'careseal/consent': consent,
  'careseal/envelope': envelope,
  'careseal/errors': errors,
  'careseal/keys': keys,
  'careseal/log': log,
  'careseal/store': store,
  'careseal/store/fs': files,
  jose,
  'node:crypto': crypto,
  'node:fs/promises': filesystem,
  'node:os': os,
  'node:path': path,
}
const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (
  modules: Record<string, object>,
  console: { log(...values: unknown[]): void },
) => Promise<void>

/** Runs one example as it stands in a guide, and returns what it printed. */
async function run(code: string): Promise<string[]> {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  })
  const body = outputText.replaceAll(
    /^import (\{[^}]*\}) from '([^']+)';?$/gm,
    (_whole, names: string, module: string) => `const ${names} = modules['${module}']`,
  )
  const printed: string[] = []
  const show = (value: unknown) => (typeof value === 'string' ? value : inspect(value))
  await new AsyncFunction('modules', 'console', body)(modules, {
    log: (...values) => printed.push(values.map(show).join(' ')),
  })
  return printed
}

const guides = ['records', 'keys', 'envelope', 'streams', 'migration', 'erasure', 'log']
describe.each(guides.map((name) => `docs/${name}.md`))('%s', (path) => {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const examples = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!)

  it('has examples that print what they say', async () => {
    expect(examples.length).toBeGreaterThan(0)
    for (const code of examples) {
      const expected = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(
        ([, output]) => output!,
      )
      expect(expected.length).toBeGreaterThan(0)
      // What is printed for people to read is not compared.
      const compared = code.replaceAll(/^( *)console\.log\((.*)\)$/gm, '$1void [$2]')
      expect(await run(compared)).toEqual(expected)
    }
  })

  it('names only codes that exist, and each constant and function', () => {
    const source = readFileSync(new URL('../../src/errors.ts', import.meta.url), 'utf8')
    for (const [code] of text.matchAll(/ERR_[A-Z_]+/g)) expect(source).toContain(`'${code}'`)
    const known = {
      ...record,
      ...consent,
      ...envelope,
      ...keys,
      ...log,
      ...store,
      ...files,
      s3Blobs,
    }
    const called = [...text.matchAll(/`([a-z][A-Za-z0-9]+)\(/g)].map(([, name]) => name!)
    const own = ['find', 'close', 'generateSecret', 'verified', 'stream', 'range']
    for (const name of called.filter((one) => !own.includes(one))) {
      expect(Object.keys(known), name).toContain(name)
    }
  })
})

describe('the errors of the guides', () => {
  it('are all that these modules throw', () => {
    const guides = ['docs/keys.md', 'docs/envelope.md']
      .map((path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'))
      .join('\n')
    const kinds = [
      errors.AlgorithmUnsupported,
      errors.ContentTooLarge,
      errors.EnvelopeAuthorUntrusted,
      errors.EnvelopeDowngrade,
      errors.EnvelopeMalformed,
      errors.EnvelopeOpenFailed,
      errors.EnvelopeRecipientNotFound,
      errors.EnvelopeSecurity,
      errors.EnvelopeSignatureMissing,
      errors.IdentityInvalid,
      errors.KeyDisabled,
      errors.KeyMalformed,
      errors.KeyUnavailable,
      errors.RandomUnavailable,
    ] as unknown as (new (
      message: string,
    ) => errors.CaresealError)[]
    for (const Kind of kinds) {
      expect(guides).toContain(`| \`${new Kind('x').code}\` |`)
    }
  })
})
