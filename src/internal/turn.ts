/**
 * Lets others have a turn: answers of a disk that wait, requests to a server. Long loops over synchronous work
 * wait for it now and then. Where there is no setImmediate, the platform's crypto is asynchronous itself.
 */
export function turn(): Promise<void> | void {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown }
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve))
}
