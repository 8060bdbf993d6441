import { KeyUnavailable } from '../errors.ts'
import { callKey, throwIfAborted, untilAborted } from '../internal/abort.ts'
import { encapsulatorOf, internalsOf, verifierOf } from '../internal/algorithm.ts'
import { bytesArgument, equalBytes, wipe } from '../internal/bytes.ts'
import { fieldOf, knownOptions, optionsOf } from '../internal/options.ts'
import { checkPublicKey } from '../internal/publicKey.ts'
import { randomBytes } from '../internal/random.ts'
import { ascii } from '../internal/utf8.ts'
import { remoteKem } from './remoteKem.ts'
import type {
  CallOptions,
  Decapsulator,
  KemAlgorithm,
  SignatureAlgorithm,
  Signer,
} from './types.ts'

/** One key of WebCrypto, as far as it is looked at: the DOM's and Node's `CryptoKey` are such keys. */
export interface WebCryptoHalf {
  /** `public` or `private`. */
  readonly type: string
  /** Whether it can be exported. A private one should not be. */
  readonly extractable: boolean
  /** Its algorithm, with `namedCurve` on NIST curves. */
  readonly algorithm: {
    /** Name of the algorithm. */
    readonly name: string
  }
  /** What it may be used for. */
  readonly usages: readonly string[]
}

/** A key pair of WebCrypto: what `crypto.subtle.generateKey` resolves to, and IndexedDB keeps. */
export interface WebCryptoPair {
  /** The public key. */
  readonly publicKey: WebCryptoHalf
  /** The private key; `extractable` should be false. */
  readonly privateKey: WebCryptoHalf
}

/** Options of {@link webCryptoKey}. */
export interface WebCryptoKeyOptions<A extends KemAlgorithm | SignatureAlgorithm>
  extends CallOptions {
  /** `p256` (ECDH), `x25519`, `es256` (ECDSA) or `ed25519`. */
  readonly algorithm: A
  /** The key pair. */
  readonly keyPair: WebCryptoPair
}

/**
 * A key over a key pair of WebCrypto whose private half may be non-extractable: it can be stored in IndexedDB and
 * used, and no script can read it. A script on the page can still use it while the page is open.
 *
 * A pair is tried once: two halves that do not belong together would make what is sealed to them unreadable for good,
 * and a card that names them worthless.
 *
 * @param options - Algorithm and key pair.
 * @returns A promise of a `Decapsulator` for `p256` and `x25519`, of a `Signer` for `es256` and `ed25519`.
 * @throws {@link TypeError} if an option is none: another algorithm or curve, a private key that must not derive bits
 * or sign, a public key that cannot be exported, halves that do not belong together.
 * @throws {@link KeyMalformed} if the public key is none that careseal accepts.
 * @throws {@link KeyUnavailable} if `crypto.subtle` is missing, as on a page without HTTPS, or fails.
 * @example
 * A decryption key that no script can read.
 * ```ts
 * import { open, seal } from 'careseal/envelope'
 * import { p256, webCryptoKey } from 'careseal/keys'
 *
 * const ECDH = { name: 'ECDH', namedCurve: 'P-256' }
 * const keyPair = await crypto.subtle.generateKey(ECDH, false, ['deriveBits'])
 * const key = await webCryptoKey({ algorithm: p256, keyPair })
 * const sealed = await seal(new Uint8Array([7]), { recipients: [key.publicKey] })
 * console.log((await open(sealed, { as: key })).content[0]) // 7
 * ```
 * @see W3C Web Cryptography Level 2
 */
export function webCryptoKey(options: WebCryptoKeyOptions<KemAlgorithm>): Promise<Decapsulator>
export function webCryptoKey(options: WebCryptoKeyOptions<SignatureAlgorithm>): Promise<Signer>
export async function webCryptoKey(
  options: WebCryptoKeyOptions<KemAlgorithm | SignatureAlgorithm>,
): Promise<Decapsulator | Signer> {
  const { algorithm, keyPair, signal } = knownOptions(options, ['algorithm', 'keyPair', 'signal'])
  throwIfAborted(signal)
  const pair = { algorithm: subtleName(algorithm), ...halvesOf(keyPair) }
  checkHalf(pair.publicKey, 'public', pair.algorithm, null)
  checkHalf(pair.privateKey, 'private', pair.algorithm, neededUsage(algorithm))
  if (!pair.publicKey.extractable) {
    throw new TypeError('keyPair.publicKey must be extractable: import or generate it as such')
  }
  const raw = await callKey('Exporting the public key', signal, async () =>
    subtle().exportKey('raw', pair.publicKey),
  )
  const bytes = new Uint8Array(raw)
  return algorithm.kind === 'kem'
    ? untilAborted(signal, () => decapsulator(algorithm, pair, bytes))
    : untilAborted(signal, () => signer(algorithm, pair, bytes, signal))
}

/** What WebCrypto calls the algorithm of a pair. */
interface SubtlePair {
  readonly algorithm: { readonly name: string; readonly namedCurve?: string }
  readonly publicKey: CryptoKey
  readonly privateKey: CryptoKey
}

function subtleName(algorithm: KemAlgorithm | SignatureAlgorithm): SubtlePair['algorithm'] {
  const { jwk } = internalsOf(algorithm).shape
  if (jwk === 'P-256') {
    return { name: algorithm.kind === 'kem' ? 'ECDH' : 'ECDSA', namedCurve: jwk }
  }
  if (jwk === 'X25519' || jwk === 'Ed25519') return { name: jwk }
  throw new TypeError(
    `algorithm must be p256, x25519, es256 or ed25519; WebCrypto keys of ${algorithm.name} are not supported`,
  )
}

function neededUsage(algorithm: KemAlgorithm | SignatureAlgorithm): string {
  return algorithm.kind === 'kem' ? 'deriveBits' : 'sign'
}

function halvesOf(keyPair: unknown): Pick<SubtlePair, 'publicKey' | 'privateKey'> {
  // A getter of CryptoKeyPair's own prototype counts, one on Object.prototype does not.
  const publicKey = fieldOf(keyPair, 'publicKey') as CryptoKey
  return { publicKey, privateKey: fieldOf(keyPair, 'privateKey') as CryptoKey }
}

function checkHalf(
  key: CryptoKey,
  type: 'public' | 'private',
  wanted: SubtlePair['algorithm'],
  usage: string | null,
): void {
  const name = `keyPair.${type}Key`
  const algorithm = fieldOf(key, 'algorithm')
  if (fieldOf(key, 'type') !== type || typeof algorithm !== 'object') {
    throw new TypeError(`${name} must be a ${type} CryptoKey`)
  }
  const full = [wanted.name, wanted.namedCurve].filter((part) => part !== undefined).join(' ')
  if (
    fieldOf(algorithm, 'name') !== wanted.name ||
    fieldOf(algorithm, 'namedCurve') !== wanted.namedCurve
  ) {
    throw new TypeError(`${name} must be a key for ${full}`)
  }
  const usages = fieldOf(key, 'usages')
  if (usage !== null && !(Array.isArray(usages) && usages.includes(usage))) {
    throw new TypeError(`${name} must have the usage ${usage}`)
  }
}

function subtle(): SubtleCrypto {
  const api = globalThis.crypto?.subtle
  if (api === undefined) {
    throw new KeyUnavailable('crypto.subtle is missing: open the page over HTTPS or on localhost')
  }
  return api
}

async function decapsulator(
  algorithm: KemAlgorithm,
  { algorithm: how, privateKey }: SubtlePair,
  publicKey: Uint8Array,
): Promise<Decapsulator> {
  const key = remoteKem(algorithm, null, {
    name: 'deriveBits',
    publicKey,
    async ask(peer) {
      const theirs = await subtle().importKey('raw', peer as BufferSource, how, false, [])
      const bits = { name: how.name, public: theirs }
      return new Uint8Array(await subtle().deriveBits(bits, privateKey, 256))
    },
  })
  const randomness = randomBytes(internalsOf(algorithm).suite.kem.randomnessSize)
  const probe = (await encapsulatorOf(key.publicKey).encapsulate(randomness))!
  const shared = await key.decapsulate(probe.encapsulation)
  const belong = equalBytes(shared, probe.sharedSecret)
  wipe(shared, probe.sharedSecret)
  if (!belong) throw ofTwo()
  return key
}

async function signer(
  algorithm: SignatureAlgorithm,
  { algorithm: how, privateKey }: SubtlePair,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Signer> {
  const { normalize } = internalsOf(algorithm)
  const key: Signer = Object.freeze({
    publicKey: checkPublicKey(algorithm, bytes),
    async sign(message: Uint8Array, options: CallOptions = {}) {
      const { signal } = optionsOf(options)
      throwIfAborted(signal)
      const input = bytesArgument(message, 'message').slice() as Uint8Array<ArrayBuffer>
      const signature = await callKey('Signing', signal, async () =>
        subtle().sign({ name: how.name, hash: 'SHA-256' }, privateKey, input),
      )
      // WebCrypto does not bring ECDSA to low-S.
      return normalize(new Uint8Array(signature))
    },
  })
  // No structure of ours begins like this: the signature says nothing.
  const probe = ascii('careseal/webcrypto-probe/1')
  const signature = await key.sign(probe, { signal })
  if (!(await verifierOf(key.publicKey).verify(probe, signature))) throw ofTwo()
  return key
}

function ofTwo(): TypeError {
  return new TypeError('keyPair must be two halves of one key; these are of two')
}
