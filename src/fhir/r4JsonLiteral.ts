import { type Canonicalization, defineCanonicalization } from './canonicalization.ts'
import { toJsonString } from './jsonSink.ts'
import { addLoss, explainLosses, type Loss } from './losses.ts'
import { stringContent } from './strings.ts'
import { children, marked, quote, revise, type Tape, unnormalized } from './tape.ts'
import { write } from './write.ts'

/**
 * `r4/json-literal`: the two sentences of FHIR R4 on canonical JSON, taken at their word. Members are sorted;
 * in every string, each run of spaces, tabs, line feeds and carriage returns becomes one space, in the
 * narrative too; numbers stay as they are written; escapes are those of RFC 8785, which R4 leaves open. Each
 * string that changes is a loss, `white-space-changed`.
 *
 * No signature is known to be made just so: HL7's own software applies RFC 8785 under the same URI, and
 * gematik's another reading. It is here to check what a partner computed from the text of R4 alone.
 */
export const r4JsonLiteral: Canonicalization = /* @__PURE__ */ defineCanonicalization(
  'r4/json-literal',
  false,
  ({ tape }) => {
    const losses: Loss[] = []
    const [revised] = revise(tape(), (all, p) => {
      for (const child of children(all, p)) {
        if (all.bytes[all.nodes[child]!] !== quote || isSingleSpaced(characters(all, child)))
          continue
        all.nodes[child + 3]! |= marked
        addLoss(losses, 'white-space-changed', changed, all.nodes[child]!)
      }
    })
    const bytes = write(revised, { mask: unnormalized | marked, leaf })
    return { bytes, losses: explainLosses(revised.bytes, losses) }
  },
)

const changed = 'White space in the string is written as single spaces.'

function leaf(tape: Tape, p: number): Uint8Array {
  const text = characters(tape, p)
  return toJsonString((tape.nodes[p + 3]! & marked) === 0 ? text : singleSpaced(text))
}

function characters({ bytes, nodes }: Tape, p: number): Uint8Array {
  return stringContent(bytes, nodes[p]! + 1, nodes[p + 1]! - 1)
}

function isSpace(c: number | undefined): boolean {
  return c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d
}

function isSingleSpaced(text: Uint8Array): boolean {
  return text.every((c, i) => !isSpace(c) || (c === 0x20 && !isSpace(text[i + 1])))
}

function singleSpaced(text: Uint8Array): Uint8Array {
  const kept = text.map((c) => (isSpace(c) ? 0x20 : c))
  return kept.filter((c, i) => c !== 0x20 || kept[i - 1] !== 0x20)
}
