// Runs the built package on every JavaScript runtime that is here: `npm run runtimes`. One that is not there is
// named and skipped; with CARESEAL_REQUIRE_ALL=1 that is a failure.
import { execFile, spawn } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const here = import.meta.dirname
const output = join(here, '../../reports/runtimes')
const binaries = join(here, 'node_modules/.bin')
const seconds = 120

mkdirSync(output, { recursive: true })
/** This folder has a package.json of its own: the package under test is found from the one above it. */
const packageUnderTest = {
  name: 'package-under-test',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^careseal(\/|$)/ }, ({ path, kind, pluginData }) =>
      pluginData === 'root'
        ? undefined
        : resolve(path, { kind, resolveDir: join(here, '../..'), pluginData: 'root' }),
    )
  },
}
const bundle = async (name, code, options = {}) => {
  const outfile = join(output, name)
  const { outputFiles } = await build({
    stdin: { contents: `import { run } from './portable.ts'\n${code}`, resolveDir: here },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
    write: false,
    plugins: [packageUnderTest],
    ...options,
  })
  writeFileSync(outfile, outputFiles[0].text)
  return outfile
}
const execute = async (command, args, env = {}) => {
  const { stdout } = await promisify(execFile)(command, args, {
    timeout: seconds * 1000,
    env: { ...process.env, ...env },
  })
  return stdout.trim()
}
const script = await bundle('script.mjs', 'console.log(await run())')

/** The portable checks as a page. */
const page =
  "run().catch((error) => 'FAILED ' + error).then((text) => fetch('/result', { method: 'POST', body: text }))"

/** examples/browser-key: seals, reloads itself, and must then open with the keys that IndexedDB has kept. */
const keyPage = `import { visit } from '../../examples/browser-key/visit.ts'
const report = (text) => fetch('/result', { method: 'POST', body: text })
const isReload = performance.getEntriesByType('navigation')[0].type === 'reload'
visit().then(({ reopened, lines }) => {
  if (reopened !== isReload) return report('FAILED ' + lines.join(', '))
  if (isReload) return report(lines.length + ' checks passed')
  location.reload()
}).catch((error) => report('FAILED ' + error))`

/** Serves a page of that code and takes what it reports. */
const inBrowser = (name, contents) => async (chromium) => {
  const code = await bundle(name, contents)
  let report
  const reported = new Promise((resolve) => {
    report = resolve
  })
  const server = createServer((request, response) => {
    if (request.url === '/result') {
      let text = ''
      request.on('data', (chunk) => {
        text += chunk
      })
      request.on('end', () => report(text))
      response.end()
    } else if (request.url === '/page.mjs') {
      response.setHeader('content-type', 'text/javascript; charset=utf-8')
      response.end(readFileSync(code))
    } else {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end('<script type="module" src="/page.mjs"></script>')
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const flags = '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run'
  const quiet = '--disable-background-networking --disable-component-update --disable-sync'
  const profile = mkdtempSync(join(tmpdir(), 'careseal-chromium-'))
  const browser = spawn(
    chromium,
    [
      ...`${flags} ${quiet}`.split(' '),
      `--user-data-dir=${profile}`,
      `http://127.0.0.1:${server.address().port}/`,
    ],
    // A process group of its own: the browser's children end with it, and write no more into the profile.
    { stdio: 'ignore', detached: true },
  )
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), seconds * 1000)
  })
  try {
    return await Promise.race([reported, late])
  } finally {
    clearTimeout(timer)
    const gone = new Promise((resolve) => browser.on('exit', resolve))
    process.kill(-browser.pid, 'SIGKILL')
    await gone
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
    server.close()
  }
}

/** One worker of workerd answers one request, and is ended. */
const inWorker = async (workerd) => {
  await bundle(
    'worker.mjs',
    'export default { async fetch() { try { return new Response(await run()) } catch (error) { return new Response("FAILED " + error) } } }',
  )
  const config = join(output, 'workerd.capnp')
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [(name = "worker", esModule = embed "worker.mjs")], compatibilityDate = "2025-09-01"))],
  sockets = [(name = "http", address = "127.0.0.1:8791", http = (), service = "main")]
);
`,
  )
  const worker = spawn(workerd, ['serve', config], { stdio: ['ignore', 'inherit', 'inherit'] })
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        return await (await fetch('http://127.0.0.1:8791/')).text()
      } catch (error) {
        if (attempt >= 50) throw error
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
  } finally {
    worker.kill('SIGKILL')
  }
}

/** QuickJS has neither Web APIs nor Node: nothing but ECMAScript, and random numbers from here. */
const inQuickJs = async () => {
  const require = createRequire(join(here, 'package.json'))
  const { getQuickJS } = require('quickjs-emscripten')
  const code = await bundle(
    'quickjs.js',
    'run().then((text) => { globalThis.result = text }, (error) => { globalThis.result = "FAILED " + error })',
    { format: 'iife' },
  )
  const vm = (await getQuickJS()).newContext()
  const random = vm.newFunction('random', (count) =>
    vm.newString(randomFillSync(Buffer.alloc(vm.getNumber(count))).toString('hex')),
  )
  vm.setProp(vm.global, 'random', random)
  const polyfill = `globalThis.crypto = { getRandomValues(array) {
    const text = random(array.length)
    for (let i = 0; i < array.length; i++) array[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16)
    return array
  } };`
  vm.unwrapResult(vm.evalCode(polyfill + readFileSync(code, 'utf8'))).dispose()
  const pending = vm.runtime.executePendingJobs()
  if (pending.error) throw new Error(String(vm.dump(pending.error)))
  return String(vm.dump(vm.unwrapResult(vm.evalCode('globalThis.result'))))
}

const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium'
const binary = (name) => join(binaries, name)
const runtimes = [
  [`Node.js ${process.versions.node}`, process.execPath, (path) => execute(path, [script])],
  ...[20, 22, 24, 26].map((major) => [
    `Node.js ${major}`,
    join(here, `node_modules/node-${major}/bin/node`),
    (path) => execute(path, [script]),
  ]),
  ['Bun', binary('bun'), (path) => execute(path, [script])],
  ['Deno', binary('deno'), (path) => execute(path, ['run', '--no-prompt', script])],
  ['workerd (Cloudflare Workers)', binary('workerd'), inWorker],
  ['Chromium', chromium, inBrowser('page.mjs', page)],
  ['Chromium, a key that survives a reload', chromium, inBrowser('key.mjs', keyPage)],
  ['QuickJS', join(here, 'node_modules/quickjs-emscripten'), inQuickJs],
]

/** `npm run runtimes -- Chromium` runs those whose name begins so. */
const wanted = process.argv[2] ?? ''

let failures = 0
for (const [name, path, start] of runtimes.filter(([name]) => name.startsWith(wanted))) {
  const begun = Date.now()
  if (!existsSync(path)) {
    const required = process.env.CARESEAL_REQUIRE_ALL === '1'
    if (required) failures++
    console.log(`${required ? 'MISSING' : 'skipped'}  ${name}: ${path} not found`)
    continue
  }
  const result = await start(path).catch(
    (error) => `FAILED ${error.stderr || error.stack || error}`,
  )
  if (!/^\d+ checks passed$/.test(result)) failures++
  console.log(
    `${result.includes('passed') ? 'ok' : 'FAILED'}  ${name}: ${result} (${((Date.now() - begun) / 1000).toFixed(1)} s)`,
  )
}
process.exit(failures === 0 ? 0 : 1)
