/** `npm run bench` runs all tables; `npm run bench -- envelope log` runs some. */
import { cpus } from 'node:os'

const benches: Record<string, () => Promise<void>> = {
  envelope: async () => (await import('./envelope.ts')).benchEnvelope(),
  bulk: async () => (await import('./bulk.ts')).benchBulk(),
  records: async () => (await import('./records.ts')).benchRecords(),
  canonicalize: async () => (await import('./canonicalize.ts')).benchCanonicalize(),
  log: async () => (await import('./log.ts')).benchLog(),
}

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(benches)
console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`)
for (const name of chosen) {
  const bench = benches[name]
  if (bench === undefined) throw new Error(`no table ${name}: ${Object.keys(benches).join(', ')}`)
  await bench()
}
