import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

it('the example moves an archive, resumes, and accounts for what failed', () => {
  const output = execFileSync(
    process.execPath,
    ['--import', 'tsx', 'examples/migrate-archive/main.ts'],
    { encoding: 'utf8' },
  )
  expect(output).toContain('First run, cut off after five files: 5 moved, 0 moved before, 0 failed')
  expect(output).toContain('Second run: 2 moved, 5 moved before, 3 failed')
  expect(output).toContain('failed  observation-6.jwe: ERR_ALGORITHM_UNSUPPORTED')
  expect(output).toContain('failed  scan-cut.dcm.age: ERR_ENVELOPE_OPEN_FAILED')
  expect(output).toContain('7 records opened, compared with the old content, and found in the log.')
})
