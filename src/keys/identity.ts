import { IdentityInvalid, KeyMalformed } from '../errors.ts'
import { bytesArgument, equalBytes } from '../internal/bytes.ts'
import {
  type CborKey,
  type CborMap,
  type CborValue,
  decodeStrict,
  encodeCbor,
} from '../internal/cbor/index.ts'
import { receiveSigned, sign, verifySigned } from '../internal/cose/signed.ts'
import { coseKeyOf, readCoseKey } from '../internal/coseKey.ts'
import { signerOf } from '../internal/envelope/signers.ts'
import { heldOptions } from '../internal/held.ts'
import { isIdentity, registerIdentity } from '../internal/identity.ts'
import { optionsOf } from '../internal/options.ts'
import { publicKeyArgument } from '../internal/publicKey.ts'
import { tagSign1 } from '../internal/registry.ts'
import { toSeconds, withTimes } from '../internal/time.ts'
import { ed25519, xWing } from './algorithms.ts'
import { didOf } from './did.ts'
import { generateKey } from './local.ts'
import { acceptAlgorithm, importPublicKey } from './publicKey.ts'
import type {
  CallOptions,
  Decapsulator,
  Identity,
  KemAlgorithm,
  KemPublicKey,
  KeyRing,
  LocalIdentity,
  PublicIdentity,
  SignatureAlgorithm,
  SignaturePublicKey,
  Signer,
} from './types.ts'

/** Options of {@link generateIdentity}. */
export interface GenerateIdentityOptions extends CallOptions {
  /** Encryption algorithm; X-Wing unless given. */
  readonly kem?: KemAlgorithm | undefined
  /** Signature algorithm; Ed25519 unless given. */
  readonly signature?: SignatureAlgorithm | undefined
  /** When the identity card ends; no end unless given. */
  readonly expires?: Date | undefined
  /** The time of signing; now unless given. */
  readonly now?: Date | undefined
}

/** Options of {@link createIdentity}. */
export interface CreateIdentityOptions extends CallOptions {
  /** The signing key. */
  readonly signer: Signer
  /** The decryption key, or a ring of them; the card carries the ring's active key. */
  readonly decapsulator: Decapsulator | KeyRing
  /** When the identity card ends; no end unless given. */
  readonly expires?: Date | undefined
  /** The time of signing; now unless given. */
  readonly now?: Date | undefined
}

/** Options of {@link decodePublicIdentity}. */
export interface DecodeIdentityOptions {
  /** Accepted algorithms; X-Wing and Ed25519 unless given. */
  readonly algorithms?: readonly (KemAlgorithm | SignatureAlgorithm)[] | undefined
}

const cardVersion = 1
const cardOptions = ['now', 'expires', 'signal'] as const
const tags: readonly number[] = [tagSign1]
const malformed = (problem: string, offset: number): Error =>
  new KeyMalformed(`No identity card: ${problem}`, { offset })

/**
 * Makes a new identity with local keys and signs its card.
 *
 * @param options - Algorithms (X-Wing and Ed25519 unless given) and the card's end.
 * @returns The identity with its private keys.
 * @example
 * A physician's identity, and the card to hand out.
 * ```ts
 * import { encodePublicIdentity, generateIdentity } from 'careseal/keys'
 *
 * const physician = await generateIdentity()
 * const card = encodePublicIdentity(physician.public)
 * console.log(physician.public.did, card.length)
 * ```
 */
export async function generateIdentity(
  options: GenerateIdentityOptions = {},
): Promise<LocalIdentity> {
  const {
    kem = xWing,
    signature = ed25519,
    ...card
  } = heldOptions(options, ['kem', 'signature', ...cardOptions])
  const [signer, decapsulator] = [await generateKey(signature), await generateKey(kem)]
  const identity = await createIdentity({ ...card, signer, decapsulator })
  return Object.freeze({ ...identity, signer, decapsulator })
}

/**
 * Makes an identity of keys that live anywhere and signs its card with the signing key.
 *
 * Cards count whole seconds. After a rotation sign the new card at least a second after the one before it: of two cards
 * with one date and two encryption keys nobody can tell which is newer, and `keyDirectory` refuses both.
 *
 * @param options - The two keys and the card's end.
 * @returns The identity.
 * @throws {@link TypeError} if a key is missing.
 * @throws {@link RangeError} if a date is none, or the card would end before it begins.
 * @throws {@link KeyUnavailable} if the signing key did not answer.
 */
export async function createIdentity(options: CreateIdentityOptions): Promise<Identity> {
  const {
    signer,
    decapsulator,
    now = new Date(),
    expires,
    signal,
  } = heldOptions(options, ['signer', 'decapsulator', ...cardOptions])
  const keyOwner = signerOf(signer, 'signer')
  const signing = keyOwner.publicKey
  const encryption = publicKeyArgument(decapsulator?.publicKey, 'kem', 'decapsulator.publicKey')
  const issued = toSeconds(now, 'now')
  const ends = expires === undefined ? null : toSeconds(expires, 'expires')
  const payload = new Map<CborKey, CborValue>([
    [1, cardVersion],
    [2, coseKeyOf(signing.algorithm, signing.bytes)],
    [3, coseKeyOf(encryption.algorithm, encryption.bytes)],
    [4, issued],
  ])
  if (ends !== null) {
    if (ends <= issued) {
      throw new RangeError('expires must be later than now: nobody would accept this card')
    }
    payload.set(5, ends)
  }
  const content = { kind: 'identity', headers: new Map(), payload: encodeCbor(payload) } as const
  const card = encodeCbor(await sign([keyOwner], content, signal))
  const identity = makeIdentity(signing, encryption, card, { issued, expires: ends })
  return Object.freeze({ public: identity, signer, decapsulator })
}

/**
 * The bytes of an identity card: what a person hands out.
 *
 * @param identity - A public identity, not an unverified one.
 * @returns The signed card; about 1.4 kB with X-Wing and Ed25519.
 * @throws {@link TypeError} if the identity has no card.
 */
export function encodePublicIdentity(identity: PublicIdentity): Uint8Array {
  if (!isIdentity(identity) || identity.card.length === 0) {
    throw new TypeError(
      'identity must come from generateIdentity, createIdentity or decodePublicIdentity',
    )
  }
  return identity.card.slice()
}

/**
 * Takes an identity card and verifies its signature. Who hands you the card, and whether that is the
 * person, is for you or a key directory to know: anyone can make a card for any name.
 *
 * @param bytes - The signed card.
 * @param options - Accepted algorithms; X-Wing and Ed25519 unless given.
 * @returns The identity; content can be sealed to it.
 * @throws {@link KeyMalformed} if the bytes are no card.
 * @throws {@link AlgorithmUnsupported} if a key is of another algorithm; names the constant to import.
 * @throws {@link IdentityInvalid} if the signature does not verify.
 * @example
 * A card that came by mail.
 * ```ts
 * import { decodePublicIdentity, encodePublicIdentity, generateIdentity } from 'careseal/keys'
 *
 * const card = encodePublicIdentity((await generateIdentity()).public)
 * const reader = await decodePublicIdentity(card)
 * console.log(reader.did)
 * ```
 */
export async function decodePublicIdentity(
  bytes: Uint8Array,
  options: DecodeIdentityOptions = {},
): Promise<PublicIdentity> {
  const card = bytesArgument(bytes, 'bytes').slice()
  const { algorithms = [xWing, ed25519] } = optionsOf(options)
  const signed = receiveSigned(
    decodeStrict(card, malformed, tags),
    { kind: 'identity', labels: [] },
    malformed,
  )
  const payload = decodeStrict(signed.payload, malformed)
  const { signing, encryption, issued, expires } = readPayload(payload, algorithms)
  if (signed.kids.length !== 1 || !equalBytes(signed.kids[0]!, signing.id)) {
    throw malformed('signed by another key than the one it shows', 0)
  }
  if (!(await verifySigned(signed, [signing]))) {
    throw new IdentityInvalid(
      'The signature of this identity card does not verify. Ask its owner for it again.',
    )
  }
  return makeIdentity(signing, encryption, card, { issued, expires })
}

/**
 * Puts an identity together by hand, without a card: nobody has signed that the two keys belong together.
 * Only for keys that reached you on a way you trust.
 *
 * @param keys - The signing and the encryption key.
 * @returns An identity that content can be sealed to.
 */
export function unverifiedIdentity(keys: {
  readonly signing: SignaturePublicKey
  readonly encryption: KemPublicKey
}): PublicIdentity {
  const signing = publicKeyArgument(keys.signing, 'signature', 'signing')
  const encryption = publicKeyArgument(keys.encryption, 'kem', 'encryption')
  return makeIdentity(signing, encryption, new Uint8Array(0), { issued: null, expires: null })
}

function makeIdentity(
  signing: SignaturePublicKey,
  encryption: KemPublicKey,
  card: Uint8Array,
  times: { readonly issued: number | null; readonly expires: number | null },
): PublicIdentity {
  const { issued, expires } = times
  const parts = { did: didOf(signing), signing, encryption, card }
  const identity = Object.freeze(withTimes(parts, { issued, expires }))
  registerIdentity(identity)
  return identity
}

function readPayload(
  payload: CborValue,
  algorithms: readonly (KemAlgorithm | SignatureAlgorithm)[],
): {
  signing: SignaturePublicKey
  encryption: KemPublicKey
  issued: number
  expires: number | null
} {
  if (!(payload instanceof Map)) throw malformed('its content is no map', 0)
  const map = payload as CborMap
  const [signing, encryption, issued, expires] = [map.get(2), map.get(3), map.get(4), map.get(5)]
  const ends = expires === undefined ? 0 : 1
  if (map.get(1) !== cardVersion || map.size !== 4 + ends) {
    throw malformed('an unknown version or unknown members', 0)
  }
  if (!(signing instanceof Map) || !(encryption instanceof Map))
    throw malformed('without its keys', 0)
  if (!isTime(issued) || (ends === 1 && !isTime(expires))) throw malformed('without its dates', 0)
  return {
    signing: exactKey(signing as CborMap, algorithms, 'signature') as SignaturePublicKey,
    encryption: exactKey(encryption as CborMap, algorithms, 'kem') as KemPublicKey,
    issued,
    expires: isTime(expires) ? expires : null,
  }
}

/** Whole seconds since 1970, an unsigned integer (docs/formats.md §0). */
function isTime(value: CborValue | undefined): value is number {
  return typeof value === 'number' && value >= 0
}

/** A COSE_Key that holds the thumbprint members and nothing else. */
function exactKey(
  map: CborMap,
  algorithms: readonly (KemAlgorithm | SignatureAlgorithm)[],
  kind: 'kem' | 'signature',
): KemPublicKey | SignaturePublicKey {
  const { kty, curve, bytes } = readCoseKey(map)
  const usable = algorithms.filter((algorithm) => algorithm.kind === kind)
  const fitting = acceptAlgorithm((shape) => shape.kty === kty && shape.curve === curve, usable)
  const key = importPublicKey(fitting, bytes)
  if (map.size !== coseKeyOf(key.algorithm, key.bytes).size) {
    throw malformed('a key with members beside its thumbprint', 0)
  }
  return key as KemPublicKey | SignaturePublicKey
}
