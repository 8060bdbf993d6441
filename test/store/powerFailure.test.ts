import { describe, expect, it } from 'vitest'
import { blobsOver } from '../../src/store/fs/directoryBlobs.node.ts'
import { storeOver } from '../../src/store/fs/directoryStore.node.ts'
import type { Store } from '../../src/store/index.ts'
import { Disk, type LeftOut, machine, marks, powerFailures } from './helpers/disk.ts'

const value = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : new TextDecoder().decode(bytes)

/** What the program did: `begin` before a write, `done` when it was acknowledged. */
interface Step {
  readonly state: 'begin' | 'done'
  readonly writes: Readonly<Record<string, string | null>>
}

/** A program that writes in every way there is. */
async function record(leftOut: LeftOut): Promise<Disk> {
  const disk = new Disk(leftOut)
  const store = storeOver('/disk/a/b', disk, machine(1))
  const step = async (writes: Step['writes'], run: () => Promise<unknown>): Promise<void> => {
    disk.mark({ state: 'begin', writes })
    await run()
    disk.mark({ state: 'done', writes })
  }
  const put = (key: string, content: string | null): Promise<void> =>
    step({ [key]: content }, () => store.put(key, content === null ? null : value(content)))
  await put('one', 'first')
  await put('one', 'second, longer than the first')
  await put('folder/two', 'nested')
  await step({ one: 'third' }, () =>
    store.put('one', value('third'), { expect: value('second, longer than the first') }),
  )
  await step({ 'x/1': 'a', 'x/2': 'b', 'y/z/3': 'c' }, () =>
    store.putMany!(['x/1', 'x/2', 'y/z/3'].map((key, i) => ({ key, value: value('abc'[i]!) }))),
  )
  await put('folder/two', null)
  await put('folder/two', 'again')
  await put('y/z/3', null)
  return disk
}

/** What is wrong after any power failure, if anything is. */
async function failureOf(
  disk: Disk,
  after: (store: Store) => Promise<void>,
): Promise<string | null> {
  for (let count = 0; count <= disk.operations.length; count++) {
    const acknowledged = new Map<string, string | null>()
    let running: Step['writes'] = {}
    for (const step of marks(disk.operations, count) as Step[]) {
      if (step.state === 'begin') running = step.writes
      else {
        for (const [key, content] of Object.entries(step.writes)) acknowledged.set(key, content)
        running = {}
      }
    }
    for (const left of powerFailures(disk.operations, count, 16, 12)) {
      const store = storeOver('/disk/a/b', left, machine(1, 'id:2'))
      for (const key of ['one', 'folder/two', 'x/1', 'x/2', 'y/z/3']) {
        const found = text(await store.get(key))
        const allowed = [acknowledged.get(key) ?? null, running[key]]
        if (!allowed.includes(found)) return `after ${count}: ${key} is ${found}, not ${allowed}`
      }
      await after(store)
    }
  }
  return null
}

describe('directoryStore after a power failure', () => {
  it('holds whatever was acknowledged, and works on', async () => {
    const disk = await record(null)
    const found = await failureOf(disk, async (store) => {
      await store.put('one', value('new'))
      expect(text(await store.get('one'))).toBe('new')
      expect(await store.put('one', value('newer'), { expect: value('new') })).toBe(true)
    })
    expect(found).toBeNull()
  })

  for (const leftOut of ['content', 'entry', 'parent', 'root'] as const) {
    it(`would lose something without the wait for "${leftOut}"`, async () => {
      expect(await failureOf(await record(leftOut), async () => {})).not.toBeNull()
    })
  }

  it('removes what the lost process left unfinished', async () => {
    const disk = await record(null)
    for (let count = 0; count <= disk.operations.length; count += 3) {
      for (const left of powerFailures(disk.operations, count, 4, 4)) {
        const store = storeOver('/disk/a/b', left, machine(1, 'id:2'))
        await store.put('one', value('new'))
        const own = left.paths().filter((path) => path.includes('.~store/'))
        // The owner file of this process; a lock or a temporary file that nobody owns for sure may stay.
        expect(own.filter((path) => path.includes('/owner-')).length).toBe(1)
        expect(own.filter((path) => path.includes('/write')).length).toBe(0)
      }
    }
  })
})

describe('directoryBlobs after a power failure', () => {
  it('holds whole blobs or none', async () => {
    for (const leftOut of [null, 'content', 'entry'] as const) {
      const disk = new Disk(leftOut)
      const blobs = blobsOver('/blobs', disk, machine(1))
      async function* source(): AsyncGenerator<Uint8Array> {
        yield value('one ')
        yield value('two')
      }
      await blobs.put('b', source())
      disk.mark('done')
      let lost = 0
      for (let count = 0; count <= disk.operations.length; count++) {
        for (const left of powerFailures(disk.operations, count, 64, 20)) {
          const after = blobsOver('/blobs', left, machine(1, 'id:2'))
          const size = await after.size('b')
          const whole = size === 7
          if (!whole && (size !== null || marks(disk.operations, count).length > 0)) lost++
        }
      }
      if (leftOut === null) expect(lost).toBe(0)
      else expect(lost).toBeGreaterThan(0)
    }
  })
})
