import { isEscaped, putEscape, putUtf8 } from '../strings.ts'
import { tooLarge } from '../write.ts'

/** A JSON string that grows: characters go in as XML wants them, and are escaped as JSON wants them. */
export class JsonSink {
  #bytes: Uint8Array<ArrayBuffer>
  #length = 0
  readonly #maximum: number

  /**
   * @param size - How long it will probably become.
   * @param maximum - How long it may become; beyond that `FhirRefused`.
   */
  constructor(size: number, maximum: number) {
    this.#bytes = new Uint8Array(size)
    this.#maximum = maximum
  }

  /** Adds characters of which none needs an escape in JSON. */
  copy(source: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from)
    const bytes = this.#bytes
    let n = this.#length
    for (let i = from; i < to; i++) bytes[n++] = source[i]!
    this.#length = n
  }

  /** Adds ASCII text. */
  ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.character(text.charCodeAt(i))
  }

  /** Adds one character. */
  character(point: number): void {
    this.#reserve(6)
    this.#length = isEscaped(point)
      ? putEscape(this.#bytes, this.#length, point)
      : putUtf8(this.#bytes, this.#length, point)
  }

  /** How much there is so far. */
  get length(): number {
    return this.#length
  }

  /** Takes back what came after that length, as ASCII text; other bytes come out as other characters. */
  takeBack(length: number): string {
    let text = ''
    for (let i = length; i < this.#length; i++) text += String.fromCharCode(this.#bytes[i]!)
    this.#length = length
    return text
  }

  /** The string with its quotes. */
  finish(): Uint8Array {
    const out = new Uint8Array(this.#length + 2).fill(0x22)
    out.set(this.#bytes.subarray(0, this.#length), 1)
    return out
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    if (needed > this.#maximum) throw tooLarge(this.#maximum)
    const wider = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    wider.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = wider
  }
}
