import { KeyMalformed } from '../../errors.ts'
import { equalBytes, toHex } from '../../internal/bytes.ts'
import {
  type CborValue,
  cborLength,
  decodeStrict,
  encodeCbor,
  headLength,
} from '../../internal/cbor/index.ts'
import { keyStatuses, maximumRing } from '../../internal/registry.ts'
import { wipeItems } from '../../internal/wipeItems.ts'
import type {
  KemAlgorithm,
  KemPublicKey,
  KeyStatus,
  SignatureAlgorithm,
  SignaturePublicKey,
} from '../types.ts'
import { readStoredKey, type StoredKey, storedKeyMap } from './storedKey.ts'

/** One key of an exported ring. */
export interface StoredRingKey extends StoredKey<KemPublicKey> {
  readonly status: KeyStatus
}

/** What an exported identity holds. */
export interface Contents {
  readonly card: Uint8Array
  readonly signing: StoredKey<SignaturePublicKey>
  readonly ring: readonly StoredRingKey[]
}

/** The least length of contents; up to three or four keys all look alike. */
const leastLength = 4096

/** Encodes contents, padded to a power of two (docs/formats.md §1). */
export function encodeContents({ card, signing, ring }: Contents): Uint8Array {
  const keys = ring.map((key): CborValue => [keyStatuses.indexOf(key.status), storedKeyMap(key)])
  const items = (padding: number): CborValue => [
    card,
    storedKeyMap(signing),
    keys,
    new Uint8Array(padding),
  ]
  // One byte is the head of the empty padding.
  return encodeCbor(items(paddingFor(cborLength(items(0)) - 1)))
}

/** Zeros after which `length` bytes and a byte string of them make a power of two. */
function paddingFor(length: number): number {
  for (let target = leastLength; ; target *= 2) {
    const rest = target - length
    for (const head of [1, 2, 3, 5]) {
      if (rest >= head && headLength(rest - head) === head) return rest - head
    }
  }
}

/** Decodes contents that were authenticated; whoever has wrapped them may still have written nonsense. */
export function decodeContents(
  bytes: Uint8Array,
  algorithms: readonly (KemAlgorithm | SignatureAlgorithm)[],
): Contents {
  const value = decodeStrict(bytes, malformed)
  try {
    return contentsOf(value, algorithms)
  } catch (error) {
    wipeItems(value)
    throw error
  }
}

function contentsOf(
  value: CborValue,
  algorithms: readonly (KemAlgorithm | SignatureAlgorithm)[],
): Contents {
  if (!Array.isArray(value) || value.length !== 4) throw malformed('it has not its four parts', 0)
  const [card, signing, ring, padding] = value as readonly CborValue[]
  if (!(card instanceof Uint8Array)) throw malformed('its card', 0)
  if (!(padding instanceof Uint8Array) || padding.some((byte) => byte !== 0)) {
    throw malformed('its padding', 0)
  }
  if (!Array.isArray(ring) || ring.length === 0 || ring.length > maximumRing) {
    throw malformed('its ring', 0)
  }
  const kems = algorithms.filter((one): one is KemAlgorithm => one.kind === 'kem')
  const keys = (ring as readonly CborValue[]).map((entry) => ringKey(entry, kems))
  checkRing(keys, (problem) => malformed(problem, 0))
  const signatures = algorithms.filter(({ kind }) => kind === 'signature')
  return {
    card,
    signing: readStoredKey(signing, signatures) as StoredKey<SignaturePublicKey>,
    ring: keys,
  }
}

function ringKey(entry: CborValue, algorithms: readonly KemAlgorithm[]): StoredRingKey {
  if (!Array.isArray(entry) || entry.length !== 2) throw malformed('a key of its ring', 0)
  const [number, key] = entry as readonly CborValue[]
  const status = keyStatuses.find((_, i) => i === number)
  if (status === undefined) throw malformed('a status that does not exist', 0)
  const stored = readStoredKey(key, algorithms) as StoredKey<KemPublicKey>
  if (status === 'destroyed' && stored.seed !== null) {
    throw malformed('a destroyed key that is still there', 0)
  }
  return { ...stored, status }
}

/** The first key is the only active one, and none stands twice. */
export function checkRing(
  keys: readonly { readonly publicKey: KemPublicKey; readonly status: KeyStatus }[],
  wrong: (problem: string) => Error,
): void {
  if (keys.some(({ status }, i) => (status === 'active') !== (i === 0))) {
    throw wrong('the first key of the ring, and no other, must be active')
  }
  if (new Set(keys.map(({ publicKey }) => toHex(publicKey.id))).size !== keys.length) {
    throw wrong('a key stands twice in the ring')
  }
}

/** Whether the card is that of these keys. */
export function isCardOf(
  card: { readonly signing: SignaturePublicKey; readonly encryption: KemPublicKey },
  signing: SignaturePublicKey,
  active: KemPublicKey,
): boolean {
  return equalBytes(card.signing.id, signing.id) && equalBytes(card.encryption.id, active.id)
}

export const malformed = (problem: string, offset: number): KeyMalformed =>
  new KeyMalformed(`No exported identity: ${problem}`, { offset })
