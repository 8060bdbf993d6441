import { ed25519 as noble } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { fromBase64Url, toBase64Url } from '../base64.ts'
import { bytesToBigInt, concat, equalBytes } from '../bytes.ts'
import { okpJwk } from './jwk.ts'
import { type KeyObject, type NodeCrypto, plain } from './node.ts'
import { type MaybePromise, nativeFeature, subtleFeature } from './tier.ts'

/** A signing secret that answers for its own public key. */
export interface SigningSecret {
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): MaybePromise<Uint8Array>
}

/** Checks signatures of one public key; whatever was parsed for the first one serves the next. */
export interface SignatureVerifier {
  verify(message: Uint8Array, signature: Uint8Array): MaybePromise<boolean>
}

const name = 'Ed25519'
const probeSeed = (): Uint8Array => new Uint8Array(32).fill(1)
const probePublic = 'iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w'

const native = /* @__PURE__ */ nativeFeature((node) => {
  const { publicKey, sign } = nativeSecret(node, probeSeed())
  const signature = sign(publicKey) as Uint8Array
  return (
    toBase64Url(publicKey) === probePublic &&
    node.verify(null, publicKey, nativePublicKey(node, publicKey), signature)
  )
})
const subtle = /* @__PURE__ */ subtleFeature(async (api) => {
  const publicKey = noble.getPublicKey(probeSeed())
  const signature = await subtleSign(api, probeSeed(), publicKey, publicKey)
  const key = await subtlePublicKey(api, publicKey)
  return api.verify(name, key, signature as BufferSource, publicKey as BufferSource)
})

/** Takes a 32-byte seed (RFC 8032 §5.1.5). */
export function ed25519Secret(seed: Uint8Array): SigningSecret {
  const node = native()
  if (node !== null) return nativeSecret(node, seed)
  const publicKey = noble.getPublicKey(seed)
  return {
    publicKey,
    sign: (message) => {
      const ready = subtle()
      if (ready === null) return noble.sign(message, seed)
      return Promise.resolve(ready).then((api) =>
        api === null ? noble.sign(message, seed) : subtleSign(api, seed, publicKey, message),
      )
    },
  }
}

/** Whether 32 bytes are the canonical encoding of a point of prime order that is not the identity. */
export function isEd25519PublicKey(bytes: Uint8Array): boolean {
  try {
    const point = noble.Point.fromBytes(bytes)
    return !point.is0() && point.isTorsionFree()
  } catch {
    return false
  }
}

/**
 * Verifies without cofactor, the same verdict on every tier: S < L, and the encoding of S·B − k·A equals
 * the R bytes. The key was checked with {@link isEd25519PublicKey}, so with A in the prime-order subgroup an
 * R outside of it, or in a second encoding, never fits.
 */
export function ed25519Verifier(publicKey: Uint8Array): SignatureVerifier {
  let parsed: KeyObject | undefined
  return {
    verify: (message, signature) => {
      if (signature.length !== 64 || !isCanonical(signature)) return false
      const node = native()
      if (node !== null) {
        parsed ??= nativePublicKey(node, publicKey)
        return node.verify(null, message, parsed, signature)
      }
      const ready = subtle()
      if (ready === null) return nobleVerify(publicKey, message, signature)
      return Promise.resolve(ready).then(async (api) => {
        if (api === null) return nobleVerify(publicKey, message, signature)
        const key = await subtlePublicKey(api, publicKey)
        return api.verify(name, key, signature as BufferSource, message as BufferSource)
      })
    },
  }
}

/** Whether R is below the field prime and S below the group order, before any platform sees them. */
function isCanonical(signature: Uint8Array): boolean {
  const y = signature.slice(0, 32)
  y[31]! &= 0x7f
  return (
    littleEndian(y) < noble.Point.Fp.ORDER &&
    littleEndian(signature.subarray(32)) < noble.Point.Fn.ORDER
  )
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytesToBigInt(bytes.slice().reverse())
}

function nobleVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const { Fn, BASE } = noble.Point
  const r = signature.subarray(0, 32)
  const s = littleEndian(signature.subarray(32))
  const k = Fn.create(littleEndian(sha512(concat(r, publicKey, message))))
  const point = BASE.multiplyUnsafe(s).subtract(noble.Point.fromBytes(publicKey).multiplyUnsafe(k))
  return equalBytes(point.toBytes(), r)
}

function nativeSecret(node: NodeCrypto, seed: Uint8Array): SigningSecret {
  // Node derives the public key itself and does not look at `x`; the probe above relies on that.
  const jwk = okpJwk(name, new Uint8Array(32), seed)
  const privateKey = node.createPrivateKey({ format: 'jwk', key: jwk })
  const publicKey = fromBase64Url(node.createPublicKey(privateKey).export({ format: 'jwk' }).x!)!
  return { publicKey, sign: (message) => plain(node.sign(null, message, privateKey)) }
}

function nativePublicKey(node: NodeCrypto, publicKey: Uint8Array): KeyObject {
  return node.createPublicKey({ format: 'jwk', key: okpJwk(name, publicKey) })
}

async function subtleSign(
  api: SubtleCrypto,
  seed: Uint8Array,
  publicKey: Uint8Array,
  message: Uint8Array,
): Promise<Uint8Array> {
  const key = await api.importKey('jwk', okpJwk(name, publicKey, seed), name, false, ['sign'])
  return new Uint8Array(await api.sign(name, key, message as BufferSource))
}

function subtlePublicKey(api: SubtleCrypto, publicKey: Uint8Array): Promise<CryptoKey> {
  return api.importKey('raw', publicKey as BufferSource, name, false, ['verify'])
}
