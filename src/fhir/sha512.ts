import { sha512 as nobleSha512 } from '@noble/hashes/sha2.js'
import { plain } from '../internal/engine/node.ts'
import { nativeCrypto } from '../internal/engine/tier.ts'
import type { HashAlgorithm } from './hash.ts'

/**
 * SHA-512 for `digest`, on every platform.
 *
 * @example
 * ```ts
 * import { digest, sha512 } from 'careseal/fhir'
 *
 * const { hash, value } = digest('{"resourceType":"Patient"}', { hash: sha512 })
 * console.log(hash, value.length) // sha-512 64
 * ```
 * @see https://doi.org/10.6028/NIST.FIPS.180-4
 */
export const sha512: HashAlgorithm = {
  name: 'sha-512',
  digest: (bytes) => {
    const node = nativeCrypto()
    return node === null
      ? nobleSha512(bytes)
      : plain(node.createHash('sha512').update(bytes).digest())
  },
}
