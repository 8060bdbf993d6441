import { describe, expect, it } from 'vitest'
import { isCaresealError } from '../../src/errors.ts'
import {
  cosign,
  formatVerifierKey,
  type LogPolicy,
  type NoteVerifier,
  parseLogPolicy,
  verifyCheckpoint,
  verifyInclusion,
} from '../../src/log/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { logOf, openTestLog, signerOf, vkey } from './helpers/logs.ts'
import { entry } from './helpers/reference.ts'

const log = await vkey('a.example/log', 1, 1)
const witness = (number: number): Promise<string> => vkey(`w${number}.example`, 100 + number, 4)
const witnesses = async (count: number): Promise<string> => {
  const lines: string[] = []
  for (let i = 1; i <= count; i++) lines.push(`witness w${i} ${await witness(i)}\n`)
  return lines.join('')
}

const error = (run: () => unknown): { code: string; message: string } => {
  try {
    run()
  } catch (caught) {
    if (!isCaresealError(caught)) throw caught
    return caught
  }
  throw new Error('nothing was thrown')
}

describe('parseLogPolicy', () => {
  it('reads logs, witnesses, groups and the quorum', async () => {
    const policy = parseLogPolicy(
      [
        '# whom we trust',
        `log ${log} https://a.example/log/`,
        '',
        '  \t ',
        `\twitness\tX1   ${await witness(1)}  `,
        `witness X2 ${await witness(2)} https://w2.example`,
        'group  both all X1 X2  ',
        '  # a comment',
        'quorum both',
      ].join('\n'),
    )
    expect(policy.logs).toEqual([
      { origin: 'a.example/log', verifierKey: log, url: 'https://a.example/log/' },
    ])
    expect(policy.witnesses.map(({ name, url }) => [name, url])).toEqual([
      ['X1', null],
      ['X2', 'https://w2.example'],
    ])
    expect(policy.quorum).toBe('both')
    expect(Object.isFrozen(policy) && Object.isFrozen(policy.logs)).toBe(true)
    expect(parseLogPolicy('quorum none').quorum).toBeNull()
    expect(parseLogPolicy(`witness K ${await witness(1)}\nquorum K`).quorum).toBe('K')
  })

  it('takes 32 of each and more, names in any script, and a Kelvin sign for itself', async () => {
    const lines: string[] = []
    for (let i = 0; i < 40; i++) lines.push(`log ${await vkey(`log${i}`, i + 1, 1)}`)
    for (let i = 0; i < 40; i++) lines.push(`witness w${i} ${await vkey(`w${i}`, 50 + i, 4)}`)
    for (let i = 0; i < 40; i++) lines.push(`group g${i} any w${i}`)
    lines.push(
      `witness K ${await vkey('k', 200, 4)}`,
      `witness \u212a ${await vkey('kelvin', 201, 4)}`,
    )
    lines.push(`group Ärzte 2 ${Array.from({ length: 40 }, (_, i) => `g${i}`).join(' ')} K \u212a`)
    const policy = parseLogPolicy(`${lines.join('\n')}\nquorum Ärzte\n`)
    expect(policy.logs.length).toBe(40)
    expect(policy.witnesses.length).toBe(42)
  })

  it('has a limit', async () => {
    const seed = (i: number): Uint8Array =>
      new Uint8Array(32).map((_, k) => (k < 2 ? i >> (8 * k) : 1))
    const { ed25519, keyFromSeed } = await import('../../src/keys/index.ts')
    const keys: Uint8Array[] = []
    for (let i = 0; i < 257; i++) keys.push((await keyFromSeed(ed25519, seed(i))).publicKey.bytes)
    const lines = (word: string, type: number): string[] =>
      keys.map((publicKey, i) => `${word} ${formatVerifierKey({ name: `n${i}`, type, publicKey })}`)
    const logs = lines('log', 1)
    const witnesses = lines('', 4).map((line, i) => `witness n${i}${line}`)
    for (const all of [logs, witnesses]) {
      parseLogPolicy(`${all.slice(1).join('\n')}\nquorum none`)
      const tooMany = error(() => parseLogPolicy(`${all.join('\n')}\nquorum none`))
      expect(tooMany.message).toMatch(/Line 257.*256/)
    }
    const groups = Array.from(
      { length: 512 },
      (_, i) => `group g${i} any ${i === 0 ? 'n0' : `g${i - 1}`}`,
    )
    const nested = `${witnesses[0]}\n${groups.join('\n')}\nquorum none`
    expect(error(() => parseLogPolicy(nested)).code).toBe('ERR_POLICY_MALFORMED')
  })

  it('names the line of what is wrong', async () => {
    const w1 = `witness w1 ${await witness(1)}`
    const w2 = `witness w2 ${await witness(2)}`
    const same = await vkey('other.name', 101, 4)
    const bad: Record<string, string> = {
      'an unknown word': 'logs x\nquorum none',
      'a log without a key': 'log\nquorum none',
      'a log with too much': `log ${log} url more\nquorum none`,
      'a log key that is none': `log ${log}x\nquorum none`,
      'a log twice': `log ${log}\nlog ${log}\nquorum none`,
      'a log key under another name': `log ${log}\nlog ${await vkey('b', 1, 1)}\nquorum none`,
      'a witness without a key': 'witness w1\nquorum none',
      'a witness with too much': `${w1} url more\nquorum none`,
      'a witness name twice': `${w1}\nwitness w1 ${await witness(2)}\nquorum none`,
      'a witness key twice': `${w1}\nwitness w9 ${same}\nquorum none`,
      'a witness named none': `witness none ${await witness(1)}\nquorum none`,
      'a group named none': `${w1}\ngroup none any w1\nquorum none`,
      'a group named as a witness': `${w1}\ngroup w1 any w1\nquorum none`,
      'a group without members': `${w1}\ngroup g any\nquorum none`,
      'a group of unknown members': `${w1}\ngroup g any w1 w2\nquorum none`,
      'a group of later members': `group g any w1\n${w1}\nquorum none`,
      'a group of itself': `${w1}\ngroup g any g w1\nquorum none`,
      'a group of none': `${w1}\ngroup g any none\nquorum none`,
      'a member twice': `${w1}\ngroup g 2 w1 w1\nquorum none`,
      'a member of two groups': `${w1}\n${w2}\ngroup g any w1\ngroup h all w1 w2\nquorum none`,
      'a threshold of 0': `${w1}\ngroup g 0 w1\nquorum none`,
      'a threshold beyond its members': `${w1}\ngroup g 2 w1\nquorum none`,
      'a threshold with a leading zero': `${w1}\ngroup g 01 w1\nquorum none`,
      'a threshold that is no number': `${w1}\ngroup g most w1\nquorum none`,
      'a negative threshold': `${w1}\ngroup g -1 w1\nquorum none`,
      'no quorum': w1,
      'two quorums': 'quorum none\nquorum none',
      'a quorum of nothing': 'quorum',
      'a quorum of two': `${w1}\n${w2}\nquorum w1 w2`,
      'an unknown quorum': `${w1}\nquorum w2`,
      'a later quorum': `quorum w1\n${w1}`,
      'a carriage return': 'quorum none\r\n',
      'a form feed': 'quorum\fnone',
      'a delete character': '# \u007f\nquorum none',
      'a lone surrogate': '# \ud800\nquorum none',
      'a no-break space for a space': 'quorum\u00a0none',
      'too much of everything': `${'#\n'.repeat(1 << 20)}quorum none`,
    }
    for (const [name, text] of Object.entries(bad)) {
      expect(error(() => parseLogPolicy(text)).code, name).toBe('ERR_POLICY_MALFORMED')
    }
    expect(error(() => parseLogPolicy(`# x\n${w1}\n${w1}`)).message).toContain('Line 3')
    expect(() => parseLogPolicy(5 as never)).toThrow(TypeError)
  })

  it('refuses keys of a type without a verifier, and keys that are none of their type', async () => {
    const ml = formatVerifierKey({ name: 'q', type: 6, publicKey: new Uint8Array(1312) })
    const unsupported = error(() => parseLogPolicy(`witness q ${ml}\nquorum q`))
    expect(unsupported.code).toBe('ERR_ALGORITHM_UNSUPPORTED')
    expect(unsupported.message).toMatch(/type 6.*verifiers/)
    // A log key is no witness key and the other way round.
    expect(error(() => parseLogPolicy(`witness w ${log}\nquorum none`)).code).toBe(
      'ERR_ALGORITHM_UNSUPPORTED',
    )
    const swapped = `log ${await witness(1)}\nquorum none`
    expect(error(() => parseLogPolicy(swapped)).code).toBe('ERR_ALGORITHM_UNSUPPORTED')
    for (const bytes of [new Uint8Array(31), new Uint8Array(33), new Uint8Array(32), entry(2)]) {
      const key = formatVerifierKey({ name: 'q', type: 1, publicKey: bytes })
      expect(error(() => parseLogPolicy(`log ${key}\nquorum none`)).code).toBe(
        'ERR_POLICY_MALFORMED',
      )
    }
  })
})

/** A log with a checkpoint that some witnesses have cosigned at some times. */
async function cosigned(times: Readonly<Record<number, number>>): Promise<string> {
  const { log: written } = await logOf(3)
  let note = await written.checkpoint()
  for (const [number, time] of Object.entries(times)) {
    const signer = await signerOf(100 + Number(number))
    note = await cosign(note, { name: `w${number}.example`, signer, now: new Date(time * 1000) })
  }
  return note
}

describe('quorums', () => {
  const ours = async (rest: string): Promise<LogPolicy> =>
    parseLogPolicy(`log ${(await logOf(0)).log.verifierKey}\n${await witnesses(6)}${rest}`)

  it('are filled by distinct witnesses, at the time of the one that fills them', async () => {
    const note = await cosigned({ 1: 500, 2: 300, 3: 400, 4: 100 })
    const cases: readonly [string, boolean, number | null][] = [
      ['quorum none', true, null],
      ['quorum w1', true, 500],
      ['quorum w5', false, null],
      ['group g any w1 w2 w3\nquorum g', true, 300],
      ['group g 2 w1 w2 w3\nquorum g', true, 400],
      ['group g all w1 w2 w3\nquorum g', true, 500],
      ['group g all w1 w5\nquorum g', false, null],
      ['group g 3 w1 w2 w5 w6\nquorum g', false, null],
      ['group x 2 w1 w2 w3\ngroup y any w4 w5\ngroup z all x y\nquorum z', true, 400],
      ['group x all w5 w6\ngroup y any w4\ngroup z any x y\nquorum z', true, 100],
    ]
    for (const [rest, met, at] of cases) {
      const verified = await verifyCheckpoint(note, { policy: await ours(rest) })
      expect(verified.quorumMet, rest).toBe(met)
      expect(verified.quorumAt?.getTime() ?? null, rest).toBe(at === null ? null : at * 1000)
      expect(verified.witnesses.map(({ name, time }) => [name, time.getTime() / 1000])).toEqual([
        ['w1', 500],
        ['w2', 300],
        ['w3', 400],
        ['w4', 100],
      ])
    }
  })

  it('count a witness once, at its first time, however often it has cosigned', async () => {
    const once = await cosigned({ 1: 500 })
    const again = await cosign(once, {
      name: 'w1.example',
      signer: await signerOf(101),
      now: new Date(200_000),
    })
    const line = again.slice(once.length)
    const policy = await ours('group g 2 w1 w2\nquorum g')
    const verified = await verifyCheckpoint(again + line + line, { policy })
    expect(verified.witnesses).toEqual([{ name: 'w1', time: new Date(200_000) }])
    expect(verified.quorumMet).toBe(false)
  })

  it('do not count witnesses that the policy does not name, nor their names with other keys', async () => {
    const note = await cosigned({ 7: 100 })
    const stranger = await cosign(note, {
      name: 'w1.example',
      signer: await signerOf(55),
      now: new Date(5000),
    })
    const other = await cosign(stranger, {
      name: 'x.example',
      signer: await signerOf(101),
      now: new Date(5000),
    })
    const verified = await verifyCheckpoint(other, { policy: await ours('quorum w1') })
    expect(verified.witnesses).toEqual([])
    expect(verified.quorumMet).toBe(false)
    expect(verified.note).toBe(other)
  })

  it('take times up to the end of Date, and refuse what no clock shows', async () => {
    const { log: written } = await logOf(0)
    const policy = await ours('quorum w1')
    const note = await written.checkpoint()
    const signer = await signerOf(101)
    const late = await cosign(note, { name: 'w1.example', signer, now: new Date(8.64e15) })
    const verified = await verifyCheckpoint(late, { policy })
    expect(verified.quorumAt).toEqual(new Date(8.64e15))
    const epoch = await cosign(note, { name: 'w1.example', signer, now: new Date(0) })
    expect((await verifyCheckpoint(epoch, { policy })).quorumAt).toEqual(new Date(0))
    await expect(cosign(note, { name: 'w1', signer, now: new Date(-1) })).rejects.toThrow(
      RangeError,
    )
    await expect(cosign(note, { name: 'w 1', signer })).rejects.toThrow(RangeError)
  })
})

describe('verifiers for other types', () => {
  it('are asked with name, key, checkpoint and signature, and are believed', async () => {
    const publicKey = new Uint8Array(1312).fill(3)
    const key = formatVerifierKey({ name: 'pq.example', type: 6, publicKey })
    const { log: written } = await logOf(3)
    const note = await written.checkpoint()
    const { formatNote, parseNote, parseVerifierKey } = await import('../../src/log/index.ts')
    const { keyId } = parseVerifierKey(key)
    const signature = new Uint8Array(2428).fill(9)
    const parsed = parseNote(note)
    const signed = formatNote({
      text: parsed.text,
      signatures: [...parsed.signatures, { name: 'pq.example', keyId, signature }],
    })
    let time: Date | null | 'bad' = new Date(7000)
    const seen: unknown[] = []
    const verifier: NoteVerifier = {
      type: 6,
      publicKeySize: 1312,
      verify: async (by, checkpoint, bytes) => {
        seen.push([by.name, by.publicKey, checkpoint.size, bytes])
        return time === 'bad' ? null : { time }
      },
    }
    const text = `log ${written.verifierKey}\nwitness pq ${key}\nquorum pq`
    const policy = parseLogPolicy(text, { verifiers: [verifier] })
    const verified = await verifyCheckpoint(signed, { policy })
    expect(seen).toEqual([['pq.example', publicKey, 4, signature]])
    expect(verified.quorumAt).toEqual(new Date(7000))
    time = null
    expect((await verifyCheckpoint(signed, { policy })).quorumMet).toBe(false)
    time = 'bad'
    await expect(verifyCheckpoint(signed, { policy })).rejects.toMatchObject({
      code: 'ERR_PROOF_INVALID',
    })
    const short = formatVerifierKey({ name: 'pq.example', type: 6, publicKey: new Uint8Array(5) })
    const wrong = (): unknown =>
      parseLogPolicy(`witness pq ${short}\nquorum pq`, { verifiers: [verifier] })
    expect(error(wrong).code).toBe('ERR_POLICY_MALFORMED')
  })

  it('serve logs as well', async () => {
    const { log: written } = await logOf(3)
    const publicKey = (await signerOf(1)).publicKey.bytes
    const key = formatVerifierKey({ name: written.origin, type: 9, publicKey })
    const { formatNote, parseNote, parseVerifierKey } = await import('../../src/log/index.ts')
    const { text, signatures } = parseNote(await written.checkpoint())
    const note = formatNote({
      text,
      signatures: [{ ...signatures[0]!, keyId: parseVerifierKey(key).keyId }],
    })
    const verifiers = [{ type: 9, publicKeySize: 32, verify: async () => ({ time: null }) }]
    const policy = parseLogPolicy(`log ${key}\nquorum none`, { verifiers })
    expect((await verifyCheckpoint(note, { policy })).size).toBe(4)
  })
})

describe('policies of several logs', () => {
  it('take a checkpoint of any of them, signed by the key of its own origin', async () => {
    const one = await logOf(3)
    const two = await openTestLog(memoryStore(), {
      origin: 'two.example',
      signer: await signerOf(2),
    })
    const policy = parseLogPolicy(`log ${one.log.verifierKey}\nlog ${two.verifierKey}\nquorum none`)
    expect((await verifyCheckpoint(await one.log.checkpoint(), { policy })).origin).toBe(
      one.log.origin,
    )
    expect((await verifyCheckpoint(await two.checkpoint(), { policy })).origin).toBe('two.example')
    // The key of one log does not vouch for the other one.
    const { formatCheckpoint, formatNote, parseVerifierKey } = await import(
      '../../src/log/index.ts'
    )
    const text = formatCheckpoint({ origin: one.log.origin, size: 9, root: entry(1) })
    const signer = await signerOf(2)
    const signature = await signer.sign(new TextEncoder().encode(text))
    const line = { name: 'two.example', keyId: parseVerifierKey(two.verifierKey).keyId, signature }
    const crossed = formatNote({ text, signatures: [line] })
    await expect(verifyCheckpoint(crossed, { policy })).rejects.toMatchObject({
      code: 'ERR_PROOF_INVALID',
    })
  })

  it('without any log reject everything', async () => {
    const { log: written } = await logOf(3)
    const policy = parseLogPolicy('quorum none')
    const proof = await written.proveInclusion(1)
    await expect(verifyInclusion(proof, { commitment: entry(0), policy })).rejects.toMatchObject({
      code: 'ERR_PROOF_INVALID',
    })
  })
})
