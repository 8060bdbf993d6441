import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
} from 'node:crypto'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { expect, it } from 'vitest'
import {
  type Decapsulator,
  dhkem,
  type EcdhKey,
  hybridKem,
  mlKem768P256,
  p256,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { hex, toHex } from '../helpers/bytes.ts'
import { describeVectors, vectorJson } from '../helpers/vectors.ts'

// The raw operations run in OpenSSL here, as they would in an HSM: nothing of ours computes them.

interface HpkeVector {
  mode: number
  kem_id: number
  skRm: string
  pkRm: string
  enc: string
  shared_secret: string
}

const kems = { 16: p256, 32: x25519, 80: mlKem768P256, 25722: xWing } as const

function p256Home(scalar: Uint8Array): EcdhKey {
  const home = createECDH('prime256v1')
  home.setPrivateKey(scalar)
  return { publicKey: home.getPublicKey(), ecdh: async (peer) => home.computeSecret(peer) }
}

function x25519Home(secret: Uint8Array): EcdhKey {
  const der = (head: string, key: Uint8Array) => Buffer.concat([Buffer.from(head, 'hex'), key])
  const pkcs8 = der('302e020100300506032b656e04220420', secret)
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    publicKey: spki.subarray(-32),
    async ecdh(peer) {
      const key = der('302a300506032b656e032100', peer)
      const publicKey = createPublicKey({ key, format: 'der', type: 'spki' })
      return diffieHellman({ privateKey, publicKey })
    },
  }
}

function keyOf({ kem_id, skRm }: HpkeVector): Decapsulator {
  const secret = hex(skRm)
  if (kem_id === 0x10) return dhkem({ algorithm: p256, ...p256Home(secret) })
  if (kem_id === 0x20) return dhkem({ algorithm: x25519, ...x25519Home(secret) })
  const outputLength = kem_id === 0x50 ? 192 : 96
  const expanded = new Uint8Array(createHash('shake256', { outputLength }).update(secret).digest())
  const lattice = ml_kem768.keygen(expanded.slice(0, 64))
  const half = expanded.slice(64, 96)
  return hybridKem({
    algorithm: kem_id === 0x50 ? mlKem768P256 : xWing,
    postQuantum: {
      publicKey: lattice.publicKey,
      decapsulate: async (ciphertext) => ml_kem768.decapsulate(ciphertext, lattice.secretKey),
    },
    ecdh: kem_id === 0x50 ? p256Home(half) : x25519Home(half),
  })
}

describeVectors('keys that live elsewhere, against the vectors of RFC 9180 and hpke-pq', () => {
  it.each([
    ['crypto/hpke/rfc9180-test-vectors.json', [0x10, 0x20]],
    ['crypto/hpke/hpke-pq-test-vectors.json', [0x10, 0x20, 0x50, 0x647a]],
  ] as const)('%s', async (path, wanted) => {
    const seen = new Set<number>()
    for (const vector of vectorJson<HpkeVector[]>(path)) {
      if (vector.mode !== 0 || !(vector.kem_id in kems)) continue
      const key = keyOf(vector)
      expect(toHex(key.publicKey.bytes)).toBe(vector.pkRm)
      expect(toHex(await key.decapsulate(hex(vector.enc)))).toBe(vector.shared_secret)
      seen.add(vector.kem_id)
    }
    expect([...seen].sort((a, b) => a - b)).toEqual(wanted)
  })
})
