interface Base {
  baseEncode(bytes: Uint8Array): string
  baseDecode(text: string): Uint8Array
}

/** Only text that is exactly what encoding gives back: nothing has two forms. `null` for anything else. */
export function strictDecode(base: Base, text: string): Uint8Array | null {
  try {
    const bytes = base.baseDecode(text)
    return base.baseEncode(bytes) === text ? new Uint8Array(bytes) : null
  } catch {
    return null
  }
}
