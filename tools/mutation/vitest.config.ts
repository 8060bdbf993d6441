import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification, type Vite } from 'vitest/node'
import { keptWorker } from './keptWorker.ts'

/** The cheapest file first: one failing test is enough. */
class CheapestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).reverse()
  }
}

/** Stryker asks for vitest's own threads on the command line, which counts for more than `test.pool`. */
const keep: Vite.Plugin = {
  name: 'kept-worker',
  configureVitest({ project }) {
    Object.assign(project.config, { pool: keptWorker.name, poolRunner: keptWorker })
  },
}

const root = resolve(import.meta.dirname, '../..')
const tier = process.env['CARESEAL_TIER'] ?? 'native'

/**
 * The tests that stryker runs against each mutant: one crypto tier, one process, modules loaded once. Left out is what
 * takes long and tells a mutant from the original no better than the rest: fuzzing, failing power, other runtimes, the
 * built package.
 */
export default defineConfig({
  root,
  plugins: [keep],
  test: {
    include: (process.env['CARESEAL_TESTS'] ?? 'internal,envelope,keys,record')
      .split(',')
      .map((folder) => `test/${folder}/**/*.test.ts`),
    exclude: ['**/{fuzz,powerFailure,docs}.test.ts', '**/node_modules/**'],
    setupFiles: ['tools/mutation/clean.ts', 'test/helpers/tier.ts'],
    env: { CARESEAL_TIER: tier, CARESEAL_MUTATION: '1' },
    isolate: false,
    testTimeout: 20_000,
    sequence: { sequencer: CheapestFirst },
  },
})
