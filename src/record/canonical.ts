import { isCaresealError, RecordInvalid } from '../errors.ts'
import { type Canonicalization, digest, lossless1, raw } from '../fhir/index.ts'
import type { Reason } from '../internal/reason.ts'

/** A digest, and what is worth knowing about it. */
export interface ContentDigest {
  readonly canonicalization: string
  readonly value: Uint8Array
  readonly notes: readonly Reason[]
}

const fhirJson = 'application/fhir+json'
/** Canonicalizations whose digest covers all of the content; others are no digest of a record. */
const total: readonly string[] = ['raw', 'lossless/1', 'r6/json', 'elements/1']

/** The canonicalization of content that says none. */
export function defaultCanonicalization(mediaType: string): Canonicalization {
  return mediaType === fhirJson ? lossless1 : raw
}

/**
 * Digests content for a record. Real data is sloppy and clinical work must not stop: what `lossless1` refuses
 * is digested as it is, and a note says why; `strict` makes that an error.
 */
export function digestContent(
  content: Uint8Array,
  canonicalization: Canonicalization,
  strict: boolean,
): ContentDigest {
  const name: unknown = canonicalization?.name
  if (typeof name !== 'string') {
    throw new TypeError('canonicalization must be a constant of careseal/fhir, such as lossless1')
  }
  if (!total.includes(name)) {
    throw new RangeError(
      `canonicalization ${name} leaves content out: a record needs one that covers all of it`,
    )
  }
  try {
    // strict: a canonicalization that would lose something covers not all of the content either.
    const { value } = digest(content, { canonicalization, strict: true })
    return { canonicalization: name, value, notes: [] }
  } catch (error) {
    if (strict || canonicalization !== lossless1) throw error
    if (
      !isCaresealError(error, 'ERR_FHIR_MALFORMED') &&
      !isCaresealError(error, 'ERR_FHIR_REFUSED')
    ) {
      throw error
    }
    const { value } = digest(content, { canonicalization: raw })
    return { canonicalization: raw.name, value, notes: [noteOf(error)] }
  }
}

/** Digests opened content by the name in its manifest; `null` if that is not at hand. */
export function digestByName(
  content: Uint8Array,
  name: string,
  hash: 'sha-256' | 'sha-512',
  more: readonly Canonicalization[],
): Uint8Array {
  const canonicalization = [raw, lossless1, ...more].find((known) => known.name === name)
  if (canonicalization === undefined || !total.includes(name)) {
    throw new RecordInvalid(
      'The record uses a canonicalization that is not at hand: import it and pass it in { canonicalizations }.',
    )
  }
  try {
    return digest(content, { canonicalization, hash, strict: true }).value
  } catch (error) {
    if (!isCaresealError(error)) throw error
    // Its author's fault, and what is wrong where is content.
    throw new RecordInvalid(
      `The content of the record has no canonical form under ${name}, though its author says so. Ask the author for a correct one.`,
    )
  }
}

function noteOf(error: Error & { path?: string | null }): Reason {
  const note = {
    code: 'sealed-as-raw',
    text: `Sealed byte by byte, not as FHIR: ${error.message}. Its digest changes with white space and order.`,
  }
  return typeof error.path === 'string' ? { ...note, path: error.path } : note
}
