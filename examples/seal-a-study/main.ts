/**
 * An imaging study as a record: sealed slice by slice into a directory, logged, shared with a surgeon who reads one
 * slice without the rest, and then changed by somebody who has the key. `main.ts 4000` makes a study of 4000 slices
 * (2 GB); memory stays the same.
 */
import assert from 'node:assert/strict'
import { mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  explainRecord,
  isCaresealError,
  openRecordStream,
  sealRecordStream,
  shareRecord,
} from 'careseal'
import { ed25519, generateIdentity, generateKey, keyDirectory } from 'careseal/keys'
import { openLog, parseLogPolicy } from 'careseal/log'
import { directoryBlobs, directoryStore } from 'careseal/store/fs'

const slices = Number(process.argv[2] ?? 120)
if (!Number.isInteger(slices) || slices < 1) {
  console.error('usage: main.ts [number of slices]')
  process.exit(2)
}
const sliceSize = 512 * 1024 + 132
const output = join(import.meta.dirname, 'output')
const envelopePath = join(output, 'study.cose')
await rm(output, { recursive: true, force: true })
await mkdir(output, { recursive: true })
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** One slice as a scanner writes it: the preamble and mark of a DICOM file (PS3.10 §7.1), then pixels. */
function slice(number: number): Uint8Array {
  const bytes = new Uint8Array(sliceSize)
  bytes.set(new TextEncoder().encode('DICM'), 128)
  const pixels = new Uint16Array(bytes.buffer, 132, 512 * 512)
  for (let i = 0; i < pixels.length; i++) pixels[i] = (i * 31 + number * 7) & 0x0fff
  return bytes
}

/** The scanner hands slices out one by one; nobody ever holds the study. */
async function* scan(): AsyncGenerator<Uint8Array> {
  for (let number = 0; number < slices; number++) yield slice(number)
}

const radiology = await generateIdentity()
const surgeon = await generateIdentity()
const log = await openLog({
  origin: 'hospital.example/log',
  signer: await generateKey(ed25519),
  store: directoryStore(join(output, 'log')),
})
const blobs = directoryBlobs(join(output, 'blobs'))

const begun = performance.now()
const sealed = await sealRecordStream(scan(), {
  author: radiology,
  recipients: [radiology.public],
  mediaType: 'application/dicom',
  blobs,
  log,
})
await writeFile(envelopePath, sealed.envelope)
const rate = sealed.size / (performance.now() - begun) / 1000
console.log(`sealed   ${slices} slices, ${megabytes(sealed.size)} at ${rate.toFixed(0)} MB/s`)
console.log(`         envelope ${sealed.envelope.length} bytes, blob ${sealed.blob.slice(0, 32)}…`)
console.log(`logged   entry ${sealed.index}, receipt ${sealed.receipt.length} bytes`)

const shared = await shareRecord(await readFile(envelopePath), {
  as: radiology,
  recipients: [surgeon.public],
})
await writeFile(envelopePath, shared.envelope)
console.log('shared   with the surgeon: the envelope was rewritten, the blob was not touched')

const authors = keyDirectory([{ identity: radiology.public, name: 'Radiology' }])
const trust = { logs: parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`) }
const proof = { receipt: sealed.receipt, trust }
const options = { as: surgeon, authors, blobs, proof }
const study = await openRecordStream(await readFile(envelopePath), options)
console.log(`\n${explainRecord(study)}\n`)

const wanted = Math.floor(slices / 2)
const parts: Uint8Array[] = []
for await (const part of study.range(wanted * sliceSize, sliceSize)) parts.push(part)
assert.deepEqual(Buffer.concat(parts), Buffer.from(slice(wanted)))
console.log(`read     slice ${wanted} alone, verified against what radiology signed`)

let size = 0
for await (const part of study.stream()) size += part.length
assert.equal(size, study.size)
console.log(`read     all ${megabytes(size)}, digest as signed`)

// Somebody changes one bit of the blob on the disk.
const path = join(output, 'blobs', sealed.blob)
const { size: stored } = await stat(path)
const file = await open(path, 'r+')
const bit = new Uint8Array(1)
const at = Math.floor(stored / 3)
await file.read(bit, 0, 1, at)
await file.write(
  bit.map((byte) => byte ^ 1),
  0,
  1,
  at,
)
await file.close()
try {
  for await (const _ of study.stream());
  assert.fail('a changed blob was taken')
} catch (error) {
  assert(isCaresealError(error, 'ERR_ENVELOPE_OPEN_FAILED'), String(error))
  console.log(`changed  one bit of the blob: ${error.code}`)
}
study.close()
await log.close()
