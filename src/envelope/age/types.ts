import type { CallOptions } from '../../keys/index.ts'
import type { RawEcdh } from '../rawEcdh.ts'
import type { Reader } from '../types.ts'

/** The passphrase of an age file; made by `agePassphrase`. */
export interface AgePassphrase {
  /** Tells it apart from keys. */
  readonly kind: 'age-passphrase'
}

/** Options of `fromAge` and `openAge`. */
export interface FromAgeOptions extends CallOptions {
  /** Whose key opens, such as `fromAgeIdentity` gives, or the passphrase. */
  readonly as: Reader | AgePassphrase
  /** Raw X25519, where the key is kept elsewhere and answers as a KEM only. */
  readonly ecdh?: RawEcdh | undefined
}
