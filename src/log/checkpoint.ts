import { ProofMalformed } from '../errors.ts'
import { fromBase64, toBase64 } from '../internal/base64.ts'
import { bytesArgument } from '../internal/bytes.ts'
import { hashSize, isSize } from '../internal/merkle/index.ts'
import { formatNote, type NoteSignature, parseDecimal, parseNote } from './note.ts'

/** A checkpoint: the size and the root of a log, signed. Nothing about a parsed one is verified. */
export interface Checkpoint {
  /** Which log: its origin line. */
  readonly origin: string
  /** Entries in the log. */
  readonly size: number
  /** Root of the tree of these entries, 32 bytes. */
  readonly root: Uint8Array
  /** Further lines, which no verifier understands; none in ours. */
  readonly extensions: readonly string[]
  /** The text that is signed: from the origin line through the newline before the empty line. */
  readonly text: string
  /** The signature lines. */
  readonly signatures: readonly NoteSignature[]
}

/** What a checkpoint is made of. */
export interface CheckpointParts {
  /** Which log: its origin line. */
  readonly origin: string
  /** Entries in the log. */
  readonly size: number
  /** Root of the tree of these entries, 32 bytes. */
  readonly root: Uint8Array
  /** Signature lines; left out: the result is the text to be signed or hashed. */
  readonly signatures?: readonly NoteSignature[] | undefined
}

/**
 * Takes a checkpoint apart. Verifies nothing: use `verifyCheckpoint` for what is to be trusted.
 *
 * @param note - The signed note, from an attacker.
 * @returns Its parts.
 * @throws {@link ProofMalformed} if it is no checkpoint, its root has not 32 bytes or its size is above 2^53 - 1.
 * @example
 * How large a log says it is.
 * ```ts
 * import { ed25519, generateKey } from 'careseal/keys'
 * import { openLog, parseCheckpoint } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const signer = await generateKey(ed25519)
 * const log = await openLog({ origin: 'clinic.example/log', signer, store: memoryStore() })
 * console.log(parseCheckpoint(await log.checkpoint()).size) // 1
 * ```
 * @see https://c2sp.org/tlog-checkpoint#note-text
 */
export function parseCheckpoint(note: string): Checkpoint {
  const { text, signatures } = parseNote(note)
  const lines = text.split('\n')
  lines.pop()
  const [origin = '', decimal, encoded = '', ...extensions] = lines
  const size = parseDecimal(decimal)
  const root = fromBase64(encoded)
  if (lines.includes('') || size === null || root === null || root.length !== hashSize) {
    throw new ProofMalformed(
      'A checkpoint has three lines: origin, size in decimal, root of 32 bytes in base64.',
    )
  }
  return { origin, size, root, extensions, text, signatures }
}

/**
 * Writes a checkpoint; without signatures its text, which is what witnesses sign and time-stamping ledgers hash.
 *
 * @param parts - Origin, size, root and, if there are any, signatures.
 * @returns The text, or the signed note.
 * @throws {@link RangeError} if a part could not be read back.
 * @see https://c2sp.org/tlog-checkpoint#note-text
 */
export function formatCheckpoint(parts: CheckpointParts): string {
  const { origin, size, signatures } = parts
  const root = bytesArgument(parts.root, 'root', hashSize)
  if (!isSize(size)) throw new RangeError('size must be a whole number from 0 to 2^53 - 1')
  if (typeof origin !== 'string' || origin === '' || origin.includes('\n')) {
    throw new RangeError('origin must be one line that is not empty')
  }
  const text = `${origin}\n${size}\n${toBase64(root)}\n`
  const note = formatNote({ text, signatures: signatures ?? [] })
  return signatures === undefined ? text : note
}
