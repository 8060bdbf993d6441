/**
 * A folder of JWE and age files becomes sealed records in a log. The first run is cut off, the second goes on behind it;
 * what could not be moved is accounted for, and every record is opened and compared with what the old file held.
 *
 * npx tsx examples/migrate-archive/main.ts
 */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openRecord, openRecordStream } from 'careseal'
import { fromAgeIdentity } from 'careseal/envelope'
import {
  ed25519,
  fromJwk,
  generateIdentity,
  generateKey,
  type Jwk,
  keyDirectory,
  p256,
} from 'careseal/keys'
import { openLog, parseLogPolicy } from 'careseal/log'
import { directoryBlobs, directoryStore } from 'careseal/store/fs'
import { type Account, migrate } from './migrate.ts'
import { makeSample } from './sample.ts'

const output = join(dirname(fileURLToPath(import.meta.url)), 'output')
const archive = join(output, 'archive')
const target = join(output, 'moved')

function show(title: string, { moved, before, failed }: Account): void {
  console.log(
    `\n${title}: ${moved.length} moved, ${before.length} moved before, ${failed.length} failed`,
  )
  for (const file of moved) console.log(`   moved   ${file}`)
  for (const { file, code } of failed) console.log(`   failed  ${file}: ${code}`)
}

await rm(output, { recursive: true, force: true })
await mkdir(output, { recursive: true })
const sample = await makeSample(archive)

// The old keys, in the forms that their software keeps them in.
const keys = {
  jwe: await fromJwk(sample.jwk as unknown as Jwk, { algorithms: [p256], secret: true }),
  age: await fromAgeIdentity(sample.identity),
}
// Who moves the archive; docs/keys.md shows how to keep an identity.
const author = await generateIdentity()
const signer = await generateKey(ed25519)
const store = directoryStore(join(target, 'log'))
const log = await openLog({ origin: 'flogsta.example/archive', signer, store })
const blobs = directoryBlobs(join(target, 'blobs'))
const migration = { archive, target, keys, author, log, blobs }

show('First run, cut off after five files', await migrate({ ...migration, stopAfter: 5 }))
const account = await migrate(migration)
show('Second run', account)

const failed = Object.fromEntries(account.failed.map(({ file, code }) => [file, code]))
for (const [file, code] of Object.entries(sample.broken)) {
  if (failed[file] !== code) throw new Error(`${file} failed with ${failed[file]}, not ${code}`)
}

const authors = keyDirectory([{ identity: author.public, name: 'The archive' }])
const trust = { logs: parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`) }
for (const [file, content] of sample.contents) {
  const envelope = new Uint8Array(await readFile(join(target, 'records', `${file}.cose`)))
  const receipt = new Uint8Array(await readFile(join(target, 'records', `${file}.receipt`)))
  const options = { as: author, authors, proof: { receipt, trust } }
  let read: Uint8Array
  if (content.length > 16 * 1024 * 1024) {
    const opened = await openRecordStream(envelope, { ...options, blobs })
    const pieces: Uint8Array[] = []
    for await (const piece of opened.stream()) pieces.push(piece)
    read = Buffer.concat(pieces)
  } else {
    read = (await openRecord(envelope, options)).content
  }
  if (Buffer.compare(read, content) !== 0) throw new Error(`${file} holds something else now`)
}
await log.close()
console.log(
  `\n${sample.contents.size} records opened, compared with the old content, and found in the log.`,
)
console.log('The old files are where they were. Destroying them, and every backup, is up to you.')
