import { EnvelopeOpenFailed, KeyUnavailable } from '../errors.ts'
import { callKey, throwIfAborted } from '../internal/abort.ts'
import { setAgreement } from '../internal/agreement.ts'
import { internalsOf, type KemAlgorithm } from '../internal/algorithm.ts'
import { bytesArgument, concat, equalBytes, isBytes, wipe } from '../internal/bytes.ts'
import { optionsOf } from '../internal/options.ts'
import { checkPublicKey } from '../internal/publicKey.ts'
import type { CallOptions, Decapsulator } from './types.ts'

/** One half of a key that lives elsewhere: its public bytes, and the one operation that its home runs. */
export interface RemoteHalf {
  /** Name of the caller's function, for messages. */
  readonly name: string
  readonly publicKey: Uint8Array
  ask(input: Uint8Array, options: CallOptions): Promise<Uint8Array>
}

/** Bytes of a raw shared secret of ECDH on P-256 (x coordinate), X25519 and ML-KEM-768. */
const secretSize = 32

/** A decapsulator over raw operations that run elsewhere. Without `lattice` the KEM is a plain DHKEM. */
export function remoteKem(
  algorithm: KemAlgorithm,
  lattice: RemoteHalf | null,
  group: RemoteHalf,
): Decapsulator {
  const { kem } = internalsOf(algorithm).suite
  const { latticeCiphertextSize, combine } = kem.parts
  const groupPublic = group.publicKey.slice()
  const publicKey = checkPublicKey(
    algorithm,
    concat(lattice?.publicKey ?? new Uint8Array(0), groupPublic),
  )
  const key: Decapsulator = Object.freeze({
    publicKey,
    async decapsulate(encapsulation: Uint8Array, options: CallOptions = {}) {
      const { signal } = optionsOf(options)
      throwIfAborted(signal)
      const bytes = bytesArgument(encapsulation, 'encapsulation', kem.encapsulationSize).slice()
      // Points off the curve or of small order tell an attacker about the key (RFC 9180 §7.1.4): no home sees one.
      if (!kem.isEncapsulation(bytes)) throw new EnvelopeOpenFailed()
      const groupCiphertext = bytes.slice(latticeCiphertextSize)
      const dh = await ask(group, groupCiphertext.slice(), signal)
      try {
        // The check of RFC 7748 §6.1, for a home that does not make it.
        if (equalBytes(dh, new Uint8Array(secretSize))) throw new EnvelopeOpenFailed()
        const inner =
          lattice === null
            ? new Uint8Array(0)
            : await ask(lattice, bytes.slice(0, latticeCiphertextSize), signal)
        return combine(inner, dh, groupCiphertext, groupPublic)
      } finally {
        wipe(dh)
      }
    },
  })
  // What plain ECDH opens beside our envelopes: JWE, age.
  if (lattice === null) {
    setAgreement(key, async (peer, { signal }) => {
      if (!kem.isPublicKey(peer)) return null
      const dh = await ask(group, peer.slice(), signal)
      return equalBytes(dh, new Uint8Array(secretSize)) ? null : dh
    })
  }
  return key
}

/** Runs one operation of a home. What it answers is checked, copied and overwritten, also if nobody waits any more. */
function ask(
  half: RemoteHalf,
  input: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  return callKey('Decapsulation', signal, async () => {
    const answer: unknown = await half.ask(input, { signal })
    if (!isBytes(answer) || answer.length !== secretSize) {
      wipe(isBytes(answer) ? answer : null)
      const problem = `${half.name} must resolve to a Uint8Array of ${secretSize} bytes, the raw shared secret`
      throw new KeyUnavailable(problem, new TypeError(problem))
    }
    const secret = new Uint8Array(answer)
    wipe(answer)
    return secret
  })
}
