import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { isCaresealError } from '../../../src/errors.ts'
import { directoryStore } from '../../../src/store/fs/index.ts'
import { openTestLog } from './logs.ts'

/*
 * A process that appends until it is killed. It says on standard output what was acknowledged, in writes that are
 * done when they return: `a <index> <number of the entry>`, and every checkpoint it saw as `c <base64>`.
 */

const [path, first, count, width] = process.argv.slice(2)
/** A pipe that is full says EAGAIN; what was said must be said before the next thing is done. */
function say(line: string): void {
  const bytes = Buffer.from(`${line}\n`)
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done)
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') throw error
    }
  }
}

try {
  const log = await openTestLog(directoryStore(path!))
  say('open')
  const note = async (): Promise<void> =>
    say(`c ${Buffer.from(await log.checkpoint()).toString('base64')}`)
  await note()
  for (let i = 0; i < Number(count); i++) {
    const numbers = Array.from(
      { length: Number(width) },
      (_, k) => Number(first) + i * Number(width) + k,
    )
    const entries = numbers.map(
      (number) => new Uint8Array(createHash('sha256').update(`entry ${number}`).digest()),
    )
    const places = await log.append(entries)
    places.forEach(({ index }, k) => {
      say(`a ${index} ${numbers[k]}`)
    })
    await note()
  }
  if (process.argv.includes('hold')) await new Promise((resolve) => setTimeout(resolve, 60_000))
  await log.close()
  say('done')
} catch (error) {
  if (!isCaresealError(error)) throw error
  say(`error ${error.code}`)
}
