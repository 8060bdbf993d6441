import { KeyMalformed } from '../../errors.ts'
import { internalsOf, type SignatureInternals } from '../../internal/algorithm.ts'
import { concat, equalBytes, wipe } from '../../internal/bytes.ts'
import { destroyKey, keyFromSeed } from '../local.ts'
import type {
  AnyPublicKey,
  KemAlgorithm,
  LocalDecapsulator,
  LocalSigner,
  SignatureAlgorithm,
} from '../types.ts'
import {
  type DerReader,
  der,
  derBitString,
  derInteger,
  derOctetString,
  derReader,
  derSequence,
} from './der.ts'
import { curveOf, identifierOf, readIdentifier } from './forms.ts'

/** Context tags: curve and public key of RFC 5915, seed of RFC 9881, public key of RFC 5958. */
const ecParameters = 0xa0
const ecPublicKey = 0xa1
const seedChoice = 0x80
const outerPublicKey = 0x81

const integer = (value: number): Uint8Array => der(derInteger, Uint8Array.of(value))
/** A BIT STRING's content begins with the number of bits that are no part of it: none. */
const bits = (bytes: Uint8Array): Uint8Array => concat(new Uint8Array(1), bytes)

/** PKCS#8 version 1 (RFC 5958): 32 bytes in the form that the algorithm's standard names. */
export function encodePkcs8(publicKey: AnyPublicKey, seed: Uint8Array): Uint8Array {
  const { algorithm, bytes } = publicKey
  const identifier = der(derSequence, identifierOf(algorithm))
  const { kty } = internalsOf(algorithm).shape
  const inner = der(kty === 7 ? seedChoice : derOctetString, seed)
  // ECPrivateKey of RFC 5915 with its public key; the curve stands outside already, as OpenSSL writes it.
  const point = kty === 2 ? der(ecPublicKey, der(derBitString, bits(bytes))) : new Uint8Array(0)
  const key = kty === 2 ? der(derSequence, integer(1), inner, point) : inner.slice()
  const wrapped = der(derOctetString, key)
  const whole = der(derSequence, integer(0), identifier, wrapped)
  wipe(inner, key, wrapped)
  return whole
}

/** Makes a key of attacker-controlled PKCS#8. All that may be said twice must be said alike. */
export async function decodePkcs8<A extends KemAlgorithm | SignatureAlgorithm>(
  bytes: Uint8Array,
  accepted: readonly A[],
): Promise<LocalDecapsulator | LocalSigner> {
  const outer = derReader(bytes)
  const info = outer.enter(derSequence)
  outer.end()
  const version = info.take(derInteger)
  if (version.length !== 1 || version[0]! > 1) {
    throw new KeyMalformed('A PKCS#8 of another version than 1 and 2')
  }
  const algorithm = readIdentifier(info, accepted)
  const inner = info.enter(derOctetString)
  const { kty } = internalsOf(algorithm).shape
  const { seed, publicKey } =
    kty === 1
      ? { seed: inner.take(derOctetString), publicKey: null }
      : kty === 2
        ? readEcKey(inner.enter(derSequence), identifierOf(algorithm))
        : { seed: readSeed(inner, algorithm as SignatureAlgorithm), publicKey: null }
  inner.end()
  // RFC 5958 §2: a public key makes it version 2. Attributes (tag 0xa0) would be rules that nobody follows here.
  const outside = version[0] === 1 ? readBits(info, outerPublicKey) : null
  info.end()
  if (seed.length !== 32 || !internalsOf(algorithm).isSeed(seed)) {
    throw new KeyMalformed(`A PEM whose secret is no private key of ${algorithm.name}`)
  }
  const key = await keyFromSeed(algorithm as SignatureAlgorithm, seed)
  for (const stated of [publicKey, outside]) {
    if (stated !== null && !equalBytes(stated, key.publicKey.bytes)) {
      destroyKey(key)
      refuseCompressed(stated)
      throw new KeyMalformed('A PEM whose public and private half do not belong together')
    }
  }
  return key
}

/** A point in the short form is right, but not what is taken; the remedy is a command. */
export function refuseCompressed(point: Uint8Array): void {
  if (point.length !== 33 || (point[0] !== 2 && point[0] !== 3)) return
  throw new KeyMalformed(
    'A PEM with a compressed point. openssl pkey -ec_conv_form uncompressed (-pubin -pubout for a public key) writes the form that is taken.',
  )
}

/** The bytes of a BIT STRING of whole bytes. */
export function readBits(reader: DerReader, tag: number = derBitString): Uint8Array {
  const content = reader.take(tag)
  if (content[0] !== 0) throw new KeyMalformed('A PEM whose bit string does not end with a byte')
  return content.subarray(1)
}

/** ECPrivateKey (RFC 5915 §3): curve and public key are optional, and say what is said elsewhere. */
function readEcKey(
  reader: DerReader,
  identifier: Uint8Array,
): { seed: Uint8Array; publicKey: Uint8Array | null } {
  if (!equalBytes(reader.take(derInteger), Uint8Array.of(1))) {
    throw new KeyMalformed('An EC private key of another version than 1')
  }
  const seed = reader.take(derOctetString)
  if (reader.has(ecParameters) && !equalBytes(reader.take(ecParameters), curveOf(identifier))) {
    throw new KeyMalformed('A PEM that names two curves')
  }
  let publicKey: Uint8Array | null = null
  if (reader.has(ecPublicKey)) {
    const wrapped = reader.enter(ecPublicKey)
    publicKey = readBits(wrapped)
    wrapped.end()
  }
  reader.end()
  return { seed, publicKey }
}

/**
 * The seed of RFC 9881 §6: alone, or with the expanded key, which must then be the one that it expands to (OpenSSL
 * writes both). An expanded key alone cannot be turned back into its seed.
 */
function readSeed(reader: DerReader, algorithm: SignatureAlgorithm): Uint8Array {
  if (reader.has(derOctetString)) {
    throw new KeyMalformed(
      `A PEM with the expanded key of ${algorithm.name} alone. Export it with its seed.`,
    )
  }
  if (!reader.has(derSequence)) return reader.take(seedChoice)
  const both = reader.enter(derSequence)
  const seed = both.take(derOctetString)
  const expanded = both.take(derOctetString)
  both.end()
  const { expand }: SignatureInternals = internalsOf(algorithm)
  const right = seed.length === 32 && expand !== null ? expand(seed) : null
  const same = right !== null && equalBytes(right, expanded)
  wipe(right)
  if (!same) throw new KeyMalformed('A PEM whose seed and expanded key do not belong together')
  return seed
}
