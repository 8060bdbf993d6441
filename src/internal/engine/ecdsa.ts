import type { PointEncoding } from '../algorithm.ts'
import { bigIntToBytes, bytesToBigInt, concat } from '../bytes.ts'
import type { SigningSecret } from './ed25519.ts'
import type { SignatureVerifier } from './ed25519Verify.ts'
import { ecJwk } from './jwk.ts'
import { type KeyObject, type NodeCrypto, plain } from './node.ts'
import { pointsOf } from './points.ts'
import { nativeFeature, subtleFeature } from './tier.ts'

/** The part of a noble curve that ECDSA needs here. */
export interface NobleCurve {
  readonly Point: {
    readonly Fn: { readonly ORDER: bigint }
    fromBytes(bytes: Uint8Array): { toBytes(compressed: boolean): Uint8Array }
  }
  readonly utils: {
    isValidSecretKey(secret: Uint8Array): boolean
    isValidPublicKey(publicKey: Uint8Array, compressed?: boolean): boolean
  }
  getPublicKey(secret: Uint8Array, compressed?: boolean): Uint8Array
  sign(message: Uint8Array, secret: Uint8Array): Uint8Array
  verify(
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array,
    options: { lowS: boolean },
  ): boolean
}

/** ECDSA with SHA-256 over one curve; signatures are r ‖ s, 64 bytes, low-S when we sign. */
export interface Ecdsa {
  /** Compressed and uncompressed points of the curve. */
  readonly points: PointEncoding
  /** Whether 65 bytes are an uncompressed point on the curve. */
  isPublicKey(bytes: Uint8Array): boolean
  /** Whether 32 bytes are a scalar from 1 to n − 1. */
  isSecret(scalar: Uint8Array): boolean
  secret(scalar: Uint8Array): SigningSecret
  verifier(publicKey: Uint8Array): SignatureVerifier
  /** Whether s is in the lower half, so that a signature has one form. */
  isLowS(signature: Uint8Array): boolean
  /** The low-S form of a signature; what an HSM returned is normalised with it. */
  toLowS(signature: Uint8Array): Uint8Array
}

/** Builds ECDSA for a curve: `crv` is its JWK name, `inSubtle` whether WebCrypto knows it. */
export function ecdsa(noble: NobleCurve, crv: 'P-256' | 'secp256k1', inSubtle: boolean): Ecdsa {
  const probe = (): Uint8Array => new Uint8Array(32).fill(1)
  const native = nativeFeature((node) => {
    const publicKey = noble.getPublicKey(probe(), false)
    const signature = nativeSign(node, nativePrivateKey(node, crv, probe(), publicKey), probe())
    return noble.verify(signature, probe(), publicKey, { lowS: false })
  })
  const subtle = subtleFeature(async (api) => {
    if (!inSubtle) return false
    const publicKey = noble.getPublicKey(probe(), false)
    const signature = await subtleSign(api, crv, probe(), publicKey, probe())
    return noble.verify(signature, probe(), publicKey, { lowS: false })
  })
  const sOf = (signature: Uint8Array): bigint => bytesToBigInt(signature.subarray(32))
  const order = (): bigint => noble.Point.Fn.ORDER
  const isLowS = (signature: Uint8Array): boolean => sOf(signature) <= order() >> 1n
  const toLowS = (signature: Uint8Array): Uint8Array =>
    isLowS(signature)
      ? signature
      : concat(signature.subarray(0, 32), bigIntToBytes(order() - sOf(signature), 32))

  return {
    points: pointsOf(noble),
    isPublicKey: (bytes) =>
      bytes.length === 65 && bytes[0] === 4 && noble.utils.isValidPublicKey(bytes, false),
    isSecret: (scalar) => noble.utils.isValidSecretKey(scalar),
    isLowS,
    toLowS,
    secret(scalar) {
      const publicKey = noble.getPublicKey(scalar, false)
      let parsed: KeyObject | undefined
      return {
        publicKey,
        sign(message) {
          const node = native()
          if (node !== null) {
            parsed ??= nativePrivateKey(node, crv, scalar, publicKey)
            return toLowS(nativeSign(node, parsed, message))
          }
          const ready = subtle()
          if (ready === null) return noble.sign(message, scalar)
          return Promise.resolve(ready).then(async (api) =>
            api === null
              ? noble.sign(message, scalar)
              : toLowS(await subtleSign(api, crv, scalar, publicKey, message)),
          )
        },
      }
    },
    verifier(publicKey) {
      let parsed: KeyObject | undefined
      const slow = (signature: Uint8Array, message: Uint8Array): boolean =>
        noble.verify(signature, message, publicKey, { lowS: false })
      return {
        verify(message, signature) {
          if (signature.length !== 64) return false
          const node = native()
          if (node !== null) {
            parsed ??= node.createPublicKey({ format: 'jwk', key: ecJwk(crv, publicKey) })
            const key = { key: parsed, dsaEncoding: 'ieee-p1363' as const }
            return node.verify('sha256', message, key, signature)
          }
          const ready = subtle()
          if (ready === null) return slow(signature, message)
          return Promise.resolve(ready).then(async (api) => {
            if (api === null) return slow(signature, message)
            const algorithm = { name: 'ECDSA', namedCurve: crv }
            const raw = publicKey as BufferSource
            const key = await api.importKey('raw', raw, algorithm, false, ['verify'])
            const check = { name: 'ECDSA', hash: 'SHA-256' }
            return api.verify(check, key, signature as BufferSource, message as BufferSource)
          })
        },
      }
    },
  }
}

function nativePrivateKey(
  node: NodeCrypto,
  crv: string,
  scalar: Uint8Array,
  publicKey: Uint8Array,
): KeyObject {
  return node.createPrivateKey({ format: 'jwk', key: ecJwk(crv, publicKey, scalar) })
}

function nativeSign(node: NodeCrypto, key: KeyObject, message: Uint8Array): Uint8Array {
  return plain(node.sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }))
}

async function subtleSign(
  api: SubtleCrypto,
  crv: string,
  scalar: Uint8Array,
  publicKey: Uint8Array,
  message: Uint8Array,
): Promise<Uint8Array> {
  const jwk = ecJwk(crv, publicKey, scalar)
  const key = await api.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: crv }, false, ['sign'])
  const how = { name: 'ECDSA', hash: 'SHA-256' }
  return new Uint8Array(await api.sign(how, key, message as BufferSource))
}
