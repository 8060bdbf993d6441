import { EnvelopeOpenFailed, RecordInvalid } from '../errors.ts'
import type { Canonicalization } from '../fhir/index.ts'
import { equalBytes, wipe } from '../internal/bytes.ts'
import { type ReceivedSigned, receiveSigned } from '../internal/cose/signed.ts'
import { openingHash, recordCommitment } from '../internal/record/opening.ts'
import { headerAudience, headerEnvelopeId } from '../internal/registry.ts'
import { digestByName } from './canonical.ts'
import { decodeRecord } from './layout.ts'
import {
  audienceHash,
  decodeManifest,
  headHash,
  type ManifestFields,
  malformedRecord,
} from './manifest.ts'

/** A record whose parts fit together; its authors' signatures are still to be verified. */
export interface ReceivedRecord {
  readonly fields: ManifestFields
  /** `null` where the record has a stream. */
  readonly content: Uint8Array | null
  readonly commitment: Uint8Array
  readonly signed: ReceivedSigned
}

/**
 * Takes the plaintext of an envelope as a record and rebuilds all that the signature covers from manifest and
 * content: head, opening, audience, commitment. Only what they cover is accepted (docs/formats.md §3, §4). The plaintext
 * is wiped where the record has a stream; the caller wipes that stream's key.
 */
export function readRecord(
  plaintext: Uint8Array,
  envelopeId: Uint8Array,
  canonicalizations: readonly Canonicalization[],
): ReceivedRecord {
  const parts = decodeRecord(plaintext)
  const fields = manifestIn(plaintext, parts.manifest)
  if (fields.stream === null) return checkRecord(parts, fields, envelopeId, canonicalizations)
  // Plaintext and manifest hold the key of the stream; what is needed of them was copied.
  wipe(plaintext, parts.manifest)
  try {
    return checkRecord(parts, fields, envelopeId, canonicalizations)
  } catch (error) {
    wipe(fields.stream.contentKey)
    throw error
  }
}

/** The manifest; what is none may still hold the key of a stream. */
function manifestIn(plaintext: Uint8Array, manifest: Uint8Array): ManifestFields {
  try {
    return decodeManifest(manifest)
  } catch (error) {
    wipe(plaintext, manifest)
    throw error
  }
}

function checkRecord(
  { signature, content, signed: value }: ReturnType<typeof decodeRecord>,
  fields: ManifestFields,
  envelopeId: Uint8Array,
  canonicalizations: readonly Canonicalization[],
): ReceivedRecord {
  const labels = [headerEnvelopeId, headerAudience]
  const signed = receiveSigned(value, { kind: 'record', labels }, malformedRecord)
  const { canonicalization, hash, digest, authors } = fields
  if ((content === null) !== (fields.stream !== null)) {
    throw malformedRecord('it needs either content or a stream')
  }
  // The digest of a stream is checked where all of it is read.
  if (content === null) {
    if (canonicalization !== 'raw' || hash !== 'sha-256') {
      throw malformedRecord('a stream with another digest than SHA-256 of its bytes')
    }
  } else if (
    !equalBytes(digestByName(content, canonicalization, hash, canonicalizations), digest)
  ) {
    throw new RecordInvalid('The content of the record is not what its manifest says.')
  }
  const opened = openingHash({
    ...fields,
    eventType: 'record',
    headHash: headHash(fields, content),
  })
  const fits =
    sameBytes(signed.headers.get(headerEnvelopeId), envelopeId) &&
    sameBytes(signed.headers.get(headerAudience), audienceHash(fields)) &&
    equalBytes(signed.payload, opened) &&
    authors.length === signed.kids.length &&
    authors.every((author, i) => equalBytes(author, signed.kids[i]!))
  // As for a false signature: what was signed is not this record in this envelope.
  if (!fits) throw new EnvelopeOpenFailed()
  return { fields, content, commitment: recordCommitment(opened, signature), signed }
}

function sameBytes(received: unknown, expected: Uint8Array | null): boolean {
  if (expected === null) return received === null
  return received instanceof Uint8Array && equalBytes(received, expected)
}
