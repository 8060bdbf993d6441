import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fromBase64, fromBase64Url, toBase64, toBase64Url } from '../../src/internal/base64.ts'
import {
  bigIntToBytes,
  bytesArgument,
  bytesToBigInt,
  compareBytes,
  concat,
  equalBytes,
  fromHex,
  isBytes,
  isSortedUnique,
  optionalBytes,
  sortedUnique,
  toHex,
  wipe,
} from '../../src/internal/bytes.ts'
import { fieldOf, optionsOf } from '../../src/internal/options.ts'
import { randomBytes } from '../../src/internal/random.ts'
import { decodeUtf8, encodeUtf8, isWellFormed } from '../../src/internal/utf8.ts'
import { forms } from '../helpers/forms.ts'

afterEach(() => vi.unstubAllGlobals())
const bytes = fc.uint8Array({ maxLength: 100 })
const buffer = (array: Uint8Array): Buffer => Buffer.from(array)

describe('byte strings', () => {
  it('compare as Node compares them', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
        expect(equalBytes(a, a.slice())).toBe(true)
        expect(toHex(concat(a, b, a))).toBe(Buffer.concat([a, b, a]).toString('hex'))
      }),
    )
  })

  it('go through hexadecimal digits and integers', () => {
    fc.assert(
      fc.property(bytes, (a) => {
        expect(toHex(a)).toBe(buffer(a).toString('hex'))
        expect(fromHex(toHex(a))).toEqual(a)
        expect(bytesToBigInt(a)).toBe(BigInt(`0x0${toHex(a)}`))
        expect(bigIntToBytes(bytesToBigInt(a), a.length)).toEqual(a)
      }),
    )
  })

  it('are sorted without being changed', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3 })), (list) => {
        const before = list.map(toHex)
        const sorted = sortedUnique(list)
        expect(sorted.map(toHex)).toEqual([...new Set(before)].sort())
        expect(list.map(toHex)).toEqual(before)
        expect(isSortedUnique(sorted)).toBe(true)
        expect(isSortedUnique(list)).toBe(before.join() === sorted.map(toHex).join())
      }),
    )
  })

  it('are wiped, what is missing too', () => {
    const secret = Uint8Array.of(1, 2)
    wipe(secret, null, undefined)
    expect(secret).toEqual(new Uint8Array(2))
  })

  it.each(Object.entries(forms))('%s is an argument, seen as a plain array', (_name, make) => {
    const input = make(Uint8Array.of(1, 2, 3))
    expect(isBytes(input)).toBe(true)
    const seen = bytesArgument(input, 'x')
    expect(Object.getPrototypeOf(seen)).toBe(Uint8Array.prototype)
    expect([...seen]).toEqual([1, 2, 3])
    expect(() => bytesArgument(input, 'x', 4)).toThrow(new RangeError('x must be 4 bytes, got 3'))
    const copy = optionalBytes(input, 'x')
    input.fill(9)
    expect([...copy]).toEqual([1, 2, 3])
  })

  it('shared memory is copied, other memory is not', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3))
    const seen = bytesArgument(shared, 'x')
    shared.fill(9)
    expect([...seen]).toEqual([0, 0, 0])
    const own = new Uint8Array(3)
    expect(bytesArgument(own, 'x').buffer).toBe(own.buffer)
  })

  it.each([
    null,
    'abc',
    [1, 2],
    {},
    new ArrayBuffer(2),
    new Int8Array(2),
    new Uint8ClampedArray(2),
    new DataView(new ArrayBuffer(2)),
  ])('%o is none', (value) => {
    expect(isBytes(value)).toBe(false)
    expect(() => bytesArgument(value, 'x')).toThrow(/^x must be a Uint8Array/)
    expect(() => optionalBytes(value, 'x')).toThrow(TypeError)
  })

  it('nothing is an empty one where it is optional', () => {
    expect(optionalBytes(undefined, 'x')).toEqual(new Uint8Array(0))
    expect(() => bytesArgument(undefined, 'x')).toThrow(TypeError)
  })
})

describe('base64', () => {
  it('is what Node writes, and nothing else is read', () => {
    fc.assert(
      fc.property(bytes, (a) => {
        expect(toBase64(a)).toBe(buffer(a).toString('base64'))
        expect(toBase64Url(a)).toBe(buffer(a).toString('base64url'))
        expect(fromBase64(toBase64(a))).toEqual(a)
        expect(fromBase64Url(toBase64Url(a))).toEqual(a)
      }),
    )
    const character = fc.constantFrom(...'ABCDwxyz0189+/-_= \n.é')
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
        const [standard, urlSafe] = [fromBase64(text), fromBase64Url(text)]
        // Node ignores what it does not like: only what it writes again counts.
        const padded = Buffer.from(text, 'base64').toString('base64') === text
        const bare = Buffer.from(text, 'base64url').toString('base64url') === text
        expect([standard !== null, urlSafe !== null]).toEqual([padded, bare])
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    'A',
    'AA',
    'AAA',
    'AB==',
    'AAB=',
    'AA=',
    'A===',
    '=',
    '====',
    'AAAA=',
    'AA==AA==',
    'AA\n==',
  ])('%j is no standard base64', (text) => expect(fromBase64(text)).toBeNull())

  it.each(['A', 'AAAAA', 'AB', 'AAB', 'AA==', 'AAA=', '+A', '/A', ' AA', 'AA '])(
    '%j is no base64url',
    (text) => expect(fromBase64Url(text)).toBeNull(),
  )
})

describe('UTF-8', () => {
  const reference = (input: Uint8Array): string | null => {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input)
    } catch {
      return null
    }
  }
  /** Beginnings of multi-byte characters and their edges, so that most inputs are nearly valid. */
  const nearly = fc
    .array(
      fc.constantFrom(
        [0x61],
        [0xc3, 0xa9],
        [0xe2, 0x82, 0xac],
        [0xf0, 0x9f, 0x92, 0x89],
        [0xc0, 0xaf],
        [0xe0, 0x80, 0xaf],
        [0xed, 0x9f, 0xbf],
        [0xed, 0xa0, 0x80],
        [0xee, 0x80, 0x80],
        [0xef, 0xbb, 0xbf],
        [0xf0, 0x80, 0x80, 0xaf],
        [0xf4, 0x8f, 0xbf, 0xbf],
        [0xf4, 0x90, 0x80, 0x80],
        [0xf8],
        [0xff],
        [0x80],
        [0xe2, 0x82],
        [0x00],
      ),
      { maxLength: 40 },
    )
    .map((parts) => Uint8Array.from(parts.flat()))

  it.each([
    ['with the platform', () => {}],
    ['without it', () => vi.stubGlobal('TextDecoder', undefined)],
    [
      'where it is lax',
      () =>
        vi.stubGlobal(
          'TextDecoder',
          class {
            fatal = false
            ignoreBOM = true
            decode = () => 'lax'
          },
        ),
    ],
    [
      'where it drops the mark',
      () =>
        vi.stubGlobal(
          'TextDecoder',
          class {
            fatal = true
            ignoreBOM = false
            decode = () => 'lax'
          },
        ),
    ],
    [
      'where it refuses options',
      () =>
        vi.stubGlobal(
          'TextDecoder',
          class {
            constructor() {
              throw new RangeError('no options')
            }
          },
        ),
    ],
  ])('is read strictly %s', (_name, prepare) => {
    const samples = fc.sample(fc.oneof(nearly, fc.uint8Array({ maxLength: 90 })), 1500)
    const expected = samples.map(reference)
    prepare()
    expect(samples.map(decodeUtf8)).toEqual(expected)
    const long = `${'é'.repeat(5000)}💉`
    expect(decodeUtf8(new Uint8Array(Buffer.from(long)))).toBe(long)
  })

  it.each([
    ['with the platform', () => {}],
    ['without it', () => vi.stubGlobal('TextEncoder', undefined)],
  ])('is written %s', (_name, prepare) => {
    const samples = fc.sample(fc.string({ unit: 'binary', maxLength: 60 }), 1000)
    prepare()
    for (const text of samples) expect([...encodeUtf8(text)]).toEqual([...Buffer.from(text)])
  })

  it('has no form for half a character', () => {
    for (const text of ['\ud800', 'a\udc00', '\udc00\ud800', 'x\ud83d', '\ud83d\ud83d\udc89'])
      expect(isWellFormed(text)).toBe(false)
    for (const text of ['', 'a', '💉', '\ud83d\udc89', '￿', '\u0000'])
      expect(isWellFormed(text)).toBe(true)
  })
})

describe('options', () => {
  it('are what the object and its classes say', () => {
    class Base {
      get one() {
        return 1
      }
      two = 2
    }
    class Derived extends Base {
      override get one() {
        return 11
      }
      three = 3
    }
    const options = optionsOf(new Derived() as { one: number; two: number; three: number })
    expect({ ...options }).toEqual({ one: 11, two: 2, three: 3 })
    expect(Object.getPrototypeOf(options)).toBeNull()
    expect(fieldOf(new Derived(), 'one')).toBe(11)
    const bare = Object.assign(Object.create(null), { one: 1 }) as { one: number }
    expect(optionsOf(bare).one).toBe(1)
    expect(fieldOf(bare, 'one')).toBe(1)
  })

  it('are not what Object.prototype says', () => {
    expect('toString' in optionsOf({})).toBe(false)
    expect(fieldOf({}, 'toString')).toBeUndefined()
    for (const value of [null, undefined, 'text', 7])
      expect(fieldOf(value, 'length')).toBeUndefined()
  })
})

describe('random bytes', () => {
  it('come from the platform, in as many calls as it wants', () => {
    const calls: number[] = []
    const spy = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
      calls.push((array as unknown as Uint8Array).length)
      ;(array as unknown as Uint8Array).fill(calls.length)
      return array
    })
    const drawn = randomBytes(65_536 * 2 + 1)
    spy.mockRestore()
    expect(calls).toEqual([65_536, 65_536, 1])
    expect([drawn[0], drawn[65_536], drawn[131_072]]).toEqual([1, 2, 3])
  })

  it.each([
    ['no crypto', undefined],
    ['no getRandomValues', {}],
    ['something else', { getRandomValues: 'yes' }],
  ])('%s is an error, never a fallback', (_name, crypto) => {
    vi.stubGlobal('crypto', crypto)
    expect(() => randomBytes(1)).toThrow(
      expect.objectContaining({ code: 'ERR_RANDOM_UNAVAILABLE' }),
    )
    expect(() => randomBytes(0)).toThrow(
      expect.objectContaining({ code: 'ERR_RANDOM_UNAVAILABLE' }),
    )
  })

  it('differ', () => {
    const seen = new Set(Array.from({ length: 200 }, () => toHex(randomBytes(16))))
    expect(seen.size).toBe(200)
  })
})
