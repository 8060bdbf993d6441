import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

it('examples/seal-a-study: a study is sealed, shared, read in part, and a changed blob found', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', 'tsx', 'examples/seal-a-study/main.ts', ...args], {
      encoding: 'utf8',
    })
  const { stdout, stderr, status } = run('12')
  expect(status, stderr).toBe(0)
  expect(stdout).toContain('read     slice 6 alone')
  expect(stdout).toContain('Signed by Radiology')
  expect(stdout).toContain('ERR_ENVELOPE_OPEN_FAILED')
  expect(run('many').status).toBe(2)
}, 120_000)
