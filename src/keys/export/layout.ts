import { compareBytes, equalBytes } from '../../internal/bytes.ts'
import { type CborValue, decodeStrict, encodeCbor } from '../../internal/cbor/index.ts'
import {
  maximumExport,
  maximumPassphraseWraps,
  maximumWrapped,
  maximumWrapperId,
  maximumWraps,
} from '../../internal/registry.ts'
import { ascii } from '../../internal/utf8.ts'
import { passphraseDomain } from '../wrap/passphraseDomain.ts'
import { malformed } from './contents.ts'

const domain = 'careseal/identity/1'

/** The key of an export under one wrapper. */
export interface Wrap {
  readonly id: Uint8Array
  readonly wrapped: Uint8Array
}

/** The clear part of an exported identity. */
export interface Header {
  readonly salt: Uint8Array
  readonly commitment: Uint8Array
  readonly wraps: readonly Wrap[]
}

/** The order of wraps: by id, those of one id by what they wrapped. */
export function sortWraps(wraps: readonly Wrap[]): Wrap[] {
  return [...wraps].sort(compareWraps)
}

/** What the AEAD authenticates beside the contents: all of the header. */
export function headerBytes(header: Header): Uint8Array {
  return encodeCbor(itemsOf(header))
}

/** The whole export. */
export function encodeExport(header: Header, ciphertext: Uint8Array): Uint8Array {
  return encodeCbor([...itemsOf(header), ciphertext])
}

/** Takes an export from a source that nobody vouches for; nothing is derived yet. */
export function decodeExport(bytes: Uint8Array): { header: Header; ciphertext: Uint8Array } {
  if (bytes.length > maximumExport) throw malformed(`more than ${maximumExport} bytes`, 0)
  const value = decodeStrict(bytes, malformed)
  if (!Array.isArray(value) || value.length !== 5 || value[0] !== domain) {
    throw malformed('something else, or of a newer version', 0)
  }
  const [, salt, commitment, list, ciphertext] = value as readonly CborValue[]
  if (!isBytesOf(salt, 32, 32) || !isBytesOf(commitment, 32, 32)) {
    throw malformed('its salt or its commitment', 0)
  }
  if (!(ciphertext instanceof Uint8Array)) throw malformed('its ciphertext', 0)
  if (!Array.isArray(list) || list.length === 0 || list.length > maximumWraps) {
    throw malformed(`it must have 1 to ${maximumWraps} wraps`, 0)
  }
  const wraps = (list as readonly CborValue[]).map(readWrap)
  const problem = wrapsProblem(wraps)
  if (problem !== null) throw malformed(problem, 0)
  return { header: { salt, commitment, wraps }, ciphertext }
}

/** What is wrong with a sorted list of wraps, or `null`. */
export function wrapsProblem(wraps: readonly Wrap[]): string | null {
  const passphrase = ascii(passphraseDomain)
  if (wraps.some((wrap, i) => i > 0 && compareWraps(wraps[i - 1]!, wrap) >= 0)) {
    return 'its wraps are out of order, or one stands twice'
  }
  if (wraps.filter(({ id }) => equalBytes(id, passphrase)).length > maximumPassphraseWraps) {
    return `more than ${maximumPassphraseWraps} passphrases`
  }
  const others = wraps.filter(({ id }) => !equalBytes(id, passphrase))
  const twice = others.some(({ id }, i) => i > 0 && equalBytes(others[i - 1]!.id, id))
  return twice ? 'two wraps of one id' : null
}

function itemsOf({ salt, commitment, wraps }: Header): readonly CborValue[] {
  return [domain, salt, commitment, wraps.map(({ id, wrapped }): CborValue => [id, wrapped])]
}

function readWrap(value: CborValue): Wrap {
  const [id, wrapped] = Array.isArray(value) && value.length === 2 ? value : []
  if (!isBytesOf(id, 1, maximumWrapperId) || !isBytesOf(wrapped, 1, maximumWrapped)) {
    throw malformed('one of its wraps', 0)
  }
  return { id, wrapped }
}

function isBytesOf(value: unknown, least: number, most: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length >= least && value.length <= most
}

function compareWraps(a: Wrap, b: Wrap): number {
  return compareBytes(a.id, b.id) || compareBytes(a.wrapped, b.wrapped)
}
