import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  type CborKey,
  type CborMap,
  type CborValue,
  decodeStrict,
  encodeCbor,
} from '../../src/internal/cbor/index.ts'
import {
  ed25519,
  es256,
  fromCoseKey,
  type KemAlgorithm,
  keyFromSeed,
  type LocalSigner,
  mlDsa65,
  p256,
  toCoseKey,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { toHex } from '../helpers/bytes.ts'
import { refused } from '../helpers/cbor.ts'
import { codeOf, thrownCode } from '../helpers/errors.ts'
import { kems, signatures } from '../helpers/keys.ts'

const all = [...kems, ...signatures]
const seed = new Uint8Array(32).fill(7)
const malformed = 'ERR_KEY_MALFORMED'
const bytes = (length: number, value = 9): Uint8Array => new Uint8Array(length).fill(value)
const mapOf = (encoded: Uint8Array): Map<CborKey, CborValue> =>
  new Map(decodeStrict(encoded, refused) as CborMap)

/** A COSE_Key with some members changed; `undefined` leaves one out. */
const changed = (
  encoded: Uint8Array,
  ...members: [CborKey, CborValue | undefined][]
): Uint8Array => {
  const map = mapOf(encoded)
  for (const [label, value] of members) {
    if (value === undefined) map.delete(label)
    else map.set(label, value)
  }
  return encodeCbor(map)
}

describe('COSE_Key', () => {
  it.each(all.map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: comes back, and its hash is the key id',
    async (_name, algorithm) => {
      const key = await keyFromSeed(algorithm, seed)
      const encoded = toCoseKey(key.publicKey)
      expect(createHash('sha256').update(encoded).digest('hex')).toBe(toHex(key.publicKey.id))
      const again = fromCoseKey(encoded, { algorithms: [algorithm] })
      expect([toHex(again.bytes), again.algorithm]).toEqual([toHex(key.publicKey.bytes), algorithm])
      const secret = toCoseKey(key, { secret: true })
      const label = mapOf(encoded).get(1) === 7 ? -2 : -4
      expect(mapOf(secret).get(label)).toEqual(seed)
      const back = await fromCoseKey(secret, { algorithms: [algorithm], secret: true })
      expect(toHex(toCoseKey(back as LocalSigner, { secret: true }))).toBe(toHex(secret))
    },
  )

  it('by default X-Wing and Ed25519 are accepted', async () => {
    for (const algorithm of all) {
      const encoded = toCoseKey((await keyFromSeed(algorithm, seed)).publicKey)
      if (algorithm === xWing || algorithm === ed25519) {
        expect(fromCoseKey(encoded).algorithm).toBe(algorithm)
      } else expect(thrownCode(() => fromCoseKey(encoded))).toBe('ERR_ALGORITHM_UNSUPPORTED')
    }
  })

  it('one curve for both uses: the first accepted algorithm takes it', async () => {
    const encoded = toCoseKey((await keyFromSeed(p256, seed)).publicKey)
    expect(fromCoseKey(encoded, { algorithms: [es256, p256] }).algorithm).toBe(es256)
    expect(fromCoseKey(encoded, { algorithms: [p256, es256] }).algorithm).toBe(p256)
  })

  it('a secret is taken and given only where it is meant', async () => {
    for (const algorithm of [ed25519, xWing]) {
      const key = await keyFromSeed(algorithm, seed)
      const secret = toCoseKey(key as LocalSigner, { secret: true })
      expect(thrownCode(() => fromCoseKey(secret))).toBe(malformed)
      const missing = fromCoseKey(toCoseKey(key.publicKey), { secret: true })
      expect(await codeOf(missing)).toBe(malformed)
      expect(() => toCoseKey(key as never)).toThrow(TypeError)
      expect(() => toCoseKey(key.publicKey as never, { secret: true })).toThrow(TypeError)
    }
  })

  it.each(all.map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: halves that do not belong together are refused',
    async (_name, algorithm) => {
      const [one, two] = await Promise.all([7, 8].map((n) => keyFromSeed(algorithm, bytes(32, n))))
      const secret = mapOf(toCoseKey(one as LocalSigner, { secret: true }))
      const label = secret.get(1) === 7 ? -2 : -4
      secret.set(label, mapOf(toCoseKey(two as LocalSigner, { secret: true })).get(label)!)
      const options = { algorithms: [algorithm as KemAlgorithm], secret: true } as const
      expect(await codeOf(fromCoseKey(encodeCbor(secret), options))).toBe(malformed)
    },
  )

  it('each changed member of an Ed25519 key is refused', async () => {
    const encoded = toCoseKey((await keyFromSeed(ed25519, seed)).publicKey)
    const cases: [CborKey, CborValue | undefined][][] = [
      [[1, undefined]],
      [[1, 4]],
      [[1, 'OKP']],
      [[-1, undefined]],
      [[-1, 'Ed25519']],
      [[-2, undefined]],
      [[-2, bytes(31)]],
      [[-2, bytes(33)]],
      [[-2, 'x'.repeat(32)]],
      [[-2, bytes(32, 2)]],
      [[2, bytes(4)]],
      [[3, -8]],
      [[4, [1]]],
      [[-3, bytes(32)]],
      [['note', 1]],
      [[-70000, 1]],
    ]
    for (const [i, members] of cases.entries()) {
      expect(
        thrownCode(() => fromCoseKey(changed(encoded, ...members))),
        `${i}`,
      ).toBe(malformed)
    }
    const curve = changed(encoded, [-1, 7])
    expect(thrownCode(() => fromCoseKey(curve))).toBe('ERR_ALGORITHM_UNSUPPORTED')
  })

  it('each changed member of a P-256 key is refused', async () => {
    const encoded = toCoseKey((await keyFromSeed(p256, seed)).publicKey)
    const y = mapOf(encoded).get(-3) as Uint8Array
    const cases: [CborKey, CborValue | undefined][][] = [
      // The sign of y alone: a compressed point has another thumbprint (RFC 9679 §4.2).
      [[-3, (y[31]! & 1) === 1]],
      [[-3, undefined]],
      [[-3, bytes(31)]],
      [[-2, bytes(33)]],
      [[-2, bytes(32)]],
      [[-3, y.map((byte, i) => (i === 31 ? byte ^ 1 : byte))]],
      [[2, bytes(4)]],
    ]
    for (const [i, members] of cases.entries()) {
      const reading = () => fromCoseKey(changed(encoded, ...members), { algorithms: [p256] })
      expect(thrownCode(reading), `${i}`).toBe(malformed)
    }
  })

  it('each changed member of an AKP key is refused', async () => {
    const encoded = toCoseKey((await keyFromSeed(xWing, seed)).publicKey)
    const algorithms = [xWing, mlDsa65]
    const cases: [[CborKey, CborValue | undefined][], string][] = [
      [[[3, undefined]], malformed],
      [[[3, 56]], 'ERR_ALGORITHM_UNSUPPORTED'],
      [[[3, -49]], malformed],
      [[[-1, undefined]], malformed],
      [[[-1, bytes(1215)]], malformed],
      // 0xfff is above the modulus.
      [[[-1, bytes(1216, 255)]], malformed],
      [[[-3, bytes(1)]], malformed],
      [[[2, bytes(4)]], malformed],
    ]
    for (const [members, code] of cases) {
      expect(thrownCode(() => fromCoseKey(changed(encoded, ...members), { algorithms }))).toBe(code)
    }
  })

  it('what is not in deterministic CBOR is refused', async () => {
    const encoded = toCoseKey((await keyFromSeed(ed25519, seed)).publicKey)
    const cases = [
      new Uint8Array(0),
      Uint8Array.of(...encoded, 0),
      encoded.slice(0, -1),
      Uint8Array.of(0xb8, 3, ...encoded.slice(1)),
      encodeCbor([1, 2]),
      encodeCbor(null),
    ]
    for (const bad of cases) expect(thrownCode(() => fromCoseKey(bad))).toBe(malformed)
    for (const bad of ['a3010120', null, undefined, [0xa3], new Uint16Array(2)]) {
      expect(() => fromCoseKey(bad as never)).toThrow(TypeError)
    }
  })

  it.each([
    ['a short secret', x25519, bytes(31)],
    ['a secret as text', ed25519, 'x'.repeat(32)],
    ['the scalar 0', es256, bytes(32, 0)],
    ['a scalar above the order', p256, bytes(32, 255)],
    ['an expanded key', mlDsa65, bytes(4032)],
  ] as const)('%s is refused', async (_name, algorithm, secret) => {
    const key = await keyFromSeed(algorithm, seed)
    const map = mapOf(toCoseKey(key as LocalSigner, { secret: true }))
    map.set(map.get(1) === 7 ? -2 : -4, secret)
    const options = { algorithms: [algorithm as KemAlgorithm], secret: true } as const
    expect(await codeOf(fromCoseKey(encodeCbor(map), options))).toBe(malformed)
  })

  it('the result shares no memory with the input', async () => {
    const encoded = toCoseKey((await keyFromSeed(ed25519, seed)).publicKey)
    const key = fromCoseKey(encoded)
    const before = toHex(key.bytes)
    encoded.fill(0)
    expect(toHex(key.bytes)).toBe(before)
  })
})
