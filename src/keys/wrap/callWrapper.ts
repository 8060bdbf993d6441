import { KeyUnavailable } from '../../errors.ts'
import { callKey, throwIfAborted } from '../../internal/abort.ts'
import { bytesArgument, isBytes, wipe } from '../../internal/bytes.ts'
import { fieldOf } from '../../internal/options.ts'
import { maximumWrapped, maximumWrapperId } from '../../internal/registry.ts'
import type { KeyWrapper } from '../types.ts'

/** The id of a wrapper; a copy. */
export function wrapperId(id: Uint8Array, name: string): Uint8Array {
  const bytes = bytesArgument(id, name).slice()
  if (bytes.length < 1 || bytes.length > maximumWrapperId) {
    throw new RangeError(`${name} must have 1 to ${maximumWrapperId} bytes`)
  }
  return bytes
}

/** A wrapper that a caller passed, as the object with the three members that it must have. */
export function wrapperArgument(wrapper: KeyWrapper, name: string): KeyWrapper {
  if (
    typeof fieldOf(wrapper, 'wrap') !== 'function' ||
    typeof fieldOf(wrapper, 'unwrap') !== 'function'
  ) {
    throw new TypeError(`${name} must be a key wrapper, such as secretWrapper makes`)
  }
  const id = wrapperId(wrapper.id, `${name}.id`)
  return {
    id,
    wrap: (key, options) => wrapper.wrap(key, options),
    unwrap: (wrapped, options) => wrapper.unwrap(wrapped, options),
  }
}

/** Wraps a key; the wrapper gets a copy of it, and its answer is looked at. */
export async function callWrap(
  wrapper: KeyWrapper,
  key: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const given = key.slice()
  try {
    const answer = await callKey('Wrapping', signal, () => wrapper.wrap(given, { signal }))
    if (!isBytes(answer) || answer.length < 1 || answer.length > maximumWrapped) {
      throw wrong(`wrap must resolve to 1 to ${maximumWrapped} bytes`)
    }
    const wrapped = new Uint8Array(answer)
    if (holds(wrapped, key)) {
      wipe(answer, wrapped)
      throw wrong('wrap must not resolve to the key in the clear')
    }
    return wrapped
  } finally {
    wipe(given)
  }
}

/** Unwraps a key. What the wrapper answers is copied and overwritten, also if nobody waits any more. */
export async function callUnwrap(
  wrapper: KeyWrapper,
  wrapped: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const given = wrapped.slice()
  return callKey('Unwrapping', signal, async () => {
    const answer: unknown = await wrapper.unwrap(given, { signal })
    const key = isBytes(answer) && answer.length === 32 ? takenFrom(answer, signal) : null
    if (key === null) throw wrong('unwrap must resolve to 32 bytes')
    return key
  })
}

/** A copy of what a home answered, whose own bytes are overwritten; of an answer that comes too late nothing stays. */
export function takenFrom(answer: Uint8Array, signal: AbortSignal | undefined): Uint8Array {
  try {
    throwIfAborted(signal)
    return new Uint8Array(answer)
  } finally {
    wipe(answer)
  }
}

function wrong(what: string): KeyUnavailable {
  return new KeyUnavailable(
    `The answer of a key wrapper cannot be used: ${what}.`,
    new TypeError(what),
  )
}

/** Whether the key stands anywhere in what was wrapped: a service that only encodes protects nothing. */
function holds(wrapped: Uint8Array, key: Uint8Array): boolean {
  for (let at = 0; at + key.length <= wrapped.length; at++) {
    let same = 0
    while (same < key.length && wrapped[at + same] === key[same]) same++
    if (same === key.length) return true
  }
  return false
}
