import { describe, expect, it, vi } from 'vitest'
import { createOpener, createSealer, open, rekey, rewrap, seal } from '../../src/envelope/index.ts'
import { EnvelopeOpenFailed, KeyDisabled, KeyUnavailable } from '../../src/errors.ts'
import {
  createIdentity,
  createKeyRing,
  type Decapsulator,
  decodePublicIdentity,
  destroyKey,
  ed25519,
  encodePublicIdentity,
  es256,
  es256k,
  keyDirectory,
  keyFromSeed,
  rotateKey,
  type Signer,
  verifySignature,
  x25519,
} from '../../src/keys/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { assemble, partsOf } from '../helpers/craft.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey, kems, person, signatures, signKey } from '../helpers/keys.ts'

const content = utf8('Hb 7.1')
const never = () => new Promise<never>(() => {})

describe('a key whose home does not answer', () => {
  const silent = new Error('HSM: session closed')
  const setUp = async () => {
    const { publicKey } = await kemKey(x25519)
    const envelope = await seal(content, { recipients: [publicKey] })
    const as: Decapsulator = { publicKey, decapsulate: () => Promise.reject(silent) }
    const signer: Signer = {
      publicKey: (await signKey(ed25519)).publicKey,
      sign: () => Promise.reject(silent),
    }
    return { publicKey, envelope, as, signer }
  }

  it('is reported as unavailable, with the cause, and worth a retry', async () => {
    const { publicKey, envelope, as, signer } = await setUp()
    const recipients = [publicKey]
    const other = await person(2)
    const failing = [
      () => open(envelope, { as }),
      () => open(envelope, { as, profile: 'foreign' }),
      () => createOpener({ as }).open(envelope),
      () => rewrap(envelope, { as }),
      () => rekey(envelope, { as, recipients }),
      () => seal(content, { author: signer, recipients }),
      () => createSealer({ authors: [signer, other] }).seal(content, { recipients }),
      () => createIdentity({ signer, decapsulator: as }),
    ]
    for (const call of failing) {
      const error = (await rejection(call())) as KeyUnavailable
      expect(error).toBeInstanceOf(KeyUnavailable)
      expect(error).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', retryable: true, cause: silent })
    }
  })

  it('is reported alike when it throws at once', async () => {
    const { envelope, as } = await setUp()
    const decapsulate = (): never => {
      throw silent
    }
    const error = await rejection(open(envelope, { as: { ...as, decapsulate } }))
    expect(error).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', cause: silent })
  })

  it('may say that an encapsulation has no shared secret: then the envelope does not open', async () => {
    const { envelope, as } = await setUp()
    const decapsulate = () => Promise.reject(new EnvelopeOpenFailed())
    expect(await codeOf(open(envelope, { as: { ...as, decapsulate } }))).toBe(
      'ERR_ENVELOPE_OPEN_FAILED',
    )
    const disabled = () => Promise.reject(new KeyDisabled('rotated away'))
    expect(await codeOf(open(envelope, { as: { ...as, decapsulate: disabled } }))).toBe(
      'ERR_KEY_DISABLED',
    )
  })
})

describe('a ring with a key that does not answer', () => {
  it('opens with another one, and asks the silent one once', async () => {
    let asked = 0
    const silent = (publicKey: Decapsulator['publicKey']): Decapsulator => ({
      publicKey,
      decapsulate: async () => {
        asked++
        throw new Error('HSM: session closed')
      },
    })
    const [hsm, local, stranger] = [
      await kemKey(x25519, 1),
      await kemKey(x25519, 2),
      await kemKey(x25519, 3),
    ]
    const ring = rotateKey(createKeyRing(local), silent(hsm.publicKey))
    const three = [stranger, hsm, local].map(({ publicKey }) => publicKey)
    for (const keyIds of ['plain', 'hint', 'none'] as const) {
      const envelope = await seal(content, { recipients: three, keyIds })
      expect(text((await open(envelope, { as: ring })).content)).toBe('Hb 7.1')
      const others = await seal(content, { recipients: three.slice(0, 2), keyIds })
      const error = await rejection(open(others, { as: ring }))
      expect(error).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', retryable: true })
    }
    expect(asked).toBe(6)
  })
})

describe('a key that lives elsewhere', () => {
  it('pitfall 7: is not asked about an encapsulation that has no shared secret', async () => {
    let asked = 0
    for (const algorithm of kems) {
      const { publicKey } = await kemKey(algorithm)
      const as: Decapsulator = {
        publicKey,
        decapsulate: async () => {
          asked++
          return new Uint8Array(32)
        },
      }
      const envelope = await seal(content, { recipients: [publicKey] })
      const parts = partsOf(envelope)
      const [header, unprotected, wrapped] = parts.recipients[0] as [
        Uint8Array,
        Map<number, Uint8Array>,
        Uint8Array,
      ]
      const ek = unprotected.get(-4)!
      parts.recipients = [[header, new Map([[-4, new Uint8Array(ek.length)]]), wrapped]]
      expect(await codeOf(open(assemble(parts), { as }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    }
    expect(asked).toBe(0)
  })

  it.each(kems.map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: opens, given nothing but the encapsulation',
    async (_name, algorithm) => {
      const key = await kemKey(algorithm)
      const seen: [number, string][] = []
      class Hsm implements Decapsulator {
        readonly #key = key
        readonly publicKey = key.publicKey
        async decapsulate(encapsulation: Uint8Array): Promise<Uint8Array> {
          seen.push([encapsulation.length, encapsulation.constructor.name])
          // A Buffer from a pool, as a Node library would give it.
          return Buffer.from(await this.#key.decapsulate(encapsulation))
        }
      }
      const as = new Hsm()
      const envelope = await seal(content, { recipients: [as.publicKey] })
      expect(text((await open(envelope, { as })).content)).toBe('Hb 7.1')
      const sizes = { 'X-Wing': 1120, 'MLKEM768-P256': 1153, 'P-256': 65, X25519: 32 }
      expect(seen).toEqual([[sizes[algorithm.name as keyof typeof sizes], 'Uint8Array']])
    },
  )

  it.each(signatures.map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: signs envelopes and cards',
    async (_name, algorithm) => {
      const key = await signKey(algorithm)
      class Hsm implements Signer {
        readonly #key = key
        readonly publicKey = key.publicKey
        async sign(message: Uint8Array): Promise<Uint8Array> {
          return Buffer.from(await this.#key.sign(message))
        }
      }
      const identity = await createIdentity({
        signer: new Hsm(),
        decapsulator: await kemKey(x25519),
      })
      const algorithms = [algorithm, x25519]
      const card = await decodePublicIdentity(encodePublicIdentity(identity.public), { algorithms })
      const envelope = await seal(content, { author: identity, recipients: [identity.public] })
      const opened = await open(envelope, { as: identity, authors: keyDirectory([card]) })
      expect(opened.signers).toEqual([card.signing])
    },
  )

  it.each([
    ['ES256', es256, 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n],
    ['ES256K', es256k, 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n],
  ] as const)('%s: high-S signatures of an HSM are normalised', async (_name, algorithm, order) => {
    const key = await signKey(algorithm)
    let high = 0
    const signer: Signer = {
      publicKey: key.publicKey,
      async sign(message) {
        const signature = await key.sign(message)
        const s = order - BigInt(`0x${Buffer.from(signature.slice(32)).toString('hex')}`)
        const twin = Buffer.from(s.toString(16).padStart(64, '0'), 'hex')
        const raw = Uint8Array.of(...signature.slice(0, 32), ...twin)
        expect(await verifySignature(key.publicKey, message, raw)).toBe(true)
        high++
        return raw
      },
    }
    const identity = await createIdentity({ signer, decapsulator: await kemKey(x25519) })
    const algorithms = [algorithm, x25519]
    const card = await decodePublicIdentity(encodePublicIdentity(identity.public), { algorithms })
    const authors = keyDirectory([card])
    const several = { authors: [identity, await person(2)], recipients: [identity.public] }
    for (const options of [{ author: identity, recipients: [identity.public] }, several]) {
      const envelope = await seal(content, options)
      const known = {
        find: async (id: Uint8Array) =>
          (await authors.find(id)) ?? keyDirectory([(await person(2)).public]).find(id),
      }
      expect(text((await open(envelope, { as: identity, authors: known })).content)).toBe('Hb 7.1')
    }
    expect(high).toBe(3)
  })

  it('a public key whose id somebody made up does not enter a card', async () => {
    const key = await signKey(ed25519)
    const { algorithm, bytes } = key.publicKey
    const publicKey = { algorithm, bytes, id: new Uint8Array(32) }
    const signer: Signer = { publicKey, sign: (message) => key.sign(message) }
    const identity = await createIdentity({ signer, decapsulator: await kemKey(x25519) })
    const algorithms = [ed25519, x25519]
    const card = await decodePublicIdentity(encodePublicIdentity(identity.public), { algorithms })
    expect(card.signing.id).toEqual(key.publicKey.id)
  })
})

describe('aborting', () => {
  const reason = new Error('the user left')
  const setUp = async () => {
    const controller = new AbortController()
    const { publicKey } = await kemKey(x25519)
    const envelope = await seal(content, { recipients: [publicKey] })
    const as: Decapsulator = { publicKey, decapsulate: never }
    const signer: Signer = { publicKey: (await signKey(ed25519)).publicKey, sign: never }
    const { signal } = controller
    const calls: Record<string, () => Promise<unknown>> = {
      open: () => open(envelope, { as, signal }),
      'open with an opener': () => createOpener({ as }).open(envelope, { signal }),
      rewrap: () => rewrap(envelope, { as, signal }),
      'rewrap with an opener': () => createOpener({ as }).rewrap(envelope, { signal }),
      rekey: () => rekey(envelope, { as, recipients: [publicKey], signal }),
      seal: () => seal(content, { author: signer, recipients: [publicKey], signal }),
      'seal in a batch': () =>
        createSealer({ author: signer }).seal(content, { recipients: [publicKey], signal }),
      createIdentity: () => createIdentity({ signer, decapsulator: as, signal }),
    }
    return { controller, calls }
  }

  it('before the call rejects with the reason', async () => {
    const { controller, calls } = await setUp()
    controller.abort(reason)
    for (const [name, call] of Object.entries(calls)) {
      expect(await rejection(call()), name).toBe(reason)
    }
  })

  it('during the call rejects with the reason, even where the home of the key never answers', async () => {
    const { controller, calls } = await setUp()
    const pending = Object.values(calls).map((call) => rejection(call()))
    await new Promise((resolve) => setTimeout(resolve, 20))
    controller.abort(reason)
    for (const outcome of await Promise.all(pending)) expect(outcome).toBe(reason)
  })

  it('reaches the home of the key, and its own rejection does not hide the reason', async () => {
    const { publicKey } = await kemKey(x25519)
    const envelope = await seal(content, { recipients: [publicKey] })
    const controller = new AbortController()
    const as: Decapsulator = {
      publicKey,
      decapsulate: (_encapsulation, options) =>
        new Promise((_resolve, reject) => {
          options!.signal!.addEventListener('abort', () => reject(new Error('session cancelled')))
        }),
    }
    const opening = rejection(open(envelope, { as, signal: controller.signal }))
    await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort(reason)
    expect(await opening).toBe(reason)
  })

  it('ends waiting for a directory', async () => {
    const author = await person(1)
    const envelope = await seal(content, { author, recipients: [author.public] })
    const controller = new AbortController()
    const options = { as: author, authors: { find: never }, signal: controller.signal }
    const opening = rejection(open(envelope, options))
    await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort(reason)
    expect(await opening).toBe(reason)
    const directory = keyDirectory([author.public])
    const { signal } = controller
    expect(await rejection(directory.find(author.public.signing.id, { signal }))).toBe(reason)
  })

  it('a signal that is not aborted changes nothing, and is left without listeners', async () => {
    const key = await kemKey(x25519)
    const author = await person(1)
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    const envelope = await seal(content, { author, recipients: [key.publicKey], signal })
    const authors = keyDirectory([author.public])
    expect(text((await open(envelope, { as: key, authors, signal })).content)).toBe('Hb 7.1')
    expect(added.mock.calls.length).toBeGreaterThan(2)
    expect(removed.mock.calls).toEqual(added.mock.calls)
  })

  it('local keys heed it', async () => {
    const key = await keyFromSeed(x25519, new Uint8Array(32).fill(1))
    const signer = await keyFromSeed(ed25519, new Uint8Array(32).fill(1))
    const signal = AbortSignal.abort(reason)
    expect(await rejection(key.decapsulate(new Uint8Array(32).fill(9), { signal }))).toBe(reason)
    expect(await rejection(signer.sign(content, { signal }))).toBe(reason)
  })
})

describe('destroying a local key', () => {
  it('ends every use of it', async () => {
    const key = await keyFromSeed(x25519, new Uint8Array(32).fill(41))
    const signer = await keyFromSeed(es256, new Uint8Array(32).fill(41))
    destroyKey(key)
    destroyKey(signer)
    destroyKey(signer)
    expect(await codeOf(key.decapsulate(new Uint8Array(32).fill(9)))).toBe('ERR_KEY_DISABLED')
    expect(await codeOf(signer.sign(content))).toBe('ERR_KEY_DISABLED')
  })

  it.each([...kems, ...signatures].map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: while an operation runs, that gives the right result or an error, never one made of zeros',
    async (_name, algorithm) => {
      for (let steps = 0; steps < 4; steps++) {
        const seed = new Uint8Array(32).fill(42)
        const key = await keyFromSeed(algorithm, seed)
        const sealed =
          algorithm.kind === 'kem'
            ? await seal(content, { recipients: [key.publicKey as never] })
            : null
        const running =
          sealed === null
            ? (key as Signer).sign(content)
            : open(sealed, { as: key as Decapsulator }).then((opened) => opened.content)
        for (let i = 0; i < steps; i++) await Promise.resolve()
        destroyKey(key as never)
        const outcome = await running.catch((error: unknown) => error)
        if (!(outcome instanceof Uint8Array))
          expect(outcome).toMatchObject({ code: 'ERR_KEY_DISABLED' })
        else if (sealed !== null) expect(text(outcome)).toBe('Hb 7.1')
        else expect(await verifySignature(key.publicKey as never, content, outcome)).toBe(true)
      }
    },
  )
})
