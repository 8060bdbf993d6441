import { AlgorithmUnsupported, EnvelopeMalformed } from '../../errors.ts'
import { fromBase64Url } from '../../internal/base64.ts'
import type { JsonObject } from '../../internal/strictJson.ts'
import { isWellFormed } from '../../internal/utf8.ts'

/** The error of everything in a JWE: what is wrong and where. */
export function malformedJwe(problem: string, offset?: number): EnvelopeMalformed {
  return new EnvelopeMalformed(`No JWE: ${problem}`, { offset })
}

/** A JOSE header, or an object in one, by its names. */
export type JoseHeader = Pick<JsonObject, 'get' | 'has'>

/** Members of one part of a header; those that exist are about thirty. */
const maximumMembers = 256

/** A text member; `null` where it is missing. */
export function textOf(header: JoseHeader, name: string): string | null {
  const value = header.get(name)
  if (value === undefined) return null
  if (typeof value !== 'string') throw malformedJwe(`a header ${name} that is no text`)
  return value
}

/** A base64url member of at most `maximum` bytes, measured before it is decoded; `null` where it is missing. */
export function bytesOf(header: JoseHeader, name: string, maximum: number): Uint8Array | null {
  const text = textOf(header, name)
  if (text === null) return null
  if (text.length > Math.ceil((maximum * 4) / 3)) {
    throw malformedJwe(`a header ${name} above ${maximum} bytes`)
  }
  const bytes = fromBase64Url(text)
  if (bytes === null) throw malformedJwe(`a header ${name} that is no base64url`)
  return bytes
}

/**
 * The JOSE headers of recipients: the union of two shared parts and one of their own, in which a name stands once (RFC
 * 7516 §7.2.1). The shared parts are compared once and looked at in place: with a copy for each of a thousand
 * recipients, a small file would take all memory. Critical extensions are refused because none is known, compression
 * because it is a bomb and an oracle.
 */
export function headersOver(
  ...shared: readonly (JsonObject | null)[]
): (own: JsonObject | null) => JoseHeader {
  const under = shared.filter((part) => part !== null)
  for (const [i, part] of under.entries()) checkPart(part, under.slice(0, i))
  return (own) => {
    if (own === null) return over(under)
    checkPart(own, under)
    return over([...under, own])
  }
}

function over(parts: readonly JsonObject[]): JoseHeader {
  return {
    has: (name) => parts.some((part) => part.has(name)),
    get: (name) => parts.find((part) => part.has(name))?.get(name),
  }
}

function checkPart(part: JsonObject, others: readonly JsonObject[]): void {
  if (part.size > maximumMembers) throw malformedJwe('a header of more than 256 parameters')
  for (const name of part.keys()) {
    if (others.some((other) => other.has(name))) {
      throw malformedJwe('one header parameter in two parts of the header')
    }
  }
  if (part.has('crit')) {
    throw malformedJwe('critical header parameters that this version does not know')
  }
  if (part.has('zip')) {
    throw new AlgorithmUnsupported(
      'This JWE holds compressed content (zip), which careseal does not read. Decrypt it with the software that wrote it.',
    )
  }
}

/** Whether text can be that of a media type: no control characters, and Unicode that can be written at all. */
export function isMediaText(text: string): boolean {
  return isWellFormed(text) && !/\p{Cc}/u.test(text)
}

/** Names of algorithms are shown, anything else is not. */
export function shown(name: string): string {
  return /^[A-Za-z0-9+_.-]{1,32}$/.test(name) ? name : 'an algorithm without a proper name'
}

/** An algorithm that nothing here reads. */
export function unsupported(name: string): AlgorithmUnsupported {
  return new AlgorithmUnsupported(
    `This JWE uses ${shown(name)}, which careseal does not read. Decrypt it with the software that wrote it.`,
  )
}
