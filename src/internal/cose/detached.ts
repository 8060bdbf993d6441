import { EnvelopeMismatch } from '../../errors.ts'
import { equalBytes } from '../bytes.ts'
import { type CborKey, type CborValue, decodeStrict, encodeCbor } from '../cbor/index.ts'
import { headerIv } from '../registry.ts'
import {
  encodeEncrypt,
  type ParsedEnvelope,
  type ParsedHeader,
  readLayer,
  readRecipients,
} from './encrypt.ts'
import { malformedEnvelope } from './headers.ts'
import { formOf } from './mistaken.ts'
import { encodeEntry, type RecipientEntry } from './recipient.ts'

type Layer0 = Pick<ParsedEnvelope, 'protectedBytes' | 'iv'>

const bodyDomain = 'careseal/body/1'
const wrapsDomain = 'careseal/wraps/1'

/** The part of an envelope that never changes: headers and ciphertext (docs/formats.md §2). */
export function encodeBody({
  protectedBytes,
  iv,
  ciphertext,
}: Layer0 & Pick<ParsedEnvelope, 'ciphertext'>): Uint8Array {
  return encodeCbor([bodyDomain, protectedBytes, iv, ciphertext])
}

/** The part that says who can read it: the same headers, and the readers' entries. */
export function encodeWraps(
  { protectedBytes, iv }: Layer0,
  recipients: readonly RecipientEntry[],
): Uint8Array {
  return encodeCbor([wrapsDomain, protectedBytes, iv, recipients.map(encodeEntry)])
}

/** Takes wraps apart; strict, so that nothing has two forms. */
export function parseWraps(bytes: Uint8Array): ParsedHeader {
  const [layer, list] = partOf(bytes, wrapsDomain, 'wraps')
  const parsed = { ...layer, recipients: readRecipients(list, 'careseal') }
  if (!equalBytes(encodeWraps(parsed, parsed.recipients), bytes)) {
    throw malformedEnvelope('wraps with an empty header in another form')
  }
  return parsed
}

/** Puts a body and its wraps together: the envelope in deterministic encoding. */
export function joinParts(body: Uint8Array, wraps: Uint8Array): Uint8Array {
  const { protectedBytes, iv, recipients } = parseWraps(wraps)
  const ciphertext = ciphertextFor(body, { protectedBytes, iv })
  return encodeEncrypt({ protectedBytes, iv, ciphertext }, recipients)
}

/** The ciphertext of a body that names the headers of these wraps; refuses any other body. */
export function ciphertextFor(
  body: Uint8Array,
  wraps: { readonly protectedBytes: Uint8Array; readonly iv: Uint8Array },
): Uint8Array {
  const [layer, ciphertext] = partOf(body, bodyDomain, 'body')
  if (!(ciphertext instanceof Uint8Array)) throw malformedEnvelope('a body without its ciphertext')
  if (!equalBytes(layer.protectedBytes, wraps.protectedBytes) || !equalBytes(layer.iv, wraps.iv)) {
    throw new EnvelopeMismatch()
  }
  return ciphertext
}

function partOf(
  bytes: Uint8Array,
  domain: string,
  name: string,
): [layer: ReturnType<typeof readLayer>, last: CborValue | undefined] {
  const whole = formOf(bytes) === 'envelope'
  const value = decodeStrict(bytes, (problem, offset) =>
    malformedEnvelope(
      whole
        ? `this is a whole envelope, not the ${name} of one; use it as it is, or split it with detachWraps`
        : problem,
      offset,
    ),
  )
  const parts = Array.isArray(value) ? (value as readonly CborValue[]) : []
  const [found, header, iv, last] = parts
  if (found !== domain || parts.length !== 4) {
    throw malformedEnvelope(`these bytes are not the ${name} of one, as detachWraps gives them`)
  }
  if (!(header instanceof Uint8Array) || !(iv instanceof Uint8Array)) {
    throw malformedEnvelope(`the headers of its ${name} have the wrong type`)
  }
  const unprotected = new Map<CborKey, CborValue>([[headerIv, iv]])
  return [readLayer(header, unprotected, { profile: 'careseal', anyIv: false }), last]
}
