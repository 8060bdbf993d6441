import { ByteIndex } from '../byteIndex.ts'
import { equalBytes } from '../bytes.ts'
import {
  type CborKey,
  type CborMap,
  type CborValue,
  decodeForeign,
  encodeCbor,
  Tagged,
} from '../cbor/index.ts'
import {
  algA256Gcm,
  algChaCha20Poly1305,
  headerAlg,
  headerCommitment,
  headerEnvelopeId,
  headerIv,
  headerPartialIv,
  headerPostQuantum,
  maximumRecipients,
  tagEncrypt,
} from '../registry.ts'
import { foreignTags, isEmptyHeader, malformedEnvelope, readHeaders } from './headers.ts'
import { malformedAs } from './mistaken.ts'
import { encodeEntry, type RecipientEntry, readEntry } from './recipient.ts'

/** The headers of layer 0 of a COSE_Encrypt, as received. */
interface Layer {
  /** The protected header bytes, never re-encoded. */
  readonly protectedBytes: Uint8Array
  readonly alg: number
  readonly iv: Uint8Array
  /** Protected headers of the careseal profile; `null` in a foreign envelope. */
  readonly own: OwnHeaders | null
  /** Content type (header 3) of a foreign envelope, where it is text. */
  readonly contentType: string | null
}

/** A COSE_Encrypt without its ciphertext: what readers' entries are read and written with. */
export interface ParsedHeader extends Layer {
  readonly recipients: readonly RecipientEntry[]
}

/** A COSE_Encrypt, as received. */
export interface ParsedEnvelope extends ParsedHeader {
  readonly ciphertext: Uint8Array
}

/** Protected headers of the careseal profile. */
export interface OwnHeaders {
  readonly envelopeId: Uint8Array
  readonly commitment: Uint8Array
  /** Whether every recipient at sealing was post-quantum. */
  readonly postQuantum: boolean
}

/** How an envelope is read. */
export interface ParseRules {
  readonly profile: 'careseal' | 'foreign'
  /** Accepts IVs of other lengths, as some draft vectors have them. Only for tests. */
  readonly anyIv: boolean
}

const knownCiphers: readonly unknown[] = [algA256Gcm, algChaCha20Poly1305]

/** Encodes a COSE_Encrypt (RFC 9052 §5.1), tagged. */
export function encodeEncrypt(
  layer: Pick<ParsedEnvelope, 'protectedBytes' | 'iv' | 'ciphertext'>,
  recipients: readonly RecipientEntry[],
): Uint8Array {
  const unprotected = new Map<CborKey, CborValue>([[headerIv, layer.iv]])
  const entries = recipients.map(encodeEntry)
  return encodeCbor(
    new Tagged(tagEncrypt, [layer.protectedBytes, unprotected, layer.ciphertext, entries]),
  )
}

/** The additional authenticated data of layer 0 (RFC 9052 §5.3), over the protected bytes as received. */
export function encryptAad(protectedBytes: Uint8Array, externalAad: Uint8Array): Uint8Array {
  const bytes = isEmptyHeader(protectedBytes) ? new Uint8Array(0) : protectedBytes
  return encodeCbor(['Encrypt', bytes, externalAad])
}

/** Takes a COSE_Encrypt apart. Nothing is decrypted or verified yet. */
export function parseEncrypt(bytes: Uint8Array, rules: ParseRules): ParsedEnvelope {
  const malformed = malformedAs(bytes)
  const message = decodeForeign(bytes, malformed, foreignTags)
  if (
    !(message instanceof Tagged) ||
    message.tag !== tagEncrypt ||
    !Array.isArray(message.value) ||
    message.value.length !== 4
  ) {
    throw malformed('not a COSE_Encrypt with tag 96', 0)
  }
  const [header, unprotected, ciphertext, list] = message.value as readonly CborValue[]
  if (!(header instanceof Uint8Array) || !(unprotected instanceof Map)) {
    throw malformedEnvelope('its headers have the wrong type')
  }
  if (!(ciphertext instanceof Uint8Array)) throw malformedEnvelope('without its ciphertext')
  const layer = readLayer(header, unprotected as CborMap, rules)
  return { ...layer, ciphertext, recipients: readRecipients(list, rules.profile) }
}

/** Reads the headers of layer 0; in the careseal profile they are closed. */
export function readLayer(header: Uint8Array, unprotected: CborMap, rules: ParseRules): Layer {
  const headers = readHeaders(header, unprotected)
  const iv = readIv(headers, unprotected, rules)
  const alg = headers.get(headerAlg)
  if (!knownCiphers.includes(alg)) throw malformedEnvelope('an unknown content algorithm')
  const parsed = { protectedBytes: header, alg: alg as number, iv }
  if (rules.profile === 'foreign') {
    const contentType = headers.get(3)
    const text = typeof contentType === 'string' ? contentType : null
    return { ...parsed, own: null, contentType: text }
  }
  if (unprotected.size !== 1 || !unprotected.has(headerIv)) {
    throw malformedEnvelope('unprotected headers beside the IV')
  }
  return { ...parsed, own: readOwn(headers), contentType: null }
}

/** Reads the readers' entries. */
export function readRecipients(
  list: CborValue | undefined,
  profile: ParseRules['profile'],
): RecipientEntry[] {
  if (!Array.isArray(list) || list.length === 0 || list.length > maximumRecipients) {
    throw malformedEnvelope(`it needs 1 to ${maximumRecipients} recipients`)
  }
  const recipients = (list as readonly CborValue[]).map((item) => readEntry(item, profile))
  if (profile === 'foreign') return recipients
  refuseDoubled(recipients)
  refuseMixedBatches(recipients)
  return recipients
}

/** Encodes the protected headers of the careseal profile. */
export function encodeOwnHeaders(alg: number, own: OwnHeaders): Uint8Array {
  const map = new Map<CborKey, CborValue>([
    [headerAlg, alg],
    [headerEnvelopeId, own.envelopeId],
    [headerCommitment, own.commitment],
  ])
  if (own.postQuantum) map.set(headerPostQuantum, 1)
  return encodeCbor(map)
}

/** Closed: exactly alg, envelope id, commitment, and the post-quantum mark where every reader is. */
function readOwn(headers: CborMap): OwnHeaders {
  const envelopeId = headers.get(headerEnvelopeId)
  const commitment = headers.get(headerCommitment)
  const postQuantum = headers.has(headerPostQuantum)
  if (!(envelopeId instanceof Uint8Array) || envelopeId.length !== 32) {
    throw malformedEnvelope(
      "without a careseal envelope id; for other senders pass { profile: 'foreign' }",
    )
  }
  if (!(commitment instanceof Uint8Array) || commitment.length !== 32) {
    throw malformedEnvelope('without its key commitment')
  }
  if (postQuantum && headers.get(headerPostQuantum) !== 1) {
    throw malformedEnvelope('an unknown post-quantum mark')
  }
  if (headers.size !== (postQuantum ? 4 : 3)) throw malformedEnvelope('unknown protected headers')
  return { envelopeId, commitment, postQuantum }
}

function readIv(headers: CborMap, unprotected: CborMap, rules: ParseRules): Uint8Array {
  const iv =
    unprotected.get(headerIv) ?? (rules.profile === 'foreign' ? headers.get(headerIv) : null)
  if (headers.has(headerPartialIv) || unprotected.has(headerPartialIv)) {
    throw malformedEnvelope('a partial IV, which needs a context that is not here')
  }
  // RFC 9053 §4.1: 96 bits; another length would let one ciphertext open under another nonce.
  if (!(iv instanceof Uint8Array) || (iv.length !== 12 && !rules.anyIv)) {
    throw malformedEnvelope('its IV must be 12 bytes')
  }
  return iv
}

/** No reader stands in the list twice. */
function refuseDoubled(recipients: readonly RecipientEntry[]): void {
  const kids = new ByteIndex<null>()
  for (const { kid } of recipients) if (kid !== null) kids.add(kid, null)
  if (kids.hasDoubles()) throw malformedEnvelope('one reader twice')
}

/** One batch has one salt for its hints (docs/formats.md §2); more would cost a reader hashes without end. */
function refuseMixedBatches(recipients: readonly RecipientEntry[]): void {
  const salts = recipients.flatMap(({ batch }) => (batch?.salt == null ? [] : [batch.salt]))
  if (salts.some((salt) => !equalBytes(salt, salts[0]!))) {
    throw malformedEnvelope('entries of two batches')
  }
}
