import { ProofInvalid, ProofMalformed } from '../errors.ts'
import { internalsOf, verifierOf } from '../internal/algorithm.ts'
import { bytesArgument, equalBytes } from '../internal/bytes.ts'
import { type CborValue, decodeForeign, encodeCbor, Tagged } from '../internal/cbor/index.ts'
import { signBytes } from '../internal/cose/signer.ts'
import { hashSize, inclusionRoot, leafHash } from '../internal/merkle/index.ts'
import { optionsOf } from '../internal/options.ts'
import { publicKeyArgument } from '../internal/publicKey.ts'
import { headerAlg, headerCrit, headerKid, tagSign1 } from '../internal/registry.ts'
import type { Verified } from '../internal/verified.ts'
import type { CallOptions, SignaturePublicKey, Signer } from '../keys/index.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { LogSigner } from './signer.ts'
import { parseTlogProof } from './tlogProof.ts'

/** Labels and values of RFC 9942 §4 and RFC 9597 (CWT claims), with iss of RFC 8392. */
const headerClaims = 15
const headerVds = 395
const headerVdp = 396
const vdsRfc9162Sha256 = 1
const proofInclusion = -1
const claimIss = 1
/** No receipt of ours or of another tree of SHA-256 is larger. */
const maximumSize = 1 << 16

/** Options of {@link toCoseReceipt}. */
export interface ToCoseReceiptOptions extends CallOptions {
  /** The entry that the proof is about, 32 bytes. */
  readonly commitment: Uint8Array
  /** The key of the log, which has signed the checkpoint of the proof. */
  readonly signer: Signer
}

/** Options of {@link verifyCoseReceipt}. */
export interface VerifyCoseReceiptOptions {
  /** The entry that should be in the log: 32 bytes in a log of ours, any bytes in another. */
  readonly commitment: Uint8Array
  /** The key of the log; found by who it is, not by what the receipt says. */
  readonly key: SignaturePublicKey
}

/** An entry that a COSE Receipt proves to be in a log. Comes from `verifyCoseReceipt` only. */
export interface VerifiedCoseReceipt extends Verified<'cose-receipt'> {
  /** Who issued it by its own signed word: the origin of a log of ours; `null` if it does not say. */
  readonly issuer: string | null
  /** Root of the tree that has the entry, 32 bytes: what the log signed. */
  readonly root: Uint8Array
  /** What the receipt says beside: the signature covers the root alone, and one root fits several places and sizes. */
  readonly unverified: {
    /** Place of the entry in the log, from 0. */
    readonly index: number
    /** Entries in the log when it was signed. */
    readonly size: number
  }
}

/**
 * Writes a tlog-proof as a COSE Receipt, for those who read COSE. It holds no cosignatures of witnesses. The key
 * signs once more, and only a root for which it has signed a checkpoint already.
 *
 * @param proof - The tlog-proof.
 * @param options - The entry and the key of the log.
 * @returns The receipt: a tagged COSE_Sign1 with the root as detached payload.
 * @throws {@link ProofMalformed} if the proof does not parse.
 * @throws {@link ProofInvalid} if it does not prove the commitment under a checkpoint that this key has signed.
 * @throws {@link RangeError} if the log has one entry only: such a tree has no path, and a receipt needs one.
 * @throws {@link KeyUnavailable} if the key's home does not answer.
 * @example
 * From one form to the other.
 * ```ts
 * import { ed25519, generateKey } from 'careseal/keys'
 * import { openLog, toCoseReceipt, verifyCoseReceipt } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const signer = await generateKey(ed25519)
 * const log = await openLog({ origin: 'clinic.example/log', signer, store: memoryStore() })
 * const commitment = new Uint8Array(32).fill(7)
 * await log.append([commitment])
 * const receipt = await toCoseReceipt(await log.proveInclusion(1), { commitment, signer })
 * const verified = await verifyCoseReceipt(receipt, { commitment, key: signer.publicKey })
 * console.log(verified.issuer) // clinic.example/log
 * ```
 * @see RFC 9942 §5.2
 */
export async function toCoseReceipt(
  proof: string,
  options: ToCoseReceiptOptions,
): Promise<Uint8Array> {
  const { signer, signal, commitment: given } = optionsOf(options)
  const commitment = bytesArgument(given, 'commitment', hashSize)
  const { index, hashes, checkpoint: note } = parseTlogProof(proof)
  const checkpoint = parseCheckpoint(note)
  const root = inclusionRoot(index, checkpoint.size, leafHash(commitment), hashes)
  const own = new LogSigner(checkpoint.origin, signer)
  const { algorithm, id } = signer.publicKey
  if (root === null || !equalBytes(root, checkpoint.root) || !(await own.signed(checkpoint))) {
    throw new ProofInvalid(
      'The proof does not prove this commitment under a checkpoint of this key.',
    )
  }
  if (hashes.length === 0)
    throw new RangeError('A log of one entry has no COSE Receipt; append first')
  const headers = encodeCbor(
    new Map<number, CborValue>([
      [headerAlg, internalsOf(algorithm).coseAlg],
      [headerKid, id],
      [headerVds, vdsRfc9162Sha256],
      [headerClaims, new Map([[claimIss, checkpoint.origin]])],
    ]),
  )
  const inclusion = encodeCbor([checkpoint.size, index, hashes])
  const proofs = new Map([[headerVdp, new Map([[proofInclusion, [inclusion]]])]])
  const signature = await signBytes(signer, toBeSigned(headers, root), signal)
  return encodeCbor(new Tagged(tagSign1, [headers, proofs, null, signature]))
}

/**
 * Verifies a COSE Receipt with one RFC 9162 SHA-256 inclusion proof.
 *
 * @param receipt - The receipt, from an attacker.
 * @param options - The entry and the key of the log.
 * @returns What is proven: that the log has the entry. A tlog-proof proves the place and the size too, because a
 *   checkpoint signs the size.
 * @throws {@link TypeError} if an argument has the wrong type.
 * @throws {@link ProofMalformed} if it is no such receipt.
 * @throws {@link ProofInvalid} if it does not prove this entry, or is not signed by this key.
 * @example
 * A receipt that came as a file.
 * ```ts
 * import { ed25519, generateKey } from 'careseal/keys'
 * import { openLog, toCoseReceipt, verifyCoseReceipt } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const signer = await generateKey(ed25519)
 * const log = await openLog({ origin: 'clinic.example/log', signer, store: memoryStore() })
 * const commitment = new Uint8Array(32).fill(9)
 * await log.append([commitment])
 * const receipt = await toCoseReceipt(await log.proveInclusion(1), { commitment, signer })
 * const { unverified } = await verifyCoseReceipt(receipt, { commitment, key: signer.publicKey })
 * console.log(unverified.index) // 1
 * ```
 * @see RFC 9942 §5.2
 */
export async function verifyCoseReceipt(
  receipt: Uint8Array,
  options: VerifyCoseReceiptOptions,
): Promise<VerifiedCoseReceipt> {
  const own = optionsOf(options)
  const key = publicKeyArgument(own.key, 'signature', 'key')
  const commitment = bytesArgument(own.commitment, 'commitment')
  const { headers, alg, issuer, size, index, path, payload, signature } = parseReceipt(
    bytesArgument(receipt, 'receipt'),
  )
  const root = inclusionRoot(index, size, leafHash(commitment), path)
  const { coseAlgs, signatureSize } = internalsOf(key.algorithm)
  const good =
    root !== null &&
    (payload === null || equalBytes(payload, root)) &&
    coseAlgs.includes(alg) &&
    signature.length === signatureSize &&
    (await verifierOf(key).verify(toBeSigned(headers, root), signature))
  if (!good)
    throw new ProofInvalid('The receipt does not prove this entry with a signature of this key.')
  const unverified = Object.freeze({ index, size })
  return Object.freeze({ issuer, root, unverified }) as unknown as VerifiedCoseReceipt
}

/** Sig_structure of RFC 9052 §4.4; the payload is the root, whether it is attached or not. */
function toBeSigned(headers: Uint8Array, root: Uint8Array): Uint8Array {
  return encodeCbor(['Signature1', headers, new Uint8Array(0), root])
}

interface ParsedReceipt {
  readonly headers: Uint8Array
  readonly alg: number
  readonly issuer: string | null
  readonly size: number
  readonly index: number
  readonly path: readonly Uint8Array[]
  readonly payload: Uint8Array | null
  readonly signature: Uint8Array
}

function parseReceipt(bytes: Uint8Array): ParsedReceipt {
  if (bytes.length > maximumSize) throw malformed('larger than 64 kB')
  const value = decodeForeign(bytes, malformed, [tagSign1])
  const parts = value instanceof Tagged ? value.value : value
  if (!Array.isArray(parts) || parts.length !== 4) throw malformed('no COSE_Sign1')
  const [headers, unprotected, payload, signature] = parts as readonly CborValue[]
  if (!(headers instanceof Uint8Array) || !(signature instanceof Uint8Array)) {
    throw malformed('no COSE_Sign1')
  }
  if (payload !== null && !(payload instanceof Uint8Array))
    throw malformed('a payload of another kind')
  const known = decodeForeign(headers, malformed)
  const alg = entryOf(known, headerAlg)
  // What is critical and unknown must not be passed over.
  if (typeof alg !== 'number' || entryOf(known, headerCrit) !== undefined) {
    throw malformed('no algorithm, or critical headers')
  }
  if (entryOf(known, headerVds) !== vdsRfc9162Sha256)
    throw malformed('no tree of RFC 9162 with SHA-256')
  const issuer = entryOf(entryOf(known, headerClaims), claimIss)
  const proofs = entryOf(entryOf(unprotected, headerVdp), proofInclusion)
  const [encoded, ...more] = Array.isArray(proofs) ? (proofs as readonly CborValue[]) : []
  if (!(encoded instanceof Uint8Array) || more.length > 0)
    throw malformed('not one inclusion proof')
  const proof = decodeForeign(encoded, malformed)
  const [size, index, path, ...rest] = Array.isArray(proof) ? (proof as readonly CborValue[]) : []
  if (typeof size !== 'number' || typeof index !== 'number' || !isPath(path) || rest.length > 0) {
    throw malformed('an inclusion proof of another form')
  }
  return {
    headers,
    alg,
    issuer: typeof issuer === 'string' ? issuer : null,
    size,
    index,
    path,
    payload,
    signature,
  }
}

function entryOf(map: CborValue | undefined, key: number): CborValue | undefined {
  return map instanceof Map ? map.get(key) : undefined
}

function isPath(value: CborValue | undefined): value is readonly Uint8Array[] {
  return (
    Array.isArray(value) &&
    (value as readonly CborValue[]).every(
      (hash) => hash instanceof Uint8Array && hash.length === hashSize,
    )
  )
}

function malformed(problem: string): ProofMalformed {
  return new ProofMalformed(`This is no COSE Receipt that is understood here: ${problem}.`)
}
