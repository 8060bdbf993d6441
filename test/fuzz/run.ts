/**
 * `npm run fuzz` damages everything that this version reads, for a minute. `npm run fuzz -- --count 1000000 --only
 * envelope,keys` gives a million inputs to two areas; `--seconds 600`, `--seed 7`. Every input must be taken or
 * refused with an error of ours; none may show content, take more than 100 ms of processor time, or let the heap
 * grow. What fails is told with the state to go back to: `--only open --state 12345 --count 1`.
 */
import { inspect, parseArgs } from 'node:util'
import { isCaresealError } from '../../src/errors.ts'
import { seeded, withFixedRandom } from './random.ts'
import { areas, makeTargets, type Target } from './targets.ts'
import { makeWorld } from './world.ts'

/** Milliseconds of processor time that no input may take, measured again before it counts. */
const limit = 100
/** Megabytes that the heap may grow between a quarter of the run and its end. */
const growth = 16

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    count: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    state: { type: 'string' },
  },
})
const seed = Number(values.seed)
const count = values.count === undefined ? Number.POSITIVE_INFINITY : Number(values.count)
const seconds = Number(values.seconds ?? (count < Number.POSITIVE_INFINITY ? 3600 : 60))
if (!Number.isSafeInteger(seed) || !(count > 0) || !(seconds > 0)) {
  throw new RangeError('--seed, --count and --seconds are numbers')
}

interface Tally {
  readonly name: string
  readonly run: Target
  accepted: number
  refused: number
  /** Processor time of all inputs, in milliseconds. */
  total: number
  worst: number
  /** The state before the slowest input. */
  worstState: number
}

const random = seeded(seed)
const world = await withFixedRandom(seed, makeWorld)
const tallies = chosen(makeTargets(world, random, seed))
if (values.state !== undefined) random.state = Number(values.state)

const slow: string[] = []
let inputs = 0
let baseline: number | null = null
const started = performance.now()
const elapsed = (): number => (performance.now() - started) / 1000
while (inputs < count && elapsed() < seconds) {
  for (const tally of tallies) {
    if (inputs >= count) break
    await feed(tally)
    inputs++
  }
  if (baseline === null && (inputs > count / 4 || elapsed() > seconds / 4)) baseline = heap()
}
const grown = baseline === null ? 0 : heap() - baseline
report()

function chosen(all: ReturnType<typeof makeTargets>): Tally[] {
  const only = values.only?.split(',') ?? [...areas]
  const list = areas.flatMap((area) =>
    Object.entries(all[area])
      .filter(([name]) => only.includes(area) || only.includes(name))
      .map(([name, run]) => ({
        name,
        run,
        accepted: 0,
        refused: 0,
        total: 0,
        worst: 0,
        worstState: 0,
      })),
  )
  const known = [...areas, ...list.map(({ name }) => name)] as string[]
  const unknown = only.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new RangeError(`--only takes ${areas.join(', ')}, or functions`)
  return list
}

/** One input, again if it took too long: other programs and the garbage collector take their turns too. */
async function feed(tally: Tally): Promise<void> {
  const before = random.state
  let least = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 5 && least > limit; attempt++) {
    random.state = before
    const from = process.cpuUsage()
    const outcome = await attemptOnce(tally, before)
    const { user, system } = process.cpuUsage(from)
    least = Math.min(least, (user + system) / 1000)
    if (attempt === 0) tally[outcome]++
  }
  tally.total += least
  if (least > tally.worst) {
    tally.worst = least
    tally.worstState = before
  }
  if (least > limit) slow.push(`${tally.name}: ${least.toFixed(0)} ms, ${again(tally, before)}`)
}

async function attemptOnce(tally: Tally, before: number): Promise<'accepted' | 'refused'> {
  try {
    await tally.run()
    return 'accepted'
  } catch (error) {
    if (!isCaresealError(error)) {
      console.error(`${tally.name}: no error of ours; ${again(tally, before)}`)
      throw error
    }
    // All that an error shows is looked at now and then: it takes longer than most inputs.
    const told = random.once(64) ? inspect(error, { depth: 4 }) : error.message
    if (told.includes('Silverhand')) {
      throw new Error(`${tally.name}: the message shows content; ${again(tally, before)}`)
    }
    return 'refused'
  }
}

function again({ name }: Tally, state: number): string {
  return `--only '${name}' --seed ${seed} --state ${state} --count 1`
}

function heap(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}

function report(): void {
  const time = elapsed()
  const width = Math.max(...tallies.map(({ name }) => name.length))
  const number = (value: number): string => value.toLocaleString('en').padStart(11)
  console.log(
    `${'function'.padEnd(width)}      inputs    accepted     refused     mean ms    worst ms`,
  )
  for (const { name, accepted, refused, total, worst } of tallies) {
    const counts = [accepted + refused, accepted, refused].map(number).join(' ')
    const mean = (total / (accepted + refused)).toFixed(3).padStart(11)
    console.log(`${name.padEnd(width)} ${counts} ${mean} ${worst.toFixed(1).padStart(11)}`)
  }
  console.log(
    `seed ${seed}: ${inputs.toLocaleString('en')} inputs to ${tallies.length} functions in ${time.toFixed(0)} s, ${Math.round(inputs / time).toLocaleString('en')} a second; heap grew by ${grown.toFixed(1)} MB`,
  )
  for (const line of slow) console.error(`slow: ${line}`)
  if (globalThis.gc === undefined) console.error('without --expose-gc the heap says nothing')
  if (slow.length > 0 || (globalThis.gc !== undefined && grown > growth)) process.exitCode = 1
}
