import { bytesArgument, equalBytes } from '../internal/bytes.ts'
import { fieldOf } from '../internal/options.ts'
import { publicKeyArgument } from '../internal/publicKey.ts'
import type { Decapsulator, KeyRing, KeyRingEntry, KeyStatus } from './types.ts'

const statuses: readonly KeyStatus[] = ['active', 'decrypt-only', 'disabled', 'destroyed']

/**
 * Makes a key ring: one active key that new content is sealed to, and later the ones before it.
 *
 * @param primary - The active key.
 * @returns An immutable ring; usable wherever a reader's key is.
 * @throws {@link TypeError} if `primary` is no decapsulator.
 * @example
 * Rotating a key; what was sealed to the old one still opens.
 * ```ts
 * import { open, seal } from 'careseal/envelope'
 * import { createKeyRing, generateKey, rotateKey, xWing } from 'careseal/keys'
 *
 * const ring = createKeyRing(await generateKey(xWing))
 * const sealed = await seal(new TextEncoder().encode('note'), { recipients: [ring.publicKey] })
 * const rotated = rotateKey(ring, await generateKey(xWing))
 * console.log((await open(sealed, { as: rotated })).content.length) // 4
 * ```
 */
export function createKeyRing(primary: Decapsulator): KeyRing {
  return makeRing([entryOf(primary, 'active')])
}

/**
 * Puts a new active key into a ring; the one before it stays for decryption. Envelopes are not changed:
 * iterate over them with `createOpener().rewrap` to move them to the new key.
 *
 * @param ring - The ring; it stays as it is.
 * @param next - The new active key.
 * @returns The new ring.
 * @throws {@link TypeError} if `ring` is no key ring, or `next` no decapsulator.
 * @throws {@link RangeError} if the ring holds that key already.
 */
export function rotateKey(ring: KeyRing, next: Decapsulator): KeyRing {
  const entry = entryOf(next, 'active')
  const current = ringKeys(ring)
  if (current.some(({ publicKey }) => equalBytes(publicKey.id, entry.publicKey.id))) {
    throw new RangeError('next is already a key of this ring')
  }
  const older = current.map((old) =>
    old.status === 'active' ? { ...old, status: 'decrypt-only' as const } : old,
  )
  return makeRing([entry, ...older])
}

/**
 * Changes what a key of the ring may do. `destroyed` drops the private key from the ring for good; the ring
 * cannot destroy copies elsewhere.
 *
 * @param ring - The ring; it stays as it is.
 * @param id - The key id, 32 bytes.
 * @param status - The new status.
 * @returns The new ring.
 * @throws {@link TypeError} if `ring` is no key ring, `status` is none of the four, or `id` no Uint8Array.
 * @throws {@link RangeError} if the ring has no such key, the change would leave it without an active key, or
 *   the key was destroyed.
 */
export function setKeyStatus(ring: KeyRing, id: Uint8Array, status: KeyStatus): KeyRing {
  if (!statuses.includes(status)) {
    throw new TypeError("status must be 'active', 'decrypt-only', 'disabled' or 'destroyed'")
  }
  const current = ringKeys(ring)
  const wanted = bytesArgument(id, 'id')
  const index = current.findIndex(({ publicKey }) => equalBytes(publicKey.id, wanted))
  const old = current[index]
  if (old === undefined) throw new RangeError('id is no key of this ring')
  if (old.status === status) return ring
  if (old.status === 'destroyed') throw new RangeError('a destroyed key does not come back')
  if (old.status === 'active')
    throw new RangeError('rotate to another key before you retire the active one')
  const keys = [...current]
  if (status === 'active') {
    keys.splice(index, 1)
    const older = keys.map((entry) =>
      entry.status === 'active' ? { ...entry, status: 'decrypt-only' as const } : entry,
    )
    return makeRing([{ ...old, status }, ...older])
  }
  keys[index] = { ...old, status, key: status === 'destroyed' ? null : old.key }
  return makeRing(keys)
}

/** The keys of a ring; a TypeError for what is none. */
function ringKeys(ring: KeyRing): readonly KeyRingEntry[] {
  const keys = fieldOf(ring, 'keys')
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new TypeError('ring must be a key ring, such as createKeyRing makes')
  }
  return keys as readonly KeyRingEntry[]
}

function entryOf(key: Decapsulator, status: KeyStatus): KeyRingEntry {
  if (typeof key?.decapsulate !== 'function') {
    throw new TypeError('a key of a ring must be a decapsulator, such as generateKey(xWing) makes')
  }
  return { publicKey: publicKeyArgument(key.publicKey, 'kem', 'publicKey'), status, key }
}

/** A ring of entries that were checked: exactly one is active, the first. */
export function makeRing(keys: readonly KeyRingEntry[]): KeyRing {
  const frozen = Object.freeze(keys.map((entry) => Object.freeze({ ...entry })))
  return Object.freeze({ publicKey: frozen[0]!.publicKey, keys: frozen })
}
