import { internalsOf } from '../algorithm.ts'
import { compareBytes, equalBytes, isSortedUnique } from '../bytes.ts'
import {
  type CborKey,
  type CborMap,
  type CborValue,
  decodeStrict,
  encodeCbor,
  type MalformedCbor,
  Tagged,
} from '../cbor/index.ts'
import { optionsOf } from '../options.ts'
import {
  headerAlg,
  headerKid,
  headerSigners,
  headerTyp,
  type SignatureKind,
  signatureType,
  tagSign,
  tagSign1,
} from '../registry.ts'
import { type SignerLike, signBytes, type VerificationKey, verifyBytes } from './signer.ts'

/** What is signed: a kind, further protected headers, a payload that is attached. */
export interface ToSign {
  readonly kind: SignatureKind
  /** Protected headers beside alg, kid, typ and the list of signers. */
  readonly headers: CborMap
  readonly payload: Uint8Array
  readonly externalAad?: Uint8Array
}

/** One signature as it was received. */
interface ReceivedSignature {
  readonly kid: Uint8Array
  readonly alg: number
  readonly signature: Uint8Array
  /** The encoded Sig_structure (RFC 9052 §4.4). */
  readonly message: Uint8Array
}

/** A signed object as it was received; nothing is verified yet. */
export interface ReceivedSigned {
  readonly kind: SignatureKind
  /** Protected headers beside alg, kid, typ and the list of signers. */
  readonly headers: CborMap
  readonly payload: Uint8Array
  /** Key ids of all signers, sorted. */
  readonly kids: readonly Uint8Array[]
  readonly signatures: readonly ReceivedSignature[]
}

/** Signatures of one COSE_Sign; what has more is neither written nor read. */
const maximumSigners = 16

/**
 * Signs with one signer (COSE_Sign1, tag 18) or several (COSE_Sign, tag 98; RFC 9052 §4). Everything stands
 * in protected headers, payloads are attached. With several, signatures stand in the order of the kids.
 */
export async function sign(
  signers: readonly SignerLike[],
  content: ToSign,
  signal?: AbortSignal,
): Promise<Tagged> {
  const headers = new Map<CborKey, CborValue>(content.headers)
  headers.set(headerTyp, signatureType(content.kind))
  const aad = aadOf(content)
  const own = (signer: SignerLike): [CborKey, CborValue][] => [
    [headerAlg, internalsOf(signer.publicKey.algorithm).coseAlg],
    [headerKid, signer.publicKey.id],
  ]
  if (signers.length === 1) {
    const signer = signers[0]!
    const body = encodeCbor(new Map([...headers, ...own(signer)]))
    const message = encodeCbor(['Signature1', body, aad, content.payload])
    const signature = await signBytes(signer, message, signal)
    return new Tagged(tagSign1, [body, new Map(), content.payload, signature])
  }
  const ordered = [...signers].sort((a, b) => compareBytes(a.publicKey.id, b.publicKey.id))
  const kids = ordered.map(({ publicKey }) => publicKey.id)
  if (signers.length === 0 || !isSortedUnique(kids)) {
    throw new RangeError('authors must be one or more signers, each with a key of its own')
  }
  if (signers.length > maximumSigners) {
    throw new RangeError(`authors must be at most ${maximumSigners} signers`)
  }
  const body = encodeCbor(headers.set(headerSigners, kids))
  const signatures: CborValue[] = []
  for (const signer of ordered) {
    const header = encodeCbor(new Map(own(signer)))
    const message = encodeCbor(['Signature', body, header, aad, content.payload])
    signatures.push([header, new Map(), await signBytes(signer, message, signal)])
  }
  return new Tagged(tagSign, [body, new Map(), content.payload, signatures])
}

/**
 * Takes a decoded COSE_Sign1 or COSE_Sign apart. The verifier names the kind it expects; closed maps, empty
 * unprotected headers, attached payload, or it is refused. `labels` are the further protected headers.
 */
export function receiveSigned(
  value: CborValue,
  expected: {
    readonly kind: SignatureKind
    readonly labels: readonly number[]
    readonly externalAad?: Uint8Array
  },
  malformed: MalformedCbor,
): ReceivedSigned {
  const fail = (problem: string): Error => malformed(problem, 0)
  if (!(value instanceof Tagged) || (value.tag !== tagSign1 && value.tag !== tagSign)) {
    throw fail('no COSE_Sign1 and no COSE_Sign')
  }
  const single = value.tag === tagSign1
  const [body, unprotected, payload, last] = tuple(value.value, 4, fail)
  if (
    !(body instanceof Uint8Array) ||
    !isEmptyMap(unprotected) ||
    !(payload instanceof Uint8Array)
  ) {
    throw fail('a signed object with unprotected headers, or without its payload')
  }
  const headers = protectedMap(body, malformed)
  if (headers.get(headerTyp) !== signatureType(expected.kind)) {
    throw fail(`no signature of the kind ${expected.kind}`)
  }
  const aad = aadOf(expected)
  const received = single
    ? [receiveSignature(headers, last, ['Signature1', body, aad, payload], fail)]
    : receiveAll(headers, last ?? null, body, aad, payload, malformed)
  const extra = single ? [headerAlg, headerKid, headerTyp] : [headerSigners, headerTyp]
  closed(headers, [...expected.labels, ...extra], fail)
  return {
    kind: expected.kind,
    headers: new Map(expected.labels.map((label) => [label, headers.get(label)!])),
    payload,
    kids: received.map(({ kid }) => kid),
    signatures: received,
  }
}

function receiveAll(
  headers: CborMap,
  last: CborValue,
  body: Uint8Array,
  aad: Uint8Array,
  payload: Uint8Array,
  malformed: MalformedCbor,
): ReceivedSignature[] {
  const fail = (problem: string): Error => malformed(problem, 0)
  const kids = headers.get(headerSigners)
  if (!Array.isArray(last) || last.length < 2 || last.length > maximumSigners) {
    throw fail(`a COSE_Sign needs 2 to ${maximumSigners} signatures`)
  }
  const received = (last as readonly CborValue[]).map((item) => {
    const [header, unprotected, signature] = tuple(item, 3, fail)
    if (!(header instanceof Uint8Array) || !isEmptyMap(unprotected)) {
      throw fail('a signature with unprotected headers')
    }
    const own = protectedMap(header, malformed)
    closed(own, [headerAlg, headerKid], fail)
    return receiveSignature(own, signature, ['Signature', body, header, aad, payload], fail)
  })
  const listed =
    Array.isArray(kids) &&
    kids.length === received.length &&
    received.every(({ kid }, i) => kids[i] instanceof Uint8Array && equalBytes(kid, kids[i]))
  if (!listed || !isSortedUnique(received.map(({ kid }) => kid))) {
    throw fail('signatures that are not exactly those of the listed signers, in order')
  }
  return received
}

function receiveSignature(
  headers: CborMap,
  signature: CborValue | undefined,
  structure: CborValue,
  fail: (problem: string) => Error,
): ReceivedSignature {
  const alg = headers.get(headerAlg)
  const kid = headers.get(headerKid)
  if (typeof alg !== 'number' || !(kid instanceof Uint8Array) || kid.length !== 32) {
    throw fail('a signature without its algorithm and 32-byte key id')
  }
  if (!(signature instanceof Uint8Array)) throw fail('a signature that is no byte string')
  return { alg, kid, signature, message: encodeCbor(structure) }
}

/** Whether every signature verifies with the key of its kid. `keys` are in the order of `kids`. */
export async function verifySigned(
  signed: ReceivedSigned,
  keys: readonly VerificationKey[],
): Promise<boolean> {
  let all = keys.length === signed.signatures.length
  for (const [i, { kid, alg, message, signature }] of signed.signatures.entries()) {
    const key = keys[i]
    all =
      all &&
      key !== undefined &&
      equalBytes(key.id, kid) &&
      (await verifyBytes(key, alg, message, signature))
  }
  return all
}

/** A protected header map as received: strict, and `h''` for the empty one (RFC 9052 §3). */
export function protectedMap(bytes: Uint8Array, malformed: MalformedCbor): CborMap {
  if (bytes.length === 0) return new Map()
  const map = decodeStrict(bytes, malformed)
  if (!(map instanceof Map)) throw malformed('a protected header that is no map', 0)
  return map as CborMap
}

/** Refuses any header that is not among the labels, and any label that is missing. */
function closed(
  headers: CborMap,
  labels: readonly number[],
  fail: (problem: string) => Error,
): void {
  if (headers.size !== labels.length || labels.some((label) => !headers.has(label))) {
    throw fail('protected headers that are not exactly those of this kind')
  }
}

function aadOf(about: { readonly externalAad?: Uint8Array }): Uint8Array {
  return optionsOf(about).externalAad ?? new Uint8Array(0)
}

function tuple(value: CborValue, length: number, fail: (problem: string) => Error): CborValue[] {
  if (!Array.isArray(value) || value.length !== length) throw fail(`no array of ${length} items`)
  return value as CborValue[]
}

function isEmptyMap(value: CborValue | undefined): boolean {
  return value instanceof Map && value.size === 0
}
