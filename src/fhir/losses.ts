import { FhirRefused } from '../errors.ts'
import type { Reason } from '../internal/reason.ts'
import { locate } from './locate.ts'

/** One value that was changed or left out. */
export interface Loss {
  /** A word for programs. */
  readonly code: string
  /** A sentence for people. */
  readonly text: string
  /** Offset of the value in the text. */
  readonly offset: number
}

/** Beyond this a report is of no use, and its size would be the attacker's choice. */
const most = 1_000_000

/** Notes a loss. */
export function addLoss(losses: Loss[], code: string, text: string, offset: number): void {
  if (losses.length === most) {
    throw new FhirRefused(`More than ${most} values would be changed. Use lossless1 or raw`)
  }
  losses.push({ code, text, offset })
}

/** The losses in the order of the text, with their paths. */
export function explainLosses(bytes: Uint8Array, losses: readonly Loss[]): Reason[] {
  const sorted = [...losses].sort((a, b) => a.offset - b.offset)
  const offsets = sorted.map(({ offset }) => offset)
  const paths = losses.length === 0 ? [] : locate(bytes, offsets, bytes.length)
  return sorted.map(({ code, text }, k) => ({ code, text, path: paths[k]! }))
}
