import { p256 as noble } from '@noble/curves/nist.js'
import type { PointEncoding } from '../algorithm.ts'
import { equalBytes } from '../bytes.ts'
import { ecJwk } from './jwk.ts'
import { type NodeCrypto, plain } from './node.ts'
import { pointsOf } from './points.ts'
import { nativeFeature, subtleFeature } from './tier.ts'
import type { DhSecret } from './x25519.ts'

const nodeCurve = 'prime256v1'
const subtleAlgorithm = { name: 'ECDH', namedCurve: 'P-256' }
const probeSecret = (): Uint8Array => new Uint8Array(32).fill(1)

const native = /* @__PURE__ */ nativeFeature((node) => {
  const secret = nativeSecret(node, probeSecret())
  return secret.publicKey.length === 65 && secret.agree(secret.publicKey) !== null
})
const subtle = /* @__PURE__ */ subtleFeature(async (api) => {
  const publicKey = noble.getPublicKey(probeSecret(), false)
  const shared = await subtleAgree(api, probeSecret(), publicKey, publicKey)
  return shared !== null && equalBytes(shared, nobleAgree(probeSecret(), publicKey)!)
})

/** Whether 32 bytes are a private key: a scalar from 1 to n − 1, big-endian. */
export function isP256Secret(secret: Uint8Array): boolean {
  return noble.utils.isValidSecretKey(secret)
}

/** Whether 65 bytes are an uncompressed point on the curve (SEC 1 §2.3.3); a compressed one is not. */
export function isP256PublicKey(bytes: Uint8Array): boolean {
  return bytes.length === 65 && bytes[0] === 4 && noble.utils.isValidPublicKey(bytes, false)
}

/** Compressed and uncompressed points of P-256. */
export const p256Points: PointEncoding = /* @__PURE__ */ pointsOf(noble)

/** ECDH on P-256 (SP 800-56A): shared secrets are the 32-byte x coordinate. Secrets were checked. */
export function p256Secret(secret: Uint8Array): DhSecret {
  const node = native()
  if (node !== null) return nativeSecret(node, secret)
  const publicKey = noble.getPublicKey(secret, false)
  return {
    publicKey,
    agree: (peer) => {
      const ready = subtle()
      if (ready === null) return nobleAgree(secret, peer)
      return Promise.resolve(ready).then((api) =>
        api === null ? nobleAgree(secret, peer) : subtleAgree(api, secret, publicKey, peer),
      )
    },
  }
}

function nobleAgree(secret: Uint8Array, peer: Uint8Array): Uint8Array | null {
  if (!isP256PublicKey(peer)) return null
  return noble.getSharedSecret(secret, peer, false).slice(1, 33)
}

function nativeSecret(node: NodeCrypto, secret: Uint8Array): DhSecret {
  const ecdh = node.createECDH(nodeCurve)
  ecdh.setPrivateKey(secret)
  return {
    publicKey: plain(ecdh.getPublicKey()),
    agree: (peer) => {
      if (peer.length !== 65 || peer[0] !== 4) return null
      try {
        return plain(ecdh.computeSecret(peer))
      } catch {
        return null
      }
    },
  }
}

async function subtleAgree(
  api: SubtleCrypto,
  secret: Uint8Array,
  publicKey: Uint8Array,
  peer: Uint8Array,
): Promise<Uint8Array | null> {
  if (peer.length !== 65 || peer[0] !== 4) return null
  const jwk = ecJwk('P-256', publicKey, secret)
  const privateKey = await api.importKey('jwk', jwk, subtleAlgorithm, false, ['deriveBits'])
  try {
    const theirs = await api.importKey('raw', peer as BufferSource, subtleAlgorithm, false, [])
    return new Uint8Array(await api.deriveBits({ name: 'ECDH', public: theirs }, privateKey, 256))
  } catch {
    return null
  }
}
