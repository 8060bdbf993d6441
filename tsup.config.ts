import { readFileSync } from 'node:fs'
import { defineConfig } from 'tsup'

/** Entries are derived from package.json `exports`, so that the two cannot drift. */
const { exports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  exports: Record<string, string | { default: string }>
}
const entry = Object.fromEntries(
  Object.values(exports)
    .filter((target): target is { default: string } => typeof target === 'object')
    .map((target) => target.default.replace(/^\.\/dist\/|\.js$/g, ''))
    .map((name) => [name, `src/${name}.ts`]),
)

export default defineConfig({
  entry,
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  tsconfig: 'tsconfig.build.json',
  dts: true,
  splitting: true,
  treeshake: false,
  sourcemap: true,
  clean: true,
})
