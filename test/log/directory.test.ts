import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parseCheckpoint, verifyConsistency } from '../../src/log/index.ts'
import { directoryStore } from '../../src/store/fs/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { dice } from '../store/helpers/disk.ts'
import { temporaryDirectory } from '../store/helpers/temporary.ts'
import { readDirectory } from './helpers/c2spReader.ts'
import { batch, codeOf, openTestLog, origin, trust } from './helpers/logs.ts'
import { entry, sha256 } from './helpers/reference.ts'

// The crypto tier makes no difference here.
const once = process.env['CARESEAL_TIER'] === 'native' ? describe : describe.skip
const genesis = sha256(utf8('careseal/genesis/1'), utf8(origin))

once('a directory', () => {
  it('is read by whoever knows C2SP only, at every size on the way', async () => {
    const path = temporaryDirectory()
    const log = await openTestLog(directoryStore(path))
    let count = 0
    for (const more of [0, 1, 1, 3, 250, 1, 256, 300, 511]) {
      await log.append(batch(count, more))
      count += more
      const read = readDirectory(path, log.verifierKey)
      expect(read.origin).toBe(origin)
      expect(read.size).toBe(count + 1)
      expect(read.entries).toEqual([genesis, ...batch(0, count)])
    }
    await log.close()
    expect(
      readdirSync(path)
        .filter((name) => !name.startsWith('.'))
        .sort(),
    ).toEqual(['checkpoint', 'tile'])
  })

  it('with three levels of tiles, built in large appends', async () => {
    const path = temporaryDirectory()
    const store = directoryStore(path)
    const log = await openTestLog(store)
    const entries = batch(0, 66_000)
    for (let i = 0; i < entries.length; i += 11_000) await log.append(entries.slice(i, i + 11_000))
    const read = readDirectory(path, log.verifierKey)
    expect(read.size).toBe(66_001)
    expect(read.entries[66_000]).toEqual(entries[65_999])
    expect(readdirSync(join(path, 'tile')).sort()).toEqual(['0', '1', '2', 'entries'])
    const proof = await log.proveInclusion(65_537)
    await log.close()
    const again = await openTestLog(store)
    expect(await again.proveInclusion(65_537)).toBe(proof)
    await again.append(batch(66_000, 1))
    expect(readDirectory(path, log.verifierKey).size).toBe(66_002)
    await again.close()
  })
})

/** A running writer, and what it has said. */
interface Running {
  readonly lines: string[]
  readonly child: ChildProcess
  readonly ended: Promise<void>
  until(condition: (lines: readonly string[]) => boolean): Promise<void>
}

function start(...parameters: (string | number)[]): Running {
  const script = fileURLToPath(new URL('./helpers/writerProcess.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...parameters.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  let rest = ''
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve())
  })
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop()!
    lines.push(...parts)
  })
  const until: Running['until'] = async (condition) => {
    while (!condition(lines) && child.exitCode === null && child.signalCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  return { lines, child, ended, until }
}

once('a process that is killed', () => {
  it('loses nothing that it acknowledged, and every checkpoint continues the one before', async () => {
    const path = temporaryDirectory()
    const roll = dice(Date.now() % 1000)
    const acknowledged = new Map<number, number>()
    const notes = new Map<number, string>()
    let next = 0
    for (let round = 0; round < 6; round++) {
      const width = [1, 1, 7, 60, 1, 300][round]!
      const running = start(path, next, 200, width)
      const target = roll(60)
      await running.until((lines) => lines.filter((line) => line.startsWith('c')).length > target)
      await new Promise((resolve) => setTimeout(resolve, roll(10)))
      running.child.kill('SIGKILL')
      await running.ended
      for (const line of running.lines) {
        const [kind, first, second] = line.split(' ')
        if (kind === 'a') acknowledged.set(Number(first), Number(second))
        if (kind === 'c') {
          const note = Buffer.from(first!, 'base64').toString()
          const { size } = parseCheckpoint(note)
          expect(notes.get(size) ?? note).toBe(note)
          notes.set(size, note)
        }
        expect(kind).not.toBe('error')
      }
      next += 200 * width
    }
    const log = await openTestLog(directoryStore(path))
    const { entries, size } = readDirectory(path, log.verifierKey)
    expect(size).toBe(log.size)
    expect(acknowledged.size).toBeGreaterThan(5)
    for (const [index, number] of acknowledged) expect(entries[index]).toEqual(entry(number))
    const newer = await log.checkpoint()
    for (const [from, older] of notes) {
      const proof = await log.proveConsistency(from, size)
      await verifyConsistency(proof, { older, newer, policy: trust(log) })
    }
    await log.close()
    const left = readdirSync(join(path, '.~store')).filter((name) => !name.startsWith('owner-'))
    expect(left).toEqual([])
  }, 60_000)

  it('leaves its lock to the next one; a living process does not', async () => {
    const path = temporaryDirectory()
    const first = start(path, 0, 1, 1, 'hold')
    await first.until((lines) => lines.some((line) => line.startsWith('a')))
    const second = start(path, 5, 1, 1)
    await second.ended
    expect(second.lines).toEqual(['error ERR_LOG_LOCKED'])
    const here = openTestLog(directoryStore(path))
    await expect(here).rejects.toThrow(`Process ${first.child.pid}`)
    first.child.kill('SIGKILL')
    await first.ended
    const third = start(path, 9, 1, 1)
    await third.ended
    expect(third.lines).toContain('a 2 9')
    expect(third.lines).toContain('done')
  }, 60_000)

  it('whose lock is of another machine keeps it until somebody deletes the file', async () => {
    const path = temporaryDirectory()
    const store = directoryStore(path)
    await (await openTestLog(store)).close()
    const folder = join(path, '.~store')
    const [name] = readdirSync(folder).filter((one) => one.startsWith('owner-'))
    const owner = JSON.parse(readFileSync(join(folder, name!), 'utf8')) as object
    writeFileSync(
      join(folder, 'lock-.head'),
      JSON.stringify({ ...owner, host: 'elsewhere', pid: 1 }),
    )
    const opening = openTestLog(store)
    await expect(opening).rejects.toThrow(/elsewhere.*delete .*lock-\.head/)
    expect(await codeOf(openTestLog(store))).toBe('ERR_LOG_LOCKED')
  })
})
