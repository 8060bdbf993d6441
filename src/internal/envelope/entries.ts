import { equalBytes } from '../bytes.ts'
import type { ParsedEnvelope } from '../cose/encrypt.ts'
import { hintOf } from '../cose/keyId.ts'
import type { RecipientEntry } from '../cose/recipient.ts'

/** Whether an entry is that of a key, as far as its kid tells. */
export function isEntryOf(
  envelope: ParsedEnvelope,
  entry: RecipientEntry,
  id: Uint8Array,
): boolean {
  if (entry.kid === null || envelope.own === null) return false
  if (entry.kid.length === 32) return equalBytes(entry.kid, id)
  return equalBytes(entry.kid, hintOf(entry.batch?.salt ?? envelope.own.envelopeId, id))
}
