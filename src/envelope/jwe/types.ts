import type { CallOptions } from '../../keys/index.ts'
import type { RawEcdh } from '../rawEcdh.ts'
import type { OpenedContent, Reader, Recipient } from '../types.ts'

/** A way in which a JWE carries its content key; import one of the constants of `careseal/envelope`. */
export interface JweAlgorithm {
  /** Tells it apart from key algorithms and ciphers. */
  readonly kind: 'jwe'
  /** Name for people, such as `ECDH-ES`. */
  readonly name: string
}

/** Options of {@link toJwe}. */
export interface ToJweOptions extends CallOptions {
  /** The readers: 1 to 1000, none twice. Either all post-quantum or none. */
  readonly recipients: readonly Recipient[]
  /** Media type of the content; written as `cty` without a leading `application/` (RFC 7515 §4.1.10). No control characters. */
  readonly mediaType?: string | undefined
  /** Media type of the whole JWE: `typ` of the protected header. */
  readonly type?: string | undefined
  /** How the content key is carried; ECDH-ES+A256KW for P-256 and X25519 and HPKE for the others, unless given. */
  readonly algorithm?: JweAlgorithm | undefined
  /** `plain` names readers by the RFC 7638 thumbprint of their keys (default), `none` not at all. */
  readonly keyIds?: 'plain' | 'none' | undefined
}

/** Options of {@link fromJwe}. */
export interface FromJweOptions extends CallOptions {
  /** Whose key opens. */
  readonly as: Reader
  /** Accepted ways of carrying the content key; ECDH-ES and HPKE unless given. */
  readonly algorithms?: readonly JweAlgorithm[] | undefined
  /** Raw Diffie–Hellman for ECDH-ES, where the key is kept elsewhere and answers as a KEM only. */
  readonly ecdh?: RawEcdh | undefined
}

/** What a JWE held. Nothing is known about who wrote it. */
export interface OpenedJwe extends OpenedContent {
  /** The protected header as the JSON text that was authenticated; empty if there is none. */
  readonly protectedHeader: string
  /** The authenticated `aad` member, or `null` if there is none. */
  readonly aad: Uint8Array | null
}
