import { expect } from 'vitest'
import { type CaresealError, isCaresealError } from '../../src/errors.ts'

/** What a promise rejects with; fails the test if it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('resolved, but a rejection was expected')
}

/** The code that a promise rejects with. A resolution, or an error that is not ours, fails the test. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return codeOfError(await rejection(promise))
}

/** The code of an error of ours; any other exception fails the test with its own stack. */
export function codeOfError(error: unknown): string {
  if (!isCaresealError(error)) throw error
  return error.code
}

/** The code that a synchronous call throws. */
export function thrownCode(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    return codeOfError(error)
  }
  throw new Error('returned, but an exception was expected')
}

/** Expects a rejection with exactly this error of ours. */
export async function expectCode(promise: Promise<unknown>, code: CaresealError['code']) {
  expect(await codeOf(promise)).toBe(code)
}
