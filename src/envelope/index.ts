/**
 * Envelopes: content sealed to its readers, signed inside, shared and rekeyed.
 *
 * @module careseal/envelope
 */

export { type AgePassphraseOptions, agePassphrase } from './age/agePassphrase.ts'
export { fromAge } from './age/fromAge.ts'
export { type FromAgeIdentityOptions, fromAgeIdentity } from './age/fromAgeIdentity.ts'
export { openAge } from './age/openAge.ts'
export type { AgePassphrase, FromAgeOptions } from './age/types.ts'
export { attachWraps } from './attachWraps.ts'
export { aes256Gcm, chacha20Poly1305 } from './ciphers.ts'
export { createOpener, type Opener } from './createOpener.ts'
export { createSealer, type Sealer, type SealerOptions } from './createSealer.ts'
export { type DetachedEnvelope, detachWraps } from './detachWraps.ts'
export { hasRecipient } from './hasRecipient.ts'
export { type InspectedEnvelope, inspect } from './inspect.ts'
export { ecdhEs } from './jwe/ecdhEs.ts'
export { fromJwe } from './jwe/fromJwe.ts'
export { joseHpke } from './jwe/joseHpke.ts'
export { toJwe } from './jwe/toJwe.ts'
export type { FromJweOptions, JweAlgorithm, OpenedJwe, ToJweOptions } from './jwe/types.ts'
export { open } from './open.ts'
export type { RawEcdh, RawEcdhOptions } from './rawEcdh.ts'
export { type RekeyOptions, rekey } from './rekey.ts'
export { type RewrapChanges, type RewrapOptions, rewrap } from './rewrap.ts'
export { type RewrapWrapsOptions, rewrapWraps } from './rewrapWraps.ts'
export { seal } from './seal.ts'
export { toReadableStream } from './stream/adapters.ts'
export { openRange } from './stream/openRange.ts'
export { openStream } from './stream/openStream.ts'
export { sealStream } from './stream/sealStream.ts'
export type {
  ByteSource,
  OpenRangeOptions,
  OpenStreamOptions,
  ProvisionalStream,
  RangeSource,
  SealStreamOptions,
  VerifiedRange,
  VerifiedStream,
} from './stream/types.ts'
export type {
  Addressed,
  Author,
  ContentCipher,
  KeyIdMode,
  OpenedContent,
  OpenOptions,
  Reader,
  Recipient,
  SealOptions,
  Security,
} from './types.ts'
