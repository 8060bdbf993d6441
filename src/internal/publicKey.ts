import { KeyMalformed } from '../errors.ts'
import { internalsOf, type KemAlgorithm, type SignatureAlgorithm } from './algorithm.ts'
import { bytesArgument, equalBytes } from './bytes.ts'
import { thumbprint } from './coseKey.ts'

/** A public key as careseal/keys exports it. */
interface PublicKeyLike<A extends KemAlgorithm | SignatureAlgorithm> {
  readonly algorithm: A
  readonly id: Uint8Array
  readonly bytes: Uint8Array
}

/** What each key was when it was checked: nothing keeps a caller from writing into its bytes. */
const known = /* @__PURE__ */ new WeakMap<object, { id: Uint8Array; bytes: Uint8Array }>()

/** Checks raw bytes and makes a key object of them. */
export function checkPublicKey<A extends KemAlgorithm | SignatureAlgorithm>(
  algorithm: A,
  bytes: Uint8Array,
): PublicKeyLike<A> {
  const { publicKeySize, isPublicKey } = internalsOf(algorithm)
  const raw = bytesArgument(bytes, 'bytes')
  if (raw.length !== publicKeySize) {
    throw new KeyMalformed(
      `A public key of ${algorithm.name} has ${publicKeySize} bytes, these are ${raw.length}`,
    )
  }
  if (!isPublicKey(raw))
    throw new KeyMalformed(`These bytes are no public key of ${algorithm.name}`)
  return makePublicKey(algorithm, raw.slice())
}

/** A key object from bytes that were checked or derived here. */
export function makePublicKey<A extends KemAlgorithm | SignatureAlgorithm>(
  algorithm: A,
  bytes: Uint8Array,
): PublicKeyLike<A> {
  const key = Object.freeze({ algorithm, id: thumbprint(algorithm, bytes), bytes })
  known.set(key, { id: key.id.slice(), bytes: bytes.slice() })
  return key
}

/** A key that a caller passed: ours, or the same made again from its parts, as from another copy of the package. */
export function publicKeyArgument<A extends KemAlgorithm | SignatureAlgorithm>(
  key: PublicKeyLike<A>,
  kind: A['kind'],
  name: string,
): PublicKeyLike<A> {
  if (typeof key !== 'object' || key === null || key.algorithm?.kind !== kind) {
    throw new TypeError(`${name} must be a public ${kind === 'kem' ? 'encryption' : 'signing'} key`)
  }
  const checked = known.get(key)
  if (checked === undefined) return checkPublicKey<A>(key.algorithm, key.bytes)
  if (!equalBytes(checked.bytes, key.bytes) || !equalBytes(checked.id, key.id)) {
    throw new TypeError(`${name} was changed in place: do not write into the bytes of a key`)
  }
  return key
}
