import { describe, expect, it } from 'vitest'
import { createOpener, createSealer, open, seal } from '../../src/envelope/index.ts'
import { type CborKey, type CborValue, encodeCbor } from '../../src/internal/cbor/index.ts'
import { ed25519, type KemPublicKey, x25519 } from '../../src/keys/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { assemble, craft, partsOf } from '../helpers/craft.ts'
import { codeOf } from '../helpers/errors.ts'
import { kemKey, signKey } from '../helpers/keys.ts'

/** A key that counts how often it is asked, and remembers with which signal. */
async function asked() {
  const key = await kemKey(x25519)
  const signals: unknown[] = []
  const decapsulate = (
    encapsulation: Uint8Array,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Uint8Array> => {
    signals.push(options?.signal)
    return key.decapsulate(encapsulation)
  }
  return { key: { publicKey: key.publicKey, decapsulate }, signals }
}

const hidden = (key: KemPublicKey) => ({ key, headers: [[4, undefined]] }) as const

describe("a reader's key", () => {
  it('is handed the signal of the caller', async () => {
    const { key, signals } = await asked()
    const envelope = await seal(utf8('x'), { recipients: [key.publicKey] })
    const { signal } = new AbortController()
    await open(envelope, { as: key, signal })
    expect(signals).toEqual([signal])
  })

  it('that signs is handed it too', async () => {
    const { publicKey } = await kemKey(x25519)
    const signing = await signKey(ed25519)
    const signals: unknown[] = []
    const author = {
      publicKey: signing.publicKey,
      sign(message: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }) {
        signals.push(options?.signal)
        return signing.sign(message)
      },
    }
    const { signal } = new AbortController()
    await seal(utf8('x'), { recipients: [publicKey], author, signal })
    expect(signals).toEqual([signal])
  })

  it('is asked once for each entry of a foreign envelope, its own one first', async () => {
    const { key, signals } = await asked()
    const stranger = { key: (await kemKey(x25519, 2)).publicKey }
    // Its own entry wraps another key than the envelope's: the content does not open.
    for (const [own, calls] of [
      [{ key: key.publicKey, nextAlg: 24 }, 2],
      [hidden(key.publicKey), 2],
      [{ key: key.publicKey }, 1],
    ] as const) {
      signals.length = 0
      const envelope = await craft({ entries: [stranger, own] })
      await open(envelope, { as: key, profile: 'foreign' }).catch(() => null)
      expect(signals.length).toBe(calls)
    }
  })

  it('never sees an encapsulation that is none, or that of another algorithm', async () => {
    const { key, signals } = await asked()
    const parts = partsOf(await craft({ entries: [{ key: key.publicKey }] }))
    const [header, , wrapped] = parts.recipients[0] as [Uint8Array, CborValue, Uint8Array]
    const p256Header = encodeCbor(
      new Map<CborKey, CborValue>([
        [1, 53],
        [4, key.publicKey.id],
      ]),
    )
    // A coordinate of X25519 and zeros, as long as a point of P-256.
    const padded = new Uint8Array(65).fill(9, 0, 31)
    for (const entry of [
      [header, new Map([[-4, new Uint8Array(32)]]), wrapped],
      [header, new Map([[-4, new Uint8Array(32).fill(0xff)]]), wrapped],
      [p256Header, new Map([[-4, padded]]), wrapped],
    ]) {
      const envelope = assemble({ ...parts, recipients: [entry] })
      expect(await codeOf(open(envelope, { as: key }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    }
    expect(signals).toEqual([])
  })

  it('opens batch after batch with one opener', async () => {
    const { key, signals } = await asked()
    const opener = createOpener({ as: key })
    const recipients = [key.publicKey]
    const sealers = [createSealer(), createSealer(), createSealer()]
    const envelopes: Uint8Array[] = []
    for (const sealer of sealers) {
      for (const content of ['a', 'b'])
        envelopes.push(await sealer.seal(utf8(content), { recipients }))
    }
    const read: string[] = []
    for (const envelope of envelopes) read.push(text((await opener.open(envelope)).content))
    expect(read.join('')).toBe('ababab')
    expect(signals.length).toBe(3)
    const stranger = await createSealer().seal(utf8('c'), {
      recipients: [(await kemKey(x25519, 2)).publicKey],
    })
    expect(await codeOf(opener.open(stranger))).toBe('ERR_ENVELOPE_RECIPIENT_NOT_FOUND')
  })
})
