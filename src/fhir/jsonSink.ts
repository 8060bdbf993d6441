import { byteText, isEscaped, putEscape, putUtf8 } from './strings.ts'
import { tooLarge } from './tooLarge.ts'

/** A JSON string that is being written, in the one form of RFC 8785 §3.2.2.2. */
export class JsonSink {
  #bytes: Uint8Array<ArrayBuffer>
  #length = 1
  readonly #maximum: number

  /**
   * @param size - How many bytes its content will probably have.
   * @param maximum - How many it may have; beyond that `FhirRefused`.
   */
  constructor(size: number, maximum: number) {
    this.#bytes = new Uint8Array(size + 2)
    this.#maximum = maximum
  }

  /** Adds characters of which none needs an escape. */
  copy(source: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from)
    const bytes = this.#bytes
    let n = this.#length
    for (let i = from; i < to; i++) bytes[n++] = source[i]!
    this.#length = n
  }

  /** Adds one character, escaped where it must be. */
  character(point: number): void {
    this.#reserve(6)
    this.#length = (isEscaped(point) ? putEscape : putUtf8)(this.#bytes, this.#length, point)
  }

  /** Adds ASCII text. */
  ascii(text: string): void {
    this.#reserve(6 * text.length)
    const bytes = this.#bytes
    let n = this.#length
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (isEscaped(c)) n = putEscape(bytes, n, c)
      else bytes[n++] = c
    }
    this.#length = n
  }

  /** Takes back what came after a former `length`, as text of one character for each byte. */
  takeBack(length: number): string {
    const text = byteText(this.#bytes, length, this.#length)
    this.#length = length
    return text
  }

  /** How much there is so far. */
  get length(): number {
    return this.#length
  }

  /** The string with its quotes; nothing may be added after that. */
  finish(): Uint8Array {
    const bytes = this.#bytes
    if (this.#length >= this.#maximum) throw tooLarge(this.#maximum)
    bytes[0] = bytes[this.#length] = 0x22
    return bytes.subarray(0, this.#length + 1)
  }

  #reserve(count: number): void {
    const needed = this.#length + count + 1
    if (needed <= this.#bytes.length) return
    if (this.#length >= this.#maximum) throw tooLarge(this.#maximum)
    const wider = new Uint8Array(needed * 2)
    wider.set(this.#bytes)
    this.#bytes = wider
  }
}

/**
 * Writes characters as a JSON string.
 *
 * @param characters - Valid UTF-8.
 * @returns The string with its quotes.
 */
export function toJsonString(characters: Uint8Array): Uint8Array {
  const sink = new JsonSink(characters.length, Number.POSITIVE_INFINITY)
  for (let i = 0; i < characters.length; ) {
    const start = i
    while (i < characters.length && !isEscaped(characters[i]!)) i++
    sink.copy(characters, start, i)
    if (i < characters.length) sink.character(characters[i++]!)
  }
  return sink.finish()
}
