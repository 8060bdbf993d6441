import { describe, expect, it } from 'vitest'
import { fromJwe, joseHpke, open, seal, toJwe } from '../../src/envelope/index.ts'
import {
  createIdentity,
  createKeyRing,
  ed25519,
  exportIdentity,
  importIdentity,
  type KeyRing,
  rotateKey,
  secretWrapper,
  x25519,
} from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { codeOf } from '../helpers/errors.ts'
import { kemKey, signKey } from '../helpers/keys.ts'

/** How often a timer of the event loop had its turn while something ran. */
async function turnsDuring(run: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let running = true
  const next = (): void => {
    turns++
    if (running) setImmediate(next)
  }
  setImmediate(next)
  await run()
  running = false
  return turns
}

async function ringOf(count: number): Promise<KeyRing> {
  let ring = createKeyRing(await kemKey(x25519, 1))
  for (let n = 2; n <= count; n++) ring = rotateKey(ring, await kemKey(x25519, n))
  return ring
}

describe('others have their turn', () => {
  it('while hidden entries are tried', async () => {
    const others = await Promise.all(Array.from({ length: 24 }, (_, i) => kemKey(x25519, i + 100)))
    const recipients = others.map(({ publicKey }) => publicKey)
    const stranger = await kemKey(x25519, 99)
    const envelope = await seal(utf8('x'), { recipients, keyIds: 'none' })
    const opening = async (): Promise<void> => {
      expect(await codeOf(open(envelope, { as: stranger }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    }
    expect(await turnsDuring(opening)).toBeGreaterThanOrEqual(5)
    const jwe = await toJwe(utf8('x'), { recipients, keyIds: 'none', algorithm: joseHpke })
    const reading = async (): Promise<void> => {
      expect(await codeOf(fromJwe(jwe, { as: stranger }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    }
    expect(await turnsDuring(reading)).toBeGreaterThanOrEqual(5)
  })

  it('while the keys of a ring are made', async () => {
    const signer = await signKey(ed25519)
    const identity = await createIdentity({ signer, decapsulator: await ringOf(50) })
    const wrapper = secretWrapper(new Uint8Array(32).fill(1))
    const stored = await exportIdentity(identity, { wrappers: [wrapper] })
    const importing = (): Promise<unknown> =>
      importIdentity(stored, { wrapper, algorithms: [x25519, ed25519] })
    expect(await turnsDuring(importing)).toBeGreaterThanOrEqual(6)
  })
})
