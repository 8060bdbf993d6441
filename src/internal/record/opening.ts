import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { concat } from '../bytes.ts'
import { encodeCbor } from '../cbor/index.ts'
import { sha256 } from '../engine/hash.ts'
import { ascii } from '../utf8.ts'

/** What a commitment opens to; shown to whoever may check it, unknown to everybody else. */
export interface Opening {
  /** `record`, or the type of an event. */
  readonly eventType: string
  /** Key ids of all authors, sorted. */
  readonly authors: readonly Uint8Array[]
  /** Name of the canonicalization. */
  readonly canonicalization: string
  readonly hash: 'sha-256' | 'sha-512'
  readonly digest: Uint8Array
  /** SHA-256 of the head; `null` for events. */
  readonly headHash: Uint8Array | null
  /** 32 random bytes: without them a digest of clinical text could be guessed. */
  readonly salt: Uint8Array
}

/** SHA-256 of the opening (docs/formats.md §3); what the author of a record signs. */
export function openingHash(opening: Opening): Uint8Array {
  const { eventType, authors, canonicalization, hash, digest, headHash, salt } = opening
  return sha256(
    encodeCbor([
      'careseal/commit/1',
      eventType,
      authors,
      canonicalization,
      hash,
      digest,
      headHash,
      salt,
    ]),
  )
}

/** The commitment of a record: covers the author's signature too, so that it cannot be added later. */
export function recordCommitment(opened: Uint8Array, signature: Uint8Array): Uint8Array {
  return sha256(concat(ascii('careseal/logged/1'), opened, sha256(signature)))
}

/** CBOR in the multicodec table: the codec of ids, though no block is ever stored under one. */
const codec = 0x51
/** SHA2-256 in the multicodec table. */
const sha2 = 0x12

/** The public id of a record or event: a CIDv1 over its commitment, base32. */
export function commitmentId(commitment: Uint8Array): string {
  return CID.createV1(codec, Digest.create(sha2, commitment)).toString(base32)
}

/** The commitment of an id, or `null` if the text is none. */
export function idCommitment(id: string): Uint8Array | null {
  if (typeof id !== 'string' || id.length > 100) return null
  try {
    const cid = CID.parse(id, base32)
    const { code, digest } = cid.multihash
    const exact = cid.version === 1 && cid.code === codec && code === sha2 && digest.length === 32
    return exact && commitmentId(digest) === id ? new Uint8Array(digest) : null
  } catch {
    return null
  }
}
