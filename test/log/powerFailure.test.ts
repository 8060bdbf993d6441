import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/internal/bytes.ts'
import { type Log, parseCheckpoint, readLog } from '../../src/log/index.ts'
import { storeOver } from '../../src/store/fs/directoryStore.node.ts'
import { Disk, type LeftOut, machine, marks, powerFailures } from '../store/helpers/disk.ts'
import { batch, collect, openTestLog, trust } from './helpers/logs.ts'
import { entry } from './helpers/reference.ts'

// The crypto tier makes no difference here.
const once = process.env['CARESEAL_TIER'] === 'native' ? describe : describe.skip

/** What the program saw: acknowledged entries by index, and checkpoints that came out. */
type Mark = { index: number; number: number } | { note: string }

async function append(log: Log, disk: Disk, from: number, count: number): Promise<void> {
  const places = await log.append(batch(from, count))
  places.forEach(({ index }, i) => {
    disk.mark({ index, number: from + i })
  })
  disk.mark({ note: await log.checkpoint() })
}

/** A log that passes the ends of tiles in small steps and in large ones, and is opened again in between. */
async function record(leftOut: LeftOut, steps: readonly number[]): Promise<Disk> {
  const disk = new Disk(leftOut)
  let log = await openTestLog(storeOver('/disk/log', disk, machine(1)))
  disk.mark({ note: await log.checkpoint() })
  let next = 0
  for (const step of steps) {
    if (step === 0) {
      await log.close()
      log = await openTestLog(storeOver('/disk/log', disk, machine(1)))
      continue
    }
    await append(log, disk, next, step)
    next += step
  }
  return disk
}

/** What is wrong with a log after a power failure, if anything is. */
async function check(left: Disk, seen: readonly Mark[]): Promise<string | null> {
  const store = storeOver('/disk/log', left, machine(1, 'id:after'))
  let log: Log
  try {
    log = await openTestLog(store)
  } catch (error) {
    return `does not open: ${String(error)}`
  }
  const entries = await collect(log.read(0, log.size))
  const notes = new Map<number, string>()
  for (const mark of seen) {
    if ('note' in mark) notes.set(parseCheckpoint(mark.note).size, mark.note)
    else if (
      entries[mark.index] === undefined ||
      toHex(entries[mark.index]!) !== toHex(entry(mark.number))
    ) {
      return `entry ${mark.index} is lost`
    }
  }
  for (const [size, note] of notes) {
    if (size > log.size) return `the checkpoint of size ${size} is lost`
    // It proves against the very note that came out, or it is another history.
    await log.proveInclusion(0, { checkpoint: note })
  }
  // It goes on, and what is published is whole.
  await log.append(batch(90_000, 2))
  const reader = await readLog({ store, policy: trust(log) })
  const published = await collect(reader.read(0, reader.size))
  if (published.length !== log.size) return 'not everything is published'
  await log.close()
  return null
}

async function failureOf(disk: Disk, every: number, random: number): Promise<string | null> {
  for (let count = disk.operations.length; count >= 0; count -= every) {
    for (const left of powerFailures(disk.operations, count, 8, random)) {
      const wrong = await check(left, marks(disk.operations, count) as Mark[])
      if (wrong !== null) return `after ${count} operations: ${wrong}`
    }
  }
  return null
}

once('a log after a power failure', () => {
  it('holds what was acknowledged, in small steps', async () => {
    const disk = await record(null, [1, 2, 0, 1])
    expect(await failureOf(disk, 1, 6)).toBeNull()
  }, 120_000)

  it('holds what was acknowledged, across the ends of tiles', async () => {
    const disk = await record(null, [250, 1, 10, 3, 600, 0, 2, 240])
    expect(await failureOf(disk, 13, 2)).toBeNull()
  }, 120_000)

  it('holds what was acknowledged when the power fails again after a restart', async () => {
    const first = await record(null, [254, 3])
    for (let count = first.operations.length; count > 60; count -= 17) {
      for (const left of powerFailures(first.operations, count, 4, 3)) {
        // What one power failure left is the start of the next life.
        const seen = marks(first.operations, count) as Mark[]
        const log = await openTestLog(storeOver('/disk/log', left, machine(1, 'id:2')))
        left.mark({ note: await log.checkpoint() })
        await append(log, left, 5000, 2)
        const whole = left.withHistory()
        for (const again of powerFailures(whole, whole.length, 4, 3)) {
          const wrong = await check(again, [...seen, ...(marks(whole, whole.length) as Mark[])])
          expect(wrong, `after ${count} operations`).toBeNull()
        }
      }
    }
  }, 120_000)

  it('does not trust a head that a killed process did not make durable', async () => {
    // The process dies between writing the head and waiting for it; the next one shows its checkpoint.
    const disk = new Disk()
    const dying = storeOver('/disk/log', disk, machine(1))
    const log = await openTestLog(dying)
    await append(log, disk, 0, 3)
    const before = disk.operations.length
    await append(log, disk, 3, 1)
    const head = disk.operations.findIndex(
      (operation, i) => i > before && operation.type === 'name' && operation.name === '.head',
    )
    const survivors = Disk.afterPowerFailure(disk.operations.slice(0, head + 1), (n) => n - 1)
    // All of it is in the memory of the system, nothing more is on the disk than before.
    survivors.assume(disk.operations.slice(0, head + 1))
    const second = await openTestLog(storeOver('/disk/log', survivors, machine(2, 'id:1', [2])))
    survivors.mark({ note: await second.checkpoint() })
    expect(second.size).toBe(5)
    for (const left of powerFailures(survivors.operations, survivors.operations.length, 8, 30)) {
      const seen = marks(survivors.operations, survivors.operations.length) as Mark[]
      expect(await check(left, seen)).toBeNull()
    }
  })

  for (const leftOut of ['content', 'entry', 'parent', 'root'] as const) {
    it(`would lose something without the wait for "${leftOut}"`, async () => {
      const disk = await record(leftOut, [250, 10, 3, 600, 2])
      expect(await failureOf(disk, 2, 6)).not.toBeNull()
    }, 120_000)
  }
})
