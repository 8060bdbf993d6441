import { describe, expect, it } from 'vitest'
import {
  type CborValue,
  decodeForeign,
  decodeStrict,
  encodeCbor,
  Tagged,
} from '../../src/internal/cbor/index.ts'
import { hex, toHex } from '../helpers/bytes.ts'
import { coseTags, RefusedCbor, refused } from '../helpers/cbor.ts'
import { allowed } from '../helpers/time.ts'

const strict = (bytes: string): CborValue => decodeStrict(hex(bytes), refused, coseTags)
const foreign = (bytes: string): CborValue => decodeForeign(hex(bytes), refused, coseTags)

/** Valid CBOR in a longer form than needed: only the foreign mode takes it. */
const longWinded = {
  'one byte for 0': ['1800', 0],
  'one byte for 23': ['1817', 23],
  'two bytes for 255': ['1900ff', 255],
  'four bytes for 65535': ['1a0000ffff', 65535],
  'eight bytes for 4294967295': ['1b00000000ffffffff', 4294967295],
  'eight bytes for 0': ['1b0000000000000000', 0],
  'one byte for -1': ['3800', -1],
  'eight bytes for -1': ['3b0000000000000000', -1],
  'a long head of a byte string': ['580141', Uint8Array.of(0x41)],
  'a long head of text': ['79000161', 'a'],
  'a long head of an array': ['980101', [1]],
  'a long head of a map': ['b900010102', new Map([[1, 2]]) as CborValue],
  'a long head of a tag': ['d81201', new Tagged(18, 1)],
  'keys out of order': [
    'a202000100',
    new Map([
      [2, 0],
      [1, 0],
    ]) as CborValue,
  ],
} as const

/** What neither mode takes. */
const neverValid: Record<string, string> = {
  nothing: '',
  'a byte after the end': '0000',
  'a second item': '8001',
  'an item cut off in its head': '19ff',
  'a byte string cut off': '4301',
  'text cut off': '6261',
  'an array cut off': '8201',
  'a map cut off after a key': 'a101',
  'a tag without content': 'd2',
  'an indefinite byte string': '5f4101ff',
  'an indefinite text': '7f6161ff',
  'an indefinite array': '9f01ff',
  'an indefinite map': 'bf0102ff',
  'an indefinite array inside': '819fff',
  'a break on its own': 'ff',
  'a break inside': '81ff',
  'reserved head 28': '1c',
  'reserved head 29': '5d',
  'reserved head 30': '9e',
  'an indefinite integer': '1f',
  'an indefinite tag': 'df01',
  'one key twice': 'a201000100',
  'one key twice, one of them in a longer form': 'a20100180100',
  'one key twice, as 64 bits': 'a201001b000000000000000100',
  'a text key twice': 'a2616100616100',
  'a byte string as key': 'a1410100',
  'an array as key': 'a18001',
  'a boolean as key': 'a1f500',
  'null as key': 'a1f600',
  'a map as key': 'a1a000',
  'a tag as key': 'a1d20100',
  'invalid UTF-8': '62c328',
  'an overlong slash': '62c0af',
  'a surrogate in UTF-8': '63eda080',
  'beyond Unicode': '64f4908080',
  'UTF-8 cut off': '61c3',
  'a lone continuation byte': '6180',
  undefined: 'f7',
  'an unassigned simple value': 'f0',
  'simple value 24 in two bytes': 'f818',
  'false in two bytes': 'f814',
  'a half float': 'f93c00',
  'a float': 'fa3fc00000',
  'a double': 'fb3ff199999999999a',
  'an undefined inside an array': '81f7',
  'a tag for bignums': 'c24101',
  'a date tag': 'c11a514b67b0',
  'an unknown tag': 'd9d9f7a0',
  'a tag of 64 bits': 'dbffffffffffffffff01',
}

describe('decoding', () => {
  it.each(Object.keys(longWinded))('takes %s from others only', (name) => {
    const [bytes, value] = longWinded[name as keyof typeof longWinded]
    expect(() => strict(bytes)).toThrow(RefusedCbor)
    expect(foreign(bytes)).toEqual(value)
  })

  it.each(Object.entries(neverValid))('pitfall 16: refuses %s', (_name, bytes) => {
    expect(() => strict(bytes)).toThrow(RefusedCbor)
    expect(() => foreign(bytes)).toThrow(RefusedCbor)
  })

  it('takes a tag only where it was named', () => {
    expect(strict('d20a')).toEqual(new Tagged(18, 10))
    expect(() => decodeStrict(hex('d20a'), refused)).toThrow('a tag that has no place here')
    expect(() => decodeStrict(hex('d20a'), refused, [96])).toThrow('a tag that has no place here')
  })

  it('pitfall 16: takes an item inside 16 containers and refuses it inside 17', () => {
    for (const open of ['81', 'd2', 'a100']) {
      const item = `${open.repeat(16)}00`
      expect(toHex(encodeCbor(strict(item)))).toBe(item)
      expect(() => strict(`${open.repeat(17)}00`)).toThrow('nested more than 16 deep')
      expect(() => foreign(`${open.repeat(17)}00`)).toThrow('nested more than 16 deep')
    }
    expect(() => strict('81'.repeat(200_000))).toThrow('nested more than 16 deep')
  })

  it.each(['5b', '7b', '9b', 'bb'])(
    'pitfall 16: refuses a length bomb with head %s at once',
    (head) => {
      const start = performance.now()
      for (const length of [
        'ffffffffffffffff',
        '7fffffffffffffff',
        '0020000000000000',
        '0000000100000000',
      ]) {
        expect(() => strict(head + length)).toThrow('a length beyond the end')
        expect(() => foreign(head + length)).toThrow('a length beyond the end')
      }
      expect(() => strict(`${head.replace('b', 'a')}7fffffff`)).toThrow('a length beyond the end')
      expect(performance.now() - start).toBeLessThan(allowed(100))
    },
  )

  it('counts two items for each entry of a map before it allocates', () => {
    expect(() => strict('a2010203')).toThrow('a length beyond the end')
  })

  it('refuses maps as keys of maps, however deep, without a deep stack', () => {
    for (const decode of [decodeStrict, decodeForeign]) {
      const bytes = new Uint8Array(100_000).fill(0xa1)
      expect(() => decode(bytes, refused, coseTags)).toThrow(RefusedCbor)
    }
  })

  it('refuses reserved heads and indefinite lengths, whatever follows them', () => {
    for (let head = 0; head < 256; head++) {
      if ((head & 31) < 28) continue
      for (const fill of [0, 1, 0xff]) {
        const bytes = new Uint8Array(200).fill(fill)
        bytes[0] = head
        for (const end of [2, 5, 6, 200]) {
          const input = bytes.subarray(0, end)
          expect(() => decodeForeign(input, refused, coseTags)).toThrow(RefusedCbor)
        }
      }
    }
  })

  it('pitfall 16: refuses an input of too many items before they fill the memory', () => {
    const bytes = new Uint8Array(5 + 200_000).fill(0xa0)
    bytes.set([0x9a, 0x00, 0x03, 0x0d, 0x40])
    const start = performance.now()
    expect(() => decodeStrict(bytes, refused)).toThrow('more than 131072 items')
    expect(() => decodeForeign(bytes, refused)).toThrow('more than 131072 items')
    expect(performance.now() - start).toBeLessThan(allowed(500))
    const many = encodeCbor(new Array<CborValue>(131_071).fill(0))
    expect(decodeStrict(many, refused)).toHaveLength(131_071)
  })

  it('names the offset of what it refuses', () => {
    const offsetOf = (bytes: string): number => {
      try {
        strict(bytes)
      } catch (error) {
        return (error as RefusedCbor).offset
      }
      return -1
    }
    expect(offsetOf('820118ff00')).toBe(4)
    expect(offsetOf('82011800')).toBe(2)
    expect(offsetOf('83010261c3')).toBe(3)
    expect(offsetOf('a201000100')).toBe(3)
  })
})

describe('copies', () => {
  const bytes = encodeCbor([Uint8Array.of(1, 2, 3), new Uint8Array(5000).fill(7), 'text'])

  it.each([
    ['a Uint8Array', () => bytes.slice()],
    ['a Buffer', () => Buffer.from(bytes)],
    ['a part of a larger array', () => Uint8Array.of(9, 9, ...bytes, 9).subarray(2, -1)],
  ])('pitfall 22: never aliases %s', (_name, make) => {
    const input = make()
    for (const decode of [decodeStrict, decodeForeign]) {
      const value = decode(input, refused) as Uint8Array[]
      input.fill(0)
      expect(value[0]).toEqual(Uint8Array.of(1, 2, 3))
      expect(value[1]![4999]).toBe(7)
      expect(value[0]!.constructor).toBe(Uint8Array)
      expect(value[0]!.buffer).not.toBe(input.buffer)
      expect(value[0]!.buffer.byteLength).toBe(3)
      input.set(bytes)
    }
  })

  it('pitfall 22: gives encodings of their own buffer', () => {
    const content = new Uint8Array(10)
    const encoded = encodeCbor(content)
    content.fill(1)
    expect(encoded[1]).toBe(0)
    expect(encoded.buffer.byteLength).toBe(encoded.length)
  })
})

describe('encoding', () => {
  it.each([
    [0, '00'],
    [-0, '00'],
    [23, '17'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [65535, '19ffff'],
    [65536, '1a00010000'],
    [2 ** 31, '1a80000000'],
    [2 ** 32 - 1, '1affffffff'],
    [2 ** 32, '1b0000000100000000'],
    [2 ** 53 - 1, '1b001fffffffffffff'],
    [-1, '20'],
    [-24, '37'],
    [-25, '3818'],
    [-256, '38ff'],
    [-257, '390100'],
    [-(2 ** 32), '3affffffff'],
    [-(2 ** 53) + 1, '3b001ffffffffffffe'],
    [0n, '00'],
    [-1n, '20'],
    [2n ** 53n, '1b0020000000000000'],
    [-(2n ** 53n), '3b001fffffffffffff'],
    [2n ** 64n - 1n, '1bffffffffffffffff'],
    [-(2n ** 64n), '3bffffffffffffffff'],
  ])('encodes %s in its shortest form and reads it back', (value, bytes) => {
    expect(toHex(encodeCbor(value))).toBe(bytes)
    const decoded = strict(bytes)
    expect(BigInt(decoded as number)).toBe(BigInt(value))
    expect(typeof decoded).toBe(Number.isSafeInteger(Number(value)) ? 'number' : 'bigint')
  })

  it('keeps a byte order mark and refuses lone surrogates', () => {
    expect(strict('64efbbbf61')).toBe('﻿a')
    expect(() => encodeCbor('\ud800')).toThrow(RangeError)
    expect(() => encodeCbor(['a', `${'x'.repeat(100)}\udc00`])).toThrow(RangeError)
  })

  it('refuses one key as number and as bigint', () => {
    const map = new Map<number | bigint, CborValue>([
      [1, 0],
      [1n, 0],
    ])
    expect(() => encodeCbor(map)).toThrow('one key twice')
  })

  it.each([
    ['a fraction', 1.5, RangeError],
    ['NaN', Number.NaN, RangeError],
    ['Infinity', Number.POSITIVE_INFINITY, RangeError],
    ['an unsafe integer', 2 ** 53, RangeError],
    ['more than 64 bits', 2n ** 64n, RangeError],
    ['fewer than -2^64', -(2n ** 64n) - 1n, RangeError],
    ['undefined', undefined, TypeError],
    ['a symbol', Symbol('x'), TypeError],
    ['a function', () => 1, TypeError],
    ['a plain object', { a: 1 }, TypeError],
    ['a Date', new Date(0), TypeError],
    ['undefined in an array', [undefined], TypeError],
    ['a hole in an array', new Array(1), TypeError],
    ['a map key of bytes', new Map([[new Uint8Array(1) as never, 0]]), TypeError],
    ['a map key of null', new Map([[null as never, 0]]), TypeError],
  ])('refuses %s', (_name, value, type) => {
    expect(() => encodeCbor(value as CborValue)).toThrow(type)
  })
})
