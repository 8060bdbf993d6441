import { internalsOf } from '../../src/internal/algorithm.ts'
import { compareBytes } from '../../src/internal/bytes.ts'
import {
  type CborKey,
  type CborMap,
  type CborValue,
  encodeCbor,
  Tagged,
} from '../../src/internal/cbor/index.ts'
import type { Signer } from '../../src/keys/index.ts'

type Changes = readonly (readonly [CborKey, CborValue | undefined])[]

/** A signed object made by hand; what is not given is as it should be in an envelope. */
export interface CraftedSigned {
  readonly signer: Signer
  readonly payload: Uint8Array
  readonly typ?: string
  readonly envelopeId?: Uint8Array
  readonly audience?: CborValue
  readonly externalAad?: Uint8Array
  /** Further or other protected headers; `undefined` leaves one out. */
  readonly headers?: Changes
  readonly unprotected?: CborMap
  /** The payload that stands in the object; the signed one unless given. */
  readonly shown?: CborValue
  readonly tag?: number
  /** Changes the signature after signing. */
  readonly signature?: (signature: Uint8Array) => CborValue
}

const same = <T>(value: T): T => value

function mapOf(basic: readonly (readonly [CborKey, CborValue])[], changes: Changes = []): CborMap {
  const map = new Map<CborKey, CborValue>(basic)
  for (const [label, value] of changes) {
    if (value === undefined) map.delete(label)
    else map.set(label, value)
  }
  return map
}

const contentHeaders = (crafted: Omit<CraftedSigned, 'signer'>): [CborKey, CborValue][] => [
  [3, 'text/plain'],
  [16, crafted.typ ?? 'application/careseal-content+cose'],
  [-77001, crafted.envelopeId ?? new Uint8Array(32).fill(0x33)],
  [-77003, crafted.audience ?? null],
]

const shownOf = ({ shown, payload }: Pick<CraftedSigned, 'shown' | 'payload'>): CborValue =>
  shown === undefined ? payload : shown

/** A COSE_Sign1 (RFC 9052 §4.2) as CBOR. */
export async function craftSign1(crafted: CraftedSigned): Promise<Uint8Array> {
  const { signer, payload, externalAad = new Uint8Array(0), signature = same } = crafted
  const { publicKey } = signer
  const own: [CborKey, CborValue][] = [
    [1, internalsOf(publicKey.algorithm).coseAlg],
    [4, publicKey.id],
  ]
  const header = encodeCbor(mapOf([...own, ...contentHeaders(crafted)], crafted.headers))
  const made = await signer.sign(encodeCbor(['Signature1', header, externalAad, payload]))
  const parts = [header, crafted.unprotected ?? new Map(), shownOf(crafted), signature(made)]
  return encodeCbor(new Tagged(crafted.tag ?? 18, parts))
}

/** What a test changes in a COSE_Sign. */
export interface CraftedMany extends Omit<CraftedSigned, 'signer' | 'signature' | 'tag'> {
  readonly signers: readonly Signer[]
  /** The listed key ids; those of the signers unless given. */
  readonly kids?: CborValue
  /** Changes the list of signatures. */
  readonly signatures?: (signatures: readonly CborValue[]) => CborValue
  readonly signatureHeaders?: Changes
  readonly signatureUnprotected?: CborMap
}

/** A COSE_Sign (RFC 9052 §4.1) as CBOR. */
export async function craftSign(crafted: CraftedMany): Promise<Uint8Array> {
  const { payload, externalAad = new Uint8Array(0), signatures = same } = crafted
  const signers = [...crafted.signers].sort((a, b) => compareBytes(a.publicKey.id, b.publicKey.id))
  const kids = crafted.kids ?? signers.map(({ publicKey }) => publicKey.id)
  const basic = [...contentHeaders(crafted), [-77004, kids] as [CborKey, CborValue]]
  const header = encodeCbor(mapOf(basic, crafted.headers))
  const made: CborValue[] = []
  for (const signer of signers) {
    const { coseAlg } = internalsOf(signer.publicKey.algorithm)
    const own = encodeCbor(
      mapOf(
        [
          [1, coseAlg],
          [4, signer.publicKey.id],
        ],
        crafted.signatureHeaders,
      ),
    )
    const message = encodeCbor(['Signature', header, own, externalAad, payload])
    made.push([own, crafted.signatureUnprotected ?? new Map(), await signer.sign(message)])
  }
  const parts = [header, crafted.unprotected ?? new Map(), shownOf(crafted), signatures(made)]
  return encodeCbor(new Tagged(98, parts))
}
