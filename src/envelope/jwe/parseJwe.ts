import { ContentTooLarge } from '../../errors.ts'
import { concat } from '../../internal/bytes.ts'
import { decodeRadix64 } from '../../internal/radix64.ts'
import { maximumContent, maximumRecipients } from '../../internal/registry.ts'
import { type JsonObject, type JsonValue, parseStrictJson } from '../../internal/strictJson.ts'
import { ascii, decodeUtf8, utf8Length } from '../../internal/utf8.ts'
import { headersOver, type JoseHeader, malformedJwe, textOf } from './header.ts'

/** One recipient of a JWE. */
export interface JweEntry {
  /** The JOSE header: protected, shared and own parameters. */
  readonly header: JoseHeader
  readonly alg: string
  readonly kid: string | null
  readonly encryptedKey: Uint8Array
}

/** A JWE taken apart. */
export interface ParsedJwe {
  /** What the content is authenticated with: the encoded header, and the encoded `aad` behind a period. */
  readonly additional: Uint8Array
  readonly protectedHeader: JsonObject
  readonly protectedJson: string
  readonly aad: Uint8Array | null
  readonly iv: Uint8Array
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
  readonly entries: readonly JweEntry[]
}

/** The parts as they stand in either serialization. */
interface Parts {
  readonly protectedText: string
  readonly aad: string | null
  readonly iv: string
  readonly ciphertext: string
  readonly tag: string
  readonly unprotected: JsonObject | null
  readonly recipients: readonly {
    readonly header: JsonObject | null
    readonly encryptedKey: string
  }[]
}

/** Text of a JWE with 16 MiB of content and 1000 readers is shorter. */
const maximumText: number = 32 * 1024 * 1024
const maximumHeader: number = 64 * 1024

/** The error of a JWE above the limit, before it is decoded. */
function tooLarge(): ContentTooLarge {
  return new ContentTooLarge(
    'A JWE of more than 16 MiB of content. Decrypt it with the software that wrote it, and seal it with sealStream.',
  )
}

/** Takes a JWE apart: compact, flattened or general (RFC 7516 §7). Nothing is decrypted. */
export function parseJwe(jwe: string | Uint8Array): ParsedJwe {
  if (jwe.length > maximumText) throw tooLarge()
  const text = typeof jwe === 'string' ? jwe : decodeUtf8(jwe)
  if (text === null) throw malformedJwe('bytes that are no UTF-8')
  const parts = /^[ \t\r\n]*\{/.test(text) ? readJson(text) : readCompact(text)
  const { protectedText, unprotected } = parts
  if (protectedText.length > maximumHeader) throw malformedJwe('a protected header above 64 KiB')
  const headerBytes = decoded(protectedText, 'a protected header')
  const protectedJson = decodeUtf8(headerBytes)
  if (protectedJson === null) throw malformedJwe('a protected header that is no UTF-8')
  const protectedHeader =
    protectedText === ''
      ? new Map<string, JsonValue>()
      : objectOf(protectedJson, 'protected header')
  // The tag of integrated encryption stands behind the ciphertext.
  const size = Math.floor((parts.ciphertext.length * 3) / 4) - (parts.tag === '' ? 16 : 0)
  if (size > maximumContent) throw tooLarge()
  const headerOf = headersOver(protectedHeader, unprotected)
  const aad = parts.aad === null ? null : decoded(parts.aad, 'an aad')
  const aadText = parts.aad === null ? '' : `.${parts.aad}`
  const entries = parts.recipients.map(({ header, encryptedKey }) => {
    const joined = headerOf(header)
    const alg = textOf(joined, 'alg')
    if (alg === null) throw malformedJwe('a recipient without alg')
    const key = decoded(encryptedKey, 'an encrypted_key')
    return { header: joined, alg, kid: textOf(joined, 'kid'), encryptedKey: key }
  })
  const ciphers = new Set(entries.map(({ header }) => textOf(header, 'enc')))
  if (ciphers.size > 1) throw malformedJwe('recipients with several values of enc')
  return {
    additional: concat(ascii(protectedText), ascii(aadText)),
    protectedHeader,
    protectedJson,
    aad,
    iv: decoded(parts.iv, 'an iv'),
    ciphertext: decoded(parts.ciphertext, 'a ciphertext'),
    tag: decoded(parts.tag, 'a tag'),
    entries,
  }
}

function readCompact(text: string): Parts {
  // Editors and shells end a file with a line end: one is none of its parts.
  const parts = text.replace(/\r?\n$/, '').split('.', 6)
  if (parts.length !== 5) {
    throw malformedJwe('neither JSON nor five parts with periods between them')
  }
  const [protectedText, encryptedKey, iv, ciphertext, tag] = parts as [
    string,
    string,
    string,
    string,
    string,
  ]
  const recipients = [{ header: null, encryptedKey }]
  if (protectedText === '') throw malformedJwe('no protected header')
  return { protectedText, aad: null, iv, ciphertext, tag, unprotected: null, recipients }
}

/** Members that RFC 7516 §7.2.1 does not name are ignored, as it demands. */
function readJson(text: string): Parts {
  const json = parseStrictJson(text, (problem, at) => malformedJwe(problem, byteAt(text, at)))
  if (!(json instanceof Map)) throw malformedJwe('no JSON object')
  const outer = json as JsonObject
  const ciphertext = memberText(outer, 'ciphertext')
  if (ciphertext === null) throw malformedJwe('no ciphertext')
  return {
    protectedText: memberText(outer, 'protected') ?? '',
    aad: memberText(outer, 'aad'),
    iv: memberText(outer, 'iv') ?? '',
    ciphertext,
    tag: memberText(outer, 'tag') ?? '',
    unprotected: memberObject(outer, 'unprotected'),
    recipients: readRecipients(outer),
  }
}

function readRecipients(outer: JsonObject): Parts['recipients'] {
  const list = outer.get('recipients')
  const one = (value: JsonObject) => ({
    header: memberObject(value, 'header'),
    encryptedKey: memberText(value, 'encrypted_key') ?? '',
  })
  if (list === undefined) return [one(outer)]
  if (outer.has('header') || outer.has('encrypted_key')) {
    throw malformedJwe('both recipients and a recipient of its own')
  }
  if (!Array.isArray(list) || list.length === 0) throw malformedJwe('recipients that are no list')
  if (list.length > maximumRecipients) throw malformedJwe('more than 1000 recipients')
  return (list as readonly JsonValue[]).map((item) => {
    if (!(item instanceof Map)) throw malformedJwe('a recipient that is no object')
    return one(item as JsonObject)
  })
}

function memberText(object: JsonObject, name: string): string | null {
  const value = object.get(name)
  if (value === undefined) return null
  if (typeof value !== 'string') throw malformedJwe(`a member ${name} that is no text`)
  return value
}

function memberObject(object: JsonObject, name: string): JsonObject | null {
  const value = object.get(name)
  if (value === undefined) return null
  if (!(value instanceof Map)) throw malformedJwe(`a member ${name} that is no object`)
  return value as JsonObject
}

function objectOf(text: string, what: string): JsonObject {
  const value = parseStrictJson(text, (problem) => malformedJwe(`a ${what} with ${problem}`))
  if (!(value instanceof Map)) throw malformedJwe(`a ${what} that is no JSON object`)
  return value as JsonObject
}

function decoded(text: string, what: string): Uint8Array {
  const bytes = decodeRadix64(text, 'url')
  if (bytes === null) throw malformedJwe(`${what} that is no base64url`)
  return bytes
}

/** Errors count bytes; text counts UTF-16 units. */
function byteAt(text: string, at: number): number {
  const length = utf8Length(text.slice(0, at))
  return length < 0 ? at : length
}
