import { type CborValue, decodeStrict, encodeCbor } from '../../src/internal/cbor/index.ts'
import type { KeyIdMode } from '../../src/internal/cose/keyId.ts'
import { openPlaintext } from '../../src/internal/envelope/opening.ts'
import { readerKeys } from '../../src/internal/envelope/reader.ts'
import { sealPlaintext, wrapSingly } from '../../src/internal/envelope/sealing.ts'
import type { Identity, KemPublicKey } from '../../src/keys/index.ts'
import { refused } from './cbor.ts'

/**
 * What a reader can do who means harm: the same envelope id around the same or a changed plaintext, under a key of
 * his own, for whom he likes.
 */
export async function resealed(
  envelope: Uint8Array,
  as: Identity,
  keys: readonly KemPublicKey[],
  change: (plaintext: CborValue) => CborValue = (value) => value,
  keyIds: KeyIdMode = 'plain',
): Promise<Uint8Array> {
  const externalAad = new Uint8Array(0)
  const opening = { externalAad, profile: 'careseal' } as const
  const opened = await openPlaintext(envelope, readerKeys(as), opening)
  return sealPlaintext({
    envelopeId: opened.envelope.own!.envelopeId,
    plaintext: encodeCbor(change(decodeStrict(opened.plaintext, refused, [18, 98]))),
    keys,
    wrap: wrapSingly(keyIds),
    externalAad,
    cipher: undefined,
    secrets: [new Uint8Array(32).fill(5), new Uint8Array(12)],
  })
}
