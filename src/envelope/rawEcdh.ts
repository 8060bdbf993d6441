import { AlgorithmUnsupported, EnvelopeOpenFailed } from '../errors.ts'
import { callKey } from '../internal/abort.ts'
import { agreementOf } from '../internal/agreement.ts'
import { isBytes, wipe } from '../internal/bytes.ts'
import { type ReaderKey, usableKey } from '../internal/envelope/reader.ts'
import type { CallOptions, KemPublicKey } from '../keys/index.ts'

/** What a {@link RawEcdh} is told beside the peer's key. */
export interface RawEcdhOptions extends CallOptions {
  /** The reader's key that is to agree; a reader may have several. */
  readonly publicKey: KemPublicKey
}

/**
 * Raw Diffie–Hellman of a key that is kept elsewhere: takes the peer's public key (65 bytes for P-256, 32 for X25519)
 * and resolves to the x coordinate or the X25519 output, 32 bytes, which are overwritten after use.
 */
export type RawEcdh = (peer: Uint8Array, options: RawEcdhOptions) => Promise<Uint8Array>

/** Options of {@link agreeRaw}. */
export interface AgreeOptions {
  readonly ecdh?: RawEcdh | undefined
  readonly signal?: AbortSignal | undefined
}

/** The raw shared secret of a reader's key and a peer's that was checked to be on the curve. The caller wipes it. */
export async function agreeRaw(
  reader: ReaderKey,
  peer: Uint8Array,
  { ecdh, signal }: AgreeOptions,
): Promise<Uint8Array> {
  const own = agreementOf(usableKey(reader))
  if (own === undefined && ecdh === undefined) {
    throw new AlgorithmUnsupported(
      'This key answers as a KEM only, and the format needs its raw ECDH. Pass { ecdh }: the function of the HSM, KMS or WebCrypto key that returns it.',
    )
  }
  const { publicKey } = reader
  const copy = peer.slice()
  const shared = await callKey('Key agreement', signal, async () =>
    own === undefined ? ecdh!(copy, { publicKey, signal }) : own(copy, { signal }),
  )
  if (shared === null) throw new EnvelopeOpenFailed()
  if (!isBytes(shared) || shared.length !== 32) {
    wipe(isBytes(shared) ? shared : null)
    throw new TypeError('ecdh must resolve to 32 bytes')
  }
  // RFC 7748 §6.1: hardware does not check it for us.
  if (shared.every((byte) => byte === 0)) throw new EnvelopeOpenFailed()
  return shared
}

/** A shared secret of the reader's KEM. The caller wipes it. */
export async function decapsulateFor(
  reader: ReaderKey,
  encapsulation: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const key = usableKey(reader)
  const shared = await callKey('Decapsulation', signal, () =>
    key.decapsulate(encapsulation.slice(), { signal }),
  )
  if (isBytes(shared) && shared.length === 32) return shared
  wipe(isBytes(shared) ? shared : null)
  throw new TypeError('decapsulate must resolve to 32 bytes')
}

/** An `ecdh` option of a caller. */
export function ecdhArgument(ecdh: RawEcdh | undefined): RawEcdh | undefined {
  if (ecdh !== undefined && typeof ecdh !== 'function') {
    throw new TypeError('ecdh must be a function that resolves to the raw shared secret')
  }
  return ecdh
}
