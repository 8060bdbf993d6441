import { defineConfig } from 'vitest/config'

/**
 * One suite, three crypto tiers: the same test files run on native Node crypto, on WebCrypto and on
 * noble alone. `npm test -- --project native` runs one of them.
 */
const tier = (
  name: 'native' | 'webcrypto' | 'noble',
  include: string[],
  exclude: string[] = [],
) => ({
  extends: true as const,
  test: {
    name,
    include,
    exclude: ['**/node_modules/**', ...exclude],
    setupFiles: ['test/helpers/tier.ts'],
    env: { CARESEAL_TIER: name },
  },
})

export default defineConfig({
  test: {
    coverage: { provider: 'v8', include: ['src/**'] },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      tier('native', ['test/**/*.test.ts']),
      tier('webcrypto', ['test/{internal,keys,envelope,record,log,ledger,consent}/**/*.test.ts']),
      tier('noble', ['test/{internal,keys,envelope,record,log,ledger,consent}/**/*.test.ts']),
    ],
  },
})
