import { encodeUtf8 } from '../internal/utf8.ts'
import { readUint32 } from './note.ts'

/** What a witness signs at a time in seconds: https://c2sp.org/tlog-cosignature#ed25519-signed-message */
export function cosignedMessage(text: string, time: number): Uint8Array {
  return encodeUtf8(`cosignature/v1\ntime ${time}\n${text}`)
}

/** The time in front of a cosignature, in seconds; `null` beyond 2^53 - 1, which no clock shows. */
export function cosignatureTime(signature: Uint8Array): number | null {
  if (signature.length < 8) return null
  const time = readUint32(signature, 0) * 0x100000000 + readUint32(signature, 4)
  return Number.isSafeInteger(time) ? time : null
}
