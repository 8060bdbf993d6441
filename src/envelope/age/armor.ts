import { concat } from '../../internal/bytes.ts'
import { decodeRadix64 } from '../../internal/radix64.ts'
import { malformedAge } from './malformed.ts'
import type { AgeReader } from './reader.ts'

const begin = '-----BEGIN AGE ENCRYPTED FILE-----'
const end = '-----END AGE ENCRYPTED FILE-----'
/** White space that may stand around the armor. */
const maximumBlanks = 1024
/** Lines that are decoded at a time. */
const batch = 1024

/** Whether a source begins as armor does; white space before it is taken. */
export async function isArmored(reader: AgeReader): Promise<boolean> {
  const start = await reader.peek(maximumBlanks + begin.length)
  let blanks = 0
  while (blanks < maximumBlanks && blanks < start.length && isBlank(start[blanks]!)) blanks++
  const armored = textOf(start.subarray(blanks, blanks + 10)) === begin.slice(0, 10)
  if (armored) await reader.read(blanks)
  return armored
}

/**
 * The bytes within the armor: strict PEM (RFC 7468 §3), whose lines have 64 characters but for the last, canonical
 * base64, and nothing but white space around it. It proves nothing about the bytes.
 */
export async function* unarmor(reader: AgeReader): AsyncGenerator<Uint8Array, void, undefined> {
  if ((await nextLine(reader)) !== begin) throw malformedAge('armor that does not begin', 0)
  let parts: Uint8Array[] = []
  let short = false
  for (;;) {
    const line = await nextLine(reader)
    if (line === end) break
    if (line === null || short || line.length > 64 || line.length === 0 || line.length % 4 !== 0) {
      throw malformedAge('armor with a line of another length', reader.offset)
    }
    short = line.length < 64 || line.endsWith('=')
    const bytes = decodeRadix64(line.replace(/={1,2}$/, ''), 'standard')
    if (bytes === null) throw malformedAge('armor that is no canonical base64', reader.offset)
    parts.push(bytes)
    if (parts.length === batch) {
      yield concat(...parts)
      parts = []
    }
  }
  const rest = await reader.read(maximumBlanks + 1)
  if (rest.length > maximumBlanks || !rest.every(isBlank)) {
    throw malformedAge('something behind the armor', reader.offset)
  }
  yield concat(...parts)
}

/** A line without its LF or CRLF; the last one may lack it. `null` if it is longer than any of an armor. */
async function nextLine(reader: AgeReader): Promise<string | null> {
  const line = (await reader.line(70)) ?? (await unended(reader))
  return line === null ? null : textOf(line).replace(/\r?\n$/, '')
}

async function unended(reader: AgeReader): Promise<Uint8Array | null> {
  const rest = await reader.peek(71)
  return rest.length > 70 || rest.length === 0 || rest.includes(10) ? null : reader.read(70)
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === 10 || byte === 13
}

/** Bytes as characters of the same numbers. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
