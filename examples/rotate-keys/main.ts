/**
 * A reader's key is rotated and thousands of envelopes move to the new one; the process that moves them is killed half
 * way and another one goes on. Then everything moves from X25519 to X-Wing, and is killed once more.
 *
 * npx tsx examples/rotate-keys/main.ts          3000 envelopes
 * npx tsx examples/rotate-keys/main.ts 100000   as many as you like
 */
import { spawn } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSealer, open } from 'careseal/envelope'
import {
  decodePublicIdentity,
  generateIdentity,
  generateKey,
  type KeyWrapper,
  keyDirectory,
  secretWrapper,
  x25519,
  xWing,
} from 'careseal/keys'
import { directoryStore } from 'careseal/store/fs'
import { byRekey, byRewrap, envelopes, load, moveAll, retire, rotate, save } from './rotate.ts'

const main = fileURLToPath(import.meta.url)
const output = join(dirname(main), 'output')
const store = directoryStore(join(output, 'store'))
/** What your vault and your recovery would hold; files here, because this is an example. */
const secrets = ['vault', 'recovery'].map((name) => join(output, `${name}.secret`))
const archiveCard = join(output, 'archive.card')
type Way = 'rewrap' | 'rekey'

async function wrappers(): Promise<[KeyWrapper, ...KeyWrapper[]]> {
  const [vault, ...others] = await Promise.all(
    secrets.map(async (path) => secretWrapper(new Uint8Array(await readFile(path)))),
  )
  return [vault!, ...others]
}

/** What the child process does: load the identity, go over all envelopes, say how far it is. */
async function work(way: Way): Promise<void> {
  const identity = await load(store, (await wrappers())[0])
  const archive = await decodePublicIdentity(new Uint8Array(await readFile(archiveCard)))
  const move = way === 'rewrap' ? byRewrap(identity) : byRekey(identity, [archive.encryption])
  const done = await moveAll(store, identity, move, ({ moved, skipped }) => {
    if (moved % 10 === 0) process.stdout.write(`${moved} ${skipped}\n`)
  })
  process.stdout.write(`${done.moved} ${done.skipped}\n`)
}

/** Runs the child, and kills it without warning once it has moved so many. */
async function run(way: Way, killAt = Number.POSITIVE_INFINITY): Promise<string> {
  const start = performance.now()
  const child = spawn(process.execPath, [...process.execArgv, main, way], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let last = '0 0'
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    last = text.trim().split('\n').at(-1) ?? last
    if (Number(last.split(' ')[0]) >= killAt) child.kill('SIGKILL')
  })
  const signal = await new Promise<string | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, name) =>
      code === 0 || name !== null
        ? resolve(name)
        : reject(new Error(`the child ended with ${code}`)),
    )
  })
  const [moved, skipped] = last.split(' ')
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  return signal === null
    ? `finished: ${moved} moved, ${skipped} were moved already (${seconds} s)`
    : `killed by ${signal} after about ${moved}`
}

/** Opens all envelopes and checks who signed; the oldest keys are not needed any more. */
async function checkAll(minimumSecurity: 'classical' | 'post-quantum'): Promise<number> {
  const identity = await load(store, (await wrappers())[0])
  const authors = keyDirectory([identity.public])
  let count = 0
  for await (const key of store.list(envelopes)) {
    const { content } = await open((await store.get(key))!, {
      as: identity,
      authors,
      minimumSecurity,
    })
    if (new TextDecoder().decode(content) !== key) throw new Error(`${key} holds something else`)
    count++
  }
  return count
}

async function prepare(count: number): Promise<void> {
  await rm(output, { recursive: true, force: true })
  await mkdir(output, { recursive: true })
  for (const path of secrets) {
    await writeFile(path, crypto.getRandomValues(new Uint8Array(32)), { mode: 0o600 })
  }
  const chen = await generateIdentity({ kem: x25519 })
  const archive = await generateIdentity()
  await writeFile(archiveCard, archive.public.card)
  await save(store, chen, await wrappers())
  const sealer = createSealer({ author: chen, keyIds: 'hint' })
  const recipients = [chen.public, archive.public]
  for (let first = 0; first < count; first += 500) {
    const numbers = Array.from({ length: Math.min(500, count - first) }, (_, i) => first + i)
    const entries = numbers.map(async (number) => {
      const key = `${envelopes}${String(number).padStart(8, '0')}`
      return { key, value: await sealer.seal(new TextEncoder().encode(key), { recipients }) }
    })
    await store.putMany!(await Promise.all(entries))
  }
  sealer.close()
}

async function story(count: number): Promise<void> {
  await prepare(count)
  console.log(`${count} envelopes sealed to an X25519 key and to an archive.`)
  const passes = [
    { way: 'rewrap', kem: x25519, least: 'classical', title: 'A new X25519 key, by rewrap' },
    { way: 'rekey', kem: xWing, least: 'post-quantum', title: 'X-Wing, by rekey' },
  ] as const
  for (const { way, kem, least, title } of passes) {
    const all = await wrappers()
    await rotate(store, await load(store, all[0]), await generateKey(kem), all)
    console.log(`\n${title}: the new key is exported, then the envelopes follow.`)
    console.log(`  ${await run(way, count / 2)}`)
    console.log(`  ${await run(way)}`)
    console.log(`  ${await run(way)}`)
    // Disabled first, to see that nobody misses it; destroyed only then.
    await retire(store, await load(store, all[0]), 'disabled', all)
    console.log(`  ${await checkAll(least)} open without the old key, ${least}`)
    await retire(store, await load(store, all[0]), 'destroyed', all)
  }
  const { decapsulator } = await load(store, (await wrappers())[1]!)
  const ring = decapsulator.keys.map(
    ({ publicKey, status }) => `${publicKey.algorithm.name} ${status}`,
  )
  console.log(`\nThe ring, loaded with the recovery secret: ${ring.join(', ')}`)
}

const [argument = '3000'] = process.argv.slice(2)
if (argument === 'rewrap' || argument === 'rekey') await work(argument)
else if (/^[1-9][0-9]{1,6}$/.test(argument)) await story(Number(argument))
else {
  console.error('Give a number of envelopes from 10 on.')
  process.exitCode = 1
}
