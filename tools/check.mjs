// Runs every check of the project and says at the end which failed; `node tools/check.mjs types lint` runs some.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

process.chdir(join(import.meta.dirname, '..'))
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
const all = Object.keys(scripts).flatMap((name) =>
  name.startsWith('check:') ? [name.slice('check:'.length)] : [],
)
const chosen = process.argv.length > 2 ? process.argv.slice(2) : all

const npm = process.env.npm_execpath ? [process.env.npm_execpath] : null
const run = (script) =>
  npm === null
    ? spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit' })
    : spawnSync(process.execPath, [...npm, 'run', '--silent', script], { stdio: 'inherit' })

const failed = []
for (const name of ['build', ...chosen.map((check) => `check:${check}`)]) {
  const start = Date.now()
  const { status } = run(name)
  console.log(
    `${status === 0 ? 'ok' : 'FAILED'}  ${name}  ${((Date.now() - start) / 1000).toFixed(1)} s`,
  )
  if (status !== 0) failed.push(name)
}
if (failed.length > 0) {
  console.error(`\n${failed.length} failed: ${failed.join(', ')}`)
  process.exitCode = 1
}
