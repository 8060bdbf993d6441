/**
 * One record all the way: canonicalised, signed, sealed to three readers, logged, shared with a fourth,
 * opened and proven offline; then what happens when somebody tampers.
 *
 * npm start                         the patient bundle beside this file
 * npm start -- path/to/file.json    any FHIR JSON of yours
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  commitmentOf,
  explainReceipt,
  explainRecord,
  logRecords,
  openRecord,
  sealRecord,
  shareRecord,
  verifyReceipt,
} from 'careseal'
import { inspect } from 'careseal/envelope'
import { isCaresealError } from 'careseal/errors'
import {
  canonicalize,
  digest,
  digestToText,
  lossless1,
  parse,
  type ResourceTree,
  select,
} from 'careseal/fhir'
import { ed25519, generateIdentity, generateKey, keyDirectory } from 'careseal/keys'
import { openLog, parseLogPolicy, readLog } from 'careseal/log'
import { directoryStore } from 'careseal/store/fs'

const here = dirname(fileURLToPath(import.meta.url))
const output = join(here, 'output')

let lines: string[] = []

/** Says one line, or a few, under the present step. */
function say(line: string): void {
  lines.push(...line.split('\n').map((part) => `   ${part}`))
}

/** Runs a step and prints its title, how long it took, and what it said. */
async function step<T>(title: string, run: () => T | Promise<T>): Promise<T> {
  lines = []
  const start = performance.now()
  const result = await run()
  console.log(`\n${title} (${(performance.now() - start).toFixed(1)} ms)`)
  console.log(lines.join('\n'))
  return result
}

/** Runs what must not succeed and says why it did not. */
async function refused(what: string, attempt: () => Promise<unknown>): Promise<void> {
  try {
    await attempt()
  } catch (error) {
    if (!isCaresealError(error)) throw error
    say(`${what}: refused`)
    say(`   ${error.code}: ${error.message}`)
    return
  }
  throw new Error(`${what} went through, which must never happen`)
}

async function readContent(argument: string | undefined): Promise<Uint8Array> {
  // npm runs scripts in the project's folder; INIT_CWD is where the user stands.
  const base = process.env['INIT_CWD'] ?? process.cwd()
  const path = argument === undefined ? join(here, 'patient-bundle.json') : resolve(base, argument)
  try {
    return new Uint8Array(await readFile(path))
  } catch (error) {
    const { code } = error as { code?: string }
    const why = code === 'ENOENT' ? 'it is not there' : code === 'EISDIR' ? 'it is a folder' : code
    throw new UsageError(`Cannot read ${path}: ${why}.`)
  }
}

/** Parses the content; the tree is what is canonicalised later. */
function readResource(content: Uint8Array): { tree: ResourceTree; type: string } {
  try {
    const tree = parse(content)
    const [type] = select(tree, 'resourceType')
    if (type?.kind === 'string') return { tree, type: type.text }
  } catch (error) {
    if (!isCaresealError(error)) throw error
    const start = String.fromCharCode(...content.subarray(0, 200)).trim()
    const hint = start.startsWith('<')
      ? ' It looks like XML, which this version does not read.'
      : /\}\s*\n\s*\{/.test(String.fromCharCode(...content.subarray(0, 65536)))
        ? ' It looks like NDJSON: this example takes one resource.'
        : ''
    throw new UsageError(`This file holds no FHIR JSON. ${error.message}.${hint}`)
  }
  throw new UsageError('This JSON is no FHIR resource: it has no resourceType.')
}

/** A mistake in how the program was called: one sentence, no stack. */
class UsageError extends Error {}

async function main(): Promise<void> {
  const content = await readContent(process.argv[2])
  const { tree, type } = readResource(content)

  await rm(output, { recursive: true, force: true })
  await mkdir(output, { recursive: true })

  await step(`1. Canonicalise ${content.length.toLocaleString('en')} bytes of FHIR JSON`, () => {
    const { bytes, losses } = canonicalize(tree, { canonicalization: lossless1 })
    say(`${type}: ${bytes.length.toLocaleString('en')} canonical bytes, ${losses.length} losses.`)
    say(digestToText(digest(tree)))
  })

  const people = await step(
    '2. Make identities: signing keys Ed25519, encryption keys X-Wing',
    async () => {
      const names = ['Dr Nordin', 'the patient', 'the hospital archive', 'Dr Safavi'] as const
      const identities = await Promise.all(names.map(() => generateIdentity()))
      for (const [i, name] of names.entries()) say(`${name}: ${identities[i]!.public.did}`)
      return names.map((name, i) => ({ name, identity: identities[i]! }))
    },
  )
  const [author, patient, archive, consultant] = people.map(({ identity }) => identity)
  const authors = keyDirectory(
    people.map(({ name, identity }) => ({ identity: identity.public, name })),
  )

  const store = directoryStore(join(output, 'log'))
  const log = await step('3. Open a tamper-evident log in a directory', async () => {
    const signer = await generateKey(ed25519)
    const opened = await openLog({ origin: 'flogsta.example/records', signer, store })
    say(`verifier key ${opened.verifierKey}`)
    return opened
  })

  const sealed = await step(
    '4. Commit, sign, seal to three readers, enter into the log',
    async () => {
      const record = await sealRecord(content, {
        author: author!,
        recipients: [author!.public, patient!.public, archive!.public],
        subject: crypto.getRandomValues(new Uint8Array(32)),
        log,
      })
      say(`id ${record.id}`)
      say(`entry ${record.index} of the log, and all that the log sees of it:`)
      say(Buffer.from(record.commitment).toString('hex'))
      for (const note of record.notes) say(`note: ${note.text}`)
      return record
    },
  )

  const shared = await step(
    '5. Share with a fourth reader; the body is not encrypted again',
    async () => {
      const { envelope, event } = await shareRecord(sealed.envelope, {
        as: patient!,
        recipients: [consultant!.public],
      })
      const [entry] = await logRecords([event], { log })
      const { algorithm, unverified } = inspect(envelope)
      say(
        `${unverified.recipients.length} readers, content under ${algorithm}, keys under X-Wing (post-quantum)`,
      )
      say(`the sharing itself is entry ${entry!.index} of the log`)
      return envelope
    },
  )

  const trust = { logs: parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`) }
  await step('6. Open as the fourth reader, and check everything', async () => {
    const proof = { receipt: sealed.receipt, trust }
    const opened = await openRecord(shared, { as: consultant!, authors, proof })
    const same = Buffer.compare(opened.content, content) === 0
    if (!same) throw new Error('the bytes that came out are not the bytes that went in')
    say(`${opened.content.length.toLocaleString('en')} bytes came out, the same that went in`)
    say(explainRecord(opened))
  })

  await step('7. Verify the receipt offline: no log, no network, no private key', async () => {
    const commitment = commitmentOf(sealed.id)
    say(explainReceipt(await verifyReceipt(sealed.receipt, { commitment, trust })))
  })

  await step('8. Now somebody tampers', async () => {
    await refused('One bit of the ciphertext is changed', () => {
      const changed = sealed.envelope.slice()
      const { recipients } = inspect(changed).unverified
      // Behind headers of 105 bytes; what stands after the ciphertext are the readers' own entries.
      say(
        `(an envelope of ${changed.length.toLocaleString('en')} bytes for ${recipients.length} readers)`,
      )
      changed[200]! ^= 1
      return openRecord(changed, { as: author!, authors })
    })
    await refused('A stranger tries to open it', async () => {
      return openRecord(sealed.envelope, { as: await generateIdentity(), authors })
    })
    await refused('The receipt is shown for another record', () => {
      const commitment = crypto.getRandomValues(new Uint8Array(32))
      return verifyReceipt(sealed.receipt, { commitment, trust })
    })
    await log.close()
    await refused('An entry of the log is altered on disk', async () => {
      const copy = join(output, 'log-altered')
      await cp(join(output, 'log'), copy, { recursive: true })
      const entries = join(copy, 'tile', 'entries', '000.p', '3')
      const bytes = await readFile(entries)
      bytes[40]! ^= 1
      await writeFile(entries, bytes)
      const reader = await readLog({ store: directoryStore(copy), policy: trust.logs })
      for await (const _ of reader.read(0, 3));
    })
  })

  await writeFile(join(output, 'record.cose'), shared)
  await writeFile(join(output, 'receipt.cbor'), sealed.receipt)
  await writeFile(join(output, 'record-id.txt'), `${sealed.id}\n`)
  await writeFile(join(output, 'verifier-key.txt'), `${log.verifierKey}\n`)
  const place = relative(process.env['INIT_CWD'] ?? process.cwd(), output)
  console.log(
    `\nLook at what is left in ${place || '.'}: record.cose, record-id.txt, receipt.cbor, verifier-key.txt, log/`,
  )
}

try {
  await main()
} catch (error) {
  if (!(error instanceof UsageError) && !isCaresealError(error)) throw error
  console.error(error.message)
  process.exitCode = 1
}
