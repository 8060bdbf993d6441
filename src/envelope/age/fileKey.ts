import {
  AlgorithmUnsupported,
  EnvelopeOpenFailed,
  EnvelopeRecipientNotFound,
  isCaresealError,
} from '../../errors.ts'
import { throwIfAborted } from '../../internal/abort.ts'
import { internalsOf } from '../../internal/algorithm.ts'
import { concat, equalBytes, wipe } from '../../internal/bytes.ts'
import { chacha } from '../../internal/engine/chacha.ts'
import { hkdf, hmacSha256 } from '../../internal/engine/hash.ts'
import { type ReaderKey, readerKeys } from '../../internal/envelope/reader.ts'
import { hpkeOpen } from '../../internal/hpke/index.ts'
import { hkdfSha256 } from '../../internal/hpke/kdf.ts'
import { decodeRadix64 } from '../../internal/radix64.ts'
import { maximumTrials } from '../../internal/registry.ts'
import { turn } from '../../internal/turn.ts'
import { ascii } from '../../internal/utf8.ts'
import { type AgreeOptions, agreeRaw, decapsulateFor } from '../rawEcdh.ts'
import type { Reader } from '../types.ts'
import type { AgeHeader, Stanza } from './header.ts'
import { malformedAge } from './malformed.ts'
import { type Derive, deriveOf } from './passphrases.ts'
import type { AgePassphrase } from './types.ts'

/** A way to a file key: the stanzas it is for, and how one is opened; `null` where it is not this reader's. */
export interface Unwrapper {
  readonly type: string
  /** Checks a stanza before any is tried; throws for one that is not as its type demands. */
  check(stanza: Stanza): void
  unwrap(stanza: Stanza): Promise<Uint8Array | null>
}

/** KEM identifiers of HPKE. */
const x25519Kem = 0x0020
const xWingKem = 0x647a
const noNonce = new Uint8Array(12)
const empty = new Uint8Array(0)

/** Finds the reader's stanza, unwraps the file key and checks the header's MAC with it. The caller wipes the key. */
export async function unwrapFileKey(
  header: AgeHeader,
  unwrappers: readonly Unwrapper[],
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { stanzas } = header
  const types = stanzas.map(({ type }) => type)
  if (types.includes('scrypt') && types.length > 1) {
    throw malformedAge('a passphrase beside other recipients')
  }
  const attempts = unwrappers.flatMap((unwrapper) =>
    stanzas
      .filter(({ type }) => type === unwrapper.type)
      // age names no reader: each stanza costs a key agreement, and a file may have a thousand.
      .slice(0, maximumTrials)
      .map((stanza) => ({ unwrapper, stanza })),
  )
  for (const { unwrapper, stanza } of attempts) unwrapper.check(stanza)
  if (attempts.length === 0) throw noStanza(types)
  const key = await firstThatUnwraps(attempts, signal)
  const macKey = hkdf(key, empty, 32, ascii('header'))
  const authentic = equalBytes(hmacSha256(macKey, header.covered), header.mac)
  wipe(macKey)
  if (authentic) return key
  wipe(key)
  throw new EnvelopeOpenFailed()
}

async function firstThatUnwraps(
  attempts: readonly { unwrapper: Unwrapper; stanza: Stanza }[],
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  // A silent key is asked once; another one of the same reader may open all the same.
  const failed = new Map<Unwrapper, unknown>()
  for (const [i, { unwrapper, stanza }] of attempts.entries()) {
    if (failed.has(unwrapper)) continue
    // Each costs milliseconds, and a stranger chose how many there are.
    if (i > 0 && i % 4 === 0) await turn()
    throwIfAborted(signal)
    try {
      const key = await unwrapper.unwrap(stanza)
      if (key !== null) return key
    } catch (error) {
      throwIfAborted(signal)
      if (isCaresealError(error, 'ERR_ENVELOPE_OPEN_FAILED')) continue
      const mayPass =
        isCaresealError(error, 'ERR_KEY_UNAVAILABLE') ||
        isCaresealError(error, 'ERR_ALGORITHM_UNSUPPORTED') ||
        isCaresealError(error, 'ERR_KEY_DISABLED')
      if (!mayPass) throw error
      failed.set(unwrapper, error)
    }
  }
  // A retry may help where a key was silent.
  const errors = [...failed.values()]
  const silent = errors.find((error) => isCaresealError(error, 'ERR_KEY_UNAVAILABLE'))
  if (errors.length > 0) throw silent ?? errors[0]
  throw new EnvelopeRecipientNotFound(
    `None of the recipients of this age file is this key or passphrase (${maximumTrials} are tried). Ask for the one it was encrypted to, or decrypt it with age.`,
  )
}

/** The ways that a reader or a passphrase has, resolved before anything is waited for. */
export function unwrappersOf(as: Reader | AgePassphrase, options: AgreeOptions): Unwrapper[] {
  const derive = deriveOf(as)
  if (derive !== undefined) return [passphraseUnwrapper(derive, options.signal)]
  return readerKeys(as as Reader).flatMap((reader) => {
    const { id } = internalsOf(reader.publicKey.algorithm).suite.kem
    if (reader.retired !== null) return []
    if (id === x25519Kem) return [x25519Unwrapper(reader, options)]
    return id === xWingKem ? [hybridUnwrapper(reader, options.signal)] : []
  })
}

/** The X25519 recipient type: raw X25519, HKDF over share and recipient, ChaCha20-Poly1305. */
function x25519Unwrapper(reader: ReaderKey, options: AgreeOptions): Unwrapper {
  const { bytes, algorithm } = reader.publicKey
  const { kem } = internalsOf(algorithm).suite
  return {
    type: 'X25519',
    check(stanza) {
      const share = argument(stanza, 1, 0, 32)
      if (!kem.isPublicKey(share)) throw malformedAge('a share that nothing can be agreed with')
    },
    async unwrap(stanza) {
      const share = argument(stanza, 1, 0, 32)
      const shared = await agreeRaw(reader, share, options)
      const info = ascii('age-encryption.org/v1/X25519')
      const key = hkdf(shared, concat(share, bytes), 32, info)
      wipe(shared)
      return openBody(key, stanza)
    },
  }
}

/** The MLKEM768-X25519 recipient type: HPKE with X-Wing, HKDF-SHA256 and ChaCha20-Poly1305. */
function hybridUnwrapper(reader: ReaderKey, signal: AbortSignal | undefined): Unwrapper {
  const { kem } = internalsOf(reader.publicKey.algorithm).suite
  const suite = { kem, kdf: hkdfSha256, aead: chacha, aeadId: 3 }
  return {
    type: 'mlkem768x25519',
    check(stanza) {
      const share = argument(stanza, 1, 0, kem.encapsulationSize)
      if (!kem.isEncapsulation(share)) {
        throw malformedAge('an encapsulation that nothing can be agreed with')
      }
    },
    async unwrap(stanza) {
      const encapsulation = argument(stanza, 1, 0, kem.encapsulationSize)
      const shared = await decapsulateFor(reader, encapsulation, signal)
      const key = await hpkeOpen(
        suite,
        shared,
        ascii('age-encryption.org/mlkem768x25519'),
        stanza.body,
      )
      wipe(shared)
      return key
    },
  }
}

/** The scrypt recipient type; the work factor is bounded by whoever gave the passphrase. */
function passphraseUnwrapper(derive: Derive, signal: AbortSignal | undefined): Unwrapper {
  return {
    type: 'scrypt',
    check(stanza) {
      argument(stanza, 2, 0, 16)
      derive.check(stanza.parameters[1]!)
    },
    async unwrap(stanza) {
      const salt = argument(stanza, 2, 0, 16)
      const key = await derive.key(salt, Number(stanza.parameters[1]), signal)
      return openBody(key, stanza)
    },
  }
}

/** A binary argument of a stanza with exactly `count` of them; the body is checked for the size of a file key. */
function argument(stanza: Stanza, count: number, index: number, size: number): Uint8Array {
  const { parameters, body } = stanza
  const text = parameters.length === count ? parameters[index]! : ''
  const bytes = text.length > 4096 ? null : decodeRadix64(text, 'standard')
  if (bytes === null || bytes.length !== size || body.length !== 32) {
    throw malformedAge(`a stanza of type ${stanza.type} that is not as its type demands`)
  }
  return bytes
}

async function openBody(key: Uint8Array, { body }: Stanza): Promise<Uint8Array | null> {
  try {
    return await chacha.open(key, noNonce, empty, body)
  } finally {
    wipe(key)
  }
}

/** Which remedy there is where no stanza is of the reader's types. */
function noStanza(types: readonly string[]): Error {
  if (types.includes('scrypt')) {
    return new EnvelopeRecipientNotFound(
      'This age file was encrypted with a passphrase. Pass it with agePassphrase of careseal/envelope.',
    )
  }
  if (types.some((type) => type === 'X25519' || type === 'mlkem768x25519')) {
    return new EnvelopeRecipientNotFound(
      'This age file is not encrypted to a key of this type. Pass the key it was encrypted to.',
    )
  }
  const names = [...new Set(types)].slice(0, 3).map((type) => type.slice(0, 40))
  return new AlgorithmUnsupported(
    `This age file is encrypted to ${names.join(', ')} only, which careseal does not read. Decrypt it with age.`,
  )
}
