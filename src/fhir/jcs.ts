import { ascii } from '../internal/utf8.ts'
import type { Canonical } from './canonicalization.ts'
import { decimalOf } from './decimalOf.ts'
import { toJsonString } from './jsonSink.ts'
import { addLoss, explainLosses, type Loss } from './losses.ts'
import { refused } from './malformed.ts'
import { byteText, stringContent } from './strings.ts'
import { decimal, exponent, long, quote, type Tape, unnormalized } from './tape.ts'
import { write } from './write.ts'

const changed =
  'The number is written as a binary double is: its digits or its exponent change, so that its precision is no longer told.'

/**
 * Writes a tape by RFC 8785 and notes the numbers that a double does not keep.
 *
 * @param tape - The content.
 * @param losses - What was lost on the way here; the numbers are added.
 * @returns The form and all losses.
 * @throws {@link FhirRefused} for a number beyond the range of a double.
 */
export function jcs(tape: Tape, losses: Loss[] = []): Canonical {
  const leaf = (all: Tape, p: number): Uint8Array | null => {
    const { bytes, nodes } = all
    if (bytes[nodes[p]!] === quote) {
      return toJsonString(stringContent(bytes, nodes[p]! + 1, nodes[p + 1]! - 1))
    }
    const lexeme = byteText(bytes, nodes[p]!, nodes[p + 1]!)
    const value = Number(lexeme)
    if (!Number.isFinite(value)) {
      throw refused(all, 'A number is beyond the range of a double', p)
    }
    // RFC 8785 §3.2.2.3: numbers as ECMAScript writes them.
    const text = String(value)
    if (text === lexeme) return null
    if (isChanged(lexeme, text)) addLoss(losses, 'number-changed', changed, nodes[p]!)
    return ascii(text)
  }
  const mask = unnormalized | decimal | exponent | long
  const bytes = write(tape, { mask, leaf })
  return { bytes, losses: explainLosses(tape.bytes, losses) }
}

function isChanged(lexeme: string, text: string): boolean {
  const before = decimalOf(lexeme)
  const after = decimalOf(text)
  return (
    before.coefficient !== after.coefficient ||
    before.exponent !== after.exponent ||
    before.sign !== after.sign
  )
}
