/**
 * Content that is iterated once. What a caller passed has been read when the iterable is made, so that it may be changed
 * afterwards; what was wrong with it is thrown at the first piece, as everything else.
 */
export function iterateOnce<P>(
  prepare: () => P,
  run: (prepared: P) => AsyncGenerator<Uint8Array>,
): () => AsyncGenerator<Uint8Array> {
  let prepared: { readonly value: P } | { readonly error: unknown }
  try {
    prepared = { value: prepare() }
  } catch (error) {
    prepared = { error }
  }
  let begun = false
  async function* content(): AsyncGenerator<Uint8Array> {
    if ('error' in prepared) throw prepared.error
    yield* run(prepared.value)
  }
  return () => {
    // A second one would get what the first has left, and end as if that were all.
    if (begun) throw new TypeError('a stream is iterated once: open it again')
    begun = true
    return content()
  }
}
