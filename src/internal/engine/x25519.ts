import { pow } from '@noble/curves/abstract/modular.js'
import { type MontgomeryECDH, montgomery } from '@noble/curves/abstract/montgomery.js'
import { fromBase64Url, toBase64Url } from '../base64.ts'
import { equalBytes, toHex } from '../bytes.ts'
import { okpJwk } from './jwk.ts'
import { type KeyObject, type NodeCrypto, plain } from './node.ts'
import { type MaybePromise, nativeFeature, subtleFeature } from './tier.ts'

/** A Diffie–Hellman secret that answers for its own public key. */
export interface DhSecret {
  readonly publicKey: Uint8Array
  /** The raw shared secret, or `null` for a public key that has none (RFC 7748 §6.1, RFC 9180 §7.1.4). */
  agree(publicKey: Uint8Array): MaybePromise<Uint8Array | null>
}

/** 2²⁵⁵ − 19 (RFC 7748 §4.1). */
const prime = 2n ** 255n - 19n

/**
 * noble's ladder alone: its ready-made X25519 brings the Edwards curve along for a faster fixed base, 7 kB
 * that a sealer on a small device would carry for nothing else.
 */
const noble: MontgomeryECDH = /* @__PURE__ */ montgomery({
  P: prime,
  type: 'x25519',
  powPminus2: (x) => pow(x, prime - 2n, prime),
  adjustScalarBytes(scalar: Uint8Array) {
    // Clamping, RFC 7748 §5.
    scalar[0]! &= 248
    scalar[31]! = (scalar[31]! & 127) | 64
    return scalar as ReturnType<typeof Uint8Array.of>
  },
})

const curve = 'X25519'
const zeros = (): Uint8Array => new Uint8Array(32)
/** A private key of ones and its public key: what the platform is tried with before it is used. */
const probeSecret = (): Uint8Array => new Uint8Array(32).fill(1)
const probePublic = 'pOCSkrZRwni5dyxWn1-puxPZBrRqtoyd-dwrRAn4ogk'

const native = /* @__PURE__ */ nativeFeature((node) => {
  const secret = nativeSecret(node, probeSecret())
  return toBase64Url(secret.publicKey) === probePublic && secret.agree(secret.publicKey) !== null
})
const subtle = /* @__PURE__ */ subtleFeature(async (api) => {
  const publicKey = noble.getPublicKey(probeSecret())
  const shared = await subtleAgree(api, probeSecret(), publicKey, publicKey)
  return shared !== null && equalBytes(shared, noble.getSharedSecret(probeSecret(), publicKey))
})

/** The u-coordinates of small order, little-endian: 0, 1, two of order 8, p − 1. All that is agreed with them is zero. */
const smallOrder: readonly string[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

/**
 * Whether 32 bytes are a public key that something secret can be agreed with (RFC 7748 §6.1), in the one encoding
 * that a coordinate has: RFC 7748 §5 would take others, and two key ids would stand for one key.
 */
export function isX25519PublicKey(bytes: Uint8Array): boolean {
  return isReduced(bytes) && !(smallFirst.includes(bytes[0]!) && smallOrder.includes(toHex(bytes)))
}

/** First bytes of the points of small order: the others are not worth a comparison. */
const smallFirst: readonly number[] = [0x00, 0x01, 0xe0, 0x5f, 0xec]

/** Whether a little-endian coordinate is below 2²⁵⁵ − 19, whose bytes are ed ff … ff 7f. */
function isReduced(bytes: Uint8Array): boolean {
  const high = bytes[31]!
  if (high !== 0x7f) return high < 0x7f
  for (let i = 30; i > 0; i--) if (bytes[i] !== 0xff) return true
  return bytes[0]! < 0xed
}

/** Takes a 32-byte private key (RFC 7748 §5); clamping happens inside. */
export function x25519Secret(secret: Uint8Array): DhSecret {
  const node = native()
  if (node !== null) return nativeSecret(node, secret)
  const publicKey = noble.getPublicKey(secret)
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
  try {
    return noble.getSharedSecret(secret, peer)
  } catch {
    return null
  }
}

function nativeSecret(node: NodeCrypto, secret: Uint8Array): DhSecret {
  // Node derives the public key itself and does not look at `x`; the probe above relies on that.
  const jwk = okpJwk(curve, zeros(), secret)
  const privateKey = node.createPrivateKey({ format: 'jwk', key: jwk })
  const publicKey = fromBase64Url(node.createPublicKey(privateKey).export({ format: 'jwk' }).x!)!
  return { publicKey, agree: (peer) => nativeAgree(node, privateKey, peer) }
}

function nativeAgree(node: NodeCrypto, privateKey: KeyObject, peer: Uint8Array): Uint8Array | null {
  try {
    const publicKey = node.createPublicKey({ format: 'jwk', key: okpJwk(curve, peer) })
    const shared = plain(node.diffieHellman({ privateKey, publicKey }))
    return equalBytes(shared, zeros()) ? null : shared
  } catch {
    return null
  }
}

async function subtleAgree(
  api: SubtleCrypto,
  secret: Uint8Array,
  publicKey: Uint8Array,
  peer: Uint8Array,
): Promise<Uint8Array | null> {
  const algorithm = { name: curve }
  const jwk = okpJwk(curve, publicKey, secret)
  const privateKey = await api.importKey('jwk', jwk, algorithm, false, ['deriveBits'])
  const theirs = await api.importKey('raw', peer as BufferSource, algorithm, false, [])
  try {
    const bits = await api.deriveBits({ name: curve, public: theirs }, privateKey, 256)
    const shared = new Uint8Array(bits)
    return equalBytes(shared, zeros()) ? null : shared
  } catch {
    return null
  }
}
