/** What version 1 wrote, every later version reads: wrapped keys and exported identities of docs/formats.md §11. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  exportSeed,
  importIdentity,
  type KeyWrapper,
  keyFromSeed,
  type LocalDecapsulator,
  type LocalSigner,
  mlKem768P256,
  p256,
  passphraseWrapper,
  secretWrapper,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { hex, toHex } from '../helpers/bytes.ts'
import { codeOf } from '../helpers/errors.ts'
import { kems, signatures } from '../helpers/keys.ts'

type Kem = 'xWing' | 'mlKem768P256' | 'p256' | 'x25519'
type Wrapper = { secret: string } | { passphrase: string }
interface Vectors {
  wraps: (Wrapper & { id: string; wrapped: string; key: string })[]
  identities: {
    note: string
    export: string
    wrappers: Wrapper[]
    card: string
    signing: { algorithm: string; seed: string }
    ring: { algorithm: Kem; status: string; seed: string | null; elsewhere?: string }[]
  }[]
  refusedExports: { reason: string; object: string; secret: string }[]
}

const vectors: Vectors = JSON.parse(readFileSync('test/fixtures/formats-1.json', 'utf8'))
const constants = { xWing, mlKem768P256, p256, x25519 }
const algorithms = [...kems, ...signatures]
const wrapperOf = (vector: Wrapper): KeyWrapper =>
  'secret' in vector ? secretWrapper(hex(vector.secret)) : passphraseWrapper(vector.passphrase)

describe('format version 1', () => {
  it('wrapped keys', async () => {
    expect(vectors.wraps).toHaveLength(2)
    for (const vector of vectors.wraps) {
      const wrapper = wrapperOf(vector)
      expect(toHex(wrapper.id)).toBe(vector.id)
      expect(toHex(await wrapper.unwrap(hex(vector.wrapped)))).toBe(vector.key)
    }
  })

  it('exported identities', async () => {
    for (const { note, wrappers, card, signing, ring, ...vector } of vectors.identities) {
      const away = await Promise.all(
        ring.flatMap(({ algorithm, elsewhere }) =>
          elsewhere === undefined ? [] : [keyFromSeed(constants[algorithm], hex(elsewhere))],
        ),
      )
      for (const wrapper of wrappers.map(wrapperOf)) {
        const options = { wrapper, algorithms, decapsulators: away }
        const identity = await importIdentity(hex(vector.export), options)
        expect(toHex(identity.public.card), note).toBe(card)
        expect(toHex(exportSeed(identity.signer as LocalSigner))).toBe(signing.seed)
        expect(
          identity.decapsulator.keys.map(({ publicKey, status, key }) => ({
            algorithm: publicKey.algorithm.name,
            status,
            seed: key === null ? null : toHex(exportSeed(key as LocalDecapsulator)),
          })),
        ).toEqual(
          ring.map(({ algorithm, status, seed, elsewhere }) => ({
            algorithm: constants[algorithm].name,
            status,
            seed: elsewhere ?? seed,
          })),
        )
      }
      if (away.length > 0) {
        const wrapper = wrapperOf(wrappers[1]!)
        const failing = importIdentity(hex(vector.export), { wrapper, algorithms })
        expect(await codeOf(failing)).toBe('ERR_KEY_ELSEWHERE')
      }
    }
  })

  it('refused', async () => {
    expect(vectors.refusedExports).toHaveLength(4)
    for (const { reason, object, secret } of vectors.refusedExports) {
      const wrapper = secretWrapper(hex(secret))
      expect(await codeOf(importIdentity(hex(object), { wrapper })), reason).toMatch(
        /^ERR_KEY_(LOCKED|MALFORMED)$/,
      )
    }
  })
})
