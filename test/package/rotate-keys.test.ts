import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

it('examples/rotate-keys: a killed rotation is resumed, and ends post-quantum', () => {
  const command = ['--import', 'tsx', 'examples/rotate-keys/main.ts', '400']
  const output = execFileSync(process.execPath, command, { encoding: 'utf8' })
  const lines = output.split('\n').map((line) => line.trim())
  expect(lines.filter((line) => line.startsWith('killed by SIGKILL'))).toHaveLength(2)
  const resumed = lines.flatMap((line) => {
    const counts = /^finished: (\d+) moved, (\d+) were moved already/.exec(line)
    return counts === null ? [] : [[Number(counts[1]), Number(counts[2])]]
  })
  expect(resumed).toHaveLength(4)
  for (const [moved, skipped] of resumed) expect(moved! + skipped!).toBe(400)
  // After each kill something was done and something was left; the run after that found nothing to do.
  for (const i of [0, 2]) {
    expect(resumed[i]![0]).toBeGreaterThan(0)
    expect(resumed[i]![1]).toBeGreaterThanOrEqual(200)
    expect(resumed[i + 1]).toEqual([0, 400])
  }
  expect(output).toContain('400 open without the old key, classical')
  expect(output).toContain('400 open without the old key, post-quantum')
  expect(output).toContain('X-Wing active, X25519 destroyed, X25519 destroyed')
})
