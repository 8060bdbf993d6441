/** The hashes of digests, by their names in RFC 6920's registry. */
export type HashName = 'sha-256' | 'sha-512'

/** A hash as an imported value: what is not imported is not in the bundle. */
export interface HashAlgorithm {
  /** Its name in digests. */
  readonly name: HashName
  /** Hashes bytes. */
  readonly digest: (bytes: Uint8Array) => Uint8Array
}
