import { ReceiptMalformed } from '../errors.ts'
import { type CborMap, type CborValue, decodeStrict, encodeCbor } from '../internal/cbor/index.ts'

/** One piece of anchor evidence in a receipt. */
export interface AnchorEvidence {
  readonly mediaType: string
  readonly evidence: Uint8Array
  /** Which of the receipt's proofs holds the checkpoint that was anchored. */
  readonly proof: number
}

/** The parts of a receipt (docs/formats.md §8). */
export interface ReceiptParts {
  readonly commitment: Uint8Array
  /** tlog-proof texts: one log, one entry, one or more checkpoints. */
  readonly proofs: readonly string[]
  readonly anchors: readonly AnchorEvidence[]
}

/** More than any honest receipt holds; keeps hostile ones cheap. */
const maximumProofs = 16
const maximumAnchors = 64
/** type "/" subtype of RFC 6838 §4.2, without parameters. */
const mediaTypeForm = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/i

/** The error of everything in a receipt's encoding. */
export function malformedReceipt(problem: string, offset?: number): ReceiptMalformed {
  return new ReceiptMalformed(`No receipt of this version: ${problem}`, { offset })
}

/** Encodes a receipt. */
export function encodeReceipt({ commitment, proofs, anchors }: ReceiptParts): Uint8Array {
  const evidence = anchors.map(
    (anchor) =>
      new Map<number, CborValue>([
        [1, anchor.mediaType],
        [2, anchor.evidence],
        [3, anchor.proof],
      ]),
  )
  return encodeCbor(
    new Map<number, CborValue>([
      [1, 1],
      [2, commitment],
      [3, proofs],
      [4, evidence],
    ]),
  )
}

/** Takes a receipt apart; closed. */
export function decodeReceipt(bytes: Uint8Array): ReceiptParts {
  const map = mapOf(decodeStrict(bytes, malformedReceipt), 4)
  const [commitment, proofs, anchors] = [map.get(2), map.get(3), map.get(4)]
  if (map.get(1) !== 1) throw malformedReceipt('an unknown version')
  if (!(commitment instanceof Uint8Array) || commitment.length !== 32) {
    throw malformedReceipt('without its commitment')
  }
  if (!Array.isArray(proofs) || proofs.length === 0 || proofs.length > maximumProofs) {
    throw malformedReceipt(`it needs 1 to ${maximumProofs} proofs`)
  }
  if (!Array.isArray(anchors) || anchors.length > maximumAnchors) {
    throw malformedReceipt(`it has a list of at most ${maximumAnchors} anchors`)
  }
  const texts = (proofs as readonly CborValue[]).filter((text) => typeof text === 'string')
  if (texts.length !== proofs.length) throw malformedReceipt('a proof that is no text')
  const evidence = (anchors as readonly CborValue[]).map((item) => anchorOf(item, texts.length))
  return { commitment, proofs: texts, anchors: evidence }
}

function anchorOf(item: CborValue, proofs: number): AnchorEvidence {
  const map = mapOf(item, 3)
  const [mediaType, evidence, proof] = [map.get(1), map.get(2), map.get(3)]
  if (typeof mediaType !== 'string' || !(evidence instanceof Uint8Array)) {
    throw malformedReceipt('an anchor without media type and evidence')
  }
  // Nobody signed it, and it is shown to people.
  if (mediaType.length > 127 || !mediaTypeForm.test(mediaType)) {
    throw malformedReceipt('an anchor whose media type is none')
  }
  if (typeof proof !== 'number' || !(proof >= 0 && proof < proofs)) {
    throw malformedReceipt('an anchor for a proof that is not there')
  }
  return { mediaType, evidence, proof }
}

function mapOf(value: CborValue, size: number): CborMap {
  if (!(value instanceof Map) || value.size !== size)
    throw malformedReceipt('its members are not those of a receipt')
  return value as CborMap
}
