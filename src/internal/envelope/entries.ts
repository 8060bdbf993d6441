import { toHex } from '../bytes.ts'
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
  const plain = new Map<string, RecipientEntry[]>()
  const salts = new Map<string, { salt: Uint8Array; hints: Map<string, RecipientEntry[]> }>()
  const put = (map: Map<string, RecipientEntry[]>, kid: Uint8Array, entry: RecipientEntry) => {
    const name = toHex(kid)
    map.set(name, [...(map.get(name) ?? []), entry])
  }
  for (const entry of recipients) {
    if (entry.kid === null || own === null) continue
    if (entry.kid.length === 32) {
      put(plain, entry.kid, entry)
      continue
    }
    const salt = entry.batch?.salt ?? own.envelopeId
    const name = toHex(salt)
    const salted = salts.get(name) ?? { salt, hints: new Map<string, RecipientEntry[]>() }
    salts.set(name, salted)
    put(salted.hints, entry.kid, entry)
  }
  return (id) => [
    ...(plain.get(toHex(id)) ?? []),
    ...[...salts.values()].flatMap(({ salt, hints }) => hints.get(toHex(hintOf(salt, id))) ?? []),
  ]
}
