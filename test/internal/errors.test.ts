import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import * as errors from '../../src/errors.ts'

type ErrorClass = new (message?: unknown, options?: unknown) => errors.CaresealError

const source = readFileSync(new URL('../../src/errors.ts', import.meta.url), 'utf8')
/** The codes of the union type, as they stand in the source. */
const codes = [...source.matchAll(/^ {2}\| '(ERR_[A-Z_]+)'$/gm)].map(([, code]) => code!)

const isClass = (value: unknown): value is ErrorClass =>
  typeof value === 'function' && value.prototype instanceof Error
const classes = Object.entries(errors as Record<string, unknown>).filter(
  (entry): entry is [string, ErrorClass] => isClass(entry[1]) && entry[0] !== 'CaresealError',
)
/** Arguments that every class takes: a message, then facts, a cause, or nothing. */
const make = (Kind: ErrorClass): errors.CaresealError =>
  new Kind('what happened', { outcome: 'unknown' })

describe('error codes', () => {
  it('are unique, and each is the code of exactly one class', () => {
    expect(codes.length).toBeGreaterThan(30)
    expect(new Set(codes).size).toBe(codes.length)
    const used = classes.map(([, kind]) => make(kind).code)
    expect([...used].sort()).toEqual([...codes].sort())
  })

  it('stand in the source in order, so that a second one would be seen', () => {
    expect(codes).toEqual([...codes].sort())
  })

  it.each(classes)('%s: name and code say the same', (name, kind) => {
    const error = make(kind)
    expect(error.name).toBe(name)
    expect(error.code).toBe(`ERR_${name.replaceAll(/(?<=.)([A-Z])/g, '_$1').toUpperCase()}`)
    expect(error).toBeInstanceOf(errors.CaresealError)
    expect(error).toBeInstanceOf(Error)
    expect(String(error)).toBe(`${name}: ${error.message}`)
    expect(error.message.length).toBeGreaterThan(5)
    expect(typeof error.retryable).toBe('boolean')
    expect(errors.isCaresealError(error)).toBe(true)
    expect(errors.isCaresealError(error, error.code)).toBe(true)
    const other = codes.find((code) => code !== error.code) as errors.CaresealErrorCode
    expect(errors.isCaresealError(error, other)).toBe(false)
  })
})

describe('isCaresealError', () => {
  it('takes nothing that only looks like one', () => {
    const lookalike = Object.assign(new Error('x'), { code: 'ERR_KEY_MALFORMED', retryable: false })
    for (const value of [
      lookalike,
      new Error('x'),
      {},
      null,
      undefined,
      'ERR_KEY_MALFORMED',
      7,
      () => 1,
    ]) {
      expect(errors.isCaresealError(value)).toBe(false)
      expect(errors.isCaresealError(value, 'ERR_KEY_MALFORMED')).toBe(false)
    }
  })

  it('works across two copies of the package, where instanceof does not', async () => {
    const path = '../../src/errors.ts?second-copy'
    const copy = (await import(/* @vite-ignore */ path)) as typeof errors
    expect(copy.KeyMalformed).not.toBe(errors.KeyMalformed)
    const error = new copy.KeyMalformed('x', { offset: 3 })
    expect(error).not.toBeInstanceOf(errors.CaresealError)
    expect(errors.isCaresealError(error, 'ERR_KEY_MALFORMED')).toBe(true)
    expect(copy.isCaresealError(new errors.EnvelopeOpenFailed(), 'ERR_ENVELOPE_OPEN_FAILED')).toBe(
      true,
    )
  })

  it('cannot be switched off on an error, and the mark does not show', () => {
    const error = new errors.EnvelopeOpenFailed()
    const mark = Symbol.for('careseal.error')
    expect(() => {
      ;(error as unknown as Record<symbol, boolean>)[mark] = false
    }).toThrow(TypeError)
    expect(Object.keys(error)).not.toContain('careseal.error')
    expect(inspect(error)).not.toContain('careseal.error')
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'EnvelopeOpenFailed',
      code: 'ERR_ENVELOPE_OPEN_FAILED',
      retryable: false,
    })
  })
})

describe('what an error tells', () => {
  it('a failed opening says one thing, and has no cause', () => {
    const error = new errors.EnvelopeOpenFailed()
    expect('cause' in error).toBe(false)
    expect(new errors.EnvelopeOpenFailed().message).toBe(error.message)
    expect(errors.EnvelopeOpenFailed.length).toBe(0)
  })

  it('where, as a byte offset, if it is known', () => {
    expect(new errors.KeyMalformed('x', { offset: 0 })).toMatchObject({
      offset: 0,
      message: 'x (at byte 0)',
    })
    expect(new errors.EnvelopeMalformed('x')).toMatchObject({ offset: null, message: 'x' })
    expect(new errors.EnvelopeMalformed('x', { offset: undefined })).toMatchObject({
      offset: null,
      message: 'x',
    })
  })

  it('why, and whether another try may help', () => {
    const cause = new Error('below')
    expect(new errors.KeyUnavailable('x', cause)).toMatchObject({ cause, retryable: true })
    expect(new errors.KeyMalformed('x', { cause, retryable: true })).toMatchObject({
      cause,
      retryable: true,
    })
    expect('cause' in new errors.KeyMalformed('x')).toBe(false)
    expect(new errors.KeyDisabled('x').retryable).toBe(false)
  })
})
