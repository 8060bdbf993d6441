import { ContentTooLarge } from '../errors.ts'
import type { Canonicalization } from '../fhir/index.ts'
import { bytesArgument, compareBytes, isBytes, wipe } from '../internal/bytes.ts'
import { type CborKey, type CborValue, encodeCbor } from '../internal/cbor/index.ts'
import type { KeyIdMode } from '../internal/cose/keyId.ts'
import type { WrapKey } from '../internal/cose/recipient.ts'
import { sign } from '../internal/cose/signed.ts'
import type { SignerLike } from '../internal/cose/signer.ts'
import { audienceOf, type RecipientLike, recipientKeys } from '../internal/envelope/recipients.ts'
import { sealPlaintext, type WrapContentKey } from '../internal/envelope/sealing.ts'
import { randomParts } from '../internal/random.ts'
import type { Reason } from '../internal/reason.ts'
import {
  commitmentId,
  idCommitment,
  openingHash,
  recordCommitment,
} from '../internal/record/opening.ts'
import { headerAudience, headerEnvelopeId, maximumContent } from '../internal/registry.ts'
import { toSeconds } from '../internal/time.ts'
import { encodeUtf8, isWellFormed } from '../internal/utf8.ts'
import { defaultCanonicalization, digestContent } from './canonical.ts'
import { encodeRecord } from './layout.ts'
import {
  audienceHash,
  encodeManifest,
  headHash,
  type ManifestFields,
  sortLabels,
} from './manifest.ts'
import type { SealedRecord } from './types.ts'

/** What all records of a call share. */
export interface SealingContext {
  readonly signers: readonly SignerLike[]
  readonly keyIds: KeyIdMode
  readonly wrap: WrapContentKey
  readonly padding: boolean
  readonly strict: boolean
  readonly now: Date
  readonly signal: AbortSignal | undefined
}

/** The readers of a record, checked. */
export interface Readers {
  readonly keys: readonly WrapKey[]
  /** Sorted key ids; `null` where readers are hidden. */
  readonly audience: readonly Uint8Array[] | null
}

/** One record to seal. */
export interface RecordToSeal {
  readonly content: Uint8Array | string
  readonly readers: Readers
  readonly mediaType?: string | null | undefined
  readonly canonicalization?: Canonicalization | undefined
  readonly subject?: Uint8Array | null | undefined
  readonly securityLabels?: readonly string[] | undefined
  readonly amends?: string | undefined
}

const empty = new Uint8Array(0)

/** Digests, commits, signs and seals one record; no I/O (docs/formats.md §3 and §4). */
export async function sealOne(
  record: RecordToSeal,
  context: SealingContext,
): Promise<SealedRecord> {
  const mediaType = record.mediaType ?? 'application/fhir+json'
  const content = contentArgument(record.content)
  const rule = record.canonicalization ?? defaultCanonicalization(mediaType)
  const { canonicalization, value, notes } = digestContent(content, rule, context.strict)
  const [envelopeId, salt, headSalt, ...secrets] = randomParts(32, 32, 32, 32, 12)
  const said = detailsOf({ ...record, mediaType }, context)
  const digest = { canonicalization, hash: 'sha-256', digest: value, stream: null } as const
  const fields: ManifestFields = { ...said, ...digest, salt, headSalt }
  return sealFields({ fields, content, envelopeId, secrets, notes }, record.readers, context)
}

/** What is said of a record beside its content. */
type RecordDetails = Omit<RecordToSeal, 'content' | 'canonicalization'> & {
  readonly mediaType: string
}

/** Checks what the caller says of a record, as the manifest holds it. */
export function detailsOf(
  record: RecordDetails,
  { signers, now }: Pick<SealingContext, 'signers' | 'now'>,
): Omit<ManifestFields, 'canonicalization' | 'hash' | 'digest' | 'stream' | 'salt' | 'headSalt'> {
  return {
    mediaType: textArgument(record.mediaType, 'mediaType'),
    createdAt: toSeconds(now, 'now'),
    subject: subjectArgument(record.subject),
    previous: amendsArgument(record.amends),
    labels: labelsArgument(record.securityLabels ?? []),
    authors: signers.map(({ publicKey }) => publicKey.id).sort(compareBytes),
    audience: record.readers.audience,
  }
}

/** A record whose digest is known. */
export interface DigestedRecord {
  readonly fields: ManifestFields
  /** `null` where the record has a stream. */
  readonly content: Uint8Array | null
  readonly envelopeId: Uint8Array
  readonly secrets: readonly [contentKey: Uint8Array, iv: Uint8Array]
  readonly notes: readonly Reason[]
}

/** Commits, signs and seals. */
export async function sealFields(
  record: DigestedRecord,
  readers: Readers,
  context: Pick<SealingContext, 'signers' | 'wrap' | 'padding' | 'signal'>,
): Promise<SealedRecord> {
  const { fields, content, envelopeId, secrets, notes } = record
  const { signers, wrap, padding, signal } = context
  const opened = openingHash({
    ...fields,
    eventType: 'record',
    headHash: headHash(fields, content),
  })
  const headers = new Map<CborKey, CborValue>([
    [headerEnvelopeId, envelopeId],
    [headerAudience, audienceHash(fields)],
  ])
  const signature = encodeCbor(
    await sign(signers, { kind: 'record', headers, payload: opened }, signal),
  )
  const commitment = recordCommitment(opened, signature)
  const manifest = encodeManifest(fields)
  const plaintext = encodeRecord({ manifest, signature, content }, padding)
  try {
    const { keys } = readers
    const sealing = { envelopeId, plaintext, keys, wrap, externalAad: empty, cipher: undefined }
    const envelope = await sealPlaintext({ ...sealing, secrets })
    return { id: commitmentId(commitment), commitment, envelope, notes }
  } finally {
    // They hold the key of the stream.
    if (fields.stream !== null) wipe(manifest, plaintext)
  }
}

/** Checks the readers of a record, or of all records of a call. */
export function readersOf(
  recipients: readonly RecipientLike[],
  { keyIds }: SealingContext,
): Readers {
  // A card is good or not today, whatever time the record claims.
  const keys = recipientKeys(recipients, keyIds, new Date())
  return { keys, audience: audienceOf(keys, keyIds) }
}

function contentArgument(content: Uint8Array | string): Uint8Array {
  if (typeof content === 'string' && !isWellFormed(content)) {
    throw new RangeError('content must be text without lone surrogates, or bytes')
  }
  if (typeof content !== 'string' && !isBytes(content)) {
    throw new TypeError('content must be a Uint8Array or a string; an object would have lost 2.00')
  }
  // A copy: signing takes its time, and what the caller does to the array meanwhile must not come between.
  const bytes =
    typeof content === 'string' ? encodeUtf8(content) : bytesArgument(content, 'content').slice()
  if (bytes.length > maximumContent) {
    throw new ContentTooLarge(
      'Content of more than 16 MiB does not fit into one envelope. Use sealRecordStream and openRecordStream, which take content of any size.',
    )
  }
  return bytes
}

function subjectArgument(subject: Uint8Array | null | undefined): Uint8Array | null {
  if (subject === undefined || subject === null) return null
  const bytes = bytesArgument(subject, 'subject').slice()
  if (bytes.length < 1 || bytes.length > 64) {
    throw new RangeError('subject must be a random handle of 1 to 64 bytes')
  }
  return bytes
}

function amendsArgument(amends: string | undefined): Uint8Array | null {
  if (amends === undefined) return null
  const commitment = idCommitment(amends)
  if (commitment === null) throw new RangeError('amends must be the id of a record')
  return commitment
}

function labelsArgument(labels: readonly string[]): string[] {
  if (!Array.isArray(labels)) throw new TypeError('securityLabels must be an array of strings')
  return sortLabels(labels.map((label) => textArgument(label, 'securityLabels')))
}

function textArgument(text: string, name: string): string {
  if (typeof text !== 'string' || !isWellFormed(text)) {
    throw new TypeError(`${name} must be text without lone surrogates`)
  }
  return text
}
