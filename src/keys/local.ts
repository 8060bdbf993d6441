import { EnvelopeOpenFailed, KeyDisabled } from '../errors.ts'
import { throwIfAborted } from '../internal/abort.ts'
import { setAgreement } from '../internal/agreement.ts'
import { internalsOf } from '../internal/algorithm.ts'
import { bytesArgument, wipe } from '../internal/bytes.ts'
import type { SigningSecret } from '../internal/engine/ed25519.ts'
import type { MaybePromise } from '../internal/engine/tier.ts'
import type { KemSecret } from '../internal/hpke/kem.ts'
import { fieldOf, optionsOf } from '../internal/options.ts'
import { makePublicKey } from '../internal/publicKey.ts'
import { randomBytes } from '../internal/random.ts'
import type {
  CallOptions,
  Decapsulator,
  KemAlgorithm,
  LocalDecapsulator,
  LocalSigner,
  SignatureAlgorithm,
  Signer,
} from './types.ts'

/** Secrets stay out of the key objects, so that logging or serialising one shows nothing. */
interface Held {
  readonly seed: Uint8Array
  secret: KemSecret | SigningSecret | null
}

const held = /* @__PURE__ */ new WeakMap<object, Held>()

/**
 * Makes a fresh private key in this process.
 *
 * @param algorithm - The constant of the algorithm, such as `xWing` or `ed25519`.
 * @returns The key; its public half is in `publicKey`.
 * @throws {@link RandomUnavailable} if the platform has no secure random numbers.
 * @example
 * A post-quantum decryption key.
 * ```ts
 * import { generateKey, xWing } from 'careseal/keys'
 *
 * const key = await generateKey(xWing)
 * console.log(key.publicKey.bytes.length) // 1216
 * ```
 */
export function generateKey(algorithm: KemAlgorithm): Promise<LocalDecapsulator>
export function generateKey(algorithm: SignatureAlgorithm): Promise<LocalSigner>
export function generateKey(
  algorithm: KemAlgorithm | SignatureAlgorithm,
): Promise<LocalDecapsulator | LocalSigner>
export async function generateKey(
  algorithm: KemAlgorithm | SignatureAlgorithm,
): Promise<LocalDecapsulator | LocalSigner> {
  const { isSeed } = internalsOf(algorithm)
  let seed = randomBytes(32)
  // A scalar of P-256 or secp256k1 is out of range once in 2³² or rarer; then it is drawn again.
  while (!isSeed(seed)) seed = randomBytes(32)
  return localKey(algorithm, seed)
}

/**
 * Makes a private key from its 32-byte seed: the X25519 private key, the elliptic-curve scalar
 * (big-endian), the Ed25519 seed, the X-Wing and MLKEM768-P256 private key, ξ of ML-DSA-65.
 *
 * @param algorithm - The constant of the algorithm.
 * @param seed - 32 bytes; copied.
 * @returns The key; the same seed always gives the same key.
 * @throws {@link TypeError} if `seed` is no Uint8Array.
 * @throws {@link RangeError} if `seed` has not 32 bytes or is no scalar of the curve.
 * @example
 * A key that was backed up as its seed.
 * ```ts
 * import { exportSeed, generateKey, keyFromSeed, xWing } from 'careseal/keys'
 *
 * const key = await generateKey(xWing)
 * const restored = await keyFromSeed(xWing, exportSeed(key))
 * console.log(restored.publicKey.id.join() === key.publicKey.id.join()) // true
 * ```
 */
export function keyFromSeed(algorithm: KemAlgorithm, seed: Uint8Array): Promise<LocalDecapsulator>
export function keyFromSeed(algorithm: SignatureAlgorithm, seed: Uint8Array): Promise<LocalSigner>
export function keyFromSeed(
  algorithm: KemAlgorithm | SignatureAlgorithm,
  seed: Uint8Array,
): Promise<LocalDecapsulator | LocalSigner>
export async function keyFromSeed(
  algorithm: KemAlgorithm | SignatureAlgorithm,
  seed: Uint8Array,
): Promise<LocalDecapsulator | LocalSigner> {
  const copy = bytesArgument(seed, 'seed', 32).slice()
  if (!internalsOf(algorithm).isSeed(copy)) {
    throw new RangeError(
      `seed is no private key of ${algorithm.name}: not a scalar from 1 to n - 1`,
    )
  }
  return localKey(algorithm, copy)
}

/**
 * Exports the seed of a local key. Whoever has it has the key: wipe it after use.
 *
 * @param key - A key made by `generateKey` or `keyFromSeed`.
 * @returns A copy of the 32-byte seed.
 * @throws {@link TypeError} if the key is not held in this process (an HSM, a WebCrypto key).
 * @throws {@link KeyDisabled} if the key was destroyed.
 */
export function exportSeed(key: LocalDecapsulator | LocalSigner): Uint8Array {
  const { seed, secret } = heldOf(key)
  if (secret === null) throw destroyed()
  return seed.slice()
}

/**
 * The seed of a key as {@link exportSeed} gives it; `null` for one that is kept elsewhere. A local key of another copy
 * of this package has a seed that nobody here can reach: that is a mistake to report, not a key elsewhere.
 */
export function seedOf(key: Decapsulator | Signer): Uint8Array | null {
  const local = key as LocalDecapsulator | LocalSigner
  return held.has(key) || fieldOf(key, 'local') === true ? exportSeed(local) : null
}

/**
 * Destroys a local key: its seed is overwritten and every later use rejects with `KeyDisabled`. Copies that
 * the JavaScript engine made along the way are out of reach.
 *
 * @param key - A key made by `generateKey` or `keyFromSeed`.
 * @throws {@link TypeError} if the key is not held in this process.
 */
export function destroyKey(key: LocalDecapsulator | LocalSigner): void {
  const entry = heldOf(key)
  wipe(entry.seed)
  entry.secret?.wipe?.()
  entry.secret = null
}

function heldOf(key: LocalDecapsulator | LocalSigner): Held {
  const entry = held.get(key)
  if (entry === undefined) {
    throw new TypeError('key must be a local key, made by generateKey or keyFromSeed')
  }
  return entry
}

/** Runs one operation. A key that goes while it is under way fails it: it may have run on overwritten bytes. */
async function use<T>(
  entry: Held,
  operation: (secret: KemSecret | SigningSecret) => MaybePromise<T>,
): Promise<T> {
  const { secret } = entry
  if (secret === null) throw destroyed()
  try {
    const result = await operation(secret)
    if (entry.secret !== null) return result
  } catch (error) {
    if (entry.secret !== null) throw error
  }
  throw destroyed()
}

function destroyed(): KeyDisabled {
  return new KeyDisabled('This key was destroyed in this process. Load it again from its backup.')
}

function localKey(
  algorithm: KemAlgorithm | SignatureAlgorithm,
  seed: Uint8Array,
): LocalDecapsulator | LocalSigner {
  const key =
    algorithm.kind === 'kem' ? localDecapsulator(algorithm, seed) : localSigner(algorithm, seed)
  return Object.freeze(key)
}

function localDecapsulator(algorithm: KemAlgorithm, seed: Uint8Array): LocalDecapsulator {
  const { kem } = internalsOf(algorithm).suite
  const entry: Held = { seed, secret: kem.secret(seed) }
  const key: LocalDecapsulator = {
    local: true,
    publicKey: makePublicKey(algorithm, (entry.secret as KemSecret).publicKey),
    async decapsulate(encapsulation: Uint8Array, options: CallOptions = {}) {
      throwIfAborted(optionsOf(options).signal)
      const bytes = bytesArgument(encapsulation, 'encapsulation', kem.encapsulationSize).slice()
      const shared = await use(entry, (secret) => (secret as KemSecret).decapsulate(bytes))
      if (shared === null) throw new EnvelopeOpenFailed()
      return shared
    },
  }
  if (kem.ephemeral !== undefined) {
    setAgreement(key, (peer) => use(entry, (secret) => (secret as KemSecret).agree!(peer)))
  }
  held.set(key, entry)
  return key
}

function localSigner(algorithm: SignatureAlgorithm, seed: Uint8Array): LocalSigner {
  const entry: Held = { seed, secret: internalsOf(algorithm).secret(seed) }
  const key: LocalSigner = {
    local: true,
    publicKey: makePublicKey(algorithm, (entry.secret as SigningSecret).publicKey),
    async sign(message: Uint8Array, options: CallOptions = {}) {
      throwIfAborted(optionsOf(options).signal)
      const bytes = bytesArgument(message, 'message').slice()
      return use(entry, (secret) => (secret as SigningSecret).sign(bytes))
    },
  }
  held.set(key, entry)
  return key
}
