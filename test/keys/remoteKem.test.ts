import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { describe, expect, it } from 'vitest'
import { open, seal } from '../../src/envelope/index.ts'
import { EnvelopeOpenFailed, KeyUnavailable } from '../../src/errors.ts'
import { internalsOf } from '../../src/internal/algorithm.ts'
import { p256Secret } from '../../src/internal/engine/p256.ts'
import { shake256 } from '../../src/internal/engine/sha3.ts'
import { x25519Secret } from '../../src/internal/engine/x25519.ts'
import {
  createIdentity,
  createKeyRing,
  type Decapsulator,
  dhkem,
  type EcdhKey,
  ed25519,
  es256,
  fromJwk,
  hybridKem,
  type KemAlgorithm,
  type MlKemKey,
  mlKem768P256,
  p256,
  rotateKey,
  toJwk,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection, thrownCode } from '../helpers/errors.ts'
import { kemKey, signKey } from '../helpers/keys.ts'

const content = utf8('Hb 7.1')
const seed = (n = 1): Uint8Array => new Uint8Array(32).fill(n)
const classical = [
  ['P-256', p256],
  ['X25519', x25519],
] as const
const hybrids = [
  ['X-Wing', xWing],
  ['MLKEM768-P256', mlKem768P256],
] as const

/** A home that does raw ECDH and keeps what it gave out, so that a test can look at it later. */
function ecdhHome(algorithm: KemAlgorithm, secret: Uint8Array) {
  const own =
    algorithm === x25519 || algorithm === xWing ? x25519Secret(secret) : p256Secret(secret)
  const given: Uint8Array[] = []
  const asked: string[] = []
  const key: EcdhKey = {
    publicKey: own.publicKey,
    async ecdh(peer) {
      asked.push(`${peer.constructor.name} ${peer.length}`)
      // A Buffer from a pool, as a Node library would give it.
      const answer = Buffer.from((await own.agree(peer))!)
      given.push(answer)
      return answer
    },
  }
  return { key, given, asked }
}

/** The same halves that the local key of this seed expands to. */
function hybridHome(algorithm: KemAlgorithm, n = 1) {
  const seedSize = algorithm === xWing ? 32 : 128
  const expanded = shake256(64 + seedSize, seed(n))
  const lattice = ml_kem768.keygen(expanded.slice(0, 64))
  const given: Uint8Array[] = []
  const postQuantum: MlKemKey = {
    publicKey: lattice.publicKey,
    async decapsulate(ciphertext) {
      const answer = ml_kem768.decapsulate(ciphertext, lattice.secretKey)
      given.push(answer)
      return answer
    },
  }
  return { postQuantum, given, group: ecdhHome(algorithm, expanded.slice(64, 96)) }
}

async function encapsulationFor(key: Decapsulator): Promise<Uint8Array> {
  const { kem } = internalsOf(key.publicKey.algorithm).suite
  const randomness = new Uint8Array(kem.randomnessSize).fill(9)
  return (await kem.encapsulator(key.publicKey.bytes).encapsulate(randomness))!.encapsulation
}

describe('dhkem', () => {
  it.each(classical)('%s: gives the same bytes as the local key', async (_name, algorithm) => {
    const local = await kemKey(algorithm)
    const { key: home, given, asked } = ecdhHome(algorithm, seed())
    const key = dhkem({ algorithm, ...home })
    expect(toHex(key.publicKey.id)).toBe(toHex(local.publicKey.id))
    const encapsulation = await encapsulationFor(local)
    const shared = await key.decapsulate(encapsulation)
    expect(toHex(shared)).toBe(toHex(await local.decapsulate(encapsulation)))
    expect(asked).toEqual([algorithm === p256 ? 'Uint8Array 65' : 'Uint8Array 32'])
    expect(given.map(toHex)).toEqual(['00'.repeat(32)])
  })

  it.each(classical)('%s: opens, is rotated to and from', async (_name, algorithm) => {
    const key = dhkem({ algorithm, ...ecdhHome(algorithm, seed()).key })
    const sealed = await seal(content, { recipients: [key.publicKey] })
    const ring = rotateKey(createKeyRing(key), await kemKey(algorithm, 2))
    expect(text((await open(sealed, { as: key })).content)).toBe('Hb 7.1')
    expect(text((await open(sealed, { as: ring })).content)).toBe('Hb 7.1')
    const identity = await createIdentity({ signer: await signKey(ed25519), decapsulator: key })
    expect(toHex(identity.public.encryption.id)).toBe(toHex(key.publicKey.id))
  })

  it('takes the public key as a key too', async () => {
    const { key: home } = ecdhHome(p256, seed())
    const imported = fromJwk(toJwk((await kemKey(p256)).publicKey), { algorithms: [p256] })
    const key = dhkem({ algorithm: p256, publicKey: imported, ecdh: home.ecdh })
    expect(toHex(key.publicKey.id)).toBe(toHex(imported.id))
    const other = (await kemKey(x25519)).publicKey
    expect(() => dhkem({ algorithm: p256, publicKey: other, ecdh: home.ecdh })).toThrow(TypeError)
    const signing = (await signKey(es256)).publicKey as never
    expect(() => dhkem({ algorithm: p256, publicKey: signing, ecdh: home.ecdh })).toThrow(TypeError)
  })

  it('the public key is copied', async () => {
    const { key: home } = ecdhHome(x25519, seed())
    const publicKey = (home.publicKey as Uint8Array).slice()
    const key = dhkem({ algorithm: x25519, publicKey, ecdh: home.ecdh })
    const sealed = await seal(content, { recipients: [key.publicKey] })
    publicKey.fill(0)
    expect(text((await open(sealed, { as: key })).content)).toBe('Hb 7.1')
  })

  it('a method of a class keeps its this, and the home cannot change what was sent', async () => {
    const { key: home } = ecdhHome(x25519, seed())
    class Home implements EcdhKey {
      readonly #home = home
      readonly publicKey = home.publicKey
      async ecdh(peer: Uint8Array) {
        const answer = await this.#home.ecdh(peer)
        peer.fill(0)
        return answer
      }
    }
    const home2 = new Home()
    const key = dhkem({
      algorithm: x25519,
      publicKey: home2.publicKey,
      ecdh: (peer) => home2.ecdh(peer),
    })
    const sealed = await seal(content, { recipients: [key.publicKey] })
    expect(text((await open(sealed, { as: key })).content)).toBe('Hb 7.1')
  })

  const { key: home } = ecdhHome(p256, seed())
  const misuse: Record<string, () => unknown> = {
    'a hybrid': () => dhkem({ ...home, algorithm: xWing }),
    'a signature algorithm': () => dhkem({ ...home, algorithm: es256 as never }),
    'an algorithm by name': () => dhkem({ ...home, algorithm: 'P-256' as never }),
    'no algorithm': () => dhkem({ ...home } as never),
    'no function': () => dhkem({ algorithm: p256, publicKey: home.publicKey } as never),
    'no public key': () => dhkem({ algorithm: p256, ecdh: home.ecdh } as never),
    'a misspelt option': () => dhkem({ ...home, algorithm: p256, Ecdh: 1 } as never),
    'a hybrid for the other': () =>
      hybridKem({ algorithm: p256, ecdh: home, postQuantum: hybridHome(xWing).postQuantum }),
    'no ML-KEM half': () => hybridKem({ algorithm: mlKem768P256, ecdh: home } as never),
    'no ML-KEM function': () =>
      hybridKem({
        algorithm: mlKem768P256,
        ecdh: home,
        postQuantum: { publicKey: hybridHome(xWing).postQuantum.publicKey } as never,
      }),
    'no group half': () =>
      hybridKem({ algorithm: xWing, postQuantum: hybridHome(xWing).postQuantum } as never),
  }
  it.each(Object.entries(misuse))('%s is a TypeError', (_name, call) => {
    expect(call).toThrow(TypeError)
  })

  const bytes = home.publicKey as Uint8Array
  it.each([
    ['compressed', p256, Uint8Array.of(2 + (bytes[64]! & 1), ...bytes.slice(1, 33))],
    ['off the curve', p256, bytes.map((byte, i) => (i === 64 ? byte ^ 1 : byte))],
    ['wrapped in an OCTET STRING', p256, Uint8Array.of(4, 65, ...bytes)],
    ['empty', x25519, new Uint8Array(0)],
    ['of small order', x25519, new Uint8Array(32)],
  ] as const)('a public key %s is refused', (_name, algorithm, publicKey) => {
    expect(thrownCode(() => dhkem({ algorithm, publicKey, ecdh: home.ecdh }))).toBe(
      'ERR_KEY_MALFORMED',
    )
  })
})

describe('hybridKem', () => {
  it.each(hybrids)('%s: gives the same bytes as the local key', async (_name, algorithm) => {
    const local = await kemKey(algorithm)
    const { postQuantum, group, given } = hybridHome(algorithm)
    const key = hybridKem({ algorithm, postQuantum, ecdh: group.key })
    expect(toHex(key.publicKey.bytes)).toBe(toHex(local.publicKey.bytes))
    const encapsulation = await encapsulationFor(local)
    expect(toHex(await key.decapsulate(encapsulation))).toBe(
      toHex(await local.decapsulate(encapsulation)),
    )
    expect([...given, ...group.given].map(toHex)).toEqual(['00'.repeat(32), '00'.repeat(32)])
    const sealed = await seal(content, { recipients: [key.publicKey] })
    const opened = await open(sealed, { as: key })
    expect([text(opened.content), opened.security]).toEqual(['Hb 7.1', 'post-quantum'])
  })

  it('a changed ML-KEM ciphertext gives another secret, as ML-KEM itself does', async () => {
    const local = await kemKey(xWing)
    const { postQuantum, group } = hybridHome(xWing)
    const key = hybridKem({ algorithm: xWing, postQuantum, ecdh: group.key })
    const encapsulation = await encapsulationFor(local)
    encapsulation[5]! ^= 1
    expect(toHex(await key.decapsulate(encapsulation))).toBe(
      toHex(await local.decapsulate(encapsulation)),
    )
  })

  it('a public key of another length, or with a coefficient out of range, is refused', () => {
    const { postQuantum, group } = hybridHome(xWing)
    const options = { algorithm: xWing, ecdh: group.key } as const
    for (const publicKey of [
      postQuantum.publicKey.slice(1),
      Uint8Array.of(...postQuantum.publicKey, 0),
      postQuantum.publicKey.map((byte, i) => (i < 3 ? 255 : byte)),
    ]) {
      expect(
        thrownCode(() => hybridKem({ ...options, postQuantum: { ...postQuantum, publicKey } })),
      ).toBe('ERR_KEY_MALFORMED')
    }
    expect(
      thrownCode(() =>
        hybridKem({ ...options, algorithm: mlKem768P256, postQuantum, ecdh: group.key }),
      ),
    ).toBe('ERR_KEY_MALFORMED')
  })
})

describe('what a home answers', () => {
  const { key: home } = ecdhHome(x25519, seed())
  const keyWith = (ecdh: EcdhKey['ecdh']): Decapsulator =>
    dhkem({ algorithm: x25519, publicKey: home.publicKey, ecdh })
  const peer = () => encapsulationFor(keyWith(home.ecdh))

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', '00'.repeat(32)],
    ['an ArrayBuffer', new ArrayBuffer(32)],
    ['an array', Array.from({ length: 32 }, () => 1)],
    ['31 bytes', new Uint8Array(31).fill(1)],
    ['33 bytes', new Uint8Array(33).fill(1)],
    ['a whole point', new Uint8Array(65).fill(4)],
    ['no bytes', new Uint8Array(0)],
  ])('%s is reported as an unavailable key with its cause', async (_name, answer) => {
    const key = keyWith(async () => answer as never)
    const error = (await rejection(key.decapsulate(await peer()))) as KeyUnavailable
    expect(error).toBeInstanceOf(KeyUnavailable)
    expect(error.cause).toBeInstanceOf(TypeError)
    expect(error.message).toContain('ecdh must resolve to a Uint8Array of 32 bytes')
    const sealed = await seal(content, { recipients: [key.publicKey] })
    expect(await codeOf(open(sealed, { as: key }))).toBe('ERR_KEY_UNAVAILABLE')
  })

  it('zeros are no shared secret', async () => {
    const key = keyWith(async () => new Uint8Array(32))
    expect(await rejection(key.decapsulate(await peer()))).toBeInstanceOf(EnvelopeOpenFailed)
  })

  it('an ML-KEM half is checked alike, and the other half is wiped', async () => {
    const { postQuantum, group } = hybridHome(xWing)
    const decapsulate = async (): Promise<Uint8Array> => new Uint8Array(31)
    const key = hybridKem({
      algorithm: xWing,
      postQuantum: { ...postQuantum, decapsulate },
      ecdh: group.key,
    })
    const error = (await rejection(key.decapsulate(await encapsulationFor(key)))) as Error
    expect(error).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE' })
    expect(error.message).toContain('postQuantum.decapsulate')
    expect(group.given.map(toHex)).toEqual(['00'.repeat(32)])
  })

  it('what it rejects with is the cause; our own errors pass', async () => {
    const silent = new Error('CKR_DEVICE_REMOVED')
    const encapsulation = await peer()
    const rejected = await rejection(
      keyWith(() => Promise.reject(silent)).decapsulate(encapsulation),
    )
    expect(rejected).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', retryable: true, cause: silent })
    const thrown = await rejection(
      keyWith(() => {
        throw silent
      }).decapsulate(encapsulation),
    )
    expect(thrown).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', cause: silent })
    const refused = keyWith(() => Promise.reject(new EnvelopeOpenFailed()))
    expect(await codeOf(refused.decapsulate(encapsulation))).toBe('ERR_ENVELOPE_OPEN_FAILED')
  })

  it('it is not asked about what has no shared secret, or another length', async () => {
    let asked = 0
    const count = async (): Promise<Uint8Array> => {
      asked++
      return seed()
    }
    const point = (await kemKey(p256)).publicKey.bytes
    const { postQuantum } = hybridHome(xWing)
    const cases: [Decapsulator, Uint8Array][] = [
      [keyWith(count), new Uint8Array(32)],
      [
        dhkem({ algorithm: p256, publicKey: point, ecdh: count }),
        point.map((byte, i) => (i === 64 ? byte ^ 1 : byte)),
      ],
      [
        hybridKem({
          algorithm: xWing,
          postQuantum: { ...postQuantum, decapsulate: count },
          ecdh: { publicKey: home.publicKey, ecdh: count },
        }),
        new Uint8Array(1120),
      ],
    ]
    for (const [key, encapsulation] of cases) {
      expect(await codeOf(key.decapsulate(encapsulation))).toBe('ERR_ENVELOPE_OPEN_FAILED')
      expect(await rejection(key.decapsulate(encapsulation.slice(1)))).toBeInstanceOf(RangeError)
    }
    expect(await rejection(keyWith(count).decapsulate('x' as never))).toBeInstanceOf(TypeError)
    expect(asked).toBe(0)
  })

  it('an abort rejects with its reason; an answer that comes too late is wiped', async () => {
    const reason = new Error('the user left')
    const late = seed(5)
    let answer = (_bytes: Uint8Array): void => {}
    let seen: AbortSignal | undefined
    const key = keyWith((_peer, options) => {
      seen = options?.signal
      return new Promise((resolve) => {
        answer = resolve
      })
    })
    const encapsulation = await peer()
    const controller = new AbortController()
    const waiting = rejection(key.decapsulate(encapsulation, { signal: controller.signal }))
    controller.abort(reason)
    expect(await waiting).toBe(reason)
    expect(seen).toBe(controller.signal)
    answer(late)
    await new Promise((resolve) => setTimeout(resolve, 1))
    expect(toHex(late)).toBe('00'.repeat(32))
    const { signal } = controller
    expect(await rejection(key.decapsulate(encapsulation, { signal }))).toBe(reason)
  })

  it('no secret shows in the key', async () => {
    const key = keyWith(home.ecdh)
    expect(Object.keys(key).sort()).toEqual(['decapsulate', 'publicKey'])
    expect(Object.isFrozen(key)).toBe(true)
  })
})
