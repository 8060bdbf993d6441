// `npm run mutation` (tools/mutation.mjs) says what is mutated, on which tier, and where the results go.
export default {
  packageManager: 'npm',
  testRunner: 'vitest',
  plugins: [
    '@stryker-mutator/vitest-runner',
    './tools/mutation/messages.mjs',
    './tools/mutation/live.mjs',
  ],
  vitest: { configFile: 'tools/mutation/vitest.config.ts', related: false },
  ignorers: ['messages'],
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  cleanTempDir: 'always',
  disableTypeChecks: '{src,test}/**/*.ts',
  ignorePatterns: ['/dist', '/bench', '/examples', '/reports', '/coverage', '/docs/api'],
  concurrency: 1,
  timeoutMS: 2000,
  timeoutFactor: 2,
  reporters: ['json', 'live', 'progress-append-only'],
}
