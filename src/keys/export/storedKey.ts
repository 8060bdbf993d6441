import { KeyMalformed } from '../../errors.ts'
import { internalsOf } from '../../internal/algorithm.ts'
import { equalBytes } from '../../internal/bytes.ts'
import type { CborKey, CborMap, CborValue } from '../../internal/cbor/index.ts'
import { coseKeyOf, readCoseKey } from '../../internal/coseKey.ts'
import { keyAkpPriv, keyD, keyKty, ktyAkp } from '../../internal/registry.ts'
import { keyFromSeed } from '../local.ts'
import { acceptAlgorithm, importPublicKey } from '../publicKey.ts'
import type {
  AnyPublicKey,
  KemAlgorithm,
  LocalDecapsulator,
  LocalSigner,
  SignatureAlgorithm,
} from '../types.ts'

/** A key of an export: its public half, and the seed where the private one is in it. */
export interface StoredKey<K = AnyPublicKey> {
  readonly publicKey: K
  readonly seed: Uint8Array | null
}

/** The COSE_Key of a stored key (docs/formats.md §1). */
export function storedKeyMap({ publicKey, seed }: StoredKey): CborMap {
  const map = new Map<CborKey, CborValue>(coseKeyOf(publicKey.algorithm, publicKey.bytes))
  return seed === null ? map : map.set(secretLabel(map), seed)
}

/** Its inverse. Whether the halves belong together is checked where the private one is made. */
export function readStoredKey(
  value: CborValue | undefined,
  algorithms: readonly (KemAlgorithm | SignatureAlgorithm)[],
): StoredKey {
  if (!(value instanceof Map))
    throw new KeyMalformed('An exported identity with a key that is none')
  const map = value as CborMap
  const { kty, curve, bytes } = readCoseKey(map)
  const algorithm = acceptAlgorithm(
    (shape) => shape.kty === kty && shape.curve === curve,
    algorithms,
  )
  const publicKey = importPublicKey(algorithm, bytes)
  const seed = map.get(secretLabel(map))
  const size = coseKeyOf(algorithm, publicKey.bytes).size
  if (map.size !== size + (seed === undefined ? 0 : 1)) {
    throw new KeyMalformed('An exported identity with a key that has members beside its own')
  }
  if (seed === undefined) return { publicKey, seed: null }
  const { isSeed } = internalsOf(algorithm)
  if (!(seed instanceof Uint8Array) || seed.length !== 32 || !isSeed(seed)) {
    throw new KeyMalformed(`An exported identity with a secret that is no key of ${algorithm.name}`)
  }
  return { publicKey, seed }
}

/** The private key of a stored one; the caller wipes the seed. */
export async function openStoredKey(
  publicKey: AnyPublicKey,
  seed: Uint8Array,
): Promise<LocalDecapsulator | LocalSigner> {
  const key = await keyFromSeed(publicKey.algorithm, seed)
  if (!equalBytes(key.publicKey.id, publicKey.id)) {
    throw new KeyMalformed(
      'An exported identity with a key whose two halves do not belong together',
    )
  }
  return key
}

function secretLabel(map: CborMap): number {
  return map.get(keyKty) === ktyAkp ? keyAkpPriv : keyD
}
