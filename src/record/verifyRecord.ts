import { EnvelopeOpenFailed } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { bytesArgument, wipe } from '../internal/bytes.ts'
import { verifySigned } from '../internal/cose/signed.ts'
import { findAuthors } from '../internal/envelope/authors.ts'
import { addressedOf } from '../internal/envelope/content.ts'
import { openPlaintext } from '../internal/envelope/opening.ts'
import { readerKeys } from '../internal/envelope/reader.ts'
import { checkRequired, requiredArgument } from '../internal/envelope/required.ts'
import { heldOptions } from '../internal/held.ts'
import { commitmentId } from '../internal/record/opening.ts'
import { fromSeconds } from '../internal/time.ts'
import { type TrustPolicy, type VerifiedReceipt, verifyReceipt } from '../ledger/index.ts'
import type { ManifestFields } from './manifest.ts'
import { type ReceivedRecord, readRecord } from './readRecord.ts'
import type { Manifest, OpenRecordOptions, RecordFacts } from './types.ts'

/** The names of {@link OpenRecordOptions}. */
export const openRecordOptions: readonly (keyof OpenRecordOptions)[] = [
  'as',
  'authors',
  'proof',
  'minimumSecurity',
  'requiredSignatures',
  'canonicalizations',
  'signal',
]

/** A record whose authors' signatures, and with `proof` its receipt, have been verified. */
export interface VerifiedRecord {
  readonly facts: RecordFacts
  readonly record: ReceivedRecord
  readonly envelopeId: Uint8Array
}

/** Opens an envelope and verifies all that it says of its record; options are the caller's own, with known names. */
export async function verifyRecord(
  envelope: Uint8Array,
  options: OpenRecordOptions,
): Promise<VerifiedRecord> {
  const own = heldOptions(options, openRecordOptions)
  const { authors: directory, minimumSecurity, canonicalizations = [], signal } = own
  const proof = own.proof === undefined ? undefined : heldProof(own.proof)
  const required = requiredArgument(own.requiredSignatures)
  throwIfAborted(signal)
  const readers = readerKeys(own.as)
  const bytes = bytesArgument(envelope, 'envelope')
  const externalAad = new Uint8Array(0)
  const opening = { externalAad, profile: 'careseal', minimumSecurity, signal } as const
  const {
    envelope: parsed,
    plaintext,
    reader,
    security,
  } = await openPlaintext(bytes, readers, opening)
  const { envelopeId } = parsed.own!
  const record = readRecord(plaintext, envelopeId, canonicalizations)
  try {
    const logged = await loggedAs(record, proof)
    const { fields, commitment, signed } = record
    const createdAt = fromSeconds(fields.createdAt)
    const time = { claimed: createdAt, existedBefore: logged?.existedBefore ?? null }
    const authors = await findAuthors(signed.kids, directory, time, signal)
    const signers = authors.map(({ key }) => key)
    if (!(await verifySigned(signed, signers))) throw new EnvelopeOpenFailed()
    checkRequired(required, authors)
    const ids = [reader.publicKey.id, ...readers.map(({ publicKey }) => publicKey.id)]
    const facts = {
      id: commitmentId(commitment),
      commitment,
      mediaType: fields.mediaType,
      authors,
      addressed: addressedOf(fields.audience, ids),
      security,
      manifest: manifestOf(fields, createdAt),
      logged,
    }
    return { facts, record, envelopeId }
  } catch (error) {
    wipe(record.fields.stream?.contentKey)
    throw error
  }
}

async function loggedAs(
  { commitment }: ReceivedRecord,
  proof: OpenRecordOptions['proof'],
): Promise<VerifiedReceipt | null> {
  if (proof === undefined) return null
  return verifyReceipt(proof.receipt, { commitment, trust: proof.trust })
}

const trustNames: readonly (keyof TrustPolicy)[] = [
  'logs',
  'anchors',
  'minimumAnchors',
  'minimumWitnesses',
  'at',
]

/** Receipt and trust as they are now: they are looked at when the envelope has opened. */
function heldProof(given: NonNullable<OpenRecordOptions['proof']>): typeof given {
  const proof = heldOptions(given, ['receipt', 'trust'])
  const { trust } = proof
  // What is no policy is refused by verifyReceipt.
  if (typeof trust !== 'object' || trust === null) return proof
  return { ...proof, trust: heldOptions(trust, trustNames) }
}

function manifestOf(fields: ManifestFields, createdAt: Date): Manifest {
  const { mediaType, canonicalization, hash, digest, subject, labels, previous } = fields
  return Object.freeze({
    mediaType,
    canonicalization,
    hash,
    digest,
    createdAt,
    subject,
    securityLabels: labels,
    amends: previous === null ? null : commitmentId(previous),
  })
}
