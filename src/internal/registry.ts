/**
 * Every number of the formats, in one place. Frozen per format version: an id computed today never
 * changes, whatever IANA assigns later. A new assignment becomes an alias on reading and a new format
 * version on writing.
 *
 * Sources: RFC 9052/9053 (COSE), RFC 9596 (typ), RFC 9864 (fully specified algorithms), RFC 8812
 * (ES256K), RFC 9964 (ML-DSA, AKP), draft-ietf-cose-hpke and draft-ietf-cose-hpke-pq-pqt (HPKE),
 * private labels below -65536.
 */

/** COSE CBOR tags (RFC 9052 §2). */
export const tagSign1 = 18
export const tagEncrypt = 96
export const tagSign = 98

/** Header labels (RFC 9052 §3.1, RFC 9596, COSE-HPKE). */
export const headerAlg = 1
export const headerCrit = 2
export const headerContentType = 3
export const headerKid = 4
export const headerIv = 5
export const headerPartialIv = 6
export const headerTyp = 16
export const headerEk = -4

/** Private header labels (docs/formats.md §2). */
export const headerEnvelopeId = -77001
export const headerCommitment = -77002
export const headerAudience = -77003
export const headerSigners = -77004
export const headerPostQuantum = -77005
export const headerBatchSalt = -77006
export const headerEventSalt = -77007

/** Content and key-wrap algorithms (RFC 9053 §4, §6.2.1). */
export const algA256Gcm = 3
export const algChaCha20Poly1305 = 24
export const algA256Kw = -5

/** COSE_Key labels and values (RFC 9053 §7, RFC 9964). */
export const keyKty = 1
export const keyAlg = 3
export const keyCrv = -1
export const keyX = -2
export const keyY = -3
export const keyD = -4
export const ktyOkp = 1
export const ktyEc2 = 2
export const ktyAkp = 7
/** AKP key: public bytes and seed. */
export const keyAkpPub = -1
export const keyAkpPriv = -2

/** What a COSE signature of this package is about; header 16 (typ). Docs: formats §0. */
export type SignatureKind =
  | 'content'
  | 'record'
  | 'grant'
  | 'revocation'
  | 'share'
  | 'status'
  | 'access'
  | 'case'
  | 'key'
  | 'erasure'
  | 'identity'
  | 'request'
  | 'release'
  | 'committee'
  | 'shares'
  | 'device'
  | 'stream'

/** The media type that stands in header 16 of a signature of that kind (RFC 9596). */
export function signatureType(kind: SignatureKind): string {
  return `application/careseal-${kind}+cose`
}

/** Content above this size is refused with an error that names the stream pair. */
export const maximumContent: number = 16 * 1024 * 1024
/** Readers of one envelope. */
export const maximumRecipients = 1000
/** Entries without kid that one reader tries. */
export const maximumTrials = 64

/** Wrapped keys and exported identities (docs/formats.md §1). */
export const maximumWraps = 16
/** Wraps under a passphrase: each costs a derivation, and a hostile export must not cost minutes. */
export const maximumPassphraseWraps = 4
export const maximumWrapperId = 512
export const maximumWrapped = 8192
/** Keys of one ring in an export. */
export const maximumRing = 1000
/** Bytes of an exported identity. */
export const maximumExport: number = 4 * 1024 * 1024
/** Statuses of a ring's keys in an export, by number. */
export const keyStatuses = ['active', 'decrypt-only', 'disabled', 'destroyed'] as const
