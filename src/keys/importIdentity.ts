import { IdentityInvalid, isCaresealError, KeyElsewhere, KeyLocked } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { internalsOf } from '../internal/algorithm.ts'
import { bytesArgument, equalBytes, toHex, wipe } from '../internal/bytes.ts'
import { heldOptions } from '../internal/held.ts'
import { fieldOf } from '../internal/options.ts'
import { publicKeyArgument } from '../internal/publicKey.ts'
import { turn } from '../internal/turn.ts'
import { ed25519, xWing } from './algorithms.ts'
import { type Contents, decodeContents, isCardOf, malformed } from './export/contents.ts'
import { decodeExport, type Header } from './export/layout.ts'
import { commitTo, unprotect } from './export/protect.ts'
import { openStoredKey } from './export/storedKey.ts'
import { decodePublicIdentity } from './identity.ts'
import { makeRing } from './keyRing.ts'
import type {
  CallOptions,
  Decapsulator,
  Identity,
  KemAlgorithm,
  KeyRing,
  KeyRingEntry,
  KeyWrapper,
  LocalDecapsulator,
  LocalSigner,
  SignatureAlgorithm,
  Signer,
} from './types.ts'
import { callUnwrap, wrapperArgument } from './wrap/callWrapper.ts'

/** Options of {@link importIdentity}. */
export interface ImportIdentityOptions extends CallOptions {
  /** One of the wrappers that the identity was exported under. */
  readonly wrapper: KeyWrapper
  /**
   * The DID of the identity that is wanted; another one is refused. Give it wherever one wrapper protects several
   * identities: who stores their exports can hand out one for another.
   */
  readonly did?: string | undefined
  /** The signing key, where it is kept elsewhere; it takes the place of one in the export. */
  readonly signer?: Signer | undefined
  /** The opening keys that are kept elsewhere; each takes the place of one in the export. */
  readonly decapsulators?: readonly Decapsulator[] | undefined
  /**
   * Ids of retired keys that were kept elsewhere and are gone, such as those of an HSM that died: they come back as
   * destroyed. Never the active key.
   */
  readonly lost?: readonly Uint8Array[] | undefined
  /** Accepted algorithms of all keys that the identity ever had; X-Wing and Ed25519 unless given. */
  readonly algorithms?: readonly (KemAlgorithm | SignatureAlgorithm)[] | undefined
}

/** An identity as {@link importIdentity} returns it: with its ring, whether one was exported or a single key. */
export interface ImportedIdentity extends Identity {
  /** The opening keys, the active one first. */
  readonly decapsulator: KeyRing
}

/**
 * Opens an exported identity and checks all of it: the card verifies and is that of the keys, private and public
 * halves belong together, the ring has one active key.
 *
 * @param bytes - What `exportIdentity` wrote.
 * @param options - One of its wrappers; private keys that are kept elsewhere; accepted algorithms.
 * @returns The identity with its ring; an expired card is taken, so that its owner can still open and renew.
 * @throws {@link KeyLocked} if the wrapper is none of its wrappers, or anything was changed.
 * @throws {@link KeyMalformed} if the bytes are no exported identity, or one that contradicts itself.
 * @throws {@link KeyElsewhere} if it names private keys that are neither in it nor passed.
 * @throws {@link AlgorithmUnsupported} if a key is of another algorithm; names the constant to import.
 * @throws {@link IdentityInvalid} if the card does not verify, or is not that of `did`.
 * @throws {@link KeyUnavailable} if the wrapper's home did not answer.
 * @throws {@link RangeError} if a key passed, or named as lost, is none of this identity, or the active one is lost.
 * @example
 * An identity whose opening key was X25519 once.
 * ```ts
 * import { createIdentity, createKeyRing, ed25519, exportIdentity, generateIdentity } from 'careseal/keys'
 * import { generateKey, importIdentity, rotateKey, secretWrapper, x25519, xWing } from 'careseal/keys'
 *
 * const vault = secretWrapper(crypto.getRandomValues(new Uint8Array(32)))
 * const old = await generateIdentity({ kem: x25519 })
 * const ring = rotateKey(createKeyRing(old.decapsulator), await generateKey(xWing))
 * const chen = await createIdentity({ signer: old.signer, decapsulator: ring })
 * const stored = await exportIdentity(chen, { wrappers: [vault] })
 *
 * const algorithms = [xWing, x25519, ed25519]
 * const again = await importIdentity(stored, { wrapper: vault, algorithms })
 * console.log(again.decapsulator.keys.map(({ status }) => status).join()) // active,decrypt-only
 * ```
 */
export async function importIdentity(
  bytes: Uint8Array,
  options: ImportIdentityOptions,
): Promise<ImportedIdentity> {
  const {
    wrapper,
    did,
    signer,
    decapsulators = [],
    lost = [],
    algorithms = [xWing, ed25519],
    signal,
  } = heldOptions(options, names)
  throwIfAborted(signal)
  const input = bytesArgument(bytes, 'bytes').slice()
  if (did !== undefined && typeof did !== 'string') throw new TypeError('did must be a string')
  const given = elsewhereArguments(signer, decapsulators, lost)
  if (!Array.isArray(algorithms)) throw new TypeError('algorithms must be an array')
  for (const algorithm of algorithms) internalsOf(algorithm)
  const plaintext = await unlock(input, wrapperArgument(wrapper, 'wrapper'), signal)
  let contents: Contents
  try {
    contents = decodeContents(plaintext, algorithms)
  } finally {
    wipe(plaintext)
  }
  try {
    const card = await decodePublicIdentity(contents.card, { algorithms })
    if (!isCardOf(card, contents.signing.publicKey, contents.ring[0]!.publicKey)) {
      throw malformed('its card is that of other keys', 0)
    }
    if (did !== undefined && card.did !== did) {
      throw new IdentityInvalid(
        'This export holds another identity than the one that is wanted. Fetch the right one.',
      )
    }
    return Object.freeze({ public: card, ...(await attach(contents, given)) })
  } finally {
    wipe(contents.signing.seed, ...contents.ring.map(({ seed }) => seed))
  }
}

const names = ['wrapper', 'did', 'signer', 'decapsulators', 'lost', 'algorithms', 'signal'] as const

/** Keys that live elsewhere, by id. */
interface Elsewhere {
  readonly signer: Signer | undefined
  readonly decapsulators: Map<string, Decapsulator>
  readonly lost: Set<string>
}

function elsewhereArguments(
  signer: Signer | undefined,
  decapsulators: readonly Decapsulator[],
  lost: readonly Uint8Array[],
): Elsewhere {
  if (signer !== undefined && typeof fieldOf(signer, 'sign') !== 'function') {
    throw new TypeError('signer must be a signer')
  }
  if (signer !== undefined) publicKeyArgument(signer.publicKey, 'signature', 'signer.publicKey')
  if (!Array.isArray(decapsulators)) throw new TypeError('decapsulators must be an array')
  if (!Array.isArray(lost)) throw new TypeError('lost must be an array of key ids')
  const byId = decapsulators.map((key: Decapsulator, i): [string, Decapsulator] => {
    if (typeof fieldOf(key, 'decapsulate') !== 'function') {
      throw new TypeError(`decapsulators[${i}] must be a decapsulator`)
    }
    const { id } = publicKeyArgument(key.publicKey, 'kem', `decapsulators[${i}].publicKey`)
    return [toHex(id), key]
  })
  const gone = lost.map((id: Uint8Array, i) => toHex(bytesArgument(id, `lost[${i}]`, 32)))
  return { signer, decapsulators: new Map(byId), lost: new Set(gone) }
}

/** The contents of an export, by whichever of its wraps opens; one error for every reason why none does. */
async function unlock(
  bytes: Uint8Array,
  wrapper: KeyWrapper,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { header, ciphertext } = decodeExport(bytes)
  const key = await keyOf(header, wrapper, signal)
  try {
    const plaintext = key === null ? null : await unprotect(key, header, ciphertext)
    if (plaintext === null) throw new KeyLocked()
    return plaintext
  } finally {
    wipe(key)
  }
}

/** The key that fits the commitment; the comparison is in constant time and comes before the ciphertext. */
async function keyOf(
  header: Header,
  wrapper: KeyWrapper,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | null> {
  for (const { id, wrapped } of header.wraps) {
    if (!equalBytes(id, wrapper.id)) continue
    try {
      const key = await callUnwrap(wrapper, wrapped, signal)
      if (equalBytes(commitTo(key, header.salt), header.commitment)) return key
      wipe(key)
    } catch (error) {
      // Of several passphrases another one may be meant.
      if (!isCaresealError(error, 'ERR_KEY_LOCKED')) throw error
    }
  }
  return null
}

/** The private keys: those that were passed, those in the export; nothing that is missing goes unnoticed. */
async function attach(
  { signing, ring }: Contents,
  given: Elsewhere,
): Promise<{ signer: Signer; decapsulator: KeyRing }> {
  checkGiven(signing, ring, given)
  const has = (id: string): boolean => given.decapsulators.has(id) || given.lost.has(id)
  const missing = ring.filter(
    ({ seed, status, publicKey }) =>
      seed === null && status !== 'destroyed' && !has(toHex(publicKey.id)),
  )
  const noSigner = signing.seed === null && given.signer === undefined ? [signing] : []
  if (missing.length + noSigner.length > 0) {
    throw new KeyElsewhere(
      'This identity has private keys that are kept elsewhere, such as in an HSM. Pass them as { signer } and { decapsulators }, or name retired ones that are gone in { lost }.',
      [...noSigner, ...missing].map(({ publicKey }) => publicKey.id),
    )
  }
  const entries: KeyRingEntry[] = []
  for (const [i, { publicKey, seed, status }] of ring.entries()) {
    // Making a key costs milliseconds, and a ring may have a thousand.
    if (i > 0 && i % 8 === 0) await turn()
    const id = toHex(publicKey.id)
    const gone = status === 'destroyed' || given.lost.has(id)
    const key = gone
      ? null
      : (given.decapsulators.get(id) ??
        ((await openStoredKey(publicKey, seed!)) as LocalDecapsulator))
    entries.push({ publicKey, status: gone ? 'destroyed' : status, key })
  }
  const signer =
    given.signer ?? ((await openStoredKey(signing.publicKey, signing.seed!)) as LocalSigner)
  return { signer, decapsulator: makeRing(entries) }
}

/** A key that fits nothing is a mistake, and what is in the export or active is not lost. */
function checkGiven(
  signing: Contents['signing'],
  ring: Contents['ring'],
  { signer, decapsulators, lost }: Elsewhere,
): void {
  if (signer !== undefined && !equalBytes(signer.publicKey.id, signing.publicKey.id)) {
    throw new RangeError('signer is not the signing key of this identity')
  }
  const byId = new Map(ring.map((key) => [toHex(key.publicKey.id), key]))
  for (const id of decapsulators.keys()) {
    const status = byId.get(id)?.status ?? 'destroyed'
    if (status === 'destroyed') {
      throw new RangeError('decapsulators holds a key that is none of this identity, or destroyed')
    }
  }
  for (const id of lost) {
    const key = byId.get(id)
    if (key === undefined || key.seed !== null || decapsulators.has(id)) {
      throw new RangeError('lost names a key that is none of this identity, or not lost')
    }
    if (key.status === 'active') {
      throw new RangeError('lost names the active key: an identity without one cannot be made')
    }
  }
}
