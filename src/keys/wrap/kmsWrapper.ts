import { KeyUnavailable } from '../../errors.ts'
import { callKey } from '../../internal/abort.ts'
import { bytesArgument, isBytes, wipe } from '../../internal/bytes.ts'
import { knownOptions, optionsOf } from '../../internal/options.ts'
import { maximumWrapped } from '../../internal/registry.ts'
import { ascii } from '../../internal/utf8.ts'
import type { CallOptions, KeyWrapper } from '../types.ts'
import { takenFrom, wrapperId } from './callWrapper.ts'
import { keyArgument } from './wrapped.ts'

/** Options of {@link kmsWrapper}. */
export interface KmsWrapperOptions {
  /**
   * Names the key in the KMS *and its version*, such as the bytes of an ARN or a resource name: 1 to 512 bytes that
   * stand in the clear. It does not begin with `careseal/`.
   */
  readonly id: Uint8Array
  /** Encrypts 32 bytes in the KMS and resolves to its ciphertext. The bytes given are overwritten afterwards. */
  readonly wrap: (key: Uint8Array, options?: CallOptions) => Promise<Uint8Array>
  /**
   * Decrypts such a ciphertext and resolves to the 32 bytes, which are overwritten after use: answer with a copy if
   * you keep them. Whether it is the right key is checked here.
   */
  readonly unwrap: (wrapped: Uint8Array, options?: CallOptions) => Promise<Uint8Array>
}

/**
 * Wraps keys in a KMS, an HSM or another service that encrypts 32 bytes. Whoever may call its decryption can open
 * what was wrapped: its access rules are the lock.
 *
 * @param options - The id of the key version, and the two calls.
 * @returns The wrapper. What the service rejects with, and answers of a wrong form, are `KeyUnavailable` with that
 *   as `cause`.
 * @throws {@link TypeError} if an option is missing, of another type, or unknown.
 * @throws {@link RangeError} if the id has another length, or begins with `careseal/`.
 * @example
 * A service of your own; a KMS client looks the same.
 * ```ts
 * import { exportIdentity, generateIdentity, importIdentity, kmsWrapper } from 'careseal/keys'
 *
 * const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
 * const algorithm = (iv: Uint8Array<ArrayBuffer>) => ({ name: 'AES-GCM', iv })
 * const kms = kmsWrapper({
 *   id: new TextEncoder().encode('kms.example/hospital/identities/7'),
 *   async wrap(bytes) {
 *     const iv = crypto.getRandomValues(new Uint8Array(12))
 *     const sealed = await crypto.subtle.encrypt(algorithm(iv), key, bytes.slice())
 *     return Uint8Array.of(...iv, ...new Uint8Array(sealed))
 *   },
 *   async unwrap(wrapped) {
 *     const iv = wrapped.slice(0, 12)
 *     return new Uint8Array(await crypto.subtle.decrypt(algorithm(iv), key, wrapped.slice(12)))
 *   },
 * })
 * const chen = await generateIdentity()
 * const stored = await exportIdentity(chen, { wrappers: [kms] })
 * console.log((await importIdentity(stored, { wrapper: kms })).public.did === chen.public.did) // true
 * ```
 */
export function kmsWrapper(options: KmsWrapperOptions): KeyWrapper {
  const { id, wrap, unwrap } = knownOptions(options, ['id', 'wrap', 'unwrap'])
  const name = wrapperId(id, 'id')
  const ours = ascii('careseal/')
  if (ours.every((byte, i) => name[i] === byte)) {
    throw new RangeError('id must not begin with careseal/, which names our own wrappers')
  }
  if (typeof wrap !== 'function') throw new TypeError('wrap must be a function')
  if (typeof unwrap !== 'function') throw new TypeError('unwrap must be a function')
  return Object.freeze({
    id: name,
    async wrap(key: Uint8Array, call: CallOptions = {}) {
      const { signal } = optionsOf(call)
      const given = keyArgument(key).slice()
      try {
        const answer = await callKey('Wrapping', signal, () => wrap(given, { signal }))
        // A copy: the service may keep its own.
        return new Uint8Array(answerOf(answer, 'wrap', 1, maximumWrapped))
      } finally {
        wipe(given)
      }
    },
    async unwrap(wrapped: Uint8Array, call: CallOptions = {}) {
      const { signal } = optionsOf(call)
      const given = bytesArgument(wrapped, 'wrapped').slice()
      return callKey('Unwrapping', signal, async () =>
        takenFrom(answerOf(await unwrap(given, { signal }), 'unwrap', 32, 32), signal),
      )
    },
  })
}

/** What a service answered, checked. */
function answerOf(answer: unknown, call: string, least: number, most: number): Uint8Array {
  const length = isBytes(answer) ? answer.length : -1
  if (length < least || length > most) {
    const wanted = least === most ? `${least}` : `${least} to ${most}`
    throw new KeyUnavailable(
      `${call} answered something else than ${wanted} bytes. Check the service behind kmsWrapper.`,
      new TypeError(`${call} must resolve to a Uint8Array of ${wanted} bytes`),
    )
  }
  return answer as Uint8Array
}
