import { expect, it } from 'vitest'
import { equalBytes } from '../../src/internal/bytes.ts'
import { chacha } from '../../src/internal/engine/chacha.ts'
import { gcm } from '../../src/internal/engine/gcm.ts'
import { hpkeOpen, hpkeSeal } from '../../src/internal/hpke/index.ts'
import type { HpkeSuite } from '../../src/internal/hpke/kem.ts'
import {
  mlKem768P256Suite,
  p256Suite,
  x25519Suite,
  xWingSuite,
} from '../../src/internal/hpke/suites.ts'
import { hex, toHex } from '../helpers/bytes.ts'
import { describeVectors, vectorJson } from '../helpers/vectors.ts'

interface HpkeVector {
  mode: number
  kem_id: number
  kdf_id: number
  aead_id: number
  info: string
  ikmE: string
  skRm: string
  skEm?: string
  pkRm: string
  enc: string
  shared_secret: string
  key: string
  base_nonce: string
  encryptions: { aad: string; ct: string; nonce: string; pt: string }[]
}

const suites = [x25519Suite, p256Suite, xWingSuite, mlKem768P256Suite]

/** The suite of a vector, with its AEAD, or `null` where only its KEM is ours. */
function suiteOf(vector: HpkeVector): HpkeSuite | null {
  const base = suites.find((suite) => suite.kem.id === vector.kem_id)
  if (base === undefined || base.kdf.id !== vector.kdf_id) return null
  if (vector.aead_id !== 2 && vector.aead_id !== 3) return null
  return { ...base, aead: vector.aead_id === 2 ? gcm : chacha, aeadId: vector.aead_id }
}

async function checkKem(vector: HpkeVector, randomness: string): Promise<void> {
  const { kem } = suites.find((suite) => suite.kem.id === vector.kem_id)!
  const secret = kem.secret(hex(vector.skRm))
  expect(toHex(secret.publicKey)).toBe(vector.pkRm)
  expect(kem.isPublicKey(secret.publicKey)).toBe(true)
  const shared = await secret.decapsulate(hex(vector.enc))
  expect(toHex(shared!)).toBe(vector.shared_secret)
  const encapsulated = await kem.encapsulator(hex(vector.pkRm)).encapsulate(hex(randomness))
  expect(toHex(encapsulated!.encapsulation)).toBe(vector.enc)
  expect(toHex(encapsulated!.sharedSecret)).toBe(vector.shared_secret)
}

async function checkSealing(
  vector: HpkeVector,
  suite: HpkeSuite,
  randomness: string,
): Promise<void> {
  const schedule = suite.kdf.schedule(
    hex(
      `48504b45${[vector.kem_id, vector.kdf_id, vector.aead_id].map((id) => id.toString(16).padStart(4, '0')).join('')}`,
    ),
    hex(vector.shared_secret),
    hex(vector.info),
  )
  expect(toHex(schedule.key)).toBe(vector.key)
  expect(toHex(schedule.nonce)).toBe(vector.base_nonce)
  const first = vector.encryptions[0]!
  const key = suite.kem.encapsulator(hex(vector.pkRm))
  const sealed = await hpkeSeal(
    suite,
    key,
    hex(vector.info),
    hex(first.pt),
    hex(first.aad),
    hex(randomness),
  )
  expect(toHex(sealed!.encapsulation)).toBe(vector.enc)
  expect(toHex(sealed!.ciphertext)).toBe(first.ct)
  const shared = hex(vector.shared_secret)
  const opened = await hpkeOpen(suite, shared, hex(vector.info), hex(first.ct), hex(first.aad))
  expect(equalBytes(opened!, hex(first.pt))).toBe(true)
  const flipped = hex(first.ct)
  flipped[0]! ^= 1
  expect(await hpkeOpen(suite, shared, hex(vector.info), flipped, hex(first.aad))).toBeNull()
  expect(
    await hpkeOpen(suite, shared, hex(`${vector.info}00`), hex(first.ct), hex(first.aad)),
  ).toBeNull()
}

describeVectors('HPKE (RFC 9180, base mode)', () => {
  const load = (): HpkeVector[] =>
    vectorJson<HpkeVector[]>('crypto/hpke/rfc9180-test-vectors.json').filter(
      ({ mode, kem_id }) => mode === 0 && (kem_id === 0x10 || kem_id === 0x20),
    )

  it('encapsulates and decapsulates as in every vector of our classical KEMs', async () => {
    const vectors = load()
    expect(vectors.length).toBe(16)
    for (const vector of vectors) await checkKem(vector, vector.skEm!)
  })

  it('schedules, seals and opens as in every vector of a suite with 256-bit keys', async () => {
    const vectors = load().filter((vector) => suiteOf(vector) !== null)
    expect(vectors.length).toBe(4)
    for (const vector of vectors) await checkSealing(vector, suiteOf(vector)!, vector.skEm!)
  })
})

describeVectors('HPKE with post-quantum KEMs (hpke-pq)', () => {
  const load = (): HpkeVector[] =>
    vectorJson<HpkeVector[]>('crypto/hpke/hpke-pq-test-vectors.json').filter(
      ({ kem_id }) => kem_id === 0x50 || kem_id === 0x647a,
    )

  it('encapsulates and decapsulates as in every vector of X-Wing and MLKEM768-P256', async () => {
    const vectors = load()
    expect(vectors.map(({ kem_id }) => kem_id).sort((a, b) => a - b)).toEqual([
      0x50, 0x50, 0x647a, 0x647a,
    ])
    for (const vector of vectors) await checkKem(vector, vector.ikmE)
  })

  it('schedules, seals and opens with SHAKE256', async () => {
    const vectors = load().filter((vector) => suiteOf(vector) !== null)
    expect(vectors.length).toBeGreaterThan(0)
    for (const vector of vectors) await checkSealing(vector, suiteOf(vector)!, vector.ikmE)
  })
})

describeVectors('X-Wing (draft-connolly-cfrg-xwing-kem-10)', () => {
  it('matches all vectors', async () => {
    type XWingVector = Record<'seed' | 'eseed' | 'ss' | 'sk' | 'pk' | 'ct', string>
    const vectors = vectorJson<XWingVector[]>('crypto/xwing/xwing-draft-10-test-vectors.json')
    expect(vectors.length).toBe(3)
    const { kem } = xWingSuite
    for (const { seed, eseed, ss, pk, ct } of vectors) {
      const secret = kem.secret(hex(seed))
      expect(toHex(secret.publicKey)).toBe(pk)
      expect(toHex((await secret.decapsulate(hex(ct)))!)).toBe(ss)
      const encapsulated = await kem.encapsulator(hex(pk)).encapsulate(hex(eseed))
      expect(toHex(encapsulated!.encapsulation)).toBe(ct)
      expect(toHex(encapsulated!.sharedSecret)).toBe(ss)
    }
  })
})
