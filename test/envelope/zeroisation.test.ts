import { describe, expect, it, vi } from 'vitest'
import { createSealer, open, rekey, rewrap, seal } from '../../src/envelope/index.ts'
import { type KemAlgorithm, mlKem768P256, p256, x25519, xWing } from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { craft } from '../helpers/craft.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey, kems } from '../helpers/keys.ts'

/**
 * Every array of random bytes that we drew while running, as it is afterwards. noble draws 16 bytes to blind a
 * scalar multiplication, which are none of our secrets.
 */
async function drawnBy(run: () => Promise<unknown>): Promise<Uint8Array[]> {
  const drawn: Uint8Array[] = []
  const original = globalThis.crypto.getRandomValues.bind(globalThis.crypto)
  const spy = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
    const bytes = array as unknown as Uint8Array
    if (bytes.length !== 16) drawn.push(bytes)
    return original(array)
  })
  try {
    await run()
  } finally {
    spy.mockRestore()
  }
  return drawn
}

const isWiped = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)
/** Lengths of what was drawn and is still there. */
const leftOf = (drawn: Uint8Array[]): number[] =>
  drawn.filter((bytes) => !isWiped(bytes)).map(({ length }) => length)

/** A decapsulator that remembers the shared secrets that it gave away. */
async function remembering(algorithm: KemAlgorithm) {
  const key = await kemKey(algorithm)
  const given: Uint8Array[] = []
  const decapsulate = async (encapsulation: Uint8Array): Promise<Uint8Array> => {
    const shared = await key.decapsulate(encapsulation)
    given.push(shared)
    return shared
  }
  return { key: { publicKey: key.publicKey, decapsulate }, given }
}

describe('secrets are overwritten after use', () => {
  it.each(kems.map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: sealing leaves only the envelope id and the IV',
    async (_name, algorithm) => {
      const { publicKey } = await kemKey(algorithm)
      const drawn = await drawnBy(() => seal(utf8('x'), { recipients: [publicKey] }))
      expect(drawn).toHaveLength(4)
      expect(leftOf(drawn)).toEqual([32, 12])
    },
  )

  it('rekeying leaves only the IV', async () => {
    const key = await kemKey(x25519)
    const envelope = await seal(utf8('x'), { recipients: [key.publicKey] })
    const drawn = await drawnBy(() => rekey(envelope, { as: key, recipients: [key.publicKey] }))
    expect(leftOf(drawn)).toEqual([12])
  })

  it('a batch keeps its key until it is closed', async () => {
    const { publicKey } = await kemKey(x25519)
    const sealer = createSealer()
    const drawn = await drawnBy(() => sealer.seal(utf8('x'), { recipients: [publicKey] }))
    expect(leftOf(drawn)).toEqual([32, 12, 32])
    sealer.close()
    expect(leftOf(drawn)).toEqual([32, 12])
  })

  it('a failing wrap leaves no content key, and no other wrap with zeros', async () => {
    const good = await kemKey(p256)
    // Looks like a key, but its bytes change after the check: encapsulation fails.
    const { publicKey: bad } = await kemKey(x25519, 3)
    bad.bytes.fill(0)
    const drawn = await drawnBy(async () => {
      const failing = seal(utf8('x'), { recipients: [good.publicKey, bad] })
      expect(await rejection(failing)).toBeInstanceOf(RangeError)
    })
    expect(leftOf(drawn)).toEqual([32, 12])
  })

  it.each(
    [xWing, mlKem768P256, p256, x25519].map((algorithm) => [algorithm.name, algorithm] as const),
  )('%s: shared secrets are overwritten, whether it opens or not', async (_name, algorithm) => {
    const { key, given } = await remembering(algorithm)
    const recipients = [key.publicKey]
    const envelope = await seal(utf8('x'), { recipients })
    await open(envelope, { as: key })
    await rewrap(envelope, { as: key })
    const batch = await createSealer().seal(utf8('x'), { recipients })
    await open(batch, { as: key })
    const wrong = await craft({ entries: [{ key: key.publicKey, nextAlg: 24 }] })
    expect(await codeOf(open(wrong, { as: key }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    expect(given).toHaveLength(4)
    expect(given.every(isWiped)).toBe(true)
  })
})
