import { KeyMalformed } from '../errors.ts'
import { internalsOf, type KemAlgorithm, type SignatureAlgorithm } from './algorithm.ts'
import { concat } from './bytes.ts'
import { type CborKey, type CborMap, type CborValue, encodeCbor } from './cbor/index.ts'
import { sha256 } from './engine/hash.ts'
import {
  keyAkpPub,
  keyAlg,
  keyCrv,
  keyKty,
  keyX,
  keyY,
  ktyAkp,
  ktyEc2,
  ktyOkp,
} from './registry.ts'

/** The members of a COSE_Key that make its RFC 9679 thumbprint, and nothing else. */
export function coseKeyOf(
  algorithm: KemAlgorithm | SignatureAlgorithm,
  bytes: Uint8Array,
): CborMap {
  const { kty, curve } = internalsOf(algorithm).shape
  const map = new Map<CborKey, CborValue>([[keyKty, kty]])
  if (kty === ktyAkp) return map.set(keyAlg, curve).set(keyAkpPub, bytes)
  map.set(keyCrv, curve)
  if (kty === ktyOkp) return map.set(keyX, bytes)
  return map.set(keyX, bytes.slice(1, 33)).set(keyY, bytes.slice(33))
}

/** RFC 9679 SHA-256 thumbprint: the id of a key. */
export function thumbprint(
  algorithm: KemAlgorithm | SignatureAlgorithm,
  bytes: Uint8Array,
): Uint8Array {
  return sha256(encodeCbor(coseKeyOf(algorithm, bytes)))
}

/** Raw bytes of a COSE_Key's public half, and what it says it is for. */
export interface RawCoseKey {
  readonly kty: 1 | 2 | 7
  /** Curve of OKP and EC2; algorithm of AKP. */
  readonly curve: number
  readonly bytes: Uint8Array
}

/** Takes the public members of a COSE_Key; other members are the caller's to judge. */
export function readCoseKey(map: CborMap): RawCoseKey {
  const kty = map.get(keyKty)
  const x = map.get(keyX)
  if (kty === ktyAkp) {
    return { kty, curve: integer(map.get(keyAlg)), bytes: byteString(map.get(keyAkpPub)) }
  }
  const curve = integer(map.get(keyCrv))
  if (kty === ktyOkp) return { kty, curve, bytes: byteString(x) }
  if (kty !== ktyEc2)
    throw new KeyMalformed('A COSE_Key of a kty other than OKP (1), EC2 (2) and AKP (7)')
  const y = byteString(map.get(keyY))
  const full = byteString(x)
  if (full.length !== 32 || y.length !== 32) {
    throw new KeyMalformed('An EC2 COSE_Key needs x and y of 32 bytes each')
  }
  return { kty, curve, bytes: concat(Uint8Array.of(4), full, y) }
}

function integer(value: CborValue | undefined): number {
  if (typeof value !== 'number') throw new KeyMalformed('A COSE_Key lacks its curve or algorithm')
  return value
}

function byteString(value: CborValue | undefined): Uint8Array {
  if (!(value instanceof Uint8Array))
    throw new KeyMalformed('A COSE_Key lacks its public key bytes')
  return value
}
