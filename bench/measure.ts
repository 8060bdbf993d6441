/** One thing to measure: `run` does it once; `in flight` says how many run at a time. */
export interface Case {
  readonly name: string
  readonly run: () => unknown
  /** Calls under way at once; 1 unless given. */
  readonly inFlight?: number
  /** What one call counts for, such as the records of a batch; 1 unless given. */
  readonly units?: number
}

/** What came out: units per second, the median of all rounds. */
export interface Measured {
  readonly name: string
  readonly perSecond: number
}

const rounds = 7
const millisecondsPerRound = 250

async function once({ run, inFlight = 1, units = 1 }: Case, milliseconds: number): Promise<number> {
  const start = performance.now()
  let calls = 0
  for (let now = start; now - start < milliseconds; now = performance.now()) {
    if (inFlight === 1) await run()
    else await Promise.all(Array.from({ length: inFlight }, run))
    calls += inFlight
  }
  return (calls * units * 1000) / (performance.now() - start)
}

/**
 * Measures cases side by side: each is warmed up, then all take turns, round after round, so that whatever
 * else the machine does hits all of them alike. The median of the rounds counts.
 */
export async function measure(cases: readonly Case[]): Promise<Measured[]> {
  const results = cases.map(() => [] as number[])
  for (const one of cases) await once(one, millisecondsPerRound)
  for (let round = 0; round < rounds; round++) {
    for (const [i, one] of cases.entries()) results[i]!.push(await once(one, millisecondsPerRound))
  }
  return cases.map(({ name }, i) => ({ name, perSecond: median(results[i]!) }))
}

/** The middle one of a list of numbers. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

/** Prints a table: rate, time per unit, and how many times as fast as the case that it is compared with. */
export function table(title: string, rows: readonly Measured[], against?: string): void {
  const base = rows.find(({ name }) => name === against)?.perSecond
  console.log(`\n### ${title}\n`)
  console.log(`| | per second | each |${base === undefined ? '' : ` × ${against} |`}`)
  console.log(`|---|---:|---:|${base === undefined ? '' : '---:|'}`)
  for (const { name, perSecond } of rows) {
    const ratio = base === undefined ? '' : ` ${(perSecond / base).toFixed(2)} |`
    console.log(`| ${name} | ${rate(perSecond)} | ${duration(1 / perSecond)} |${ratio}`)
  }
}

function rate(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1)
}

function duration(seconds: number): string {
  if (seconds >= 1) return `${seconds.toFixed(2)} s`
  return seconds >= 1e-3 ? `${(seconds * 1e3).toFixed(2)} ms` : `${(seconds * 1e6).toFixed(1)} µs`
}
