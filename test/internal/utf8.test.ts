import { isUtf8 } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import {
  decodeUtf8,
  encodeUtf8,
  isWellFormed,
  utf8Length,
  writeUtf8,
} from '../../src/internal/utf8.ts'
import { toHex } from '../helpers/bytes.ts'

/** Where the length of a code point's form changes, and what stands beside (RFC 3629 §3). */
const edges = [0, 0x7f, 0x80, 0x7ff, 0x800, 0xfff, 0x1000, 0xd7ff, 0xe000, 0xfeff, 0xffff, 0x10000]
edges.push(0x10ffff, 0x103ff, 0x10400, 0xfffff, 0x100000)
const points = [...new Set(edges.flatMap((at) => [at - 1, at, at + 1]))].filter(
  (at) => at >= 0 && at <= 0x10ffff && (at < 0xd800 || at > 0xdfff),
)
const characters = points.map((at) => String.fromCodePoint(at))
/** The text as Node.js has it, or `null` where it says that the bytes are no UTF-8. */
const expected = (bytes: Uint8Array): string | null =>
  isUtf8(bytes) ? Buffer.from(bytes).toString('utf8') : null

function check(text: string): void {
  const bytes = new Uint8Array(Buffer.from(text, 'utf8'))
  expect(isWellFormed(text)).toBe(true)
  expect(utf8Length(text)).toBe(bytes.length)
  expect(toHex(encodeUtf8(text))).toBe(toHex(bytes))
  const out = new Uint8Array(bytes.length + 4).fill(0xee)
  expect(writeUtf8(out, 3, text)).toBe(bytes.length + 3)
  expect(toHex(out)).toBe(`eeeeee${toHex(bytes)}ee`)
  expect(decodeUtf8(bytes)).toBe(text)
}

describe('UTF-8 at its edges', () => {
  it('is what Node.js writes, for each code point beside an edge and each two of them', () => {
    check('')
    for (const a of characters) for (const b of characters) check(a + b)
  })

  it('also where texts are long', () => {
    for (const length of [126, 127, 128, 129, 4094, 4095, 4096, 4097, 8192]) {
      for (const character of characters) check(`${'a'.repeat(length - 1)}${character}z`)
    }
  })

  it('has none for a lone surrogate, wherever it stands', () => {
    for (const lone of ['\ud800', '\udbff', '\udc00', '\udfff', '\ud800\ud800', '\udc00\ud800']) {
      for (const text of [lone, `a${lone}`, `${lone}a`, `${lone}\ue000`, `${lone}\u{10ffff}`]) {
        expect([isWellFormed(text), utf8Length(text)]).toEqual([false, -1])
      }
    }
  })

  it('is read as Node.js reads it, and refused where Node.js refuses it', () => {
    const tails = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff]
    let read = 0
    const compare = (...list: number[]): void => {
      const bytes = Uint8Array.from(list)
      const text = expected(bytes)
      if (text !== null) read++
      if (decodeUtf8(bytes) !== text) expect({ bytes: toHex(bytes) }).toEqual({ text })
    }
    for (let lead = 0; lead < 256; lead++) {
      compare(lead)
      for (const a of tails) {
        compare(lead, a)
        for (const b of tails) {
          compare(lead, a, b)
          for (const c of tails) {
            compare(lead, a, b, c)
            compare(lead, a, b, c, 0x80)
          }
        }
      }
    }
    expect(read).toBeGreaterThan(5_000)
  })
})
