import { EventMalformed } from '../errors.ts'
import type { CborValue } from '../internal/cbor/index.ts'
import { commitmentId, idCommitment } from '../internal/record/opening.ts'

/** The error of everything in an event. */
export function malformedEvent(problem: string, offset?: number): EventMalformed {
  return new EventMalformed(`No event of this version: ${problem}`, { offset })
}

/** A reference in an event: the commitment of a record or of another event. */
export function idOf(commitment: CborValue | undefined): string {
  if (!(commitment instanceof Uint8Array) || commitment.length !== 32) {
    throw malformedEvent('a reference that is no commitment')
  }
  return commitmentId(commitment)
}

/** The same from the id that a caller gives. */
export function commitmentArgument(id: string, name: string): Uint8Array {
  const commitment = idCommitment(id)
  if (commitment === null) throw new RangeError(`${name} must be the id of a record or event`)
  return commitment
}
