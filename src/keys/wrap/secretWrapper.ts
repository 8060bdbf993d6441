import { throwIfAborted } from '../../internal/abort.ts'
import { bytesArgument } from '../../internal/bytes.ts'
import { encodeCbor } from '../../internal/cbor/index.ts'
import { hkdf } from '../../internal/engine/hash.ts'
import { optionsOf } from '../../internal/options.ts'
import { randomBytes } from '../../internal/random.ts'
import { ascii } from '../../internal/utf8.ts'
import type { CallOptions, KeyWrapper } from '../types.ts'
import { keyArgument, unwrapWith, wrappedItems, wrapWith } from './wrapped.ts'

const domain = 'careseal/wrap/secret/1'
const idDomain = 'careseal/wrap/secret-id/1'

/**
 * Wraps keys under a secret that somebody else keeps: the PRF output of a passkey, a secret from a vault or from
 * recovery. A passkey can vanish with its account: never let it be the only wrapper.
 *
 * @param secret - 32 bytes or more of uniform randomness, copied; never a passphrase, which wants
 *   `passphraseWrapper`.
 * @returns The wrapper. Its id is derived one-way from the secret: it tells that two exports have the same secret,
 *   and nothing else.
 * @throws {@link TypeError} if `secret` is no Uint8Array.
 * @throws {@link RangeError} if it has fewer than 32 bytes.
 * @example
 * An identity under a secret of the vault.
 * ```ts
 * import { exportIdentity, generateIdentity, importIdentity, secretWrapper } from 'careseal/keys'
 *
 * const vault = secretWrapper(crypto.getRandomValues(new Uint8Array(32)))
 * const chen = await generateIdentity()
 * const stored = await exportIdentity(chen, { wrappers: [vault] })
 * const again = await importIdentity(stored, { wrapper: vault })
 * console.log(again.public.did === chen.public.did) // true
 * ```
 * @see RFC 5869 (HKDF), RFC 3394 (AES key wrap)
 */
export function secretWrapper(secret: Uint8Array): KeyWrapper {
  const ikm = bytesArgument(secret, 'secret').slice()
  if (ikm.length < 32) {
    throw new RangeError('secret must be at least 32 random bytes; for words use passphraseWrapper')
  }
  const kekOf = (salt: Uint8Array): Uint8Array => hkdf(ikm, salt, 32, ascii(domain))
  return Object.freeze({
    id: hkdf(ikm, new Uint8Array(32), 32, ascii(idDomain)),
    async wrap(key: Uint8Array, options: CallOptions = {}) {
      throwIfAborted(optionsOf(options).signal)
      const bytes = keyArgument(key)
      const salt = randomBytes(32)
      return encodeCbor([domain, salt, wrapWith(kekOf(salt), bytes)])
    },
    async unwrap(wrapped: Uint8Array, options: CallOptions = {}) {
      throwIfAborted(optionsOf(options).signal)
      const { salt, sealed } = wrappedItems(wrapped, domain, 3, 32)
      return unwrapWith(kekOf(salt), sealed)
    },
  })
}
