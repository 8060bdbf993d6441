import { describe, expect, it } from 'vitest'
import { type CborValue, encodeCbor } from '../../src/internal/cbor/index.ts'
import { ed25519, type LocalSigner } from '../../src/keys/index.ts'
import { decodeReceipt, encodeReceipt } from '../../src/ledger/format.ts'
import {
  type AnchorVerifier,
  explainReceipt,
  issueReceipt,
  type TrustPolicy,
  verifyReceipt,
} from '../../src/ledger/index.ts'
import { cosign, formatVerifierKey, type Log, parseLogPolicy } from '../../src/log/index.ts'
import { expectCode } from '../helpers/errors.ts'
import { signKey } from '../helpers/keys.ts'
import { testLog } from '../helpers/log.ts'

const commitment = new Uint8Array(32).fill(7)
const second = (n: number): Date => new Date(1_770_000_000_000 + n * 1000)

/** A witness of the tests: its key, and its line for a policy. */
async function witness(n: number): Promise<{ name: string; signer: LocalSigner; line: string }> {
  const signer = await signKey(ed25519, 100 + n)
  const name = `w${n}.example`
  const key = formatVerifierKey({ name, type: 4, publicKey: signer.publicKey.bytes })
  return { name, signer, line: `witness w${n} ${key}` }
}

async function entry(log: Log): Promise<{ index: number; receipt: Uint8Array }> {
  const [appended] = await log.append([commitment])
  return { index: appended!.index, receipt: await issueReceipt(appended!.index, { log }) }
}

/** Lets witnesses cosign the checkpoint of a receipt's one proof. */
async function cosigned(
  receipt: Uint8Array,
  by: readonly { name: string; signer: LocalSigner; at: Date }[],
): Promise<Uint8Array> {
  const { proofs, ...rest } = decodeReceipt(receipt)
  let proof = proofs[0]!
  for (const { name, signer, at } of by) {
    const start = proof.indexOf('\n\n') + 2
    const note = proof.slice(start)
    proof = proof.slice(0, start) + (await cosign(note, { name, signer, now: at }))
  }
  return encodeReceipt({ ...rest, proofs: [proof] })
}

describe('issuing and verifying', () => {
  it('proves an entry offline', async () => {
    const { log, trust } = await testLog()
    const { receipt } = await entry(log)
    const verified = await verifyReceipt(receipt, { commitment, trust })
    expect(verified).toMatchObject({
      origin: 'hospital.example/log',
      index: 1,
      size: 2,
      assurance: 'log-only',
      existedBefore: null,
      witnesses: [],
      anchors: [],
      unchecked: [],
    })
    expect(Object.isFrozen(verified)).toBe(true)
    const words = explainReceipt(verified)
    expect(words).toContain('Entry 1 of the log hospital.example/log')
    expect(words).toContain('could have been rolled back')
    expect(() => explainReceipt({ ...verified })).toThrow(TypeError)
  })

  it('takes an entry that is at hand instead of reading it, and is no less exact', async () => {
    const { log, trust } = await testLog()
    const { index, receipt } = await entry(log)
    expect(await issueReceipt(index, { log, commitment })).toEqual(receipt)
    const wrong = await issueReceipt(index, { log, commitment: new Uint8Array(32) })
    await expectCode(verifyReceipt(wrong, { commitment, trust }), 'ERR_RECEIPT_INVALID')
    await expectCode(
      verifyReceipt(wrong, { commitment: new Uint8Array(32), trust }),
      'ERR_RECEIPT_INVALID',
    )
    await expect(issueReceipt(99, { log })).rejects.toThrow(RangeError)
  })

  it('is refused for another commitment, another log, a log outside the policy', async () => {
    const [one, two] = [await testLog(), await testLog(undefined, 'other.example/log', 98)]
    const { receipt } = await entry(one.log)
    const other = new Uint8Array(32).fill(8)
    await expectCode(
      verifyReceipt(receipt, { commitment: other, trust: one.trust }),
      'ERR_RECEIPT_INVALID',
    )
    await expectCode(
      verifyReceipt(receipt, { commitment, trust: two.trust }),
      'ERR_RECEIPT_INVALID',
    )
    const impostor = await testLog(undefined, 'hospital.example/log', 97)
    await expectCode(
      verifyReceipt(receipt, { commitment, trust: impostor.trust }),
      'ERR_RECEIPT_INVALID',
    )
  })

  it('refuses an empty policy and arguments of the wrong type', async () => {
    const { log, trust } = await testLog()
    const { receipt } = await entry(log)
    const given = (change: object): Promise<unknown> =>
      verifyReceipt(receipt, { commitment, trust, ...change } as never)
    await expect(given({ trust: undefined })).rejects.toThrow(TypeError)
    await expect(given({ trust: {} })).rejects.toThrow(TypeError)
    await expect(given({ trust: { logs: 'quorum none' } })).rejects.toThrow(TypeError)
    await expect(given({ commitment: new Uint8Array(31) })).rejects.toThrow(RangeError)
    await expect(given({ trust: { ...trust, minimumAnchors: -1 } })).rejects.toThrow(RangeError)
    await expect(given({ trust: { ...trust, minimumWitnesses: 0.5 } })).rejects.toThrow(RangeError)
    await expect(verifyReceipt('x' as never, { commitment, trust })).rejects.toThrow(TypeError)
    await expectCode(
      given({ trust: { logs: parseLogPolicy('quorum none\n') } }),
      'ERR_RECEIPT_INVALID',
    )
  })
})

describe('the encoding', () => {
  const good = async (): Promise<{ parts: Map<number, CborValue>; trust: TrustPolicy }> => {
    const { log, trust } = await testLog()
    const { proofs } = decodeReceipt((await entry(log)).receipt)
    const anchor = new Map<number, CborValue>([
      [1, 'application/x-unknown'],
      [2, new Uint8Array(3)],
      [3, 0],
    ])
    const parts = new Map<number, CborValue>([
      [1, 1],
      [2, commitment],
      [3, proofs],
      [4, [anchor]],
    ])
    return { parts, trust }
  }
  const text = 'c2sp.org/tlog-proof@v1\n'
  const anchorWith = (key: number, value: CborValue | undefined): CborValue => {
    const map = new Map<number, CborValue>([
      [1, 'x/y'],
      [2, new Uint8Array(1)],
      [3, 0],
    ])
    if (value === undefined) map.delete(key)
    else map.set(key, value)
    return [map]
  }

  it('is accepted as it should be, evidence without a verifier counts for nothing', async () => {
    const { parts, trust } = await good()
    const verified = await verifyReceipt(encodeCbor(parts), { commitment, trust })
    expect(verified.unchecked).toEqual(['application/x-unknown'])
    expect(verified.assurance).toBe('log-only')
    expect(explainReceipt(verified)).toContain(
      'Not checked, for want of a verifier: application/x-unknown',
    )
    const demanding = { ...trust, minimumAnchors: 1 }
    await expectCode(
      verifyReceipt(encodeCbor(parts), { commitment, trust: demanding }),
      'ERR_TRUST_INSUFFICIENT',
    )
  })

  it.each([
    ['version', 1, 2],
    ['commitment length', 2, new Uint8Array(31)],
    ['commitment type', 2, 'x'],
    ['no proofs', 3, []],
    ['proofs of another type', 3, [new Uint8Array(1)]],
    ['too many proofs', 3, Array.from({ length: 17 }, () => text)],
    ['anchors', 4, null],
    ['too many anchors', 4, Array.from({ length: 65 }, () => new Map())],
    ['an anchor without members', 4, [new Map()]],
    ['media type', 4, anchorWith(1, 1)],
    ['evidence', 4, anchorWith(2, 'x')],
    ['proof index beyond the end', 4, anchorWith(3, 1)],
    ['negative proof index', 4, anchorWith(3, -1)],
    ['no proof index', 4, anchorWith(3, undefined)],
    ['a further member of an anchor', 4, anchorWith(4, 1)],
    ['a further member', 5, 1],
    ...[1, 2, 3, 4].map((key) => [`without ${key}`, key, undefined] as const),
  ] as const)('refuses a bad one: %s', async (_, key, value) => {
    const { parts, trust } = await good()
    if (value === undefined) parts.delete(key)
    else parts.set(key, value as CborValue)
    await expectCode(
      verifyReceipt(encodeCbor(parts), { commitment, trust }),
      'ERR_RECEIPT_MALFORMED',
    )
  })

  it('refuses text that is no proof', async () => {
    const { parts, trust } = await good()
    parts.set(3, ['nonsense'])
    await expectCode(verifyReceipt(encodeCbor(parts), { commitment, trust }), 'ERR_RECEIPT_INVALID')
  })

  it('refuses extra data, which nobody signs', async () => {
    const { parts, trust } = await good()
    const [proof] = parts.get(3) as string[]
    parts.set(3, [proof!.replace('\nindex', '\nextra AAAA\nindex')])
    await expectCode(verifyReceipt(encodeCbor(parts), { commitment, trust }), 'ERR_RECEIPT_INVALID')
  })
})

describe('several proofs in one receipt', () => {
  it('are of one entry, and the largest tree is reported', async () => {
    const { log, trust } = await testLog()
    const first = await entry(log)
    await log.append([new Uint8Array(32)])
    const later = await issueReceipt(first.index, { log })
    const proofs = [first.receipt, later].map((receipt) => decodeReceipt(receipt).proofs[0]!)
    const both = encodeReceipt({ commitment, proofs, anchors: [] })
    expect((await verifyReceipt(both, { commitment, trust })).size).toBe(3)
    const again = await entry(log)
    const mixed = [proofs[0]!, decodeReceipt(again.receipt).proofs[0]!]
    const other = encodeReceipt({ commitment, proofs: mixed, anchors: [] })
    await expectCode(verifyReceipt(other, { commitment, trust }), 'ERR_RECEIPT_INVALID')
  })

  it('that show two histories of one log raise an alarm', async () => {
    const [one, two] = [await testLog(), await testLog()]
    const a = await entry(one.log)
    const b = await entry(two.log)
    await one.log.append([new Uint8Array(32).fill(1)])
    await two.log.append([new Uint8Array(32).fill(2)])
    const later = [await issueReceipt(a.index, one), await issueReceipt(b.index, two)]
    const proofs = later.map((receipt) => decodeReceipt(receipt).proofs[0]!)
    const both = encodeReceipt({ commitment, proofs, anchors: [] })
    await expectCode(verifyReceipt(both, { commitment, trust: one.trust }), 'ERR_LEDGER_CONFLICT')
  })
})

describe('witnesses', () => {
  const policy = (log: Log, lines: readonly string[], quorum: string): TrustPolicy => ({
    logs: parseLogPolicy([`log ${log.verifierKey}`, ...lines, `quorum ${quorum}`, ''].join('\n')),
  })

  it('fill the quorum on one checkpoint, and date the entry', async () => {
    const { log } = await testLog()
    const [w1, w2, w3] = [await witness(1), await witness(2), await witness(3)]
    const lines = [w1.line, w2.line, w3.line, 'group two 2 w1 w2 w3']
    const trust = policy(log, lines, 'two')
    const { receipt } = await entry(log)
    await expectCode(verifyReceipt(receipt, { commitment, trust }), 'ERR_TRUST_INSUFFICIENT')
    const one = await cosigned(receipt, [{ ...w1, at: second(5) }])
    await expectCode(verifyReceipt(one, { commitment, trust }), 'ERR_TRUST_INSUFFICIENT')
    const twice = await cosigned(receipt, [
      { ...w1, at: second(5) },
      { ...w1, at: second(6) },
    ])
    await expectCode(verifyReceipt(twice, { commitment, trust }), 'ERR_TRUST_INSUFFICIENT')
    const three = await cosigned(receipt, [
      { ...w1, at: second(9) },
      { ...w2, at: second(5) },
      { ...w3, at: second(7) },
    ])
    const verified = await verifyReceipt(three, { commitment, trust })
    expect(verified.assurance).toBe('witnessed')
    expect(verified.existedBefore).toEqual(second(7))
    expect(verified.witnesses.map(({ name }) => name)).toEqual(['w1', 'w2', 'w3'])
    expect(explainReceipt(verified)).toContain('Cosigned by w1, w2, w3')
    const more = { ...trust, minimumWitnesses: 4 }
    await expectCode(verifyReceipt(three, { commitment, trust: more }), 'ERR_TRUST_INSUFFICIENT')
    await verifyReceipt(three, { commitment, trust: { ...trust, minimumWitnesses: 3 } })
  })

  it('count for nothing where the policy has no quorum', async () => {
    const { log } = await testLog()
    const w1 = await witness(1)
    const trust = policy(log, [w1.line], 'none')
    const receipt = await cosigned((await entry(log)).receipt, [{ ...w1, at: second(5) }])
    const verified = await verifyReceipt(receipt, { commitment, trust })
    expect(verified.assurance).toBe('log-only')
    expect(verified.existedBefore).toBeNull()
  })

  it('whose signature is false reject the receipt; strangers’ signatures do not', async () => {
    const { log, trust: bare } = await testLog()
    const [w1, w2] = [await witness(1), await witness(2)]
    const trust = policy(log, [w1.line, w2.line, 'group any any w1 w2'], 'any')
    const { receipt } = await entry(log)
    const signed = await cosigned(receipt, [{ ...w1, at: second(5) }])
    const bad = { ...w2, signer: w1.signer }
    const parts = decodeReceipt(signed)
    const lines = parts.proofs[0]!.split('\n')
    const last = lines.findLastIndex((line) => line.startsWith('— w1'))
    const sig = lines[last]!
    const flip = sig.slice(0, -3) + (sig.at(-3) === 'A' ? 'B' : 'A') + sig.slice(-2)
    const forged = encodeReceipt({ ...parts, proofs: [lines.with(last, flip).join('\n')] })
    await expectCode(verifyReceipt(forged, { commitment, trust }), 'ERR_RECEIPT_INVALID')
    await verifyReceipt(forged, { commitment, trust: bare })
    const stranger = await cosigned(signed, [{ ...bad, name: 'stranger.example', at: second(6) }])
    expect((await verifyReceipt(stranger, { commitment, trust })).assurance).toBe('witnessed')
  })
})

describe('anchors', () => {
  const verifier = (operator: string, time: Date | null, good = true): AnchorVerifier => ({
    mediaType: `application/x-${operator}`,
    async verify(evidence, { origin, size, root }) {
      if (!good) throw new Error('no such transaction')
      expect([evidence.length, origin, size, root.length]).toEqual([
        3,
        'hospital.example/log',
        2,
        32,
      ])
      const trusts = [{ code: 'operator', text: `${operator} is honest.` }]
      return { ledger: 'test', operator, time, trusts }
    },
  })
  const anchored = async (log: Log, operators: readonly string[]): Promise<Uint8Array> => {
    const { proofs } = decodeReceipt((await entry(log)).receipt)
    const anchors = operators.map((operator) => ({
      mediaType: `application/x-${operator}`,
      evidence: new Uint8Array(3),
      proof: 0,
    }))
    return encodeReceipt({ commitment, proofs, anchors })
  }

  it('of distinct operators count, and date the entry', async () => {
    const { log, trust } = await testLog()
    const receipt = await anchored(log, ['a', 'b', 'b'])
    const anchors = [verifier('a', second(9)), verifier('b', second(5))]
    const check = (minimumAnchors: number): ReturnType<typeof verifyReceipt> =>
      verifyReceipt(receipt, { commitment, trust: { ...trust, anchors, minimumAnchors } })
    expect((await check(0)).existedBefore).toEqual(second(5))
    expect((await check(1)).existedBefore).toEqual(second(5))
    const both = await check(2)
    expect(both.existedBefore).toEqual(second(9))
    expect(both.assurance).toBe('anchored')
    expect(explainReceipt(both)).toContain('a is honest.')
    await expectCode(check(3), 'ERR_TRUST_INSUFFICIENT')
  })

  it('without a time say nothing about time', async () => {
    const { log, trust } = await testLog()
    const receipt = await anchored(log, ['a'])
    const verified = await verifyReceipt(receipt, {
      commitment,
      trust: { ...trust, anchors: [verifier('a', null)], minimumAnchors: 1 },
    })
    expect(verified.existedBefore).toBeNull()
  })

  it('have a media type that nobody can hide words in', async () => {
    const { log } = await testLog()
    const parts = decodeReceipt((await entry(log)).receipt)
    const evidence = Uint8Array.of(1)
    for (const [mediaType, good] of [
      ['application/timestamp-reply', true],
      [`a/${'b'.repeat(125)}`, true],
      [`a/${'b'.repeat(126)}`, false],
      ['none.\nAnchored on bitcoin', false],
      ['text/plain; charset=utf-8', false],
      ['text', false],
      ['/plain', false],
      ['text/\u0430', false],
    ] as const) {
      const receipt = encodeReceipt({ ...parts, anchors: [{ mediaType, evidence, proof: 0 }] })
      const decoded = Promise.resolve().then(() => decodeReceipt(receipt))
      if (good) expect((await decoded).anchors[0]?.mediaType).toBe(mediaType)
      else await expectCode(decoded, 'ERR_RECEIPT_MALFORMED')
    }
  })

  it('that do not verify reject the receipt', async () => {
    const { log, trust } = await testLog()
    const receipt = await anchored(log, ['a'])
    const anchors = [verifier('a', second(1), false)]
    await expectCode(
      verifyReceipt(receipt, { commitment, trust: { ...trust, anchors } }),
      'ERR_RECEIPT_INVALID',
    )
  })
})
