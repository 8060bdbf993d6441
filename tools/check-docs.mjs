// Documentation that can be checked by machine: links, error codes, and sizes that the README quotes.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

process.chdir(join(import.meta.dirname, '..'))
const problems = []
const read = (path) => readFileSync(path, 'utf8')
/** Never into node_modules: the link of an example to this package leads back here. */
const walk = (folder, ending) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : walk(path, ending)
    return path.endsWith(ending) ? [path.replaceAll('\\', '/')] : []
  })

const pages = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...walk('docs', '.md').filter((path) => !path.startsWith('docs/api/')),
  ...walk('examples', '.md'),
]
for (const page of pages) {
  for (const [, target] of read(page).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)) {
    if (!existsSync(join(dirname(page), target)))
      problems.push(`${page}: the link ${target} leads nowhere`)
  }
}

const sources = walk('src', '.ts').map((path) => [path, read(path)])
const errors = read('src/errors.ts')
const listed = [...errors.matchAll(/^ {2}\| '(ERR_[A-Z_]+)'/gm)].map(([, code]) => code)
const documented = read('docs/errors.md')
for (const code of listed) {
  const [, name] =
    new RegExp(`class (\\w+)(?:(?!\\nclass |\\nexport )[\\s\\S])*?code = '${code}'`).exec(errors) ??
    []
  if (name === undefined) problems.push(`src/errors.ts: ${code} has no class`)
  else {
    if (!documented.includes(`| \`${code}\` | \`${name}\` |`)) {
      problems.push(`docs/errors.md: ${code} with ${name} is missing`)
    }
    const thrown = sources.some(
      ([path, text]) => !path.endsWith('errors.ts') && text.includes(`new ${name}(`),
    )
    if (!thrown) problems.push(`src/errors.ts: ${name} is never thrown`)
  }
}
for (const [, code] of documented.matchAll(/^\| `(ERR_[A-Z_]+)`/gm)) {
  if (!listed.includes(code)) problems.push(`docs/errors.md: ${code} does not exist`)
}

// Whatever a doc comment says is thrown must be a class that exists.
const classes = new Set([...errors.matchAll(/class (\w+)/g)].map(([, name]) => name))
for (const [path, text] of sources) {
  for (const [, name] of text.matchAll(/@throws \{@link (\w+)\}/g)) {
    if (!classes.has(name) && name !== 'TypeError' && name !== 'RangeError') {
      problems.push(`${path}: @throws ${name}, which does not exist`)
    }
  }
}

// The sizes that the README quotes are those that are measured, to 0.2 kB.
const readme = read('README.md')
const quality = read('docs/quality.md')
const limits = join('node_modules', 'size-limit', 'bin.js')
const measured = spawnSync(process.execPath, [limits, '--json'], { encoding: 'utf8' })
for (const { name, size } of JSON.parse(measured.stdout)) {
  const [, quoted] = new RegExp(`^\\| ${name} \\| ([\\d.]+) kB \\|$`, 'm').exec(readme) ?? []
  if (quoted === undefined || Math.abs(Number(quoted) - size / 1000) > 0.2) {
    problems.push(`README.md: "${name}" is ${(size / 1000).toFixed(1)} kB, not ${quoted} kB`)
  }
  const [, told] = new RegExp(`^\\| ${name}[^|]*\\| ([\\d.]+) kB \\|`, 'm').exec(quality) ?? []
  if (told === undefined || Math.abs(Number(told) - size / 1000) > 0.2) {
    problems.push(`docs/quality.md: "${name}" is ${(size / 1000).toFixed(1)} kB, not ${told} kB`)
  }
}

// So are the sizes of whole modules, to 1 kB: everything that a module exports, minified and gzipped.
for (const row of readme.matchAll(/^\| ((?:`careseal[^`]*`(?:, )?)+) \|.*\| ([\d.]+) kB \|$/gm)) {
  const specifiers = [...row[1].matchAll(/`([^`]+)`/g)].map(([, specifier]) => specifier)
  const contents = specifiers.map((one, i) => `export * as m${i} from '${one}'`).join('\n')
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: builtinModules,
    write: false,
  })
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length / 1000
  if (Math.abs(Number(row[2]) - size) > 1) {
    problems.push(`README.md: all of ${specifiers[0]} is ${size.toFixed(1)} kB, not ${row[2]} kB`)
  }
}

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
