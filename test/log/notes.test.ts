import { fc } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { isCaresealError } from '../../src/errors.ts'
import {
  formatCheckpoint,
  formatNote,
  formatTlogProof,
  formatVerifierKey,
  parseCheckpoint,
  parseNote,
  parseTlogProof,
  parseVerifierKey,
} from '../../src/log/index.ts'
import { signerOf, vkey } from './helpers/logs.ts'
import { entry } from './helpers/reference.ts'

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const line = (name = 'a.example', bytes = entry(1)): string => `— ${name} ${base64(bytes)}\n`
const malformed = (run: () => unknown): boolean => {
  try {
    run()
    return false
  } catch (error) {
    if (!isCaresealError(error, 'ERR_PROOF_MALFORMED')) throw error
    return true
  }
}

describe('parseNote', () => {
  it('separates text and signatures at the last empty line', () => {
    const note = parseNote(`one\n\ntwo\n\n${line()}${line('b.example/x')}`)
    expect(note.text).toBe('one\n\ntwo\n')
    expect(note.signatures.map(({ name }) => name)).toEqual(['a.example', 'b.example/x'])
    expect(note.signatures[0]!.keyId).toBe(new DataView(entry(1).buffer).getUint32(0))
    expect(note.signatures[0]!.signature).toEqual(entry(1).slice(4))
    expect(formatNote(note)).toBe(`one\n\ntwo\n\n${line()}${line('b.example/x')}`)
  })

  it('takes 16 signatures and more, also large ones, and names in any script', () => {
    const many = Array.from({ length: 100 }, (_, i) => line(`w${i}`, new Uint8Array(5000))).join('')
    expect(parseNote(`x\n\n${many}`).signatures.length).toBe(100)
    expect(parseNote(`x\n\n${line('зеркало.пример/1')}`).signatures[0]!.name).toBe(
      'зеркало.пример/1',
    )
  })

  it('refuses whatever is not the format', () => {
    const good = `text\n\n${line()}`
    expect(malformed(() => parseNote(good))).toBe(false)
    const bad: Record<string, string> = {
      empty: '',
      'no signature': 'text\n\n',
      'no empty line': `text\n${line()}`,
      'no text': line(),
      'no end': good.slice(0, -1),
      'an empty line after': `${good}\n`,
      'a tab': good.replace('text', 'te\txt'),
      'a carriage return': good.replaceAll('\n', '\r\n'),
      'a null': good.replace('text', 'te\0xt'),
      'a lone surrogate': good.replace('text', 'te\ud800xt'),
      'a hyphen': good.replace('—', '-'),
      'two hyphens': good.replace('—', '--'),
      'an en dash': good.replace('—', '–'),
      'no space after the dash': good.replace('— ', '—'),
      'two spaces': good.replace('— ', '—  '),
      'two spaces before the signature': good.replace('example ', 'example  '),
      'a space at the end': good.replace(/\n$/, ' \n'),
      'a name with a space': good.replace('a.example', 'a example'),
      'a name with a no-break space': good.replace('a.example', 'a\u00a0example'),
      'a name with an ideographic space': good.replace('a.example', 'a\u3000example'),
      'a name with a line separator': good.replace('a.example', 'a\u2028example'),
      'a name with a plus': good.replace('a.example', 'a+example'),
      'no name': good.replace('a.example ', ''),
      'no signature text': `text\n\n— a.example \n`,
      'four bytes': `text\n\n${line('a', new Uint8Array(4))}`,
      'padding missing': good.replace('=', ''),
      'padding doubled': good.replace('=\n', '==\n'),
      base64url: `text\n\n— a.example ${base64(new Uint8Array(9).fill(255)).replaceAll('/', '_')}\n`,
      'spare bits': `text\n\n— a.example ${base64(new Uint8Array(8)).replace('A=', 'B=')}\n`,
      'too many': `x\n\n${line().repeat(101)}`,
      'too long': `${'x'.repeat(1 << 20)}\n\n${line()}`,
    }
    for (const [name, note] of Object.entries(bad)) {
      expect(
        malformed(() => parseNote(note)),
        name,
      ).toBe(true)
    }
    expect(() => parseNote(5 as never)).toThrow(TypeError)
  })

  it('is not slow on what is large and wrong', () => {
    const started = performance.now()
    for (const piece of ['\n', '— a b\n', ' ', '—', 'a+', '\n\n']) {
      malformed(() => parseNote(piece.repeat(500_000)))
    }
    // Milliseconds now; anything quadratic would take minutes.
    expect(performance.now() - started).toBeLessThan(20_000)
  })

  it('reads what formatNote writes', () => {
    const name = fc.stringMatching(/^[a-z./-]{1,20}$/)
    const signature = fc.record({
      name,
      keyId: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
    })
    fc.assert(
      fc.property(fc.array(signature, { minLength: 1, maxLength: 5 }), (signatures) => {
        const note = { text: 'origin\n5\n', signatures }
        expect(parseNote(formatNote(note))).toEqual(note)
      }),
    )
    expect(() => formatNote({ text: 'no end', signatures: [] })).toThrow(RangeError)
    expect(() => formatNote({ text: 'a\tb\n', signatures: [] })).toThrow(RangeError)
    const spaced = { name: 'a b', keyId: 1, signature: new Uint8Array(3) }
    expect(() => formatNote({ text: 'a\n', signatures: [spaced] })).toThrow(RangeError)
  })
})

describe('verifier keys', () => {
  it('go both ways', async () => {
    const { publicKey } = await signerOf(1)
    const text = formatVerifierKey({ name: 'a.example/1', type: 4, publicKey: publicKey.bytes })
    const key = parseVerifierKey(text)
    expect(key).toMatchObject({ name: 'a.example/1', type: 4, publicKey: publicKey.bytes })
    expect(formatVerifierKey(key)).toBe(text)
    expect(parseVerifierKey(text.replace(/\+[0-9a-f]{8}\+/, (id) => id.toUpperCase()))).toEqual(key)
  })

  it('are refused where a part is wrong', async () => {
    const good = await vkey('a.example', 1, 1)
    const [name, id, key] = [
      good.split('+')[0]!,
      good.split('+')[1]!,
      good.split('+').slice(2).join('+'),
    ]
    const bad = [
      '',
      name,
      `${name}+${id}`,
      `+${id}+${key}`,
      `${name}+${id.slice(1)}+${key}`,
      `${name}+0${id.slice(1)}+${key}`,
      `${name}+${id}+${key}=`,
      `${name}+${id}+${key.slice(4)}`,
      `${name}+${id}+AQ==`,
      `b${name}+${id}+${key}`,
      `${name} +${id}+${key}`,
      ` ${good}`,
      `${good}\n`,
    ]
    for (const text of bad) {
      const error = (() => {
        try {
          return parseVerifierKey(text)
        } catch (caught) {
          return caught
        }
      })()
      expect(isCaresealError(error, 'ERR_KEY_MALFORMED'), JSON.stringify(text)).toBe(true)
    }
    expect(() => formatVerifierKey({ name: 'a b', type: 1, publicKey: entry(1) })).toThrow(
      RangeError,
    )
  })
})

describe('checkpoints', () => {
  const parts = { origin: 'a.example/log', size: 20_852_163, root: entry(1) }

  it('go both ways', () => {
    const text = formatCheckpoint(parts)
    expect(text).toBe(`a.example/log\n20852163\n${base64(entry(1))}\n`)
    const signatures = [{ name: 'a.example/log', keyId: 7, signature: new Uint8Array(64) }]
    const note = formatCheckpoint({ ...parts, signatures })
    expect(parseCheckpoint(note)).toEqual({ ...parts, text, signatures, extensions: [] })
    expect(formatNote(parseNote(note))).toBe(note)
  })

  it('keep extension lines and odd origins apart', () => {
    const checkpoint = parseCheckpoint(
      `an origin + more\n0\n${base64(entry(1))}\next 1\next 2\n\n${line()}`,
    )
    expect(checkpoint.origin).toBe('an origin + more')
    expect(checkpoint.size).toBe(0)
    expect(checkpoint.extensions).toEqual(['ext 1', 'ext 2'])
    expect(checkpoint.text.endsWith('ext 2\n')).toBe(true)
  })

  it('are refused where a line is wrong', () => {
    const root = base64(entry(1))
    const bad: Record<string, string> = {
      'no lines': '\n',
      'two lines': `o\n1\n`,
      'no origin': `\n1\n${root}\n`,
      'no size': `o\n\n${root}\n`,
      'a leading zero': `o\n01\n${root}\n`,
      'two zeros': `o\n00\n${root}\n`,
      'a plus': `o\n+1\n${root}\n`,
      'a minus': `o\n-1\n${root}\n`,
      'a space': `o\n1 \n${root}\n`,
      'a fraction': `o\n1.0\n${root}\n`,
      hexadecimal: `o\n0x1\n${root}\n`,
      'an exponent': `o\n1e3\n${root}\n`,
      'other digits': `o\n١\n${root}\n`,
      'beyond 2^53': `o\n9007199254740992\n${root}\n`,
      'beyond 2^64': `o\n18446744073709551616\n${root}\n`,
      'a short root': `o\n1\n${base64(entry(1).slice(1))}\n`,
      'a long root': `o\n1\n${base64(new Uint8Array(33))}\n`,
      'a root without padding': `o\n1\n${root.slice(0, -1)}\n`,
      'a root in base64url': `o\n1\n${root.replaceAll('/', '_').replaceAll('+', '-')}_\n`,
      'an empty extension': `o\n1\n${root}\n\next\n`,
      'an empty line at the end': `o\n1\n${root}\n\n`,
    }
    expect(malformed(() => parseCheckpoint(`o\n9007199254740991\n${root}\n\n${line()}`))).toBe(
      false,
    )
    for (const [name, text] of Object.entries(bad)) {
      expect(
        malformed(() => parseCheckpoint(`${text}\n${line()}`)),
        name,
      ).toBe(true)
    }
  })

  it('are not written where they could not be read', () => {
    expect(() => formatCheckpoint({ ...parts, origin: '' })).toThrow(RangeError)
    expect(() => formatCheckpoint({ ...parts, origin: 'a\nb' })).toThrow(RangeError)
    expect(() => formatCheckpoint({ ...parts, origin: 'a\tb' })).toThrow(RangeError)
    expect(() => formatCheckpoint({ ...parts, size: -1 })).toThrow(RangeError)
    expect(() => formatCheckpoint({ ...parts, size: 2 ** 53 })).toThrow(RangeError)
    expect(() => formatCheckpoint({ ...parts, root: new Uint8Array(31) })).toThrow(RangeError)
    expect(() => formatCheckpoint({ ...parts, root: 'x' as never })).toThrow(TypeError)
  })
})

describe('tlog-proofs', () => {
  const proof = {
    index: 73894,
    hashes: [entry(1), entry(2)],
    checkpoint: 'any\n\ntext\n',
    extra: null,
  }

  it('go both ways', () => {
    const text = formatTlogProof(proof)
    expect(text).toBe(
      `c2sp.org/tlog-proof@v1\nindex 73894\n${base64(entry(1))}\n${base64(entry(2))}\n\nany\n\ntext\n`,
    )
    expect(parseTlogProof(text)).toEqual(proof)
    const extra = { ...proof, extra: entry(3) }
    expect(formatTlogProof(extra).split('\n')[1]).toBe(`extra ${base64(entry(3))}`)
    expect(parseTlogProof(formatTlogProof(extra))).toEqual(extra)
    const alone = { ...proof, index: 0, hashes: [] }
    expect(parseTlogProof(formatTlogProof(alone))).toEqual(alone)
  })

  it('are refused where a line is wrong', () => {
    const good = formatTlogProof({ ...proof, extra: entry(3) })
    const hash = base64(entry(1))
    const bad: Record<string, string> = {
      empty: '',
      'no header': good.slice(good.indexOf('\n') + 1),
      'another version': good.replace('@v1', '@v2'),
      'a header with more': good.replace('@v1', '@v1 '),
      'a line before': `\n${good}`,
      'no index': good.replace('index 73894\n', ''),
      'two indexes': good.replace('index 73894\n', 'index 73894\nindex 73894\n'),
      'a negative index': good.replace('73894', '-5'),
      'a leading zero': good.replace('73894', '073894'),
      'an index beyond 2^53': good.replace('73894', '9007199254740992'),
      'two spaces': good.replace('index ', 'index  '),
      'extra after the index': good.replace(/(extra .*\n)(index .*\n)/, '$2$1'),
      'two extras': good.replace(/(extra .*\n)/, '$1$1'),
      'extra that is no base64': good.replace('extra ', 'extra !'),
      'a short hash': good.replace(hash, base64(entry(1).slice(1))),
      'a hash without padding': good.replace(hash, hash.slice(0, -1)),
      'a hash with a space': good.replace(hash, `${hash} `),
      'carriage returns': good.replaceAll('\n', '\r\n'),
      'no empty line': `c2sp.org/tlog-proof@v1\nindex 5\n${hash}\n`,
      'more hashes than any tree has': good.replace(`${hash}\n`, `${hash}\n`.repeat(70)),
    }
    expect(malformed(() => parseTlogProof(good))).toBe(false)
    for (const [name, text] of Object.entries(bad)) {
      expect(
        malformed(() => parseTlogProof(text)),
        name,
      ).toBe(true)
    }
    expect(() => parseTlogProof(null as never)).toThrow(TypeError)
    expect(malformed(() => parseTlogProof(`c2sp.org/tlog-proof@v1\n${'x'.repeat(3 << 20)}`))).toBe(
      true,
    )
  })
})
