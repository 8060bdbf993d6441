// Makes a fresh clone ready: installs what the lock file names and builds, each only when it is out of date.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

process.chdir(join(import.meta.dirname, '..'))

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`careseal needs Node.js 20.19 or newer; this is ${process.versions.node}.`)
  process.exit(1)
}

const time = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)
const newest = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((latest, entry) => Math.max(latest, time(join(entry.parentPath, entry.name))), 0)

const npm = (...args) => {
  // npm sets npm_execpath for its scripts, so that no shell is needed to find it.
  const [command, first] = process.env.npm_execpath
    ? [process.execPath, [process.env.npm_execpath]]
    : ['npm', []]
  // Where Node.js came with its headers, packages that are compiled need no download of them.
  const home = dirname(dirname(process.execPath))
  const headers = existsSync(join(home, 'include/node/node_api.h')) && { npm_config_nodedir: home }
  execFileSync(command, [...first, ...args, '--loglevel=error'], {
    stdio: 'inherit',
    env: { ...headers, ...process.env },
  })
}

// A folder named on the command line has a package.json of its own, such as bench.
for (const folder of ['.', ...process.argv.slice(2)]) {
  if (
    time(join(folder, 'package-lock.json')) > time(join(folder, 'node_modules/.package-lock.json'))
  ) {
    console.log(`Installing dependencies of ${folder === '.' ? 'careseal' : folder} (once) ...`)
    try {
      npm('ci', '--prefix', folder)
    } catch (error) {
      if (folder === '.') throw error
      // Types and everything that is not compiled are enough for the checks.
      console.error(`${folder}: not all of it could be compiled; that needs g++, make and python3.`)
      npm('ci', '--prefix', folder, '--ignore-scripts')
    }
  }
}
const sources = Math.max(newest('src'), time('package.json'), time('tsup.config.ts'))
if (sources > time('dist/index.d.ts')) {
  console.log('Building (once) ...')
  execFileSync(process.execPath, ['node_modules/tsup/dist/cli-default.js', '--silent'], {
    stdio: 'inherit',
  })
}
