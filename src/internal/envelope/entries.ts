import { ByteIndex } from '../byteIndex.ts'
import { equalBytes } from '../bytes.ts'
import type { ParsedEnvelope } from '../cose/encrypt.ts'
import { hintOf } from '../cose/keyId.ts'
import type { RecipientEntry } from '../cose/recipient.ts'

/**
 * Looks up the entries of a key id, as far as kids tell: by itself and by its hints. One pass over the entries,
 * however many ids are asked for. At most two salts of hints stand in an envelope: its id, and that of a batch.
 */
export function entryFinder(
  envelope: Pick<ParsedEnvelope, 'own' | 'recipients'>,
): (id: Uint8Array) => readonly RecipientEntry[] {
  const { own, recipients } = envelope
  const plain = new ByteIndex<RecipientEntry>()
  const hints: { readonly salt: Uint8Array; readonly entries: ByteIndex<RecipientEntry> }[] = []
  for (const entry of recipients) {
    if (entry.kid === null || own === null) continue
    if (entry.kid.length === 32) {
      plain.add(entry.kid, entry)
      continue
    }
    const salt = entry.batch?.salt ?? own.envelopeId
    let salted = hints.find((one) => equalBytes(one.salt, salt))
    if (salted === undefined) {
      salted = { salt, entries: new ByteIndex() }
      hints.push(salted)
    }
    salted.entries.add(entry.kid, entry)
  }
  return (id) => [
    ...plain.get(id),
    ...hints.flatMap(({ salt, entries }) => entries.get(hintOf(salt, id))),
  ]
}
