import { encapsulatorOf, internalsOf } from '../../src/internal/algorithm.ts'
import {
  type CborKey,
  type CborMap,
  type CborValue,
  decodeForeign,
  encodeCbor,
  Tagged,
} from '../../src/internal/cbor/index.ts'
import { wrapKey } from '../../src/internal/engine/aesKw.ts'
import { chacha } from '../../src/internal/engine/chacha.ts'
import { gcm } from '../../src/internal/engine/gcm.ts'
import { hkdf } from '../../src/internal/engine/hash.ts'
import { hpkeSeal } from '../../src/internal/hpke/index.ts'
import type { KemPublicKey } from '../../src/keys/index.ts'
import { utf8 } from './bytes.ts'
import { refused } from './cbor.ts'

type Headers = readonly (readonly [CborKey, CborValue])[]

/** One reader's entry, made by hand; what is not given is as it should be. */
export interface CraftedEntry {
  readonly key: KemPublicKey
  /** The key that is wrapped; that of the envelope unless given. */
  readonly contentKey?: Uint8Array
  /** The algorithm that the info of HPKE names as that of the next layer. */
  readonly nextAlg?: number
  /** Further or other protected headers; a value of `undefined` leaves one out. */
  readonly headers?: readonly (readonly [CborKey, CborValue | undefined])[]
  /** Further or other unprotected headers. */
  readonly unprotected?: Headers
}

/** An envelope made by hand; what is not given is as it should be. */
export interface Crafted {
  readonly entries: readonly CraftedEntry[]
  readonly plaintext?: Uint8Array
  readonly contentKey?: Uint8Array
  readonly iv?: Uint8Array
  readonly envelopeId?: Uint8Array
  readonly alg?: 3 | 24
  readonly externalAad?: Uint8Array
  /** Further or other protected headers; a value of `undefined` leaves one out. */
  readonly headers?: readonly (readonly [CborKey, CborValue | undefined])[]
  readonly unprotected?: Headers
  /** The ciphertext, instead of sealing `plaintext`. */
  readonly ciphertext?: Uint8Array
  /** The protected header as it is, instead of encoding the headers. */
  readonly protectedBytes?: Uint8Array
}

/** Unsigned content as it stands inside an envelope. */
export function unsigned(content: Uint8Array, mediaType = 'text/plain'): Uint8Array {
  return encodeCbor(['careseal/unsigned/1', mediaType, content])
}

function mapOf(
  basic: Headers,
  changes: readonly (readonly [CborKey, CborValue | undefined])[] = [],
): CborMap {
  const map = new Map<CborKey, CborValue>(basic)
  for (const [label, value] of changes) {
    if (value === undefined) map.delete(label)
    else map.set(label, value)
  }
  return map
}

/** The commitment of docs/formats.md §2, written out again. */
export function commitmentOf(key: Uint8Array, id: Uint8Array, iv: Uint8Array): Uint8Array {
  return hkdf(key, id, 32, utf8('careseal/envelope/commit/1'), iv)
}

/** One reader's entry as CBOR. */
export async function craftEntry(
  entry: CraftedEntry,
  contentKey: Uint8Array,
  alg: number,
): Promise<CborValue> {
  const { coseAlg, suite } = internalsOf(entry.key.algorithm)
  const header = encodeCbor(
    mapOf(
      [
        [1, coseAlg],
        [4, entry.key.id],
      ],
      entry.headers,
    ),
  )
  const info = encodeCbor(['HPKE Recipient', entry.nextAlg ?? alg, header, new Uint8Array(0)])
  const secret = entry.contentKey ?? contentKey
  const sealed = await hpkeSeal(suite, encapsulatorOf(entry.key), info, secret)
  const unprotected = mapOf([[-4, sealed!.encapsulation]], entry.unprotected)
  return [header, unprotected, sealed!.ciphertext]
}

/** A batch entry as CBOR: the content key under a batch key, and that under the reader's. */
export async function craftBatchEntry(
  entry: CraftedEntry,
  contentKey: Uint8Array,
  batchKey: Uint8Array,
): Promise<CborValue> {
  const inner = await craftEntry({ ...entry, nextAlg: entry.nextAlg ?? -5 }, batchKey, -5)
  const wrapped = wrapKey(batchKey, entry.contentKey ?? contentKey)
  return [new Uint8Array(0), new Map([[1, -5]]), wrapped, [inner]]
}

/** An envelope with every part under the test's control. */
export async function craft(options: Crafted): Promise<Uint8Array> {
  const {
    entries,
    plaintext = unsigned(utf8('crafted')),
    contentKey = new Uint8Array(32).fill(0x11),
    iv = new Uint8Array(12).fill(0x22),
    envelopeId = new Uint8Array(32).fill(0x33),
    alg = 3,
    externalAad = new Uint8Array(0),
  } = options
  const basic: Headers = [
    [1, alg],
    [-77001, envelopeId],
    [-77002, commitmentOf(contentKey, envelopeId, iv)],
  ]
  const header = options.protectedBytes ?? encodeCbor(mapOf(basic, options.headers))
  const aad = encodeCbor(['Encrypt', header, externalAad])
  const aead = alg === 3 ? gcm : chacha
  const ciphertext = options.ciphertext ?? (await aead.seal(contentKey, iv, aad, plaintext))
  const recipients: CborValue[] = []
  for (const entry of entries) recipients.push(await craftEntry(entry, contentKey, alg))
  const unprotected = mapOf([[5, iv]], options.unprotected)
  return encodeCbor(new Tagged(96, [header, unprotected, ciphertext, recipients]))
}

/** The four parts of an envelope, to change and put together again. */
export interface Parts {
  header: Uint8Array
  unprotected: Map<CborKey, CborValue>
  ciphertext: CborValue
  recipients: CborValue[]
}

/** Takes an envelope apart. */
export function partsOf(envelope: Uint8Array): Parts {
  const message = decodeForeign(envelope, refused, [96]) as Tagged
  const [header, unprotected, ciphertext, recipients] = message.value as CborValue[]
  return {
    header: header as Uint8Array,
    unprotected: new Map(unprotected as CborMap),
    ciphertext: ciphertext!,
    recipients: [...(recipients as CborValue[])],
  }
}

/** Puts parts together again; deterministic encoding. */
export function assemble({ header, unprotected, ciphertext, recipients }: Parts): Uint8Array {
  return encodeCbor(new Tagged(96, [header, unprotected, ciphertext, recipients]))
}
