/** One item of CBOR and where it stands. Written for these tests alone, so that nothing of the decoder is trusted. */
export interface Item {
  readonly start: number
  /** Where its content begins, behind the head. */
  readonly content: number
  readonly end: number
  readonly major: number
  /** The items of an array; keys and values of a map in turn; the one item of a tag. */
  readonly items: readonly Item[]
}

/** The structure of definite-length CBOR. */
export function layout(bytes: Uint8Array, start = 0): Item {
  const major = bytes[start]! >> 5
  const info = bytes[start]! & 31
  const width = info < 24 ? 0 : 1 << (info - 24)
  const content = start + 1 + width
  const argument = width === 0 ? info : Number(`0x${hexOf(bytes.subarray(start + 1, content))}`)
  if (major === 2 || major === 3) {
    return { start, content, end: content + argument, major, items: [] }
  }
  const count = major === 4 ? argument : major === 5 ? 2 * argument : major === 6 ? 1 : 0
  const items: Item[] = []
  let at = content
  for (let i = 0; i < count; i++) {
    const item = layout(bytes, at)
    items.push(item)
    at = item.end
  }
  return { start, content, end: at, major, items }
}

/** The entries of the readers of an envelope, in order. */
export function entriesOf(envelope: Uint8Array): readonly Item[] {
  return layout(envelope).items[0]!.items[3]!.items
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
