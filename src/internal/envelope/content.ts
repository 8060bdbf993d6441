import { EnvelopeMalformed } from '../../errors.ts'
import { equalBytes, isSortedUnique } from '../bytes.ts'
import {
  type CborKey,
  type CborValue,
  decodeStrict,
  encodeAround,
  encodeCbor,
  Gap,
  Tagged,
} from '../cbor/index.ts'
import { type ReceivedSigned, receiveSigned, sign } from '../cose/signed.ts'
import type { SignerLike } from '../cose/signer.ts'
import type { MaybePromise } from '../engine/tier.ts'
import {
  headerAudience,
  headerContentType,
  headerEnvelopeId,
  tagSign,
  tagSign1,
} from '../registry.ts'

/** Content from this size on is not copied once more. */
const worthParts = 65536

/** Domain of unsigned content, records and stream keys inside layer 0. */
export const unsignedDomain = 'careseal/unsigned/1'
export const recordDomain = 'careseal/record/1'
export const streamKeyDomain = 'careseal/stream-key/1'

/** Content of a plain envelope before sealing. */
export interface ContentToSeal {
  readonly content: Uint8Array
  readonly mediaType: string
  readonly envelopeId: Uint8Array
  /** Sorted key ids of the recipients; `null` where readers are hidden. */
  readonly audience: readonly Uint8Array[] | null
  readonly signers: readonly SignerLike[]
  readonly externalAad: Uint8Array
}

/** Content of a plain envelope after opening; signatures are not verified yet. */
export interface ReceivedContent {
  readonly content: Uint8Array
  readonly mediaType: string
  readonly signed: ReceivedSigned | null
  /** Whom the author addressed; `null` where that is not stated or nobody signed. */
  readonly audience: readonly Uint8Array[] | null
}

const malformed = (problem: string, offset: number): Error =>
  new EnvelopeMalformed(`The envelope holds no content of this version: ${problem}`, { offset })
const tags: readonly number[] = [tagSign1, tagSign]

/** The plaintext of layer 0 in one or more parts: signed content, or content that says it is unsigned. */
export function encodeContent(
  input: ContentToSeal,
  signal?: AbortSignal,
): MaybePromise<Uint8Array | readonly Uint8Array[]> {
  const { content, mediaType, envelopeId, audience, signers, externalAad } = input
  if (signers.length === 0) {
    if (content.length < worthParts) return encodeCbor([unsignedDomain, mediaType, content])
    const gap = new Gap(content.length)
    const [before, behind] = encodeAround([unsignedDomain, mediaType, gap], gap)
    return [before, content, behind]
  }
  const headers = new Map<CborKey, CborValue>([
    [headerContentType, mediaType],
    [headerEnvelopeId, envelopeId],
    [headerAudience, audience],
  ])
  const toSign = { kind: 'content', headers, payload: content, externalAad } as const
  return sign(signers, toSign, signal).then(encodeCbor)
}

/** Decodes the plaintext of layer 0; nothing is guessed from the content. */
export function decodePlaintext(plaintext: Uint8Array): CborValue {
  return decodeStrict(plaintext, malformed, tags)
}

/** Takes the content of a plain envelope apart. */
export function readContent(
  value: CborValue,
  envelopeId: Uint8Array,
  externalAad: Uint8Array,
): ReceivedContent {
  if (value instanceof Tagged) return readSigned(value, envelopeId, externalAad)
  if (!Array.isArray(value)) throw malformed('of an unknown kind', 0)
  const [domain, mediaType, content] = value as readonly CborValue[]
  if (domain === recordDomain) throw malformed('it is a record, use openRecord', 0)
  if (domain === streamKeyDomain) throw malformed('it is the key of a stream', 0)
  if (domain !== unsignedDomain || value.length !== 3) throw malformed('of an unknown kind', 0)
  if (typeof mediaType !== 'string' || !(content instanceof Uint8Array)) {
    throw malformed('its parts have the wrong type', 0)
  }
  return { content, mediaType, signed: null, audience: null }
}

function readSigned(
  value: Tagged,
  envelopeId: Uint8Array,
  externalAad: Uint8Array,
): ReceivedContent {
  const labels = [headerContentType, headerEnvelopeId, headerAudience]
  const signed = receiveSigned(value, { kind: 'content', labels, externalAad }, malformed)
  const mediaType = signed.headers.get(headerContentType)
  const id = signed.headers.get(headerEnvelopeId)
  if (typeof mediaType !== 'string') throw malformed('without its media type', 0)
  if (!(id instanceof Uint8Array) || !equalBytes(id, envelopeId)) {
    throw malformed('signed for another envelope', 0)
  }
  const audience = readIds(signed.headers.get(headerAudience) ?? null)
  return { content: signed.payload, mediaType, signed, audience }
}

/** A sorted list of 32-byte ids, or null. */
export function readIds(value: CborValue): readonly Uint8Array[] | null {
  if (value === null) return null
  const ids = Array.isArray(value) ? (value as readonly CborValue[]) : []
  const all = ids.filter((id): id is Uint8Array => id instanceof Uint8Array && id.length === 32)
  if (!Array.isArray(value) || all.length !== ids.length || !isSortedUnique(all)) {
    throw malformed('its audience is no sorted list of ids', 0)
  }
  return all
}

/** Whether the reader was addressed by the author, or somebody shared it. */
export type Addressed = 'original' | 'shared' | 'unstated'

/** Compares the reader's key ids with the audience. */
export function addressedOf(
  audience: readonly Uint8Array[] | null,
  ids: readonly Uint8Array[],
): Addressed {
  if (audience === null) return 'unstated'
  return ids.some((id) => audience.some((other) => equalBytes(id, other))) ? 'original' : 'shared'
}
