/**
 * Seals and opens a stream of many GiB in a process of its own, watches its memory, and reads at random places:
 * `bigStream.ts folder bytes`. Content is a counter, so that every byte read can be checked.
 */
import { createWriteStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { openRange, openStream, sealStream } from '../../../src/envelope/index.ts'
import { openRecordStream, sealRecordStream } from '../../../src/index.ts'
import { generateIdentity, keyDirectory } from '../../../src/keys/index.ts'
import { directoryBlobs } from '../../../src/store/fs/index.ts'

const [folder = '.', count = '0'] = process.argv.slice(2)
const size = Number(count)
const author = await generateIdentity()
const options = { as: author, authors: keyDirectory([author.public]) }
const step = 1 << 20

/** Byte i of the content: its 32-bit word is its place. */
function fill(bytes: Uint32Array, from: number): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (from / 4 + i) >>> 0
}

async function* content(): AsyncGenerator<Uint8Array> {
  const words = new Uint32Array(step / 4)
  for (let at = 0; at < size; at += step) {
    fill(words, at)
    yield new Uint8Array(words.buffer)
  }
}

/** Checks pieces against what the content is; returns how many bytes came. */
async function check(pieces: AsyncIterable<Uint8Array>, offset = 0): Promise<number> {
  let at = offset
  const word = new DataView(new ArrayBuffer(4))
  for await (const piece of pieces) {
    // Every byte near the edges of a piece, a sample of the rest: checking must not be what takes the time.
    for (let i = 0; i < piece.length; i += i < 64 || i > piece.length - 65 ? 1 : 61) {
      word.setUint32(0, Math.floor((at + i) / 4) >>> 0, true)
      if (piece[i] !== word.getUint8((at + i) % 4)) throw new Error(`byte ${at + i} is wrong`)
    }
    at += piece.length
  }
  return at - offset
}

const baseline = process.memoryUsage().rss
let peak = baseline
const timer = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss)
}, 5)
timer.unref()
const seconds = async <T>(run: () => Promise<T>): Promise<number> => {
  const start = performance.now()
  await run()
  return (performance.now() - start) / 1000
}

const path = join(folder, 'study.sealed')
const sealing = await seconds(() =>
  pipeline(sealStream(content(), { author, recipients: [author.public] }), createWriteStream(path)),
)
const file = await open(path)
const source = {
  size: (await stat(path)).size,
  async read(offset: number, length: number) {
    const bytes = new Uint8Array(length)
    const { bytesRead } = await file.read(bytes, 0, length, offset)
    return bytes.subarray(0, bytesRead)
  },
}
const opened = openStream(file.createReadStream({ autoClose: false }), options)
const opening = await seconds(async () => {
  if ((await check(opened)) !== size) throw new Error('not all of it came back')
})
if (opened.verified().size !== size) throw new Error('the seal says another size')

let ranges = 0
for (; ranges < 100; ranges++) {
  const offset = Math.floor(Math.random() * (size - 100_000))
  const length = 1 + Math.floor(Math.random() * 100_000)
  const part = openRange(source, { ...options, offset, length })
  if ((await check(part, offset)) !== length) throw new Error('a range is short')
}
await file.close()

const blobs = directoryBlobs(join(folder, 'blobs'))
const { envelope } = await sealRecordStream(content(), {
  author,
  recipients: [author.public],
  mediaType: 'application/dicom',
  blobs,
})
const record = await openRecordStream(envelope, { ...options, blobs })
if ((await check(record.stream())) !== size) throw new Error('not all of the record came back')
let records = 0
for (; records < 100; records++) {
  const offset = Math.floor(Math.random() * (size - 100_000))
  const length = 1 + Math.floor(Math.random() * 100_000)
  if ((await check(record.range(offset, length), offset)) !== length) throw new Error('short')
}
record.close()
clearInterval(timer)
const megabytes = (time: number): number => Math.round(size / time / 1e6)
console.log(
  JSON.stringify({
    peakAboveBaseline: peak - baseline,
    ranges,
    records,
    sealing: megabytes(sealing),
    opening: megabytes(opening),
  }),
)
