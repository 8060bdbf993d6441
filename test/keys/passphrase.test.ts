import { describe, expect, it, vi } from 'vitest'
import { passphraseWrapper } from '../../src/keys/index.ts'
import { text, toHex, utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import * as other from '../helpers/otherExport.ts'

const key = Uint8Array.from({ length: 32 }, (_, i) => i)
const words = 'gravel ocean ticket marble'
/** The least that the format allows: a quarter of a second in JavaScript. */
const cheap = { memory: 12_288 }
const domain = 'careseal/wrap/passphrase/1'
const malformed = 'ERR_KEY_MALFORMED'

type Items = [string, Uint8Array, number, number, number, Uint8Array]
const itemsOf = (wrapped: Uint8Array): Items => other.fromCbor(wrapped) as Items

describe('passphraseWrapper', () => {
  it('gives the key back, as docs/formats.md §1 says', async () => {
    const wrapper = passphraseWrapper(words, cheap)
    const wrapped = await wrapper.wrap(key)
    expect(await wrapper.unwrap(wrapped)).toEqual(key)
    const [name, salt, memory, passes, lanes, sealed] = itemsOf(wrapped)
    expect([name, salt.length, memory, passes, lanes]).toEqual([domain, 16, 12_288, 3, 1])
    const kek = await other.passphraseKek(words, salt, [memory, passes, lanes])
    expect(other.keyUnwrap(kek, sealed)).toEqual(key)
  })

  it('reads what another implementation wrote, whatever it cost', async () => {
    const salt = new Uint8Array(16).fill(3)
    for (const cost of [
      [8192, 5, 2],
      [36_864, 1, 4],
    ] as const) {
      const sealed = other.keyWrap(await other.passphraseKek(words, salt, cost), key)
      const wrapped = other.dcbor([domain, salt, ...cost, sealed])
      // What its own wrapping would cost does not matter.
      expect(await passphraseWrapper(words).unwrap(wrapped)).toEqual(key)
    }
  })

  it('does not open to another passphrase; its id says nothing', async () => {
    const wrapped = await passphraseWrapper(words, cheap).wrap(key)
    const stranger = passphraseWrapper(`${words}s`, cheap)
    expect(await codeOf(stranger.unwrap(wrapped))).toBe('ERR_KEY_LOCKED')
    expect(text(stranger.id)).toBe(domain)
    expect(toHex(stranger.id)).toBe(toHex(passphraseWrapper(words).id))
  })

  it('is the same passphrase whatever keyboard it came from', async () => {
    const wrapped = await passphraseWrapper('Ångström café na\u00efve', cheap).wrap(key)
    // Decomposed, with a no-break space and an ideographic one, and with the sign for ångström.
    const same = '\u212bngstro\u0308m\u00a0cafe\u0301\u3000nai\u0308ve'
    expect(await passphraseWrapper(same).unwrap(wrapped)).toEqual(key)
    const [, salt, memory, passes, lanes, sealed] = itemsOf(wrapped)
    const kek = await other.passphraseKek(utf8('Ångström café na\u00efve'.normalize('NFC')), salt, [
      memory,
      passes,
      lanes,
    ])
    expect(other.keyUnwrap(kek, sealed)).toEqual(key)
    // Case counts, compatibility forms are not folded.
    for (const different of ['ångström café na\u00efve', 'Ångström café na\u00efv\uff45']) {
      expect(await codeOf(passphraseWrapper(different).unwrap(wrapped))).toBe('ERR_KEY_LOCKED')
    }
  })

  it.each([
    ['eleven characters', 'a'.repeat(11)],
    ['eleven emoji', '🦉'.repeat(11)],
    ['twelve that compose to eleven', `${'a'.repeat(10)}e\u0301`],
    ['nothing', ''],
    ['too much', 'a'.repeat(1025)],
    ['a line break at its end', `${words}\n`],
    ['a tab', `a\t${words}`],
    ['a C1 control', `a\u0085${words}`],
    ['a lone surrogate', `${words}\ud83d`],
  ])('%s is refused', (_name, passphrase) => {
    expect(() => passphraseWrapper(passphrase)).toThrow(RangeError)
  })

  it('refuses what a later Unicode version may normalise otherwise', () => {
    for (const unassigned of ['\u0378', '\u{1fbff}', '\uffff']) {
      expect(() => passphraseWrapper(`gravel ocean ${unassigned}`)).toThrow(/does not know/)
    }
    expect(() => passphraseWrapper('gravel océan \ue000 \u{1f980}')).not.toThrow()
    vi.stubGlobal('RegExp', () => {
      throw new SyntaxError('no property escapes here')
    })
    try {
      expect(() => passphraseWrapper('gravel ocean \u0378')).not.toThrow()
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it('takes twelve characters, and 1024 bytes', () => {
    for (const good of ['a'.repeat(12), '🦉'.repeat(12), 'a'.repeat(1024)]) {
      expect(passphraseWrapper(good).id).toHaveLength(26)
    }
    for (const bad of [undefined, null, 123456789012, utf8(words)]) {
      expect(() => passphraseWrapper(bad as never)).toThrow(TypeError)
    }
  })

  it('without Unicode normalisation only ASCII is taken', () => {
    const { normalize } = String.prototype
    try {
      Object.defineProperty(String.prototype, 'normalize', { value: undefined, configurable: true })
      expect(() => passphraseWrapper('grüße aus der ferne')).toThrow(TypeError)
      expect(passphraseWrapper(words).id).toHaveLength(26)
    } finally {
      Object.defineProperty(String.prototype, 'normalize', {
        value: normalize,
        configurable: true,
        writable: true,
      })
    }
  })

  const costs: [string, object][] = [
    ['too little memory', { memory: 8191, passes: 32 }],
    ['too much memory', { memory: 262_145, passes: 1 }],
    ['no pass', { passes: 0 }],
    ['too many passes', { passes: 33, memory: 8192 }],
    ['too little work', { memory: 36_863, passes: 1 }],
    ['too much work', { memory: 262_144, passes: 5 }],
    ['no lane', { lanes: 0 }],
    ['too many lanes', { lanes: 5 }],
    ['a broken number', { memory: 65_536.5 }],
    ['no number', { memory: Number.NaN }],
    ['infinity', { passes: Number.POSITIVE_INFINITY }],
    ['text', { memory: '65536' }],
  ]
  it.each(costs)('%s is a mistake', (_name, cost) => {
    expect(() => passphraseWrapper(words, cost as never)).toThrow(RangeError)
  })

  it('an option with another name is a mistake', () => {
    expect(() => passphraseWrapper(words, { iterations: 10 } as never)).toThrow(TypeError)
    expect(() => passphraseWrapper(words, null as never)).toThrow(TypeError)
  })

  it('bombs are refused before anything is derived', async () => {
    const salt = new Uint8Array(16)
    const sealed = new Uint8Array(40)
    const wrapper = passphraseWrapper(words)
    const numbers = [
      [4_194_304, 3, 1],
      [4_294_967_295, 3, 1],
      [65_536, 2_147_483_648, 1],
      [65_536, 3, 16_777_215],
      [65_536, 3, 5],
      [262_144, 32, 1],
      [8191, 32, 1],
      [8192, 1, 1],
      [0, 0, 0],
      [-65_536, -3, 1],
      [2n ** 63n, 3, 1],
      [65_536, 2n ** 64n - 1n, 1],
      ['65536', 3, 1],
      [null, 3, 1],
      [65_536, new Uint8Array(1), 1],
      [65_536, 3, true],
    ]
    for (const cost of numbers) {
      const wrapped = other.dcbor([domain, salt, ...cost, sealed])
      const times: number[] = []
      for (let run = 0; run < 3; run++) {
        const start = performance.now()
        expect(await codeOf(wrapper.unwrap(wrapped)), String(cost)).toBe(malformed)
        times.push(performance.now() - start)
      }
      expect(Math.min(...times)).toBeLessThan(10)
    }
  })

  it('refuses what is not of its form', async () => {
    const salt = new Uint8Array(16)
    const sealed = new Uint8Array(40)
    const wrapper = passphraseWrapper(words)
    const bad: unknown[] = [
      ['careseal/wrap/passphrase/2', salt, 65_536, 3, 1, sealed],
      [domain, new Uint8Array(15), 65_536, 3, 1, sealed],
      [domain, new Uint8Array(32), 65_536, 3, 1, sealed],
      [domain, 'a'.repeat(16), 65_536, 3, 1, sealed],
      [domain, salt, 65_536, 3, 1, sealed.slice(8)],
      [domain, salt, 65_536, 3, 1, new Uint8Array(48)],
      [domain, salt, 65_536, 3, 1, null],
      [domain, salt, 65_536, 3, 1],
      [domain, salt, 65_536, 3, sealed],
      [domain, salt, 65_536, 3, 1, sealed, 0],
    ]
    for (const items of bad) {
      expect(await codeOf(wrapper.unwrap(other.dcbor(items)))).toBe(malformed)
    }
  })

  it('others have their turn while it derives, and an abort ends it early', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 5)
    const wrapper = passphraseWrapper(words)
    const started = performance.now()
    await wrapper.wrap(key)
    const whole = performance.now() - started
    clearInterval(timer)
    expect(turns).toBeGreaterThan(5)
    const controller = new AbortController()
    const start = performance.now()
    const pending = rejection(wrapper.wrap(key, { signal: controller.signal }))
    setTimeout(() => controller.abort('enough'), 30)
    expect(await pending).toBe('enough')
    expect(performance.now() - start).toBeLessThan(whole * 0.7)
    const signal = AbortSignal.abort('at once')
    expect(await rejection(wrapper.unwrap(key, { signal }))).toBe('at once')
  })

  it('wraps keys of 32 bytes only', async () => {
    const wrapper = passphraseWrapper(words, cheap)
    expect(await rejection(wrapper.wrap(new Uint8Array(31)))).toBeInstanceOf(RangeError)
    expect(await rejection(wrapper.wrap('x' as never))).toBeInstanceOf(TypeError)
  })
})

describe('where there are no timers', () => {
  it('the derivation runs in one piece, to the same key', async () => {
    const wrapped = await passphraseWrapper(words, cheap).wrap(key)
    const { setTimeout: timer } = globalThis
    try {
      globalThis.setTimeout = undefined as never
      expect(await passphraseWrapper(words).unwrap(wrapped)).toEqual(key)
    } finally {
      globalThis.setTimeout = timer
    }
  })
})
