import { isCaresealError, KeyUnavailable } from '../errors.ts'
import { isBytes, wipe } from './bytes.ts'

/** Rejects with the signal's reason if the call was aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal === undefined || signal === null) return
  if (typeof signal.aborted !== 'boolean') {
    throw new TypeError('signal must be an AbortSignal, such as controller.signal')
  }
  if (signal.aborted) throw signal.reason
}

/** Runs an operation of a port, and rejects with the signal's reason even where the port never answers. */
export async function untilAborted<T>(
  signal: AbortSignal | undefined,
  operation: () => Promise<T>,
): Promise<T> {
  throwIfAborted(signal)
  if (signal === undefined || signal === null) return operation()
  let abort: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort)
  })
  try {
    return await Promise.race([operation(), aborted])
  } finally {
    signal.removeEventListener('abort', abort!)
  }
}

/**
 * Runs one operation of a key's home. Our own errors and an abort pass; anything else, such as a silent
 * HSM, becomes {@link KeyUnavailable} with the cause. Bytes that arrive after an abort are overwritten.
 */
export async function callKey<T>(
  what: string,
  signal: AbortSignal | undefined,
  operation: () => Promise<T>,
): Promise<T> {
  throwIfAborted(signal)
  try {
    return await untilAborted(signal, async () => {
      const answer = await operation()
      // Nobody waits any more: a secret that comes now would stay in memory.
      if (signal?.aborted === true && isBytes(answer)) wipe(answer)
      return answer
    })
  } catch (error) {
    throwIfAborted(signal)
    if (isCaresealError(error)) throw error
    throw new KeyUnavailable(
      `${what} failed where the key is kept. Try again when it answers.`,
      error,
    )
  }
}
