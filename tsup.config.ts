import { readdirSync, readFileSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'

/** Published entries come from package.json `exports`, so that the two cannot drift. */
const { exports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  exports: Record<string, string | { default: string }>
}
const published = Object.values(exports)
  .filter((target): target is { default: string } => typeof target === 'object')
  .map((target) => target.default.replace(/^\.\/dist\/|\.js$/g, ''))

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replaceAll('\\', '/').slice(0, -3))

const entries = (names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, `src/${name}.ts`]))

/**
 * One file out for each file in. Bundlers then drop an unused module together with what only it imports;
 * bundled entries would drag dependencies along that do not declare `sideEffects: false`. There is also
 * exactly one copy of each error class.
 */
const keepModules: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'keep-modules',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\// }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true },
    )
  },
}

export default defineConfig({
  entry: entries(sources),
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  tsconfig: 'tsconfig.build.json',
  dts: { entry: entries(published) },
  esbuildPlugins: [keepModules],
  splitting: true,
  treeshake: false,
  sourcemap: true,
  clean: true,
})
