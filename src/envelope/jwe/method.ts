import type { ReaderKey } from '../../internal/envelope/reader.ts'
import type { KemAlgorithm, KemPublicKey } from '../../keys/index.ts'
import type { AgreeOptions } from '../rawEcdh.ts'
import type { JweEntry, ParsedJwe } from './parseJwe.ts'
import type { JweAlgorithm } from './types.ts'

/** How one content key got to one reader. */
export interface WrittenEntry {
  readonly header: Readonly<Record<string, unknown>>
  readonly encryptedKey: Uint8Array
}

/** What stands behind a {@link JweAlgorithm}. */
export interface JweMethod {
  /** Name of the constant to import. */
  readonly constant: string
  /** Its values of `alg`. */
  readonly algs: readonly string[]
  /** Whether a key of that algorithm can be the one of an entry. */
  fits(entry: JweEntry, algorithm: KemAlgorithm): boolean
  /** The plaintext, or `null` where this entry does not open. */
  open(
    jwe: ParsedJwe,
    entry: JweEntry,
    reader: ReaderKey,
    options: AgreeOptions,
  ): Promise<Uint8Array | null>
  /** Carries a content key for A256GCM to a reader; `null` for a key that it does not know. */
  wrap(key: KemPublicKey, contentKey: Uint8Array): Promise<WrittenEntry | null>
}

const hidden: symbol = /* @__PURE__ */ Symbol.for('careseal.jwe/1')

/** Builds the constant of a method. */
export function defineMethod(name: string, method: JweMethod): JweAlgorithm {
  return Object.freeze({ kind: 'jwe', name, [hidden]: method })
}

/** What stands behind a constant; a TypeError for anything else. */
export function methodOf(algorithm: JweAlgorithm, argument: string): JweMethod {
  const method = (algorithm as unknown as Record<symbol, JweMethod> | null | undefined)?.[hidden]
  if (method === undefined) {
    throw new TypeError(`${argument} must be ecdhEs or joseHpke of careseal/envelope`)
  }
  return method
}
