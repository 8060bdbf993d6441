import { relative, resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification, type Vite } from 'vitest/node'
import { keptWorker } from './keptWorker.ts'

/** The file that told the last mutant first, then the cheapest: one failing test is enough. */
class CheapestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const cost = ({ moduleId, project }: TestSpecification): number => {
      const key = `${project.name}:${relative(root, moduleId)}`
      const last = this.ctx.cache.getFileTestResults(key)
      return last === undefined ? Number.POSITIVE_INFINITY : last.failed ? 0 : last.duration
    }
    return files
      .map((file) => ({ file, cost: cost(file) }))
      .sort((a, b) => a.cost - b.cost)
      .map(({ file }) => file)
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
 * takes long: fuzzing, every bit of an envelope changed, every name on a polluted prototype, failing power, the built
 * package, other runtimes.
 */
export default defineConfig({
  root,
  plugins: [keep],
  test: {
    include: (process.env['CARESEAL_TESTS'] ?? 'internal,envelope,keys,record')
      .split(',')
      .map((folder) => `test/${folder}/**/*.test.ts`),
    exclude: [
      '**/{fuzz,tamper,pollution,powerFailure,docs,canary,bigStream}.test.ts',
      // They replace modules, which one worker for all mutants does not do.
      'test/{keys,record}/zeroisation.test.ts',
      '**/node_modules/**',
    ],
    setupFiles: ['tools/mutation/clean.ts', 'test/helpers/tier.ts'],
    env: { CARESEAL_TIER: tier, CARESEAL_MUTATION: '1' },
    isolate: false,
    testTimeout: 20_000,
    sequence: { sequencer: CheapestFirst },
  },
})
