import { AlgorithmUnsupported, EnvelopeMalformed } from '../../errors.ts'
import { fromBase64Url } from '../../internal/base64.ts'
import type { JsonObject } from '../../internal/strictJson.ts'

/** The error of everything in a JWE: what is wrong and where. */
export function malformedJwe(problem: string, offset?: number): EnvelopeMalformed {
  return new EnvelopeMalformed(`No JWE: ${problem}`, { offset })
}

/** A text member; `null` where it is missing. */
export function textOf(header: JsonObject, name: string): string | null {
  const value = header.get(name)
  if (value === undefined) return null
  if (typeof value !== 'string') throw malformedJwe(`a header ${name} that is no text`)
  return value
}

/** A base64url member; `null` where it is missing. */
export function bytesOf(header: JsonObject, name: string): Uint8Array | null {
  const text = textOf(header, name)
  if (text === null) return null
  const bytes = fromBase64Url(text)
  if (bytes === null) throw malformedJwe(`a header ${name} that is no base64url`)
  return bytes
}

/**
 * The JOSE header of one recipient: the union of its parts, in which a name stands once (RFC 7516 §7.2.1). Critical
 * extensions are refused because none is known, compression because it is a bomb and an oracle.
 */
export function joinHeaders(...parts: readonly (JsonObject | null)[]): JsonObject {
  const joined = new Map(parts[0] ?? [])
  for (const part of parts.slice(1)) {
    for (const [name, value] of part ?? []) {
      if (joined.has(name)) throw malformedJwe('one header parameter in two parts of the header')
      joined.set(name, value)
    }
  }
  if (joined.has('crit')) {
    throw malformedJwe('critical header parameters that this version does not know')
  }
  if (joined.has('zip')) {
    throw new AlgorithmUnsupported(
      'This JWE holds compressed content (zip), which careseal does not read. Decrypt it with the software that wrote it.',
    )
  }
  return joined
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
