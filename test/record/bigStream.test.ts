import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

/** 4 GiB where everything is required; enough elsewhere to exceed what the process may hold. */
const required = process.env['CARESEAL_REQUIRE_ALL'] === '1'
const gibibytes = required ? 4 : 0.5
const describeNative = process.env['CARESEAL_TIER'] === 'native' ? describe : describe.skip

describeNative('a stream larger than memory', () => {
  it(`of ${gibibytes} GiB is sealed, opened and read at places within 200 MB`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'careseal-'))
    try {
      const script = join(import.meta.dirname, 'helpers/bigStream.ts')
      const child = spawn(
        process.execPath,
        ['--import', 'tsx', script, folder, String(gibibytes * 2 ** 30)],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      const parts: Buffer[] = []
      child.stdout.on('data', (part: Buffer) => parts.push(part))
      const status = await new Promise((resolve) => child.on('close', resolve))
      const text = Buffer.concat(parts).toString()
      expect(status, text).toBe(0)
      const { peakAboveBaseline, ranges, records } = JSON.parse(text) as Record<string, number>
      expect(ranges).toBe(100)
      expect(records).toBe(100)
      expect(peakAboveBaseline).toBeLessThan(200e6)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }, 300_000)
})
