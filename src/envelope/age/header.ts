import { decodeRadix64 } from '../../internal/radix64.ts'
import { maximumRecipients } from '../../internal/registry.ts'
import { joined } from './joined.ts'
import { malformedAge } from './malformed.ts'
import type { AgeReader } from './reader.ts'

/** One wrapped file key. */
export interface Stanza {
  /** Its type. */
  readonly type: string
  /** Its further arguments. */
  readonly parameters: readonly string[]
  readonly body: Uint8Array
}

/** The header of an age file; not authentic before the MAC is checked. */
export interface AgeHeader {
  readonly stanzas: readonly Stanza[]
  /** What the MAC covers: up to and including the three dashes. */
  readonly covered: Uint8Array
  readonly mac: Uint8Array
  /** The nonce of the payload. */
  readonly nonce: Uint8Array
}

const maximumLine: number = 64 * 1024
const maximumHeader: number = 2 * 1024 * 1024
/** A visible character, as arguments consist of (RFC 5234 VCHAR). */
const argumentShape = /^[!-~]+$/

/** Reads the header and the payload's nonce (c2sp.org/age, "Header"). */
export async function readHeader(reader: AgeReader): Promise<AgeHeader> {
  const lines: Uint8Array[] = []
  let size = 0
  const next = async (): Promise<string> => {
    const line = await reader.line(maximumLine)
    if (line === null) throw malformedAge('a header that does not end', reader.offset)
    size += line.length
    if (size > maximumHeader) throw malformedAge('a header above 2 MiB', reader.offset)
    lines.push(line)
    return latin1(line.subarray(0, line.length - 1))
  }
  const wrong = (problem: string): Error => malformedAge(problem, reader.offset)
  if ((await next()) !== 'age-encryption.org/v1') throw wrong('no first line of age version 1')
  const stanzas: Stanza[] = []
  for (;;) {
    const line = await next()
    if (line.startsWith('---')) {
      const mac = /^--- [^=]{43}$/.test(line) ? decodeRadix64(line.slice(4), 'standard') : null
      if (mac === null || stanzas.length === 0) throw wrong('a header without a proper MAC')
      const last = lines.pop()!.subarray(0, 3)
      const nonce = await reader.read(16)
      if (nonce.length < 16) throw wrong('a file that ends before its content')
      return { stanzas, covered: joined([...lines, last]), mac, nonce }
    }
    if (!line.startsWith('-> ')) throw wrong('a header line that begins no stanza')
    const [type, ...parameters] = line.slice(3).split(' ')
    if (type === undefined || ![type, ...parameters].every((one) => argumentShape.test(one))) {
      throw wrong('a stanza whose arguments are not visible characters')
    }
    stanzas.push({ type, parameters, body: await readBody(next, wrong) })
    if (stanzas.length > maximumRecipients) throw wrong('more than 1000 stanzas')
  }
}

/** Lines of 64 characters, and a shorter one, maybe empty, that ends the stanza. */
async function readBody(
  next: () => Promise<string>,
  wrong: (problem: string) => Error,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (;;) {
    const line = await next()
    const bytes = line.length > 64 ? null : decodeRadix64(line, 'standard')
    if (bytes === null) throw wrong('a stanza whose body is no canonical base64')
    parts.push(bytes)
    if (line.length < 64) return joined(parts)
  }
}

function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 4096) {
    text += String.fromCharCode(...bytes.subarray(i, i + 4096))
  }
  return text
}
