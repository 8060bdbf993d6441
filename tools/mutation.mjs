// Mutation testing: npm run mutation -- [--again] [--quick] [folder or file of src ...]
// Without a folder: all that docs/quality.md reports on. --again mutates only what survived the last time, and files
// that have changed since.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

process.chdir(join(import.meta.dirname, '..'))
process.env.CARESEAL_VECTORS ??= resolve('../shared/vectors')
if (!existsSync(process.env.CARESEAL_VECTORS)) {
  console.warn('No test vectors: set CARESEAL_VECTORS, or mutants of the engine will survive.')
}

/**
 * Which tests run against a folder: those next to it, then, against what survived, others that reach it; a pass can
 * name a tier. The longest path that is listed counts. `--quick` leaves it at the first pass.
 */
const passes = {
  'src/internal': [{ tests: 'internal' }, { tests: 'keys,envelope' }],
  'src/internal/cose': [{ tests: 'envelope' }, { tests: 'internal,record' }],
  'src/internal/envelope': [{ tests: 'envelope' }, { tests: 'internal,keys,record' }],
  'src/internal/record': [{ tests: 'record' }],
  'src/internal/merkle': [{ tests: 'log' }],
  'src/internal/engine': [
    { tests: 'internal' },
    { tests: 'internal,keys', tier: 'webcrypto' },
    { tests: 'internal,keys', tier: 'noble' },
    { tests: 'keys' },
  ],
  'src/envelope': [{ tests: 'envelope' }],
  'src/keys': [{ tests: 'keys' }, { tests: 'envelope' }],
}
const scope = ['src/internal/cose', 'src/internal/envelope', 'src/internal/cbor', 'src/envelope']
scope.push('src/keys', 'src/internal/hpke', 'src/internal/*.ts', 'src/internal/engine')
scope.push('src/internal/record', 'src/internal/merkle')

const again = process.argv.includes('--again')
const quick = process.argv.includes('--quick')
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const store = 'reports/mutation/results.json'
const report = 'reports/mutation/mutation.json'
const results = existsSync(store) ? JSON.parse(readFileSync(store, 'utf8')) : {}

const keyOf = ({ mutatorName, replacement, location: { start, end } }) =>
  [mutatorName, start.line, start.column, end.line, end.column, replacement].join(':')
const alive = ({ status }) => status === 'Survived' || status === 'NoCoverage'
const survivors = (files) =>
  files.flatMap((file) =>
    results[file].mutants.filter(alive).map(({ location: { start, end } }) => {
      // The report counts columns from 1, the option from 0.
      const range = `${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`
      return `${file}:${range}`
    }),
  )

/** One run of stryker; the names of the files that were mutated. */
function run(mutate, { tests, tier = 'native' }) {
  console.log(`\n${tests} on ${tier}:`)
  rmSync(report, { force: true })
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/@stryker-mutator/core/bin/stryker.js', 'run', '--mutate', mutate.join(',')],
    { stdio: 'inherit', env: { ...process.env, CARESEAL_TESTS: tests, CARESEAL_TIER: tier } },
  )
  if (status !== 0 || !existsSync(report)) process.exit(1)
  const { files } = JSON.parse(readFileSync(report, 'utf8'))
  for (const [name, file] of Object.entries(files)) merge(name, file)
  mkdirSync(dirname(store), { recursive: true })
  writeFileSync(store, JSON.stringify(results))
  return Object.keys(files)
}

/** A mutant counts as killed if any pass killed it. */
function merge(name, { source, mutants }) {
  const before = results[name]?.source === source ? results[name].mutants : []
  const known = new Map(before.map((mutant) => [keyOf(mutant), mutant]))
  for (const { mutatorName, replacement, location, status, statusReason } of mutants) {
    const mutant = { mutatorName, replacement, location, status, statusReason }
    const old = known.get(keyOf(mutant))
    // Reached only at import by the tests of this pass.
    if (old !== undefined && /static/i.test(statusReason ?? '')) continue
    const better = old === undefined || (alive(old) && (!alive(mutant) || status === 'Survived'))
    if (better) known.set(keyOf(mutant), mutant)
  }
  results[name] = { source, mutants: [...known.values()] }
}

function passesOf(target) {
  const names = Object.keys(passes).filter((name) => `${target}/`.startsWith(`${name}/`))
  return passes[names.sort((a, b) => b.length - a.length)[0] ?? 'src/internal']
}

const isFolder = (path) => existsSync(path) && statSync(path).isDirectory()
const within = (target) => (file) =>
  target.endsWith('*.ts')
    ? dirname(file) === dirname(target)
    : file === target || file.startsWith(`${target}/`)

const targets = named.length > 0 ? named.map((name) => name.replace(/\/$/, '')) : scope
for (const target of targets) {
  const known = Object.keys(results).filter(within(target))
  const same = known.filter((file) => readFileSync(file, 'utf8') === results[file].source)
  const [first, ...rest] = passesOf(target)
  const pattern = isFolder(target) ? `${target}/**/*.ts` : target
  let files = again ? same : []
  if (!again || known.length === 0) {
    for (const file of known) delete results[file]
    files = run([pattern], first)
  } else if (same.length < known.length) {
    files.push(
      ...run(
        [...known].filter((file) => !same.includes(file)),
        first,
      ),
    )
  }
  for (const pass of [...(again ? [first] : []), ...(quick ? [] : rest)]) {
    const left = survivors(files)
    if (left.length > 0) run(left, pass)
  }
}

/** Markdown, as it stands in docs/quality.md. */
function table() {
  const rows = [['folder', 'mutants', 'killed', 'survived', 'score']]
  const sums = { mutants: 0, killed: 0 }
  const row = (name, mutants, killed) => {
    const score = ((100 * killed) / mutants).toFixed(1)
    rows.push([name, mutants, killed, mutants - killed, `${score} %`])
  }
  for (const target of scope) {
    const list = Object.keys(results)
      .filter(within(target))
      .flatMap((file) => results[file].mutants)
      .filter(({ status }) => status !== 'Ignored')
    if (list.length === 0) continue
    const killed = list.filter((mutant) => !alive(mutant)).length
    row(target, list.length, killed)
    sums.mutants += list.length
    sums.killed += killed
  }
  row('all', sums.mutants, sums.killed)
  rows.splice(1, 0, ['---', '---:', '---:', '---:', '---:'])
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

console.log(`\n${table()}`)
