import { Point } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { fromBase64Url } from '../base64.ts'
import { bytesToBigInt, concat, equalBytes } from '../bytes.ts'
import { okpJwk } from './jwk.ts'
import type { KeyObject, NodeCrypto } from './node.ts'
import { type MaybePromise, nativeFeature, subtleFeature } from './tier.ts'

/*
 * Verification stands apart from signing, on the smallest of the packages that bring the curve's arithmetic: a
 * bundle that only verifies receipts carries nothing else.
 */

/** Checks signatures of one public key; whatever was parsed for the first one serves the next. */
export interface SignatureVerifier {
  verify(message: Uint8Array, signature: Uint8Array): MaybePromise<boolean>
}

const name = 'Ed25519'

// Tried before use: the signature of no bytes at all of RFC 8032 §7.1.
const probeKey = (): Uint8Array => fromBase64Url('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo')!
const probeSignature = (): Uint8Array =>
  fromBase64Url(
    '5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc-bRr0lv18FlbviRlUUFDjnoQCw',
  )!
const nothing = (): Uint8Array => new Uint8Array(0)

const native = /* @__PURE__ */ nativeFeature((node) =>
  node.verify(null, nothing(), nativePublicKey(node, probeKey()), probeSignature()),
)
const subtle = /* @__PURE__ */ subtleFeature(async (api) => {
  const key = await subtlePublicKey(api, probeKey())
  return api.verify(name, key, probeSignature() as BufferSource, nothing() as BufferSource)
})

const p = 2n ** 255n - 19n
const order = 2n ** 252n + 27742317777372353535851937790883648493n

/** Whether 32 bytes are the canonical encoding of a point of prime order that is not the identity. */
export function isEd25519PublicKey(bytes: Uint8Array): boolean {
  try {
    const key = Point.fromBytes(bytes)
    return !key.is0() && key.isTorsionFree()
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
  return littleEndian(y) < p && littleEndian(signature.subarray(32)) < order
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytesToBigInt(bytes.slice().reverse())
}

function nobleVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const r = signature.subarray(0, 32)
  const s = littleEndian(signature.subarray(32))
  const k = littleEndian(sha512(concat(r, publicKey, message))) % order
  const difference = Point.BASE.multiplyUnsafe(s).subtract(
    Point.fromBytes(publicKey).multiplyUnsafe(k),
  )
  return equalBytes(difference.toBytes(), r)
}

function nativePublicKey(node: NodeCrypto, publicKey: Uint8Array): KeyObject {
  return node.createPublicKey({ format: 'jwk', key: okpJwk(name, publicKey) })
}

function subtlePublicKey(api: SubtleCrypto, publicKey: Uint8Array): Promise<CryptoKey> {
  return api.importKey('raw', publicKey as BufferSource, name, false, ['verify'])
}
