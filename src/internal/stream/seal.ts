import { EnvelopeOpenFailed } from '../../errors.ts'
import { equalBytes } from '../bytes.ts'
import { type CborKey, type CborValue, encodeCbor, Tagged } from '../cbor/index.ts'
import { type ReceivedSigned, receiveSigned, sign } from '../cose/signed.ts'
import type { SignerLike } from '../cose/signer.ts'
import { decodePlaintext, readIds } from '../envelope/content.ts'
import { headerAudience, headerEnvelopeId, tagSign1 } from '../registry.ts'
import { malformedStream } from './key.ts'

/** What a seal says of its stream. */
export interface StreamSum {
  readonly envelopeId: Uint8Array
  readonly root: Uint8Array
  readonly size: number
  readonly mediaType: string
  /** The stream's header. */
  readonly header: Uint8Array
  /** SHA-256 of the content key: one ciphertext can open to two contents under two keys, and one author signs one. */
  readonly keyHash: Uint8Array
}

/** The plaintext of a seal: the sum, signed where there is an author (docs/formats.md §6). */
export async function encodeSeal(
  sum: StreamSum,
  signer: SignerLike | null,
  audience: readonly Uint8Array[] | null,
  externalAad: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const payload = encodeSum(sum)
  if (signer === null) return payload
  const headers = new Map<CborKey, CborValue>([
    [headerEnvelopeId, sum.envelopeId],
    [headerAudience, audience],
  ])
  return encodeCbor(await sign([signer], { kind: 'stream', headers, payload, externalAad }, signal))
}

/** A seal that fits its stream; the author's signature is still to be verified. */
export interface ReceivedSeal {
  readonly signed: ReceivedSigned | null
  readonly audience: readonly Uint8Array[] | null
}

/**
 * Takes a decrypted seal. It counts only if it says exactly this sum and is by exactly the author whom the stream's
 * key names. The sum may be of what was read, or `null` its root where that is what the seal is to tell.
 */
export function receiveSeal(
  plaintext: Uint8Array,
  sum: Omit<StreamSum, 'root'> & { readonly root: Uint8Array | null },
  author: Uint8Array | null,
  externalAad: Uint8Array,
): ReceivedSeal & { readonly root: Uint8Array } {
  const value = decodePlaintext(plaintext)
  if (author === null) {
    return { root: checkSum(plaintext, value, sum), signed: null, audience: null }
  }
  if (!(value instanceof Tagged) || value.tag !== tagSign1) {
    throw malformedStream('its seal is not signed by one author')
  }
  const labels = [headerEnvelopeId, headerAudience]
  const signed = receiveSigned(value, { kind: 'stream', labels, externalAad }, malformedStream)
  const id = signed.headers.get(headerEnvelopeId)
  const named = equalBytes(signed.kids[0]!, author)
  if (!named || !(id instanceof Uint8Array) || !equalBytes(id, sum.envelopeId)) {
    throw new EnvelopeOpenFailed()
  }
  const root = checkSum(signed.payload, decodePlaintext(signed.payload), sum)
  return { root, signed, audience: readIds(signed.headers.get(headerAudience) ?? null) }
}

function encodeSum(sum: StreamSum): Uint8Array {
  const { envelopeId, root, size, mediaType, header, keyHash } = sum
  return encodeCbor(['careseal/stream-sig/1', envelopeId, root, size, mediaType, header, keyHash])
}

/** Re-encoding what is expected and comparing leaves no field unchecked. */
function checkSum(
  bytes: Uint8Array,
  value: CborValue,
  sum: Omit<StreamSum, 'root'> & { readonly root: Uint8Array | null },
): Uint8Array {
  const told = Array.isArray(value) ? (value as readonly CborValue[])[2] : null
  if (!(told instanceof Uint8Array) || told.length !== 32) {
    throw malformedStream('its seal says nothing of a stream')
  }
  if (!equalBytes(bytes, encodeSum({ ...sum, root: sum.root ?? told }))) {
    throw new EnvelopeOpenFailed()
  }
  return told
}
