import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type CborValue, decodeStrict, encodeCbor, Tagged } from '../../src/internal/cbor/index.ts'
import { es256, generateKey } from '../../src/keys/index.ts'
import { toCoseReceipt, verifyCoseReceipt } from '../../src/log/index.ts'
import { toHex } from '../helpers/bytes.ts'
import { describeVectors, vectorBytes } from '../helpers/vectors.ts'
import { codeOf, logOf, origin, signerOf } from './helpers/logs.ts'
import { entry, leaf, mth, sha256 } from './helpers/reference.ts'

const fail = (problem: string): Error => new Error(problem)

async function receiptOf(index: number): Promise<{ receipt: Uint8Array; commitment: Uint8Array }> {
  const { log } = await logOf(10)
  const commitment = entry(index - 1)
  const signer = await signerOf(1)
  const receipt = await toCoseReceipt(await log.proveInclusion(index), { commitment, signer })
  return { receipt, commitment }
}

describe('COSE Receipts', () => {
  it('prove what the tlog-proof proves', async () => {
    const { receipt, commitment } = await receiptOf(4)
    const key = (await signerOf(1)).publicKey
    const verified = await verifyCoseReceipt(receipt, { commitment, key })
    const genesis = sha256(new TextEncoder().encode(`careseal/genesis/1${origin}`))
    const leaves = [genesis, ...Array.from({ length: 10 }, (_, i) => entry(i))].map(leaf)
    expect(verified).toEqual({
      issuer: origin,
      root: mth(leaves),
      unverified: { index: 4, size: 11 },
    })
  })

  it('are what RFC 9942 describes', async () => {
    const { receipt } = await receiptOf(4)
    const { tag, value } = decodeStrict(receipt, fail, [18]) as Tagged
    expect(tag).toBe(18)
    const [headers, unprotected, payload, signature] = value as [
      Uint8Array,
      Map<number, CborValue>,
      null,
      Uint8Array,
    ]
    const key = (await signerOf(1)).publicKey
    expect(decodeStrict(headers, fail)).toEqual(
      new Map<number, CborValue>([
        [1, -19],
        [4, key.id],
        [15, new Map([[1, origin]])],
        [395, 1],
      ]),
    )
    expect(payload).toBeNull()
    const [proof] = (unprotected.get(396) as Map<number, Uint8Array[]>).get(-1)!
    const [size, index, path] = decodeStrict(proof!, fail) as [number, number, Uint8Array[]]
    expect([size, index, path.length]).toEqual([11, 4, 4])
    const genesis = sha256(new TextEncoder().encode(`careseal/genesis/1${origin}`))
    const root = mth([genesis, ...Array.from({ length: 10 }, (_, i) => entry(i))].map(leaf))
    const x = Buffer.from(key.bytes).toString('base64url')
    const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } })
    const message = encodeCbor(['Signature1', headers, new Uint8Array(0), root])
    expect(verify(null, message, publicKey, signature)).toBe(true)
  })

  it('fail whichever bit is changed', async () => {
    const { receipt, commitment } = await receiptOf(4)
    const key = (await signerOf(1)).publicKey
    for (let at = 0; at < receipt.length; at++) {
      const changed = receipt.slice()
      changed[at]! ^= 1 << (at % 8)
      const code = await codeOf(verifyCoseReceipt(changed, { commitment, key }))
      expect(['ERR_PROOF_INVALID', 'ERR_PROOF_MALFORMED'], `byte ${at}`).toContain(code)
      const cut = verifyCoseReceipt(receipt.slice(0, at), { commitment, key })
      expect(await codeOf(cut)).toBe('ERR_PROOF_MALFORMED')
    }
    const other = await signerOf(2)
    const { publicKey } = await generateKey(es256)
    for (const options of [
      { commitment: entry(9), key },
      { commitment, key: other.publicKey },
      { commitment, key: publicKey },
    ]) {
      expect(await codeOf(verifyCoseReceipt(receipt, options))).toBe('ERR_PROOF_INVALID')
    }
    const huge = verifyCoseReceipt(new Uint8Array(70_000), { commitment, key })
    expect(await codeOf(huge)).toBe('ERR_PROOF_MALFORMED')
    await expect(verifyCoseReceipt('x' as never, { commitment, key })).rejects.toThrow(TypeError)
    await expect(verifyCoseReceipt(receipt, { commitment, key: {} as never })).rejects.toThrow(
      TypeError,
    )
  })

  it('of other shapes are refused', async () => {
    const { receipt, commitment } = await receiptOf(4)
    const key = (await signerOf(1)).publicKey
    const parts = (decodeStrict(receipt, fail, [18]) as Tagged).value as CborValue[]
    const [headers, unprotected, , signature] = parts as [
      Uint8Array,
      Map<number, Map<number, Uint8Array[]>>,
      null,
      Uint8Array,
    ]
    const [proof] = unprotected.get(396)!.get(-1)!
    const [size, index, path] = decodeStrict(proof!, fail) as [number, number, Uint8Array[]]
    const known = decodeStrict(headers, fail) as Map<number, CborValue>
    const vdp = (proofs: CborValue): CborValue => new Map([[396, new Map([[-1, proofs]])]])
    const withHeader = (label: number, value: CborValue | undefined): Uint8Array => {
      const map = new Map(known)
      if (value === undefined) map.delete(label)
      else map.set(label, value)
      return encodeCbor(map)
    }
    const shapes: Record<string, CborValue> = {
      untagged: parts,
      'three parts': parts.slice(0, 3),
      'headers that are no bytes': ['headers', unprotected, null, signature],
      'a signature that is no bytes': [headers, unprotected, null, 'signature'],
      'two proofs': [headers, vdp([proof!, proof!]), null, signature],
      'no proof': [headers, vdp([]), null, signature],
      'no proofs': [headers, new Map(), null, signature],
      'a proof that is no bytes': [headers, vdp([[size, index, path]]), null, signature],
      'a proof with more': [headers, vdp([encodeCbor([size, index, path, 0])]), null, signature],
      'a short hash': [
        headers,
        vdp([encodeCbor([size, index, [path[0]!.slice(1)]])]),
        null,
        signature,
      ],
      'a negative index': [headers, vdp([encodeCbor([size, -1, path])]), null, signature],
      'a size beyond 2^53': [headers, vdp([encodeCbor([2n ** 60n, index, path])]), null, signature],
      'another tree': [withHeader(395, 2), unprotected, null, signature],
      'no tree': [withHeader(395, undefined), unprotected, null, signature],
      'no algorithm': [withHeader(1, undefined), unprotected, null, signature],
      critical: [withHeader(2, [395]), unprotected, null, signature],
      'another payload': [headers, unprotected, entry(1), signature],
      'a payload of text': [headers, unprotected, 'root', signature],
    }
    for (const [name, shape] of Object.entries(shapes)) {
      const bytes = encodeCbor(name === 'untagged' ? shape : new Tagged(18, shape))
      const code = await codeOf(verifyCoseReceipt(bytes, { commitment, key }))
      // A COSE_Sign1 without its tag is one all the same (RFC 9052 §2).
      if (name === 'untagged') expect(code).toBe('resolved')
      else expect(['ERR_PROOF_INVALID', 'ERR_PROOF_MALFORMED'], name).toContain(code)
    }
    const root = (await verifyCoseReceipt(receipt, { commitment, key })).root
    const attached = encodeCbor(new Tagged(18, [headers, unprotected, root, signature]))
    expect((await verifyCoseReceipt(attached, { commitment, key })).unverified.index).toBe(4)
  })

  it('are made by the key of the log only, for what it has signed already', async () => {
    const { log } = await logOf(10)
    const proof = await log.proveInclusion(4)
    const commitment = entry(3)
    const [own, other] = [await signerOf(1), await signerOf(2)]
    for (const [text, options] of [
      [proof, { commitment, signer: other }],
      [proof, { commitment: entry(4), signer: own }],
      [proof.replace('\n11\n', '\n12\n'), { commitment, signer: own }],
    ] as const) {
      expect(await codeOf(toCoseReceipt(text, options))).toBe('ERR_PROOF_INVALID')
    }
    const { log: empty } = await logOf(0)
    const genesis: Uint8Array[] = []
    for await (const one of empty.read(0, 1)) genesis.push(one)
    const alone = toCoseReceipt(await empty.proveInclusion(0), {
      commitment: genesis[0]!,
      signer: await signerOf(1),
    })
    await expect(alone).rejects.toThrow(RangeError)
  })
})

describeVectors('COSE Receipt of RFC 9942', () => {
  it('is read, and refused for what it was not made for', async () => {
    const bytes = vectorBytes('cose-receipts/examples/inclusion-receipt.cbor')
    const { publicKey } = await generateKey(es256)
    const code = await codeOf(verifyCoseReceipt(bytes, { commitment: entry(1), key: publicKey }))
    expect(code).toBe('ERR_PROOF_INVALID')
    expect(toHex(bytes).length).toBe(500)
    const consistency = vectorBytes('cose-receipts/examples/consistency-receipt.cbor')
    const other = await codeOf(
      verifyCoseReceipt(consistency, { commitment: entry(1), key: publicKey }),
    )
    expect(other).toBe('ERR_PROOF_MALFORMED')
  })
})
