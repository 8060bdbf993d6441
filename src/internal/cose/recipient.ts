import { EnvelopeOpenFailed } from '../../errors.ts'
import { encapsulatorOf, internalsOf, type KemAlgorithm } from '../algorithm.ts'
import { isBytes, wipe } from '../bytes.ts'
import { type CborKey, type CborMap, type CborValue, encodeCbor } from '../cbor/index.ts'
import { hpkeOpen, hpkeSeal } from '../hpke/index.ts'
import { algA256Kw, headerAlg, headerBatchSalt, headerEk, headerKid } from '../registry.ts'
import { isEmptyHeader, malformedEnvelope, readHeaders } from './headers.ts'
import { kemSizes } from './kems.ts'

/** One recipient of a COSE_Encrypt (RFC 9052 §5.1), as received or as it will be written. */
export interface RecipientEntry {
  /** COSE-HPKE key encryption algorithm; other numbers only in foreign envelopes. */
  readonly alg: number
  /** The key id (32 bytes) or hint (16 bytes); `null` where readers are hidden. */
  readonly kid: Uint8Array | null
  /** Protected header bytes, as received. */
  readonly protectedBytes: Uint8Array
  readonly ek: Uint8Array
  /** HPKE ciphertext: the wrapped content key, or in a batch the wrapped batch key. */
  readonly wrapped: Uint8Array
  /** In a batch: the content key under the batch key (A256KW), and the salt of hints. */
  readonly batch: { readonly wrappedKey: Uint8Array; readonly salt: Uint8Array | null } | null
}

/** A public key that a content key is wrapped for. */
export interface WrapKey {
  readonly algorithm: KemAlgorithm
  readonly id: Uint8Array
  readonly bytes: Uint8Array
}

/** What only drafts' test vectors use. */
export interface DraftRules {
  /** Accepts IVs of other lengths than 12 bytes. */
  readonly anyIv?: boolean
  /** The recipient_extra_info of HPKE's info. */
  readonly extraInfo?: Uint8Array
  /** The additional data of HPKE. */
  readonly aad?: Uint8Array
}

const empty = new Uint8Array(0)

/** The HPKE info of a recipient: binds the wrap to the algorithm of the layer it serves (COSE-HPKE §3.1.2.1). */
function recipientInfo(nextAlg: number, protectedBytes: Uint8Array, extra: Uint8Array): Uint8Array {
  const bytes = isEmptyHeader(protectedBytes) ? empty : protectedBytes
  return encodeCbor(['HPKE Recipient', nextAlg, bytes, extra])
}

/** Wraps 32 bytes for a reader. */
export async function wrapFor(
  key: WrapKey,
  secret: Uint8Array,
  nextAlg: number,
  kid: Uint8Array | null,
  salt: Uint8Array | null = null,
): Promise<RecipientEntry> {
  const { coseAlg, suite } = internalsOf(key.algorithm)
  const headers = new Map<CborKey, CborValue>([[headerAlg, coseAlg]])
  if (kid !== null) headers.set(headerKid, kid)
  if (salt !== null) headers.set(headerBatchSalt, salt)
  const protectedBytes = encodeCbor(headers)
  const info = recipientInfo(nextAlg, protectedBytes, empty)
  const sealed = await hpkeSeal(suite, encapsulatorOf(key), info, secret)
  if (sealed === null) throw new RangeError('recipients holds a key that nothing can be sealed to')
  const { encapsulation: ek, ciphertext: wrapped } = sealed
  return { alg: coseAlg, kid, protectedBytes, ek, wrapped, batch: null }
}

/** Unwraps what {@link wrapFor} wrapped, given a way to the KEM's shared secret. */
export async function unwrapEntry(
  algorithm: KemAlgorithm,
  entry: RecipientEntry,
  nextAlg: number,
  decapsulate: (encapsulation: Uint8Array) => Promise<Uint8Array>,
  draft: DraftRules | null = null,
): Promise<Uint8Array> {
  const { coseAlg, suite } = internalsOf(algorithm)
  if (entry.alg !== coseAlg || !suite.kem.isEncapsulation(entry.ek)) throw new EnvelopeOpenFailed()
  const info = recipientInfo(nextAlg, entry.protectedBytes, draft?.extraInfo ?? empty)
  const shared = await decapsulate(entry.ek)
  if (!isBytes(shared) || shared.length !== 32) {
    throw new TypeError('decapsulate must resolve to 32 bytes')
  }
  try {
    const secret = await hpkeOpen(suite, shared, info, entry.wrapped, draft?.aad)
    if (secret === null || secret.length !== 32) throw new EnvelopeOpenFailed()
    return secret
  } finally {
    wipe(shared)
  }
}

/** The CBOR of a recipient. */
export function encodeEntry(entry: RecipientEntry): CborValue {
  const inner: CborValue = [entry.protectedBytes, new Map([[headerEk, entry.ek]]), entry.wrapped]
  if (entry.batch === null) return inner
  return [empty, new Map([[headerAlg, algA256Kw]]), entry.batch.wrappedKey, [inner]]
}

/** Takes a recipient apart; closed maps and exact lengths in the careseal profile. */
export function readEntry(item: CborValue, profile: 'careseal' | 'foreign'): RecipientEntry {
  if (!Array.isArray(item) || (item.length !== 3 && item.length !== 4)) {
    throw malformedEnvelope('a recipient that is no array of 3 or 4')
  }
  const [header, unprotected, wrapped, nested] = item as readonly CborValue[]
  if (
    !(header instanceof Uint8Array) ||
    !(unprotected instanceof Map) ||
    !(wrapped instanceof Uint8Array)
  ) {
    throw malformedEnvelope('a recipient whose parts have the wrong type')
  }
  if (profile === 'foreign' && (nested !== undefined || isPlain(header, unprotected as CborMap))) {
    return { alg: 0, kid: null, protectedBytes: header, ek: empty, wrapped, batch: null }
  }
  return nested === undefined
    ? readHpkeEntry(header, unprotected as CborMap, wrapped, profile, 'content')
    : readBatchEntry(header, unprotected as CborMap, wrapped, nested)
}

/**
 * A stranger's recipient of a kind that has no protected headers and therefore names its algorithm outside, such as
 * `direct` and AES key wrap (RFC 9053 §6.1.1, §6.2.1). HPKE's algorithm stands inside or the entry is refused.
 */
function isPlain(header: Uint8Array, unprotected: CborMap): boolean {
  const alg = unprotected.get(headerAlg)
  return isEmptyHeader(header) && alg !== undefined && kemSizes(alg) === null
}

/** alg stands unprotected only here: AES key wrap has no protected headers (RFC 9053 §6.2.1). */
function readBatchEntry(
  header: Uint8Array,
  unprotected: CborMap,
  wrappedKey: Uint8Array,
  nested: CborValue,
): RecipientEntry {
  const inner = Array.isArray(nested) && nested.length === 1 ? (nested[0] as CborValue) : null
  const plainWrap = unprotected.size === 1 && unprotected.get(headerAlg) === algA256Kw
  if (!isEmptyHeader(header) || !plainWrap || wrappedKey.length !== 40) {
    throw malformedEnvelope('a nested recipient that is no A256KW wrap of a content key')
  }
  if (!Array.isArray(inner) || inner.length !== 3) {
    throw malformedEnvelope('a batch entry needs exactly one HPKE recipient')
  }
  const [innerHeader, innerUnprotected, wrapped] = inner as readonly CborValue[]
  if (
    !(innerHeader instanceof Uint8Array) ||
    !(innerUnprotected instanceof Map) ||
    !(wrapped instanceof Uint8Array)
  ) {
    throw malformedEnvelope('a recipient whose parts have the wrong type')
  }
  const entry = readHpkeEntry(
    innerHeader,
    innerUnprotected as CborMap,
    wrapped,
    'careseal',
    'batch',
  )
  const salt = readHeaders(innerHeader, innerUnprotected as CborMap).get(headerBatchSalt)
  return { ...entry, batch: { wrappedKey, salt: salt instanceof Uint8Array ? salt : null } }
}

function readHpkeEntry(
  header: Uint8Array,
  unprotected: CborMap,
  wrapped: Uint8Array,
  profile: 'careseal' | 'foreign',
  role: 'content' | 'batch',
): RecipientEntry {
  const headers = readHeaders(header, unprotected)
  const alg = headers.get(headerAlg)
  const kid =
    headers.get(headerKid) ?? (profile === 'foreign' ? unprotected.get(headerKid) : null) ?? null
  const ek = unprotected.get(headerEk)
  const size = kemSizes(alg)
  if (profile === 'foreign') {
    // Entries of other kinds are somebody else's business; they never match a reader.
    const usable =
      typeof alg === 'number' && size !== null && ek instanceof Uint8Array && ek.length === size
    return {
      alg: usable ? alg : 0,
      kid: kid instanceof Uint8Array ? kid : null,
      protectedBytes: header,
      ek: ek instanceof Uint8Array ? ek : empty,
      wrapped,
      batch: null,
    }
  }
  if (typeof alg !== 'number' || size === null)
    throw malformedEnvelope('a recipient of an unknown algorithm')
  if (!(ek instanceof Uint8Array) || ek.length !== size || unprotected.size !== 1) {
    throw malformedEnvelope('a recipient whose encapsulation does not fit its algorithm')
  }
  if (wrapped.length !== 48) throw malformedEnvelope('a wrapped key of the wrong length')
  if (kid !== null && !(kid instanceof Uint8Array && (kid.length === 32 || kid.length === 16))) {
    throw malformedEnvelope('a key id that has neither 32 nor 16 bytes')
  }
  checkSalt(headers, role, kid)
  const count = 1 + (kid === null ? 0 : 1) + (headers.has(headerBatchSalt) ? 1 : 0)
  if (headers.size !== count) throw malformedEnvelope('a recipient with unknown headers')
  return { alg, kid, protectedBytes: header, ek, wrapped, batch: null }
}

/** -77006 stands in a batch, beside a hint, and nowhere else. */
function checkSalt(headers: CborMap, role: 'content' | 'batch', kid: Uint8Array | null): void {
  const salt = headers.get(headerBatchSalt)
  const expected = role === 'batch' && kid?.length === 16
  if (expected ? !(salt instanceof Uint8Array && salt.length === 32) : salt !== undefined) {
    throw malformedEnvelope('a batch salt that is missing or out of place')
  }
}
