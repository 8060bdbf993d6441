import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

// The portable checks of test/runtimes, on Node.js with things taken away that other platforms do not have, or that
// a strict host forbids. Each runs in a process of its own.

const withoutProcess = "Object.defineProperty(globalThis, 'process', { value: undefined })"

/** Taken away before anything of careseal is loaded, so that nothing can keep it. */
interface Restriction {
  readonly flags?: readonly string[]
  readonly before?: string
  /** What is true afterwards: a restriction that does not take proves nothing. */
  readonly taken?: string
}
const restrictions: Record<string, Restriction> = {
  'nothing taken away': {},
  'no code from strings, as under a strict CSP': {
    flags: ['--disallow-code-generation-from-strings'],
  },
  'frozen intrinsics': { flags: ['--frozen-intrinsics'] },
  'no Buffer': {
    before: 'delete globalThis.Buffer',
    taken: "typeof Buffer === 'undefined'",
  },
  'no process, so no native crypto': {
    before: withoutProcess,
    taken: "typeof process === 'undefined'",
  },
  'no WebCrypto beside random numbers': {
    before: `${withoutProcess}
      const { crypto } = globalThis
      const getRandomValues = (array) => crypto.getRandomValues(array)
      Object.defineProperty(globalThis, 'crypto', { value: { getRandomValues } })`,
    taken: "globalThis.crypto.subtle === undefined && typeof process === 'undefined'",
  },
  'a TextDecoder that does not know fatal': {
    before: `const Real = TextDecoder
      globalThis.TextDecoder = class {
        constructor(label, options) {
          if (options?.fatal) throw new RangeError('fatal is not supported')
          this.decode = (bytes) => new Real(label).decode(bytes)
        }
      }`,
  },
  'no TextDecoder and no TextEncoder': {
    before: 'delete globalThis.TextDecoder; delete globalThis.TextEncoder',
    taken: "typeof TextDecoder === 'undefined' && typeof TextEncoder === 'undefined'",
  },
  'no structuredClone, WeakRef, Intl, atob, btoa': {
    before: `for (const name of ['structuredClone', 'WeakRef', 'FinalizationRegistry', 'Intl', 'atob', 'btoa']) {
      delete globalThis[name]
    }`,
    taken: "typeof WeakRef === 'undefined' && typeof Intl === 'undefined'",
  },
  'no newer methods of arrays and typed arrays': {
    before: `for (const { prototype } of [Array, Object.getPrototypeOf(Uint8Array), String]) {
      for (const name of ['at', 'with', 'toSorted', 'toReversed', 'toSpliced', 'findLast', 'isWellFormed', 'toWellFormed']) {
        delete prototype[name]
      }
    }
    for (const name of ['toHex', 'fromHex', 'toBase64', 'fromBase64']) delete Uint8Array[name]`,
    taken: "[].at === undefined && new Uint8Array(1).at === undefined && ''.at === undefined",
  },
}

describe('pitfall 24: restricted runtimes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'careseal-restricted-'))
  let checks = ''

  beforeAll(async () => {
    const here = resolve(import.meta.dirname, '../..')
    const { outputFiles } = await build({
      stdin: {
        contents: "import { run } from './portable.ts'\nconsole.log(await run())",
        resolveDir: join(here, 'test/runtimes'),
      },
      bundle: true,
      format: 'esm',
      target: 'es2022',
      write: false,
      external: ['node:*'],
      plugins: [
        {
          name: 'sources',
          setup({ onResolve }) {
            onResolve({ filter: /^careseal(\/|$)/ }, ({ path }) => {
              const name = path.slice('careseal/'.length)
              const file = name === 'errors' ? 'errors.ts' : join(name, 'index.ts')
              return { path: join(here, 'src', file) }
            })
          },
        },
      ],
    })
    checks = outputFiles[0]!.text
    writeFileSync(join(folder, 'checks.mjs'), checks)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const run = async ({ flags = [], before = '', taken = 'true' }: Restriction): Promise<string> => {
    const name = `run-${Math.random().toString(36).slice(2)}.mjs`
    writeFileSync(
      join(folder, name),
      `${before}\nif (!(${taken})) throw new Error('not taken away')\nawait import('./checks.mjs')\n`,
    )
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, join(folder, name)])
    return stdout.trim()
  }

  it.each(Object.entries(restrictions))('%s', async (_name, restriction) => {
    expect(await run(restriction)).toMatch(/^[1-9]\d* checks passed$/)
  })

  it('the flags do what they say', async () => {
    const code = { ...restrictions['no code from strings, as under a strict CSP'] }
    await expect(run({ ...code, before: "new Function('return 1')" })).rejects.toThrow(
      'Code generation from strings',
    )
    const frozen = { ...restrictions['frozen intrinsics'] }
    await expect(run({ ...frozen, before: 'Array.prototype.map = null' })).rejects.toThrow(
      'freeze_intrinsics',
    )
  })

  it('nothing in the bundle makes code from strings', () => {
    expect(checks).not.toMatch(/\bnew Function\b|\beval\(/)
  })
})
