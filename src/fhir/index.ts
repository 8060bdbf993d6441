/**
 * FHIR content: lossless parsing, canonical forms, digests.
 *
 * @module careseal/fhir
 */

export type { Reason } from '../internal/reason.ts'
export type { CanonicalizeOptions } from './canonicalForm.ts'
export type { Canonicalization } from './canonicalization.ts'
export { type Canonicalized, canonicalize } from './canonicalize.ts'
export type { FhirInput } from './content.ts'
export { type Digest, type DigestOptions, digest } from './digest.ts'
export { digestFromCid, digestToCid } from './digestToCid.ts'
export { digestFromNi, digestToNi } from './digestToNi.ts'
export { digestFromText, digestToText } from './digestToText.ts'
export type { HashAlgorithm, HashName } from './hash.ts'
export type { HashValue } from './hashValue.ts'
export type { Limits } from './limits.ts'
export { lossless1 } from './lossless1.ts'
export { type ParseOptions, parse } from './parse.ts'
export { r4JsonLiteral } from './r4JsonLiteral.ts'
export { r6Json } from './r6Json.ts'
export { r6JsonData, r6JsonDocument, r6JsonNarrative, r6JsonStatic } from './r6JsonParts.ts'
export { raw } from './raw.ts'
export { type NdjsonLine, type ReadNdjsonOptions, readNdjson } from './readNdjson.ts'
export type { ResourceTree } from './resourceTree.ts'
export { type Element, type ElementKind, select } from './select.ts'
export { sha512 } from './sha512.ts'
export { toJson } from './toJson.ts'
