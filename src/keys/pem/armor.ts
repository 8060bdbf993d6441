import { KeyMalformed } from '../../errors.ts'
import { fromBase64, toBase64 } from '../../internal/base64.ts'

/** What a PEM block says that it holds: SPKI or PKCS#8 (RFC 7468 §13, §10). */
export type PemLabel = 'PUBLIC KEY' | 'PRIVATE KEY'

const lineLength = 64
/** The longest key is ML-DSA-65 with seed and expanded key, about 5,700 characters. */
const maximumText = 10_240

/** One block in the strict form of RFC 7468 §3: lines of 64 characters, a newline at the end. */
export function armor(label: PemLabel, bytes: Uint8Array): string {
  const lines = toBase64(bytes).match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/**
 * Takes exactly one block: lines of 64 characters, ended by LF or CRLF, canonical base64. White space may stand around
 * it, other text not: who has several blocks must say which one he means.
 */
export function unarmor(text: string): { label: PemLabel; bytes: Uint8Array } {
  if (text.length > maximumText) throw new KeyMalformed('A PEM that is longer than any key')
  const [, label, body] =
    /^[ \t\r\n]*-----BEGIN ([A-Z0-9 ]*)-----\r?\n([^-]*)-----END \1-----[ \t\r\n]*$/.exec(text) ??
    []
  if (label === undefined || body === undefined) {
    throw new KeyMalformed('No PEM: it is one block from BEGIN to END, with nothing around it')
  }
  if (label !== 'PUBLIC KEY' && label !== 'PRIVATE KEY') {
    throw new KeyMalformed(
      'A PEM block that is neither PUBLIC KEY (SPKI) nor PRIVATE KEY (PKCS#8, not encrypted). openssl pkey writes them from other forms, openssl x509 -pubkey -noout from a certificate.',
    )
  }
  const lines = body.split(/\r?\n/)
  const last = lines.length - 2
  const wrapped = lines.every((line, i) =>
    i < last ? line.length === lineLength : i > last || (line !== '' && line.length <= lineLength),
  )
  const bytes = wrapped && lines[last + 1] === '' ? fromBase64(lines.join('')) : null
  if (bytes === null) {
    throw new KeyMalformed('A PEM that is not canonical base64 in lines of 64 characters')
  }
  return { label, bytes }
}
