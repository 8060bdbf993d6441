import type { MalformedCbor } from '../cbor/index.ts'
import { malformedEnvelope } from './headers.ts'

/** The forms of ours that are taken for one another (docs/formats.md §2, §6). */
type Form = 'envelope' | 'body' | 'wraps' | 'stream'

/** By the first bytes alone, which anybody can have put there: for messages, never to choose how to read. */
export function formOf(bytes: Uint8Array): Form | null {
  if (isEnvelope(bytes, 0)) return 'envelope'
  // An array of four; text of 15 or 16 bytes, which begins with `careseal/`.
  if (bytes[0] === 0x84 && bytes[2] === 0x63 && bytes[10] === 0x2f) {
    if (bytes[1] === 0x6f && bytes[11] === 0x62) return 'body'
    if (bytes[1] === 0x70 && bytes[11] === 0x77) return 'wraps'
  }
  // A length below 2^24, then the envelope.
  return bytes[0] === 0 && isEnvelope(bytes, 4) ? 'stream' : null
}

/** Errors of reading an envelope; where the bytes are another thing of ours, they name what takes it. */
export function malformedAs(bytes: Uint8Array): MalformedCbor {
  const form = formOf(bytes)
  return (problem, offset) =>
    malformedEnvelope(form === null || form === 'envelope' ? problem : remedies[form], offset)
}

const remedies = {
  stream: 'this is a sealed stream; use openStream or openRange',
  body: 'this is a body without its wraps; put them together with attachWraps',
  wraps:
    'these are wraps without their body; put them together with attachWraps, or change readers with rewrapWraps',
} as const

/** Tag 96 (RFC 9052 §5.1). */
function isEnvelope(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset] === 0xd8 && bytes[offset + 1] === 0x60
}
