/**
 * Envelopes: content sealed to its readers, signed inside, shared and rekeyed.
 *
 * @module careseal/envelope
 */
export { aes256Gcm, chacha20Poly1305 } from './ciphers.ts'
export { createOpener, type Opener } from './createOpener.ts'
export { createSealer, type Sealer, type SealerOptions } from './createSealer.ts'
export { hasRecipient } from './hasRecipient.ts'
export { type InspectedEnvelope, inspect } from './inspect.ts'
export { open } from './open.ts'
export { type RekeyOptions, rekey } from './rekey.ts'
export { type RewrapChanges, type RewrapOptions, rewrap } from './rewrap.ts'
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
