import { describe, expect, it, vi } from 'vitest'
import { createOpener, createSealer, open, rekey, rewrap, seal } from '../../src/envelope/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { codeOf } from '../helpers/errors.ts'
import { kemKey, kems } from '../helpers/keys.ts'

// Only node:crypto takes our own arrays; WebCrypto and noble copy keys where nobody sees them.
const native = process.env['CARESEAL_TIER'] === 'native'

/** A cipher or decipher, as far as these tests look at it. */
interface Running {
  update(data: Uint8Array): Uint8Array
}

/**
 * The keys that ciphers were given while something ran, and what of the length of a key came out of them: the arrays
 * themselves, as they are afterwards.
 */
async function cipherKeys(run: () => Promise<unknown>, unwrapped: Uint8Array[] = []) {
  const keys: Uint8Array[] = []
  const real = process.getBuiltinModule('node:crypto')
  const spies = (['createCipheriv', 'createDecipheriv'] as const).map((name) => {
    const original = real[name] as (...args: unknown[]) => unknown
    return vi.spyOn(real, name).mockImplementation(((...args: unknown[]) => {
      keys.push(args[1] as Uint8Array)
      const running = original(...args) as Running
      const update = running.update.bind(running)
      running.update = (data) => {
        const out = update(data)
        if (name === 'createDecipheriv' && out.length === 32) unwrapped.push(out)
        return out
      }
      return running
    }) as never)
  })
  try {
    await run()
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  return keys
}

const left = (keys: Uint8Array[]): number =>
  keys.filter((key) => key.some((byte) => byte !== 0)).length

describe.runIf(native)('the keys of ciphers are overwritten', () => {
  it.each(kems.map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: by sealing, opening, sharing and rekeying',
    async (_name, algorithm) => {
      const key = await kemKey(algorithm)
      const recipients = [key.publicKey]
      const envelope = await seal(utf8('x'), { recipients })
      for (const [name, count, run] of [
        ['seal', 2, () => seal(utf8('x'), { recipients })],
        ['open', 2, () => open(envelope, { as: key })],
        ['rewrap', 2, () => rewrap(envelope, { as: key, add: recipients })],
        ['rekey', 4, () => rekey(envelope, { as: key, recipients })],
      ] as const) {
        const unwrapped: Uint8Array[] = []
        const keys = await cipherKeys(run, unwrapped)
        expect(keys.length, name).toBe(count)
        expect(unwrapped.length, name).toBe(name === 'seal' ? 0 : 1)
        expect(left([...keys, ...unwrapped]), name).toBe(0)
      }
    },
  )

  it('also where the content does not open', async () => {
    const key = await kemKey(kems[3]!)
    const envelope = await seal(utf8('x'), { recipients: [key.publicKey] })
    const keys = await cipherKeys(async () => {
      const opening = open(envelope, { as: key, externalAad: utf8('another row') })
      expect(await codeOf(opening)).toBe('ERR_ENVELOPE_OPEN_FAILED')
    })
    expect(keys.length).toBe(2)
    expect(left(keys)).toBe(0)
  })

  it('of a batch by a single call, and by an opener when it is closed', async () => {
    const key = await kemKey(kems[3]!)
    const envelope = await createSealer().seal(utf8('x'), { recipients: [key.publicKey] })
    expect(left(await cipherKeys(() => open(envelope, { as: key })))).toBe(0)
    const opener = createOpener({ as: key })
    const keys = await cipherKeys(() => opener.open(envelope))
    expect(left(keys)).toBe(1)
    opener.close()
    expect(left(keys)).toBe(0)
  })
})
