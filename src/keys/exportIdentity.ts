import { throwIfAborted } from '../internal/abort.ts'
import { equalBytes, wipe } from '../internal/bytes.ts'
import { isIdentity } from '../internal/identity.ts'
import { fieldOf, knownOptions } from '../internal/options.ts'
import { publicKeyArgument } from '../internal/publicKey.ts'
import { randomParts } from '../internal/random.ts'
import { maximumRing, maximumWraps } from '../internal/registry.ts'
import {
  type Contents,
  checkRing,
  encodeContents,
  isCardOf,
  type StoredRingKey,
} from './export/contents.ts'
import { encodeExport, sortWraps, type Wrap, wrapsProblem } from './export/layout.ts'
import { commitTo, protect } from './export/protect.ts'
import { createKeyRing } from './keyRing.ts'
import { seedOf } from './local.ts'
import type {
  CallOptions,
  Decapsulator,
  Identity,
  KeyRing,
  KeyRingEntry,
  KeyWrapper,
  PublicIdentity,
  Signer,
} from './types.ts'
import { callWrap, wrapperArgument } from './wrap/callWrapper.ts'

/** Options of {@link exportIdentity}. */
export interface ExportIdentityOptions extends CallOptions {
  /** 1 to 16 wrappers; any one of them opens the export. At most four are passphrases; the others' ids differ. */
  readonly wrappers: readonly KeyWrapper[]
}

/**
 * Writes a whole identity down: card, signing key, and the ring with all keys it ever had. It is encrypted under a
 * fresh key, which is wrapped for each of the wrappers. Any one of them opens it, so the weakest one is its strength;
 * give at least two, so that losing one loses nothing.
 *
 * Private keys that are not held in this process, such as those in an HSM, are named and not contained: `importIdentity`
 * asks for them. Export again after each change of the ring, and delete the older exports: a destroyed key lives on
 * in them.
 *
 * @param identity - The identity; its card must be that of the present keys, which after `rotateKey` means a new one by
 *   `createIdentity`.
 * @param options - The wrappers.
 * @returns The export; about 4 kB. It shows the wrappers' ids and roughly how many keys there are.
 * @throws {@link TypeError} if `identity` has no card or no keys, or a wrapper is none.
 * @throws {@link RangeError} if the card names other keys, or there are too few or too many wrappers or two of one id.
 * @throws {@link KeyDisabled} if a key of the identity was destroyed by `destroyKey` but not in its ring.
 * @throws {@link KeyUnavailable} if a wrapper failed; nothing was exported.
 * @throws {@link RandomUnavailable} if the platform has no secure random numbers.
 * @example
 * A rotated identity and its history, stored under a passphrase and a secret of the vault.
 * ```ts
 * import { createIdentity, createKeyRing, exportIdentity, generateIdentity, generateKey } from 'careseal/keys'
 * import { importIdentity, passphraseWrapper, rotateKey, secretWrapper, xWing } from 'careseal/keys'
 *
 * const words = passphraseWrapper('gravel ocean ticket marble nobody spring')
 * const vault = secretWrapper(crypto.getRandomValues(new Uint8Array(32)))
 * const { signer, decapsulator } = await generateIdentity()
 * const ring = rotateKey(createKeyRing(decapsulator), await generateKey(xWing))
 * const chen = await createIdentity({ signer, decapsulator: ring }) // a new card for the new key
 * const stored = await exportIdentity(chen, { wrappers: [words, vault] })
 * console.log((await importIdentity(stored, { wrapper: vault })).decapsulator.keys.length) // 2
 * ```
 */
export async function exportIdentity(
  identity: Identity,
  options: ExportIdentityOptions,
): Promise<Uint8Array> {
  const { wrappers, signal } = knownOptions(options, ['wrappers', 'signal'])
  throwIfAborted(signal)
  const wrapping = wrappersArgument(wrappers)
  const plaintext = plaintextOf(identity)
  try {
    return await encryptFor(wrapping, plaintext, signal)
  } finally {
    wipe(plaintext)
  }
}

/** The contents; the seeds that were copied for them are wiped, also where a key of the identity is gone. */
function plaintextOf(identity: Identity): Uint8Array {
  const seeds: Uint8Array[] = []
  try {
    return encodeContents(contentsOf(identity, seeds))
  } finally {
    wipe(...seeds)
  }
}

/** Encrypts contents under a fresh key, which is wrapped by each wrapper. */
async function encryptFor(
  wrappers: readonly KeyWrapper[],
  plaintext: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const [key, salt] = randomParts(32, 32)
  try {
    const wraps: Wrap[] = []
    // One after another: each passphrase takes its memory.
    for (const wrapper of wrappers) {
      wraps.push({ id: wrapper.id, wrapped: await callWrap(wrapper, key, signal) })
    }
    const header = { salt: salt.slice(), commitment: commitTo(key, salt), wraps: sortWraps(wraps) }
    return encodeExport(header, await protect(key, header, plaintext))
  } finally {
    wipe(key)
  }
}

function wrappersArgument(wrappers: readonly KeyWrapper[]): KeyWrapper[] {
  if (!Array.isArray(wrappers)) throw new TypeError('wrappers must be an array of key wrappers')
  if (wrappers.length === 0 || wrappers.length > maximumWraps) {
    throw new RangeError(
      `wrappers must be 1 to ${maximumWraps}; two or more, so that losing one loses nothing`,
    )
  }
  const list = wrappers.map((wrapper, i) => wrapperArgument(wrapper, `wrappers[${i}]`))
  // Before anything is wrapped: as if each had wrapped to something of its own.
  const distinct = list.map(({ id }, i) => ({ id, wrapped: Uint8Array.of(i) }))
  const problem = wrapsProblem(sortWraps(distinct))
  if (problem !== null) throw new RangeError(`wrappers would make an export of no use: ${problem}`)
  return list
}

/** What an export holds; each seed in it is also put into `seeds`, as soon as it is there. */
function contentsOf(identity: Identity, seeds: Uint8Array[]): Contents {
  const copied = (key: Decapsulator | Signer): Uint8Array | null => {
    const seed = seedOf(key)
    if (seed !== null) seeds.push(seed)
    return seed
  }
  const own = fieldOf(identity, 'public') as PublicIdentity | undefined
  if (own === undefined || typeof own !== 'object' || !isIdentity(own) || own.card.length === 0) {
    throw new TypeError(
      'identity must come from generateIdentity, createIdentity or importIdentity',
    )
  }
  if (typeof fieldOf(identity.signer, 'sign') !== 'function') {
    throw new TypeError('identity.signer must be a signer')
  }
  const signing = publicKeyArgument(identity.signer.publicKey, 'signature', 'identity.signer')
  const ring = ringOf(identity.decapsulator)
  if (!isCardOf(own, signing, ring[0]!.publicKey)) {
    throw new RangeError(
      'identity.public is the card of other keys: after a rotation sign a new one with createIdentity({ signer, decapsulator })',
    )
  }
  return {
    card: own.card,
    signing: { publicKey: signing, seed: copied(identity.signer) },
    ring: ring.map(
      ({ publicKey, status, key }): StoredRingKey => ({
        publicKey,
        status,
        seed: key === null ? null : copied(key),
      }),
    ),
  }
}

/** The entries of a ring, or of the ring that one key makes. */
function ringOf(decapsulator: Identity['decapsulator']): readonly KeyRingEntry[] {
  const keys = fieldOf(decapsulator, 'keys') as KeyRing['keys'] | undefined
  if (!Array.isArray(keys)) return createKeyRing(decapsulator as Decapsulator).keys
  if (keys.length === 0 || keys.length > maximumRing) {
    throw new RangeError(`identity.decapsulator must be a ring of 1 to ${maximumRing} keys`)
  }
  const checked = keys.map(
    ({ publicKey, status, key }: KeyRingEntry): KeyRingEntry => ({
      publicKey: publicKeyArgument(publicKey, 'kem', 'identity.decapsulator.keys'),
      status,
      key,
    }),
  )
  checkRing(
    checked,
    (problem) => new RangeError(`identity.decapsulator is no key ring: ${problem}`),
  )
  for (const { publicKey, status, key } of checked) {
    // What would not come back must not go out.
    const fits = key !== null && equalBytes(key.publicKey.id, publicKey.id)
    if (status === 'destroyed' ? key !== null : !fits) {
      throw new RangeError('identity.decapsulator is no key ring: one of its keys is another one')
    }
  }
  return checked
}
