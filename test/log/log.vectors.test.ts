import { createPublicKey, verify } from 'node:crypto'
import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import {
  formatNote,
  formatVerifierKey,
  type NoteVerifier,
  parseCheckpoint,
  parseLogPolicy,
  parseNote,
  parseTlogProof,
  parseVerifierKey,
  readLog,
  verifyCheckpoint,
  verifyConsistency,
} from '../../src/log/index.ts'
import { judgeCheckpoint } from '../../src/log/judge.ts'
import { policyInternals } from '../../src/log/policy.ts'
import {
  describeVectors,
  vectorBytes,
  vectorJson,
  vectorNames,
  vectorPath,
  vectorText,
} from '../helpers/vectors.ts'
import { codeOf, collect } from './helpers/logs.ts'
import { leaf, mth } from './helpers/reference.ts'

interface SignedNote {
  desc: string
  vkeys: string[]
  note: string
  wantOk: boolean
}

describeVectors('signed-note vectors', () => {
  it('verify as they should, those of a type that is not built in by a verifier for it', async () => {
    const vectors = vectorJson<SignedNote[]>('tlog/notes/signed-notes.json')
    expect(vectors.length).toBe(10)
    for (const { desc, vkeys, note, wantOk } of vectors) {
      expect(await verifies(note, vkeys), desc).toBe(wantOk)
    }
  })
})

/** ECDSA on P-256, which is not built in: SubjectPublicKeyInfo and ASN.1 signatures. */
const ecdsa: NoteVerifier = {
  type: 2,
  publicKeySize: 91,
  verify: async ({ publicKey }, { text }, signature) => {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
    return verify('sha256', Buffer.from(text), key, signature) ? { time: null } : null
  },
}

/** Whether a note that is no checkpoint is signed by known keys and by none of them badly. */
async function verifies(note: string, vkeys: readonly string[]): Promise<boolean> {
  try {
    const { text, signatures } = parseNote(note)
    const policy = parseLogPolicy(`${vkeys.map((vkey) => `log ${vkey}\n`).join('')}quorum none\n`, {
      verifiers: [ecdsa],
    })
    const { keys } = policyInternals(policy)
    const checkpoint = {
      origin: '',
      size: 0,
      root: new Uint8Array(32),
      extensions: [],
      text,
      signatures,
    }
    let good = 0
    for (const { name, keyId, signature } of signatures) {
      const key = keys.find((known) => known.name === name && known.keyId === keyId)
      if (key === undefined) continue
      if ((await key.verify(checkpoint, signature)) === null) return false
      good++
    }
    return good > 0
  } catch {
    return false
  }
}

describeVectors('vkey vectors', () => {
  const load = () => vectorJson<{ good: string[]; bad: string[] }>('tlog/notes/vkeys.json')

  it('good ones are read and written', () => {
    const { good } = load()
    // The ML-DSA-44 key has an id that is not the one tlog-cosignature demands: no line of it could be found.
    const [mlDsa] = good.splice(3, 1)
    expect(() => parseVerifierKey(mlDsa!)).toThrow()
    const publicKey = new Uint8Array(
      Buffer.from(mlDsa!.split('+').slice(2).join('+'), 'base64'),
    ).slice(1)
    expect(formatVerifierKey({ name: 'test', type: 6, publicKey })).toMatch(/^test\+31236897\+B/)
    expect(good.map((vkey) => parseVerifierKey(vkey).type)).toEqual([1, 1, 4])
    for (const vkey of good) expect(formatVerifierKey(parseVerifierKey(vkey))).toBe(vkey)
  })

  it('bad ones are refused, also one of a type that does not exist', async () => {
    const { bad } = load()
    expect(bad.length).toBe(5)
    for (const vkey of bad) {
      const code = await codeOf((async () => parseLogPolicy(`log ${vkey}\nquorum none\n`))())
      expect(['ERR_POLICY_MALFORMED', 'ERR_ALGORITHM_UNSUPPORTED'], vkey).toContain(code)
    }
  })
})

describeVectors('checkpoint vectors', () => {
  it('are refused, the one with a root of 6 bytes too', () => {
    const { valid, invalid } = vectorJson<{ valid: { m: string }[]; invalid: [string, string][] }>(
      'tlog/notes/checkpoints.json',
    )
    expect(invalid.length).toBe(7)
    for (const text of [...valid.map(({ m }) => m), ...invalid.map(([, m]) => m)]) {
      expect(() => parseCheckpoint(`${text}\n— a.example AAAAAAA=\n`), text).toThrow()
    }
  })
})

describeVectors('tlog-proof vectors', () => {
  it('are refused', () => {
    const { invalid } = vectorJson<{ invalid: [string, string][] }>('tlog/notes/tlog-proofs.json')
    expect(invalid.length).toBe(6)
    for (const [name, text] of invalid) expect(() => parseTlogProof(text), name).toThrow()
  })
})

describeVectors('witness conversation', () => {
  interface Conversation {
    origin: string
    logPublicKeyHex: string
    cases: { body: string; status: number }[]
  }

  it('consistency proofs that a witness accepts verify, those that it refuses do not', async () => {
    const { origin, logPublicKeyHex, cases } = vectorJson<Conversation>(
      'tlog/notes/witness-add-checkpoint.json',
    )
    const publicKey = new Uint8Array(Buffer.from(logPublicKeyHex, 'hex'))
    const policy = parseLogPolicy(
      `log ${formatVerifierKey({ name: origin, type: 1, publicKey })}\nquorum none\n`,
    )
    const notes = new Map<number, string>()
    const verdicts: string[] = []
    for (const { body, status } of cases) {
      const [old, ...rest] = body.split('\n')
      const end = rest.indexOf('')
      const hashes = rest.slice(0, end).map((line) => new Uint8Array(Buffer.from(line, 'base64')))
      const newer = rest.slice(end + 1).join('\n')
      const older = notes.get(Number(old!.slice(4)))
      const verdict =
        older === undefined
          ? await codeOf(verifyCheckpoint(newer, { policy }))
          : await codeOf(verifyConsistency(hashes, { older, newer, policy }))
      verdicts.push(`${status} ${verdict}`)
      if (status === 200) notes.set(parseCheckpoint(newer).size, newer)
    }
    expect(verdicts).toEqual([
      '200 resolved',
      // Its signature is no canonical base64.
      '403 ERR_PROOF_MALFORMED',
      '403 ERR_PROOF_INVALID',
      '422 ERR_PROOF_INVALID',
      '422 ERR_PROOF_INVALID',
      '200 resolved',
      // A conflict for a witness whose state has moved on, not for a verifier.
      '409 resolved',
      '200 resolved',
      '409 resolved',
    ])
  })
})

describeVectors('a log written by Tessera', () => {
  const folder = 'tlog/tessera/testdata/log'
  const policy = parseLogPolicy(
    'log example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx\nquorum none\n',
  )
  const at = (size: number) => ({
    get: async (key: string): Promise<Uint8Array | null> => {
      const path = `${folder}/${key === 'checkpoint' ? `checkpoint.${size}` : key}`
      return existsSync(vectorPath(path)) ? vectorBytes(path) : null
    },
  })

  it('is read at every size, entries of any length included', async () => {
    for (let size = 1; size <= 15; size++) {
      const reader = await readLog({ store: at(size), policy })
      expect(reader.size).toBe(size)
      const entries = await collect(reader.read(0, size))
      expect(entries.length).toBe(size)
      const { root } = parseCheckpoint(await reader.checkpoint())
      expect(root).toEqual(mth(entries.map(leaf)))
      for (let index = 0; index < size; index++) {
        expect(
          (await reader.proveInclusion(index)).startsWith(
            `c2sp.org/tlog-proof@v1\nindex ${index}\n`,
          ),
        ).toBe(true)
      }
    }
    expect(vectorNames(`${folder}/tile/0/000.p`).length).toBe(15)
  })

  it('has consistent checkpoints', async () => {
    const reader = await readLog({ store: at(15), policy })
    const newer = await reader.checkpoint()
    expect(newer).toBe(vectorText(`${folder}/checkpoint`))
    for (let size = 1; size <= 15; size++) {
      const older = vectorText(`${folder}/checkpoint.${size}`)
      const proof = await reader.proveConsistency(size, 15)
      expect((await verifyConsistency(proof, { older, newer, policy })).older.size).toBe(size)
      expect(formatNote(parseNote(older))).toBe(older)
    }
    const empty = await judgeCheckpoint(vectorText(`${folder}/checkpoint.0`), policy)
    expect(empty.size).toBe(0)
    expect((await readLog({ store: at(0), policy })).size).toBe(0)
  })
})
