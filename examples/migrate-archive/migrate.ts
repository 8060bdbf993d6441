import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, stat, truncate } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { type RecordInput, sealRecordStream, sealRecords } from 'careseal'
import { fromAge, fromJwe, openAge, type Reader } from 'careseal/envelope'
import { isCaresealError } from 'careseal/errors'
import type { Identity } from 'careseal/keys'
import type { Log } from 'careseal/log'
import type { BlobStore } from 'careseal/store'

/** Above this size an age file goes through as a stream; below, and as JWE, a file is a record in one piece. */
const largest = 16 * 1024 * 1024

/** What becomes of an archive. */
export interface Account {
  /** Files that became records in this run. */
  readonly moved: string[]
  /** Files that an earlier run had moved. */
  readonly before: string[]
  /** Files that did not, and the code that says why. They stay where they are. */
  readonly failed: { readonly file: string; readonly code: string; readonly message: string }[]
}

/** Where from, where to, and with whose keys. */
export interface Migration {
  /** Folder of `.jwe` and `.age` files; nothing in it is changed. */
  readonly archive: string
  /** Folder for envelopes, receipts and the journal. */
  readonly target: string
  /** The keys that open the old files, by the endings of their names. */
  readonly keys: { readonly jwe: Reader; readonly age: Reader }
  /** Who moves the archive, and signs for that: not for who wrote the old files. */
  readonly author: Identity
  readonly log: Log
  readonly blobs: BlobStore
  /** Ends after so many files, as if the power had gone. */
  readonly stopAfter?: number
}

/** Moves what is not moved yet. Run it again after a crash, or when failed files were mended. */
export async function migrate(migration: Migration): Promise<Account> {
  const {
    archive,
    target,
    author,
    log,
    blobs,
    keys,
    stopAfter = Number.POSITIVE_INFINITY,
  } = migration
  await mkdir(join(target, 'records'), { recursive: true })
  const journal = join(target, 'journal.ndjson')
  const done = new Set(await journalled(journal))
  const account: Account = { moved: [], before: [...done], failed: [] }
  const files = (await filesOf(archive)).filter((file) => !done.has(file)).slice(0, stopAfter)
  const recipients = [author.public]

  /** Only when the record is on disk does the journal say so: a crash in between seals it once more. */
  async function keep(
    file: string,
    record: { id: string; envelope: Uint8Array; receipt: Uint8Array },
  ) {
    await writeDurably(join(target, 'records', `${file}.cose`), record.envelope)
    await writeDurably(join(target, 'records', `${file}.receipt`), record.receipt)
    await syncFolder(join(target, 'records'))
    await appendDurably(journal, `${JSON.stringify({ file, id: record.id })}\n`)
    account.moved.push(file)
  }

  function report(file: string, error: unknown) {
    // A disk that is full or a mistake in this program is no property of the file.
    if (!isCaresealError(error)) throw error
    account.failed.push({ file, code: error.code, message: error.message })
  }

  /** What openAge reads; a JWE comes in one piece only, and is a third longer than its content. */
  async function isStream(file: string): Promise<boolean> {
    return extname(file) !== '.jwe' && (await stat(join(archive, file))).size > largest
  }

  async function* inputs(): AsyncGenerator<RecordInput<string>> {
    for (const file of files) {
      const path = join(archive, file)
      try {
        if (await isStream(file)) continue
        const bytes = await readFile(path)
        if (extname(file) === '.jwe') {
          const { content, mediaType } = await fromJwe(bytes, { as: keys.jwe })
          yield { key: file, content, mediaType: mediaType ?? 'application/octet-stream' }
        } else {
          // An age file says nothing of what it holds; here its name does.
          const { content } = await fromAge(bytes, { as: keys.age })
          yield { key: file, content, mediaType: mediaTypeOf(file) }
        }
      } catch (error) {
        report(file, error)
      }
    }
  }

  // A batch is in memory at once: 16 records of up to 16 MiB.
  const options = { author, recipients, log, batchSize: 16 }
  for await (const { records, failed } of sealRecords(inputs(), options)) {
    for (const record of records) await keep(record.key, record)
    // Sealing says what is wrong with one input instead of throwing: a property of the file, whatever the error.
    for (const { key, error } of failed) {
      const { name, message } = error as Error
      const code = isCaresealError(error) ? error.code : name
      account.failed.push({ file: key, code, message })
    }
  }

  for (const file of files) {
    if (!(await isStream(file))) continue
    const path = join(archive, file)
    try {
      // What openAge gives is provisional; sealRecordStream deletes its blob again if the file ends in an error.
      const content = openAge(createReadStream(path), { as: keys.age })
      const mediaType = mediaTypeOf(file)
      await keep(
        file,
        await sealRecordStream(content, { author, recipients, log, blobs, mediaType }),
      )
    } catch (error) {
      report(file, error)
    }
  }
  return account
}

/** The files of a folder; folders in it are not entered. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

/**
 * The files that the journal names. A last line that a crash cut off is taken away, or the next one would be appended to
 * it; a line that is none for another reason counts for nothing, so that its file is sealed once more.
 */
async function journalled(path: string): Promise<string[]> {
  const bytes = await readFile(path).catch((error: { code?: string }) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (bytes === null) return []
  const end = bytes.lastIndexOf(10) + 1
  if (end < bytes.length) await truncate(path, end)
  const lines = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1)
  return lines.flatMap((line) => {
    try {
      const { file } = JSON.parse(line) as { file?: unknown }
      return typeof file === 'string' ? [file] : []
    } catch {
      return []
    }
  })
}

/** The whole file under its name, or none: power may go at any time. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(`${path}.part`, 'w')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${path}.part`, path)
}

/** A line that is on disk when this resolves. */
async function appendDurably(path: string, line: string): Promise<void> {
  const handle = await open(path, 'a')
  try {
    await handle.writeFile(line)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Puts new names on disk. Windows does that by itself, and opens no folder. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** `scan.dcm.age` holds DICOM. */
function mediaTypeOf(file: string): string {
  const inner = extname(file.slice(0, -extname(file).length))
  const known: Record<string, string> = {
    '.json': 'application/fhir+json',
    '.dcm': 'application/dicom',
    '.txt': 'text/plain',
  }
  return known[inner] ?? 'application/octet-stream'
}
