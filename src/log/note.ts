import { ProofMalformed } from '../errors.ts'
import { fromBase64, toBase64 } from '../internal/base64.ts'
import { concat } from '../internal/bytes.ts'
import { isWellFormed } from '../internal/utf8.ts'

/** One signature line of a note. */
export interface NoteSignature {
  /** Name of the key: a schema-less URL, such as the origin of a log. */
  readonly name: string
  /** The 32-bit id that, with the name, says which key it is. */
  readonly keyId: number
  /** The signature in the form of its type, without the key id. */
  readonly signature: Uint8Array
}

/** A text with signature lines. Nothing about it is verified. */
export interface Note {
  /** What is signed: lines, each with its newline. */
  readonly text: string
  /** The signature lines in their order. */
  readonly signatures: readonly NoteSignature[]
}

/** Post-quantum signature lines have up to 7 kB; 100 of them and a large text fit. */
const maximumLength = 1 << 20
const maximumSignatures = 100
// biome-ignore lint/suspicious/noControlCharactersInRegex: notes have none but newlines
const control = /[\u0000-\u0009\u000b-\u001f]/
/** White_Space of Unicode above the control characters, and the plus that separates the parts of a verifier key. */
const outsideNames =
  /[\u007f-\u009f\n\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]/

/**
 * Takes a signed note apart. Verifies nothing: use `verifyCheckpoint` for what is to be trusted.
 *
 * @param note - The whole note, from an attacker.
 * @returns Text and signatures.
 * @throws {@link TypeError} if `note` is no string.
 * @throws {@link ProofMalformed} if it is no signed note, has more than 2^20 characters or more than 100 signatures.
 * @example
 * Who has signed, by their own word.
 * ```ts
 * import { parseNote } from 'careseal/log'
 *
 * const { text, signatures } = parseNote(`hello\n\n\u2014 a.example AAAAAAA=\n`)
 * console.log(text.trim(), signatures[0]!.name) // hello a.example
 * ```
 * @see https://c2sp.org/signed-note#format
 */
export function parseNote(note: string): Note {
  if (typeof note !== 'string') throw new TypeError('note must be a string')
  if (note.length > maximumLength) throw new ProofMalformed('A note of more than 2^20 characters.')
  if (control.test(note) || !isWellFormed(note)) {
    throw new ProofMalformed('A note with control characters or lone surrogates.')
  }
  // The text may hold empty lines itself: the last one separates.
  const end = note.lastIndexOf('\n\n') + 1
  const lines = note.slice(end + 1).split('\n')
  if (end === 0 || lines.length < 2 || lines.pop() !== '') {
    throw new ProofMalformed('A note without signatures, or whose last line has no end.')
  }
  if (lines.length > maximumSignatures) {
    throw new ProofMalformed(`A note with more than ${maximumSignatures} signatures.`)
  }
  return { text: note.slice(0, end), signatures: lines.map(parseLine) }
}

function parseLine(line: string): NoteSignature {
  const [dash, name = '', encoded = '', ...rest] = line.split(' ')
  const bytes = fromBase64(encoded)
  if (
    dash !== '\u2014' ||
    !isKeyName(name) ||
    rest.length > 0 ||
    bytes === null ||
    bytes.length < 5
  ) {
    throw new ProofMalformed('A signature line that is not "\u2014 name base64".')
  }
  return { name, keyId: readUint32(bytes, 0), signature: bytes.slice(4) }
}

/**
 * Puts a note together.
 *
 * @param note - Text, ending in a newline, and signatures.
 * @returns The note.
 * @throws {@link RangeError} if text or names could not be read back.
 * @example
 * A note of one signature.
 * ```ts
 * import { formatNote } from 'careseal/log'
 *
 * const signature = { name: 'a.example', keyId: 1, signature: new Uint8Array(64) }
 * console.log(formatNote({ text: 'hello\n', signatures: [signature] }).split('\n').length) // 4
 * ```
 * @see https://c2sp.org/signed-note#format
 */
export function formatNote(note: Note): string {
  const { text, signatures } = note
  if (!text.endsWith('\n') || control.test(text) || !isWellFormed(text)) {
    throw new RangeError('note.text must end in a newline and hold no other control characters')
  }
  return `${text}\n${signatures.map(formatLine).join('')}`
}

/** One signature as a line with its newline. */
export function formatLine({ name, keyId, signature }: NoteSignature): string {
  if (!isKeyName(name))
    throw new RangeError('A key name is not empty and has no spaces and no plus')
  const id = Uint8Array.of(keyId >>> 24, keyId >>> 16, keyId >>> 8, keyId)
  return `\u2014 ${name} ${toBase64(concat(id, signature))}\n`
}

/** Whether a text can be the name of a key: not empty, no Unicode spaces, no plus, no control characters. */
export function isKeyName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name !== '' &&
    !outsideNames.test(name) &&
    !control.test(name) &&
    isWellFormed(name)
  )
}

/** Four bytes, big-endian. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  )
}

/** ASCII decimal without leading zeros, up to 2^53 - 1; `null` for anything else. */
export function parseDecimal(text: string | undefined): number | null {
  if (text === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(text)) return null
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : null
}
