import fc from 'fast-check'

/** One change to bytes: what transmission errors and attackers do. */
type Change =
  | { readonly kind: 'flip'; readonly at: number; readonly mask: number }
  | { readonly kind: 'insert'; readonly at: number; readonly byte: number }
  | { readonly kind: 'remove'; readonly at: number; readonly length: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly length: number }
  | { readonly kind: 'cut'; readonly at: number }

const position = fc.nat({ max: 1 << 20 })
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('flip'), at: position, mask: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('insert'), at: position, byte: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant('remove'), at: position, length: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('repeat'), at: position, length: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant('cut'), at: position }),
) as fc.Arbitrary<Change>

function apply(bytes: Uint8Array, step: Change): Uint8Array {
  const at = bytes.length === 0 ? 0 : step.at % bytes.length
  const parts = { before: [...bytes.subarray(0, at)], after: [...bytes.subarray(at)] }
  switch (step.kind) {
    case 'flip': {
      const copy = bytes.slice()
      if (copy.length > 0) copy[at]! ^= step.mask
      return copy
    }
    case 'insert':
      return Uint8Array.of(...parts.before, step.byte, ...parts.after)
    case 'remove':
      return Uint8Array.of(...parts.before, ...parts.after.slice(step.length))
    case 'repeat':
      return Uint8Array.of(...parts.before, ...parts.after.slice(0, step.length), ...parts.after)
    case 'cut':
      return Uint8Array.from(parts.before)
  }
}

/** Valid bytes after one to three changes. */
export function mutated(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(valid, fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([bytes, changes]) => changes.reduce(apply, bytes))
}
