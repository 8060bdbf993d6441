import { RecordMalformed } from '../errors.ts'
import { isSortedUnique, sortedUnique } from '../internal/bytes.ts'
import {
  type CborKey,
  type CborMap,
  type CborValue,
  decodeStrict,
  encodeCbor,
} from '../internal/cbor/index.ts'
import { sha256 } from '../internal/engine/hash.ts'
import { streamHeaderSize } from '../internal/stream/header.ts'
import { encodeUtf8 } from '../internal/utf8.ts'
import { wipeItems } from '../internal/wipeItems.ts'

/** The stream of a record whose content does not stand in its envelope (docs/formats.md §6). */
export interface StreamFields {
  /** Tree hash over the encrypted segments. */
  readonly root: Uint8Array
  /** Secret: from it the segments' key is derived. */
  readonly contentKey: Uint8Array
  /** Bytes of content. */
  readonly size: number
  /** The stream's header. */
  readonly header: Uint8Array
}

/** The manifest of a record as it is encoded: everything that its commitment covers, and the salts. */
export interface ManifestFields {
  readonly mediaType: string
  /** Name of the canonicalization that made the digest. */
  readonly canonicalization: string
  readonly hash: 'sha-256' | 'sha-512'
  readonly digest: Uint8Array
  readonly salt: Uint8Array
  /** Seconds since 1970. */
  readonly createdAt: number
  readonly subject: Uint8Array | null
  /** Commitment of the version before. */
  readonly previous: Uint8Array | null
  /** Sorted bytewise, unique. */
  readonly labels: readonly string[]
  /** Sorted key ids of the authors. */
  readonly authors: readonly Uint8Array[]
  readonly headSalt: Uint8Array
  /** Sorted key ids of those it was sealed to; `null` where readers are hidden. */
  readonly audience: readonly Uint8Array[] | null
  /** `null` where the content stands in the envelope. */
  readonly stream: StreamFields | null
}

/** The error of everything inside a record. */
export function malformedRecord(problem: string, offset?: number): RecordMalformed {
  return new RecordMalformed(`No record of this version: ${problem}`, { offset })
}

/** Encodes a manifest (docs/formats.md §4). */
export function encodeManifest(fields: ManifestFields): Uint8Array {
  const map = new Map<CborKey, CborValue>([
    [1, 1],
    [2, 'record'],
    [3, fields.mediaType],
    [4, fields.canonicalization],
    [5, fields.hash],
    [6, fields.digest],
    [7, fields.salt],
    [8, fields.createdAt],
    [12, fields.authors],
    [14, fields.headSalt],
    [15, fields.audience],
  ])
  if (fields.subject !== null) map.set(9, fields.subject)
  if (fields.previous !== null) map.set(10, fields.previous)
  if (fields.labels.length > 0) map.set(11, fields.labels)
  if (fields.stream !== null) {
    const { root, contentKey, size, header } = fields.stream
    map.set(
      13,
      new Map<CborKey, CborValue>([
        [1, root],
        [2, contentKey],
        [3, size],
        [4, header],
      ]),
    )
  }
  return encodeCbor(map)
}

/** Takes a manifest apart; closed, and nothing has two forms. */
export function decodeManifest(bytes: Uint8Array): ManifestFields {
  const value = decodeStrict(bytes, malformedRecord)
  try {
    return fieldsOf(value)
  } catch (error) {
    // It may hold the key of a stream.
    wipeItems(value)
    throw error
  }
}

function fieldsOf(value: CborValue): ManifestFields {
  if (!(value instanceof Map)) throw malformedRecord('its manifest is no map')
  const map = value as CborMap
  if (map.get(1) !== 1 || map.get(2) !== 'record')
    throw malformedRecord('an unknown version or event type')
  if (map.has(16)) throw malformedRecord('it holds committed elements, which need a newer careseal')
  const known = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
  for (const key of map.keys()) {
    if (!known.includes(key as number)) throw malformedRecord('an unknown member of its manifest')
  }
  const hash = map.get(5)
  if (hash !== 'sha-256' && hash !== 'sha-512') throw malformedRecord('an unknown hash')
  const authors = idList(map.get(12))
  if (authors.length === 0) throw malformedRecord('without an author')
  const audience = map.get(15)
  return {
    mediaType: textOf(map.get(3)),
    canonicalization: textOf(map.get(4)),
    hash,
    digest: bytesOf(map.get(6), hash === 'sha-256' ? 32 : 64),
    salt: bytesOf(map.get(7), 32),
    createdAt: timeOf(map.get(8)),
    subject: map.has(9) ? subjectOf(map.get(9)) : null,
    previous: map.has(10) ? bytesOf(map.get(10), 32) : null,
    labels: map.has(11) ? labelsOf(map.get(11)) : [],
    authors,
    headSalt: bytesOf(map.get(14), 32),
    audience: audience === null ? null : idList(audience),
    stream: map.has(13) ? streamOf(map.get(13)) : null,
  }
}

/**
 * SHA-256 of the head: what a reader may prove without showing it (docs/formats.md §3). `content` is `null` where the
 * record has a stream.
 */
export function headHash(fields: ManifestFields, content: Uint8Array | null): Uint8Array {
  const { mediaType, createdAt, subject, previous, labels, headSalt } = fields
  const contentHash = content === null ? null : sha256(content)
  const stream = fields.stream === null ? null : streamHead(fields.stream)
  return sha256(
    encodeCbor([
      'careseal/head/1',
      mediaType,
      createdAt,
      subject,
      previous,
      labels,
      contentHash,
      stream,
      headSalt,
    ]),
  )
}

/** What the head says of a stream; the key as a hash, so that a head can be shown. */
function streamHead({ root, size, header, contentKey }: StreamFields): CborValue {
  return [root, size, header, sha256(contentKey)]
}

/** What the author signs of the audience: a hash, so that an opening shows no reader. */
export function audienceHash(fields: ManifestFields): Uint8Array | null {
  if (fields.audience === null) return null
  return sha256(encodeCbor(['careseal/audience/1', fields.audience, fields.headSalt]))
}

/** Labels in their one order: bytewise, unique. */
export function sortLabels(labels: readonly string[]): string[] {
  const decoded = new Map(labels.map((label) => [encodeUtf8(label), label]))
  return sortedUnique(decoded.keys()).map((bytes) => decoded.get(bytes)!)
}

function streamOf(value: CborValue | undefined): StreamFields {
  const map = value as CborMap
  if (!(map instanceof Map) || map.size !== 4) throw malformedRecord('its stream has unknown parts')
  const size = map.get(3)
  if (typeof size !== 'number' || size < 0) throw malformedRecord('its stream has no size')
  return {
    root: bytesOf(map.get(1), 32),
    contentKey: bytesOf(map.get(2), 32),
    size,
    header: bytesOf(map.get(4), streamHeaderSize),
  }
}

function textOf(value: CborValue | undefined): string {
  if (typeof value !== 'string') throw malformedRecord('a member of its manifest is no text')
  return value
}

function timeOf(value: CborValue | undefined): number {
  if (typeof value !== 'number' || value < 0) throw malformedRecord('without its time')
  return value
}

function bytesOf(value: CborValue | undefined, length: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) {
    throw malformedRecord(`a member of its manifest has not ${length} bytes`)
  }
  return value
}

function subjectOf(value: CborValue | undefined): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length < 1 || value.length > 64) {
    throw malformedRecord('its subject handle has not 1 to 64 bytes')
  }
  return value
}

function idList(value: CborValue | undefined): Uint8Array[] {
  const ids = Array.isArray(value) ? (value as readonly CborValue[]) : null
  const list = ids?.map((id) => bytesOf(id, 32))
  if (list === undefined || !isSortedUnique(list))
    throw malformedRecord('a list of ids out of order')
  return list
}

function labelsOf(value: CborValue | undefined): string[] {
  const labels = Array.isArray(value) ? (value as readonly CborValue[]).map(textOf) : []
  if (labels.length === 0 || !isSortedUnique(labels.map(encodeUtf8))) {
    throw malformedRecord('its security labels are no sorted list')
  }
  return labels
}
