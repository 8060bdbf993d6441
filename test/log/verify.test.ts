import { describe, expect, it } from 'vitest'
import {
  cosign,
  formatCheckpoint,
  formatNote,
  formatTlogProof,
  type LogPolicy,
  parseLogPolicy,
  parseNote,
  parseTlogProof,
  type VerifiedInclusion,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
} from '../../src/log/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { batch, codeOf, logOf, openTestLog, signerOf, trust, vkey } from './helpers/logs.ts'
import { entry } from './helpers/reference.ts'

/** A proof in a log of 11 entries, with one witness that the policy knows and one that it does not. */
async function proven(): Promise<{ proof: string; policy: LogPolicy; commitment: Uint8Array }> {
  const { log } = await logOf(10)
  let proof = await log.proveInclusion(7)
  const now = new Date(1_700_000_000_000)
  for (const [name, number] of [
    ['known.example', 20],
    ['stranger.example', 21],
  ] as const) {
    const note = parseTlogProof(proof).checkpoint
    proof += (await cosign(note, { name, signer: await signerOf(number), now })).slice(note.length)
  }
  const policy = parseLogPolicy(
    `log ${log.verifierKey}\nwitness w ${await vkey('known.example', 20, 4)}\nquorum w\n`,
  )
  return { proof, policy, commitment: entry(6) }
}

describe('verifyInclusion', () => {
  it('says where the entry is, under which checkpoint, who saw it and when', async () => {
    const { proof, policy, commitment } = await proven()
    const verified = await verifyInclusion(proof, { commitment, policy })
    const note = parseTlogProof(proof).checkpoint
    expect(verified).toEqual({
      origin: 'clinic.example/log',
      index: 7,
      size: 11,
      root: verified.root,
      commitment,
      checkpoint: parseNote(note).text,
      note,
      witnesses: [{ name: 'w', time: new Date(1_700_000_000_000) }],
      quorumMet: true,
      quorumAt: new Date(1_700_000_000_000),
    })
    expect(verified.checkpoint).toBe(formatCheckpoint(verified))
    expect(Object.isFrozen(verified)).toBe(true)
  })

  it('makes objects that nobody makes by hand', () => {
    // @ts-expect-error: a verified inclusion comes from verifyInclusion only
    const forged: VerifiedInclusion = {
      origin: 'x',
      index: 0,
      size: 1,
      root: entry(0),
      commitment: entry(0),
      checkpoint: '',
      note: '',
      witnesses: [],
      quorumMet: true,
      quorumAt: null,
    }
    expect(forged.index).toBe(0)
  })

  it('refuses any other text, whichever character was changed', async () => {
    const { proof, policy, commitment } = await proven()
    const ignored = proof.indexOf('— stranger.example')
    let refused = 0
    for (let at = 0; at < proof.length; at++) {
      for (const character of ['A', '\n', '0']) {
        const changed = proof.slice(0, at) + character + proof.slice(at + 1)
        if (changed === proof) continue
        const code = await codeOf(verifyInclusion(changed, { commitment, policy }))
        if (code === 'resolved') {
          // Lines by others prove nothing and are not looked at, whose name has changed included.
          const inName = /^— (?:known|.nown|k.own|kn.wn|kno.n|know.).*/m
          expect(
            at >= ignored || inName.test(changed.slice(proof.indexOf('— known'))),
            `${at}`,
          ).toBe(true)
        } else {
          expect(['ERR_PROOF_INVALID', 'ERR_PROOF_MALFORMED']).toContain(code)
          refused++
        }
      }
      for (const changed of [proof.slice(0, at) + proof.slice(at + 1)]) {
        const code = await codeOf(verifyInclusion(changed, { commitment, policy }))
        if (at < proof.indexOf('— known')) expect(code, `without ${at}`).not.toBe('resolved')
      }
    }
    expect(refused).toBeGreaterThan(1000)
  }, 60_000)

  it('refuses another commitment, index, size, root', async () => {
    const { proof, policy, commitment } = await proven()
    const invalid = async (text: string, of = commitment): Promise<void> => {
      expect(await codeOf(verifyInclusion(text, { commitment: of, policy }))).toBe(
        'ERR_PROOF_INVALID',
      )
    }
    await invalid(proof, entry(5))
    await invalid(proof.replace('index 7', 'index 6'))
    await invalid(proof.replace('index 7', 'index 11'))
    await invalid(proof.replace('\n11\n', '\n12\n'))
    const parts = parseTlogProof(proof)
    await invalid(formatTlogProof({ ...parts, hashes: parts.hashes.slice(1) }))
    await invalid(formatTlogProof({ ...parts, hashes: [...parts.hashes, entry(1)] }))
    await invalid(formatTlogProof({ ...parts, hashes: [...parts.hashes].reverse() }))
    await invalid(formatTlogProof({ ...parts, hashes: [] }))
    for (const bad of [new Uint8Array(31), new Uint8Array(33)]) {
      await expect(verifyInclusion(proof, { commitment: bad, policy })).rejects.toThrow(RangeError)
    }
    await expect(verifyInclusion(proof, { commitment: 'x' as never, policy })).rejects.toThrow(
      TypeError,
    )
    await expect(
      verifyInclusion(proof, { commitment, policy: { logs: [] } as never }),
    ).rejects.toThrow(TypeError)
    await expect(verifyInclusion(5 as never, { commitment, policy })).rejects.toThrow(TypeError)
  })

  it('misses a cosignature without complaint, and rejects all for a bad one', async () => {
    const { proof, policy, commitment } = await proven()
    const lines = proof.split('\n')
    const known = lines.findIndex((line) => line.startsWith('— known'))
    const without = [...lines.slice(0, known), ...lines.slice(known + 1)].join('\n')
    const verified = await verifyInclusion(without, { commitment, policy })
    expect(verified.witnesses).toEqual([])
    expect(verified.quorumMet).toBe(false)
    expect(verified.quorumAt).toBeNull()
    // A good one does not make up for a bad one of the same key.
    const bytes = Buffer.from(lines[known]!.split(' ')[2]!, 'base64')
    for (const change of [5, 11, 40, 75]) {
      const bad = Buffer.from(bytes)
      bad[change]! ^= 1
      const line = `— known.example ${bad.toString('base64')}`
      const both = [...lines.slice(0, known + 1), line, ...lines.slice(known + 1)].join('\n')
      expect(await codeOf(verifyInclusion(both, { commitment, policy }))).toBe('ERR_PROOF_INVALID')
    }
    for (const length of [5, 11, 12, 75, 77]) {
      const cut = Buffer.concat([bytes, Buffer.alloc(9)]).subarray(0, length)
      const line = `— known.example ${cut.toString('base64')}`
      const both = [...lines.slice(0, known), line, ...lines.slice(known + 1)].join('\n')
      expect(await codeOf(verifyInclusion(both, { commitment, policy })), `${length}`).toBe(
        'ERR_PROOF_INVALID',
      )
    }
  })

  it('demands a good signature of the log, and no bad one beside it', async () => {
    const { proof, policy, commitment } = await proven()
    const lines = proof.split('\n')
    const own = lines.findIndex((line) => line.startsWith('— clinic'))
    const without = [...lines.slice(0, own), ...lines.slice(own + 1)].join('\n')
    expect(await codeOf(verifyInclusion(without, { commitment, policy }))).toBe('ERR_PROOF_INVALID')
    const bytes = Buffer.from(lines[own]!.split(' ')[2]!, 'base64')
    bytes[20]! ^= 1
    const bad = `— clinic.example/log ${bytes.toString('base64')}`
    const both = [...lines.slice(0, own), bad, ...lines.slice(own)].join('\n')
    expect(await codeOf(verifyInclusion(both, { commitment, policy }))).toBe('ERR_PROOF_INVALID')
    // A key id that nobody knows: the line is ignored, and then there is none.
    bytes[0]! ^= 1
    const unknown = lines.map((line, i) =>
      i === own ? `— clinic.example/log ${bytes.toString('base64')}` : line,
    )
    expect(await codeOf(verifyInclusion(unknown.join('\n'), { commitment, policy }))).toBe(
      'ERR_PROOF_INVALID',
    )
  })

  it('refuses extra data where it is told to', async () => {
    const { proof, policy, commitment } = await proven()
    const extra = formatTlogProof({ ...parseTlogProof(proof), extra: entry(3) })
    await verifyInclusion(extra, { commitment, policy })
    await verifyInclusion(extra, { commitment, policy, refuseExtra: false })
    await verifyInclusion(proof, { commitment, policy, refuseExtra: true })
    const refused = verifyInclusion(extra, { commitment, policy, refuseExtra: true })
    expect(await codeOf(refused)).toBe('ERR_PROOF_INVALID')
  })

  it('takes the tree of one entry', async () => {
    const { log } = await logOf(0)
    const [, , , , ...rest] = (await log.proveInclusion(0)).split('\n')
    expect(rest.length).toBeGreaterThan(2)
    const genesis = []
    for await (const item of log.read(0, 1)) genesis.push(item)
    const verified = await verifyInclusion(await log.proveInclusion(0), {
      commitment: genesis[0]!,
      policy: trust(log),
    })
    expect(verified.size).toBe(1)
  })
})

describe('verifyConsistency', () => {
  it('refuses two logs, the wrong order, size 0 and any other proof', async () => {
    const { log } = await logOf(10)
    const older = await log.checkpoint()
    await log.append(batch(10, 20))
    const newer = await log.checkpoint()
    const proof = await log.proveConsistency(11, 31)
    const stranger = await openTestLog(memoryStore(), { origin: 'b', signer: await signerOf(2) })
    const policy = parseLogPolicy(
      `log ${log.verifierKey}\nlog ${stranger.verifierKey}\nquorum none\n`,
    )
    const verified = await verifyConsistency(proof, { older, newer, policy })
    expect([verified.older.size, verified.newer.size]).toEqual([11, 31])
    await verifyConsistency([], { older: newer, newer, policy })
    const invalid = async (
      hashes: readonly Uint8Array[],
      from = older,
      to = newer,
    ): Promise<void> => {
      expect(await codeOf(verifyConsistency(hashes, { older: from, newer: to, policy }))).toBe(
        'ERR_PROOF_INVALID',
      )
    }
    await invalid(proof, newer, older)
    await invalid([], newer, older)
    await invalid(proof.slice(1))
    await invalid([...proof, entry(1)])
    await invalid(proof.map((hash) => hash.slice(1)))
    await invalid([])
    await invalid([entry(1)], newer, newer)
    await invalid(proof, older, await stranger.checkpoint())
    const signer = await signerOf(1)
    const emptyText = formatCheckpoint({ origin: log.origin, size: 0, root: entry(1) })
    const line = parseNote(older).signatures[0]!
    const signature = await signer.sign(new TextEncoder().encode(emptyText))
    const empty = formatNote({ text: emptyText, signatures: [{ ...line, signature }] })
    await invalid(proof, empty, newer)
    await invalid([], empty, empty)
    const forged = older.replace('\n11\n', '\n12\n')
    await invalid(proof, forged, newer)
    await expect(verifyConsistency(['x' as never], { older, newer, policy })).rejects.toThrow(
      TypeError,
    )
  })

  it('calls two roots for one size what they are', async () => {
    const one = await logOf(10)
    const two = await logOf(5)
    await two.log.append(batch(700, 5))
    const older = await one.log.checkpoint()
    const newer = await two.log.checkpoint()
    const policy = trust(one.log)
    expect(await codeOf(verifyConsistency([], { older, newer, policy }))).toBe(
      'ERR_LEDGER_CONFLICT',
    )
  })
})

describe('verifyCheckpoint', () => {
  it('gives a frozen checkpoint, or refuses', async () => {
    const { log } = await logOf(10)
    const note = await log.checkpoint()
    const verified = await verifyCheckpoint(note, { policy: trust(log) })
    expect(verified.size).toBe(11)
    expect(Object.isFrozen(verified)).toBe(true)
    const changed = note.replace('\n11\n', '\n13\n')
    expect(await codeOf(verifyCheckpoint(changed, { policy: trust(log) }))).toBe(
      'ERR_PROOF_INVALID',
    )
    expect(await codeOf(verifyCheckpoint('x', { policy: trust(log) }))).toBe('ERR_PROOF_MALFORMED')
  })
})

describe('cosign', () => {
  it('signs with Ed25519 only, and what is a checkpoint only', async () => {
    const { log } = await logOf(1)
    const { es256, generateKey } = await import('../../src/keys/index.ts')
    const note = await log.checkpoint()
    const signer = await generateKey(es256)
    expect(await codeOf(cosign(note, { name: 'w', signer }))).toBe('ERR_ALGORITHM_UNSUPPORTED')
    const own = await signerOf(3)
    expect(await codeOf(cosign('note\n\n— a AAAAAAA=\n', { name: 'w', signer: own }))).toBe(
      'ERR_PROOF_MALFORMED',
    )
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(cosign(note, { name: 'w', signer: own, signal })).rejects.toThrow('enough')
  })

  it('writes what the specification says', async () => {
    const { log } = await logOf(1)
    const note = await log.checkpoint()
    const signer = await signerOf(3)
    const cosigned = await cosign(note, { name: 'w', signer, now: new Date(1_679_315_147_999) })
    expect(cosigned.startsWith(note)).toBe(true)
    const [, name, blob] = cosigned.slice(note.length).trimEnd().split(' ')
    expect(name).toBe('w')
    const bytes = Buffer.from(blob!, 'base64')
    expect(bytes.length).toBe(4 + 8 + 64)
    expect(bytes.readBigUInt64BE(4)).toBe(1_679_315_147n)
    const { createPublicKey, verify } = await import('node:crypto')
    const x = Buffer.from(signer.publicKey.bytes).toString('base64url')
    const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } })
    const message = Buffer.from(`cosignature/v1\ntime 1679315147\n${parseNote(note).text}`)
    expect(verify(null, message, key, bytes.subarray(12))).toBe(true)
  })
})
