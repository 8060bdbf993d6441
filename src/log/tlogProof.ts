import { ProofMalformed } from '../errors.ts'
import { fromBase64, toBase64 } from '../internal/base64.ts'
import { hashSize } from '../internal/merkle/index.ts'
import { parseDecimal } from './note.ts'

/** The parts of a tlog-proof. Nothing about a parsed one is verified. */
export interface TlogProof {
  /** Place of the entry in the log, from 0. */
  readonly index: number
  /** The inclusion proof, from the leaf to the root, 32 bytes each. */
  readonly hashes: readonly Uint8Array[]
  /** The checkpoint, as it stands in the proof. */
  readonly checkpoint: string
  /** Data of the application that nobody vouches for, or `null`. */
  readonly extra: Uint8Array | null
}

const header = 'c2sp.org/tlog-proof@v1'
/** The longest proof of 2^53 entries, and extra data of some size. */
const maximumLines = 70
const maximumLength = 1 << 20

/**
 * Takes a tlog-proof apart. Verifies nothing: use `verifyInclusion` for what is to be trusted.
 *
 * @param text - The proof, from an attacker.
 * @returns Its parts; the checkpoint is not looked at.
 * @throws {@link TypeError} if `text` is no string.
 * @throws {@link ProofMalformed} if it is no such proof.
 * @see https://c2sp.org/tlog-proof#format
 */
export function parseTlogProof(text: string): TlogProof {
  if (typeof text !== 'string') throw new TypeError('proof must be a string')
  const end = text.length > 2 * maximumLength ? -1 : text.indexOf('\n\n')
  const lines = text.slice(0, Math.max(end, 0)).split('\n', maximumLines)
  const [first, ...rest] = lines
  let extra: Uint8Array | null = null
  if (rest[0]?.startsWith('extra ')) {
    extra = fromBase64(rest.shift()!.slice(6))
    if (extra === null) throw malformed('extra data that is no base64')
  }
  const place = rest.shift()
  const index = place?.startsWith('index ') ? parseDecimal(place.slice(6)) : null
  if (first !== header || index === null || lines.length === maximumLines) {
    throw malformed('not the lines of a tlog-proof')
  }
  const hashes = rest.map((line) => {
    const hash = fromBase64(line)
    if (hash?.length !== hashSize) throw malformed('a hash that is not 32 bytes in base64')
    return hash
  })
  return { index, hashes, checkpoint: text.slice(end + 2), extra }
}

/**
 * Writes a tlog-proof.
 *
 * @param proof - Its parts.
 * @returns The text; a file of it ends in `.tlog-proof`.
 * @see https://c2sp.org/tlog-proof#format
 */
export function formatTlogProof(proof: Omit<TlogProof, 'extra'> & Partial<TlogProof>): string {
  const extra = proof.extra ? `extra ${toBase64(proof.extra)}\n` : ''
  const hashes = proof.hashes.map((hash) => `${toBase64(hash)}\n`).join('')
  return `${header}\n${extra}index ${proof.index}\n${hashes}\n${proof.checkpoint}`
}

function malformed(problem: string): ProofMalformed {
  return new ProofMalformed(`This is no tlog-proof: ${problem}.`)
}
