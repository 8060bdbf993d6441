/** One case of a conformance kit; runs in any test runner. */
export interface ConformanceCase {
  /** Short stable name, such as `put-copies-in`. */
  readonly id: string
  /** What the case demands, as a sentence. */
  readonly title: string
  /**
   * Runs the case on a fresh store. Resolves to `not-applicable` where the store leaves an optional part out;
   * rejects with an `Error` that says what was expected.
   */
  run(): Promise<'passed' | 'not-applicable'>
}

/** Makes the cases of a kit from their bodies. */
export function conformanceCases<T>(
  create: () => T | Promise<T>,
  bodies: readonly (readonly [
    id: string,
    title: string,
    body: (subject: T) => Promise<'not-applicable' | undefined>,
  ])[],
): ConformanceCase[] {
  return bodies.map(([id, title, body]) => ({
    id,
    title,
    run: async () => {
      try {
        return (await body(await create())) ?? 'passed'
      } catch (error) {
        throw new Error(`${id}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        })
      }
    },
  }))
}

/** Fails the case unless the condition holds. */
export function demand(condition: boolean, message: string): void {
  if (!condition) throw new Error(message)
}

/** Fails the case unless the promise rejects; resolves to what it rejected with. */
export async function demandRejection(
  run: () => Promise<unknown>,
  message: string,
): Promise<unknown> {
  try {
    await run()
  } catch (error) {
    return error
  }
  throw new Error(message)
}

/** Bytes for the cases: `length` of them, different for every seed. */
export function sample(seed: number, length = 5): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0, x = seed + 1; i < length; i++) {
    x = (x * 69069 + 1) % 4294967296
    bytes[i] = x >>> 16
  }
  return bytes
}

/** Collects what an iteration yields. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

/** Keys that every store refuses with a RangeError. */
export const badKeys: readonly string[] = [
  '',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  'a/../b',
  './a',
  'a\\b',
  'a\u0000b',
  'a\nb',
  '.~a',
  'a/.~tmp',
  'a'.repeat(256),
  `${'a/'.repeat(500)}a`,
  '\ud800',
]
