import * as cborg from 'cborg'
import { openPlaintext } from '../../src/internal/envelope/opening.ts'
import { readerKeys } from '../../src/internal/envelope/reader.ts'
import type { Decapsulator } from '../../src/keys/index.ts'

/** A CBOR item as another library reads it. */
export function decodeLoose(bytes: Uint8Array): unknown {
  return cborg.decode(bytes, { useMaps: true })
}

/** The items of an encoded array. */
export function cborItems(bytes: Uint8Array): unknown[] {
  return decodeLoose(bytes) as unknown[]
}

/** The plaintext of an envelope, whatever it is. */
export async function decryptEnvelope(
  envelope: Uint8Array,
  key: Decapsulator,
): Promise<{ plaintext: Uint8Array; envelopeId: Uint8Array }> {
  const opened = await openPlaintext(envelope, readerKeys(key), {
    externalAad: new Uint8Array(0),
    profile: 'careseal',
  })
  return { plaintext: opened.plaintext, envelopeId: opened.envelope.own!.envelopeId }
}
