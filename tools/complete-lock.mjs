// Adds to the lock file the platform-specific packages that npm left out, as it does where a
// registry does not carry them (npm/cli#4828): `npm ci` refuses a lock file without them.
// Run it after an `npm install` that changed the lock file: node tools/complete-lock.mjs [folder]
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const file = join(process.argv[2] ?? join(import.meta.dirname, '..'), 'package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8'))
const packages = lock.packages

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'x64',
]
const otherNames = { windows: 'win32', aarch64: 'arm64', 64: 'x64' }

/** The system and processor as npm spells them, read off a package's name. */
function platformOf(name) {
  const parts = name.split(/[/-]/).map((part) => otherNames[part] ?? part)
  const os = parts.find((part) => systems.includes(part))
  const cpu = parts.find((part) => processors.includes(part))
  if (!os || !cpu) throw new Error(`${name}: neither system nor processor in the name`)
  const libc = /musl/.test(name) ? ['musl'] : /gnu|glibc/.test(name) ? ['glibc'] : []
  return { cpu: [cpu], ...(os === 'linux' && libc.length ? { libc } : {}), os: [os] }
}

let added = 0
for (const [path, entry] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const at = `node_modules/${name}`
    if (packages[at] || packages[`${path}/${at}`]) continue
    if (!/^\d+\.\d+\.\d+$/.test(version))
      throw new Error(`${name}@${version}: not an exact version`)
    packages[at] = {
      version,
      ...platformOf(name),
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
    }
    added++
  }
}
const sorted = Object.keys(packages).sort((a, b) => a.localeCompare(b, 'en'))
lock.packages = Object.fromEntries(sorted.map((path) => [path, packages[path]]))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${file}: ${added} platform packages added`)
