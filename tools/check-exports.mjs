// package.json `exports`, the file tree, the module comments and the entry points of the documentation are one list.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

process.chdir(join(import.meta.dirname, '..'))
const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const { entryPoints } = JSON.parse(readFileSync('typedoc.json', 'utf8'))
const problems = []

const specifiers = Object.keys(exports).filter((key) => key !== './package.json')
const sourceOf = (specifier) =>
  exports[specifier].default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')

for (const specifier of specifiers) {
  const source = sourceOf(specifier)
  const name = specifier === '.' ? 'careseal' : `careseal/${specifier.slice(2)}`
  if (exports[specifier].types !== exports[specifier].default.replace(/\.js$/, '.d.ts')) {
    problems.push(`${specifier}: types and default are not of one file`)
  }
  if (!existsSync(source)) problems.push(`${specifier}: ${source} is missing`)
  else if (!new RegExp(`@module ${name}\\n`).test(readFileSync(source, 'utf8'))) {
    problems.push(`${source}: its first comment does not say "@module ${name}"`)
  }
  if (!entryPoints.includes(source)) problems.push(`typedoc.json: ${source} is not an entry point`)
}
if (entryPoints.length !== specifiers.length)
  problems.push('typedoc.json: entry points that are no exports')

// A folder with an index.ts is public, and nothing else is; internal has none that counts.
const indexes = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('/index.ts') && !path.startsWith('internal/'))
for (const index of indexes) {
  if (!specifiers.some((specifier) => sourceOf(specifier) === `src/${index}`)) {
    problems.push(`src/${index}: has an index.ts but is not in package.json exports`)
  }
}
for (const index of [...indexes.map((path) => `src/${path}`), 'src/index.ts']) {
  if (/^export \*/m.test(readFileSync(index, 'utf8')))
    problems.push(`${index}: export * hides what is public`)
}

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
