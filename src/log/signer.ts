import { signBytes } from '../internal/cose/signer.ts'
import { ed25519Verifier, type SignatureVerifier } from '../internal/engine/ed25519Verify.ts'
import { encodeUtf8 } from '../internal/utf8.ts'
import type { Signer } from '../keys/index.ts'
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { requireEd25519 } from './cosign.ts'
import { formatNote, isKeyName } from './note.ts'
import { formatVerifierKey, keyIdOf, typeEd25519 } from './verifierKey.ts'

/** Longer origins have no place in what witnesses sign (c2sp.org/tlog-cosignature, log_origin). */
const maximumOrigin = 255

/** The name and key of one log: signs its checkpoints and knows them again. */
export class LogSigner {
  readonly origin: string
  readonly verifierKey: string
  readonly #signer: Signer
  readonly #keyId: number
  readonly #verifier: SignatureVerifier

  constructor(origin: string, signer: Signer) {
    if (!isKeyName(origin) || encodeUtf8(origin).length > maximumOrigin) {
      throw new RangeError(
        'origin must be 1 to 255 bytes without spaces and plus, such as clinic.example/log',
      )
    }
    // It is a name for ever, and C2SP has it without one.
    if (origin.includes('://')) {
      throw new RangeError('origin must be without a scheme, such as clinic.example/log')
    }
    requireEd25519(signer)
    const publicKey = signer.publicKey.bytes
    this.origin = origin
    this.#signer = signer
    this.#keyId = keyIdOf(origin, typeEd25519, publicKey)
    this.#verifier = ed25519Verifier(publicKey)
    this.verifierKey = formatVerifierKey({ name: origin, type: typeEd25519, publicKey })
  }

  /** The signed checkpoint of a size and root. */
  async sign(size: number, root: Uint8Array, signal?: AbortSignal): Promise<string> {
    const text = formatCheckpoint({ origin: this.origin, size, root })
    const signature = await signBytes(this.#signer, encodeUtf8(text), signal)
    return formatNote({ text, signatures: [{ name: this.origin, keyId: this.#keyId, signature }] })
  }

  /** Whether a checkpoint has the origin and a signature of this log. */
  async signed({ origin, text, signatures }: Checkpoint): Promise<boolean> {
    if (origin !== this.origin) return false
    for (const { name, keyId, signature } of signatures) {
      if (name !== origin || keyId !== this.#keyId) continue
      if (await this.#verifier.verify(encodeUtf8(text), signature)) return true
    }
    return false
  }

  /** What a published note says, if it is a checkpoint that this log has signed; `null` for anything else. */
  async recognize(note: string | null): Promise<Checkpoint | null> {
    try {
      const checkpoint = note === null ? null : parseCheckpoint(note)
      return checkpoint !== null && (await this.signed(checkpoint)) ? checkpoint : null
    } catch {
      return null
    }
  }
}
