import { AlgorithmUnsupported } from '../errors.ts'
import { internalsOf } from '../internal/algorithm.ts'
import { concat } from '../internal/bytes.ts'
import { signBytes } from '../internal/cose/signer.ts'
import { optionsOf } from '../internal/options.ts'
import { toSeconds } from '../internal/time.ts'
import type { CallOptions, Signer } from '../keys/index.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { cosignedMessage } from './cosignature.ts'
import { formatLine, isKeyName } from './note.ts'
import { keyIdOf, typeCosignature } from './verifierKey.ts'

/** Options of {@link cosign}. */
export interface CosignOptions extends CallOptions {
  /** Name of the witness: a schema-less URL, such as `witness.example/w1`. */
  readonly name: string
  /** The key of the witness, Ed25519; used for no other witness. */
  readonly signer: Signer
  /** The time that is stated; left out: now. */
  readonly now?: Date | undefined
}

/**
 * Adds the cosignature of a witness to a checkpoint. It states that, of all checkpoints of this log the witness
 * has seen, this is the largest and continues all others: verify that, and store the checkpoint, before.
 *
 * @param checkpoint - The signed checkpoint.
 * @param options - Name and key of the witness.
 * @returns The checkpoint with one line more; what was added is what follows the old length.
 * @throws {@link ProofMalformed} if it is no checkpoint.
 * @throws {@link AlgorithmUnsupported} if the key is not Ed25519.
 * @throws {@link RangeError} if the name is no key name.
 * @throws {@link KeyUnavailable} if the key's home does not answer.
 * @example
 * A witness that saw one checkpoint.
 * ```ts
 * import { ed25519, generateKey } from 'careseal/keys'
 * import { cosign, openLog, parseCheckpoint } from 'careseal/log'
 * import { memoryStore } from 'careseal/store'
 *
 * const signer = await generateKey(ed25519)
 * const log = await openLog({ origin: 'clinic.example/log', signer, store: memoryStore() })
 * const witness = await generateKey(ed25519)
 * const cosigned = await cosign(await log.checkpoint(), { name: 'witness.example', signer: witness })
 * console.log(parseCheckpoint(cosigned).signatures.length) // 2
 * ```
 * @see https://c2sp.org/tlog-cosignature
 */
export async function cosign(checkpoint: string, options: CosignOptions): Promise<string> {
  const { name, signer, now = new Date(), signal } = optionsOf(options)
  const { text } = parseCheckpoint(checkpoint)
  if (!isKeyName(name))
    throw new RangeError('name must not be empty and have no spaces and no plus')
  requireEd25519(signer)
  const time = toSeconds(now, 'now')
  const stamp = new Uint8Array(8)
  new DataView(stamp.buffer).setUint32(0, Math.floor(time / 0x100000000))
  new DataView(stamp.buffer).setUint32(4, time % 0x100000000)
  const keyId = keyIdOf(name, typeCosignature, signer.publicKey.bytes)
  const signature = await signBytes(signer, cosignedMessage(text, time), signal)
  return checkpoint + formatLine({ name, keyId, signature: concat(stamp, signature) })
}

/** Notes of logs and witnesses are signed with Ed25519 here. */
export function requireEd25519(signer: Signer): void {
  if (typeof signer?.sign !== 'function' || signer.publicKey === undefined) {
    throw new TypeError('signer must be a signer, such as generateKey(ed25519)')
  }
  if (internalsOf(signer.publicKey.algorithm).constant !== 'ed25519') {
    throw new AlgorithmUnsupported(
      `Checkpoints are signed with Ed25519, this key is ${signer.publicKey.algorithm.name}. Import ed25519 from careseal/keys and generate one.`,
    )
  }
}
