import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ed25519, generateIdentity, generateKey, p256, toJwk, x25519 } from 'careseal/keys'
import { openLog } from 'careseal/log'
import { memoryBlobs, memoryStore } from 'careseal/store'
import { CompactEncrypt, importJWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../examples/migrate-archive/migrate.ts'
import { writeAge } from '../../examples/migrate-archive/writeAge.ts'

const note = new TextEncoder().encode('Hb 7.1 g/dL')
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'careseal-migrate-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const keys = { jwe: await generateKey(p256), age: await generateKey(x25519) }
const ageFile = () => writeAge(note, [keys.age.publicKey.bytes])
async function jweFile(content: Uint8Array, cty = 'text/plain'): Promise<string> {
  const publicKey = await importJWK({ ...toJwk(keys.jwe.publicKey) }, 'ECDH-ES+A256KW')
  const header = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', cty }
  return new CompactEncrypt(content).setProtectedHeader(header).encrypt(publicKey)
}

/** An archive of those files, and what `migrate` takes. */
async function archiveOf(name: string, files: Record<string, Uint8Array | string>) {
  const [archive, target] = [join(folder, name, 'archive'), join(folder, name, 'moved')]
  await mkdir(archive, { recursive: true })
  for (const [file, bytes] of Object.entries(files)) await writeFile(join(archive, file), bytes)
  const log = await openLog({
    origin: 'flogsta.example/archive',
    signer: await generateKey(ed25519),
    store: memoryStore(),
  })
  const author = await generateIdentity()
  const migration = { archive, target, keys, author, log, blobs: memoryBlobs() }
  return { ...migration, journal: join(target, 'journal.ndjson') }
}

describe('a migration', () => {
  it('goes on behind a journal whose last line was cut off', async () => {
    const { journal, ...migration } = await archiveOf('journal', {
      'a.age': ageFile(),
      'b.age': ageFile(),
      'c.age': ageFile(),
    })
    expect((await migrate({ ...migration, stopAfter: 1 })).moved).toEqual(['a.age'])
    await appendFile(journal, '{"file":"b.a')
    expect((await migrate({ ...migration, stopAfter: 1 })).moved).toEqual(['b.age'])
    const third = await migrate(migration)
    expect([third.before, third.moved]).toEqual([['a.age', 'b.age'], ['c.age']])
    const lines = (await readFile(journal, 'utf8')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).file)).toEqual(['a.age', 'b.age', 'c.age'])
    expect((await migrate(migration)).moved).toEqual([])
    // What an older version has joined to one line counts for nothing.
    await appendFile(journal, '{"file":"b.a{"file":"b.age"}\n')
    expect((await migrate(migration)).before).toHaveLength(3)
  })

  it('leaves no half-written record under its name', async () => {
    const { journal: _, ...migration } = await archiveOf('parts', { 'a.age': ageFile() })
    // As a crash in the middle of writing leaves it.
    const records = join(migration.target, 'records')
    await mkdir(records, { recursive: true })
    await writeFile(join(records, 'a.age.cose.part'), 'half')
    await migrate(migration)
    expect((await readdir(records)).sort()).toEqual(['a.age.cose', 'a.age.receipt'])
  })

  it('is not stopped by one file, whatever it holds', async () => {
    const { journal: _, ...migration } = await archiveOf('poison', {
      'a.jwe': await jweFile(note),
      'b.jwe': await jweFile(note, '\ud800'),
      'c.jwe': await jweFile(note, 'text/plain\u0000'),
      'd.jwe': await jweFile(note),
      'e.txt': 'nothing encrypted',
    })
    await mkdir(join(migration.archive, 'folder.jwe'))
    const { moved, failed } = await migrate(migration)
    expect(moved).toEqual(['a.jwe', 'd.jwe'])
    const malformed = 'ERR_ENVELOPE_MALFORMED'
    expect(failed.map(({ file, code }) => [file, code])).toEqual([
      ['b.jwe', malformed],
      ['c.jwe', malformed],
      ['e.txt', malformed],
    ])
  })

  it('takes a JWE whose text is longer than 16 MiB', async () => {
    const large = await jweFile(new Uint8Array(13 * 1024 * 1024))
    const { journal: _, ...migration } = await archiveOf('large', { 'a.jwe': large })
    expect((await migrate(migration)).moved).toEqual(['a.jwe'])
  })
})
