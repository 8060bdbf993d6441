import { FhirRefused } from '../errors.ts'
import type { Reason } from '../internal/reason.ts'
import { locate } from './locate.ts'

/** What a canonicalization did to one value. */
export type LossCode = 'number-changed' | 'omitted' | 'white-space-changed'

/** One value that was changed or left out. */
export interface Loss {
  readonly code: LossCode
  /** Offset of the value in the text. */
  readonly offset: number
}

/** Beyond this a report is of no use, and its size would be the attacker's choice. */
const most = 1_000_000

const texts = {
  'number-changed':
    'The number is written as a binary double is: its digits or its exponent change, so that its precision is no longer told.',
  omitted: 'This part is left out: the canonical form does not depend on it.',
  'white-space-changed': 'White space in the string is written as single spaces.',
}

/** Notes a loss. */
export function addLoss(losses: Loss[], code: LossCode, offset: number): void {
  if (losses.length === most) {
    throw new FhirRefused(`More than ${most} values would be changed. Use lossless1 or raw`)
  }
  losses.push({ code, offset })
}

/** Puts losses into words, in the order of the text. */
export function explainLosses(bytes: Uint8Array, losses: readonly Loss[]): Reason[] {
  if (losses.length === 0) return []
  const sorted = [...losses].sort((a, b) => a.offset - b.offset)
  const paths = locate(
    bytes,
    sorted.map(({ offset }) => offset),
    bytes.length,
  )
  return sorted.map(({ code }, k) => ({ code, text: texts[code], path: paths[k]! }))
}
