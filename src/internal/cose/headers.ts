import { EnvelopeMalformed } from '../../errors.ts'
import { type CborMap, decodeForeign } from '../cbor/index.ts'
import { headerAlg, headerCrit, tagEncrypt, tagSign, tagSign1 } from '../registry.ts'

/** Tags that may stand in an envelope, such as a signature in a stranger's header (docs/formats.md §0). */
export const foreignTags: readonly number[] = [tagEncrypt, tagSign1, tagSign]

/** The error of everything in an envelope: what is wrong and where. */
export function malformedEnvelope(problem: string, offset?: number): EnvelopeMalformed {
  return new EnvelopeMalformed(`No envelope: ${problem}`, { offset })
}

/** Protected headers; refuses crit, a label in both buckets, and an algorithm outside the protected one. */
export function readHeaders(header: Uint8Array, unprotected: CborMap): CborMap {
  const map = isEmptyHeader(header)
    ? new Map()
    : decodeForeign(header, malformedEnvelope, foreignTags)
  if (!(map instanceof Map)) throw malformedEnvelope('a protected header that is no map')
  const headers = map as CborMap
  if (headers.has(headerCrit) || unprotected.has(headerCrit)) {
    throw malformedEnvelope('critical headers that this version does not know')
  }
  for (const label of unprotected.keys()) {
    if (headers.has(label)) throw malformedEnvelope('one header both protected and unprotected')
  }
  if (unprotected.has(headerAlg))
    throw malformedEnvelope('an algorithm outside the protected headers')
  return headers
}

/** An empty protected header is `h''`; `h'a0'` is also accepted on reading (RFC 9052 §3). */
export function isEmptyHeader(header: Uint8Array): boolean {
  return header.length === 0 || (header.length === 1 && header[0] === 0xa0)
}
