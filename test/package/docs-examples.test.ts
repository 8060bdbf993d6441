import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import ts from 'typescript'
import { beforeAll, expect, it } from 'vitest'

/** Examples become files inside the project, so that they import the built package by its own name. */
const folder = 'reports/examples'

interface Example {
  /** File and number of the example. */
  readonly name: string
  readonly code: string
  /** What its console.log lines say they print, in order. */
  readonly expected: readonly string[]
}

function examplesOf(path: string): Example[] {
  const text = readFileSync(path, 'utf8')
  const blocks = path.endsWith('.md')
    ? [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!)
    : [...text.matchAll(/^ \* ```ts\n([\s\S]*?)^ \* ```$/gm)].map(([, code]) =>
        code!.replace(/^ \* ?/gm, ''),
      )
  return blocks.map((code, i) => ({
    name: `${path.replace(/[^A-Za-z0-9]+/g, '-')}-${i + 1}`,
    code,
    expected: [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, output]) => output!),
  }))
}

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => join('src', path))
const examples = ['README.md', ...sources].flatMap(examplesOf)

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const { name, code } of examples) writeFileSync(join(folder, `${name}.ts`), code)
  await build({
    entryPoints: examples.map(({ name }) => join(folder, `${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    target: 'es2022',
  })
  writeFileSync(join(folder, 'run.mjs'), runner)
})

/** Runs each example in one process and prints what each one printed. */
const runner = `
import { inspect } from 'node:util'
const results = {}
for (const name of process.argv.slice(2)) {
  const lines = []
  console.log = (...values) =>
    lines.push(values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' '))
  try {
    await import('./' + name + '.mjs')
    results[name] = { lines }
  } catch (error) {
    results[name] = { lines, error: String(error?.stack ?? error) }
  }
}
process.stdout.write(JSON.stringify(results))
`

it('finds the examples', () => {
  expect(examples.filter(({ name }) => name.startsWith('README')).length).toBeGreaterThan(0)
  expect(examples.length).toBeGreaterThan(20)
})

it('type-checks every example against the built package', () => {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd())
  const program = ts.createProgram(
    examples.map(({ name }) => join(folder, `${name}.ts`)),
    { ...options, types: ['node'], isolatedDeclarations: false, declaration: false },
  )
  const problems = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    return `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
  expect(problems).toEqual([])
})

it('runs every example, and each prints what it says', () => {
  const names = examples.map(({ name }) => name)
  const output = execFileSync(process.execPath, [join(folder, 'run.mjs'), ...names], {
    encoding: 'utf8',
  })
  const results = JSON.parse(output) as Record<string, { lines: string[]; error?: string }>
  for (const { name, expected } of examples) {
    const { lines, error } = results[name]!
    expect(error, name).toBeUndefined()
    for (const line of expected) expect(lines, name).toContain(line)
  }
})
