import { describe, expect, it, vi } from 'vitest'
import { createSealer, open, rekey, rewrap, seal } from '../../src/envelope/index.ts'
import { internalsOf } from '../../src/internal/algorithm.ts'
import {
  ed25519,
  type KemAlgorithm,
  mlKem768P256,
  p256,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { craft } from '../helpers/craft.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey, kems, signKey } from '../helpers/keys.ts'

/**
 * Every array of random bytes that we drew while running, as it is afterwards: 0xaa where nothing has overwritten
 * it. noble draws 16 bytes to blind a scalar multiplication, which are none of our secrets.
 */
async function drawnBy(run: () => Promise<unknown>): Promise<Uint8Array[]> {
  const drawn: Uint8Array[] = []
  const spy = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
    const bytes = (array as unknown as Uint8Array).fill(0xaa)
    if (bytes.length !== 16) drawn.push(bytes)
    return array
  })
  try {
    await run()
  } finally {
    spy.mockRestore()
  }
  return drawn
}

const isWiped = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)
const count = (drawn: Uint8Array[], value: number): number =>
  drawn.reduce((sum, bytes) => sum + bytes.filter((byte) => byte === value).length, 0)
/** Bytes that were drawn and are still there. Nothing else may have been written over the others than zeros. */
function leftOf(drawn: Uint8Array[]): number {
  const all = drawn.reduce((sum, bytes) => sum + bytes.length, 0)
  expect(count(drawn, 0xaa) + count(drawn, 0)).toBe(all)
  return count(drawn, 0xaa)
}
/** What an envelope shows anyway. */
const id = 32
const iv = 12

/** Makes wrapping for one key fail, as for a point that nothing can be agreed with. */
function nothingFor(bytes: Uint8Array) {
  const { kem } = internalsOf(x25519).suite
  const { encapsulator } = kem
  const encapsulate = async (randomness: Uint8Array): Promise<null> => {
    randomness.fill(0)
    return null
  }
  return vi
    .spyOn(kem, 'encapsulator')
    .mockImplementation((key) =>
      Buffer.from(key).equals(bytes) ? { encapsulate } : encapsulator(key),
    )
}

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
      expect(leftOf(drawn)).toBe(id + iv)
      expect(count(drawn, 0)).toBeGreaterThanOrEqual(64)
    },
  )

  it('rekeying leaves only the IV', async () => {
    const key = await kemKey(x25519)
    const envelope = await seal(utf8('x'), { recipients: [key.publicKey] })
    const drawn = await drawnBy(() => rekey(envelope, { as: key, recipients: [key.publicKey] }))
    expect(leftOf(drawn)).toBe(iv)
  })

  it('a batch keeps its key until it is closed', async () => {
    const { publicKey } = await kemKey(x25519)
    const sealer = createSealer()
    const drawn = await drawnBy(() => sealer.seal(utf8('x'), { recipients: [publicKey] }))
    expect(leftOf(drawn)).toBe(id + iv + 32)
    sealer.close()
    expect(leftOf(drawn)).toBe(id + iv)
  })

  it('a failing wrap leaves no content key, and no other wrap with zeros', async () => {
    const good = await kemKey(p256)
    // Looks like a key, but its bytes change after the check: encapsulation fails.
    const { publicKey: bad } = await kemKey(x25519, 3)
    const spy = nothingFor(bad.bytes)
    const drawn = await drawnBy(async () => {
      const failing = seal(utf8('x'), { recipients: [good.publicKey, bad] })
      expect(await rejection(failing)).toBeInstanceOf(RangeError)
    })
    spy.mockRestore()
    expect(leftOf(drawn)).toBe(id + iv)
  })

  it('neither does a batch whose key could not be wrapped', async () => {
    const { publicKey: bad } = await kemKey(x25519, 4)
    const spy = nothingFor(bad.bytes)
    const drawn = await drawnBy(async () => {
      const failing = createSealer().seal(utf8('x'), { recipients: [bad] })
      expect(await rejection(failing)).toBeInstanceOf(RangeError)
    })
    spy.mockRestore()
    expect(leftOf(drawn)).toBe(id + iv)
  })

  it('neither does an author who does not answer', async () => {
    const { publicKey } = await kemKey(x25519)
    const author = {
      publicKey: (await signKey(ed25519)).publicKey,
      sign: () => Promise.reject(new Error('silent')),
    }
    const drawn = await drawnBy(async () => {
      const failing = seal(utf8('x'), { author, recipients: [publicKey] })
      expect(await codeOf(failing)).toBe('ERR_KEY_UNAVAILABLE')
    })
    expect(leftOf(drawn)).toBe(id + iv)
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

describe('destroying a key', () => {
  it('overwrites what was derived from its seed', async () => {
    for (const algorithm of [xWing, mlKem768P256]) {
      const { kem } = internalsOf(algorithm).suite
      const secret = kem.secret(new Uint8Array(32).fill(3))
      const random = new Uint8Array(kem.randomnessSize).fill(5)
      const sent = await kem.encapsulator(secret.publicKey).encapsulate(random)
      expect(await secret.decapsulate(sent!.encapsulation)).toEqual(sent!.sharedSecret)
      secret.wipe!()
      const after = await Promise.resolve()
        .then(() => secret.decapsulate(sent!.encapsulation))
        .catch(() => null)
      expect(after).not.toEqual(sent!.sharedSecret)
    }
  })
})
