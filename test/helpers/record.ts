import { digest } from '../../src/fhir/index.ts'
import { type CborKey, type CborValue, encodeCbor } from '../../src/internal/cbor/index.ts'
import { sign } from '../../src/internal/cose/signed.ts'
import type { SignerLike } from '../../src/internal/cose/signer.ts'
import { sealPlaintext, wrapSingly } from '../../src/internal/envelope/sealing.ts'
import { randomParts } from '../../src/internal/random.ts'
import { openingHash, recordCommitment } from '../../src/internal/record/opening.ts'
import type { KemPublicKey } from '../../src/keys/index.ts'
import { encodeRecord } from '../../src/record/layout.ts'
import {
  audienceHash,
  encodeManifest,
  headHash,
  type ManifestFields,
} from '../../src/record/manifest.ts'

/** A record made by hand, with every part under the test's control. */
export interface CraftedRecord {
  readonly signer: SignerLike
  readonly readers: readonly KemPublicKey[]
  /** `null` for a record with a stream. */
  readonly content: Uint8Array | null
  /** Changes to the manifest before anything is computed from it: all parts fit together. */
  readonly fields?: Partial<ManifestFields>
  /** Changes to the manifest after it was signed: it says what nobody signed. */
  readonly claimed?: Partial<ManifestFields>
  readonly envelopeId?: Uint8Array
  /** The id of the envelope itself, where the test needs to know it. */
  readonly sealedAs?: Uint8Array
  /** Signed instead of the opening hash. */
  readonly payload?: Uint8Array
  readonly kind?: 'record' | 'content' | 'share'
  /** Stands in the record instead of the signature that was made. */
  readonly signature?: Uint8Array
  /** The encoded manifest, instead of encoding it. */
  readonly manifest?: (encoded: Uint8Array) => Uint8Array
  /** The plaintext, instead of encoding it. */
  readonly plaintext?: (encoded: Uint8Array) => Uint8Array
  readonly headers?: readonly (readonly [CborKey, CborValue])[]
}

/** Salts that two crafted records have in common. */
export const fixedSalts = { salt: new Uint8Array(32).fill(7), headSalt: new Uint8Array(32).fill(8) }

/** Seals a crafted record. */
export async function craftRecord(
  record: CraftedRecord,
): Promise<{ envelope: Uint8Array; commitment: Uint8Array; signature: Uint8Array }> {
  const { signer, readers, content } = record
  const [random, ...secrets] = randomParts(32, 32, 12)
  const envelopeId = record.envelopeId ?? random
  const fields: ManifestFields = {
    mediaType: 'application/fhir+json',
    canonicalization: 'lossless/1',
    hash: 'sha-256',
    digest: content === null ? new Uint8Array(32) : digest(content).value,
    createdAt: 1_767_323_045,
    subject: null,
    previous: null,
    labels: [],
    authors: [signer.publicKey.id],
    audience: readers.map(({ id }) => id).sort(Buffer.compare),
    stream: null,
    ...fixedSalts,
    ...record.fields,
  }
  const opened = openingHash({
    ...fields,
    eventType: 'record',
    headHash: headHash(fields, content),
  })
  const headers = new Map<CborKey, CborValue>([
    [-77001, envelopeId],
    [-77003, audienceHash(fields)],
    ...(record.headers ?? []),
  ])
  const payload = record.payload ?? opened
  const made = encodeCbor(await sign([signer], { kind: record.kind ?? 'record', headers, payload }))
  const signature = record.signature ?? made
  const encoded = encodeManifest({ ...fields, ...record.claimed })
  const manifest = record.manifest?.(encoded) ?? encoded
  const whole = encodeRecord({ manifest, signature, content }, true)
  const envelope = await sealPlaintext({
    envelopeId: record.sealedAs ?? random,
    plaintext: record.plaintext?.(whole) ?? whole,
    keys: readers,
    wrap: wrapSingly('hint'),
    externalAad: new Uint8Array(0),
    cipher: undefined,
    secrets,
  })
  return { envelope, commitment: recordCommitment(opened, signature), signature }
}
