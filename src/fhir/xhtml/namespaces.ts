import { notXhtml } from './reader.ts'

export const xhtml = 'http://www.w3.org/1999/xhtml'
const xml = 'http://www.w3.org/XML/1998/namespace'
const xmlns = 'http://www.w3.org/2000/xmlns/'

/**
 * Canonical XML 1.1 §1.3 has no form for a document with a relative namespace name; what is no URI at all by
 * its characters (RFC 3986 §2) is taken for relative too. The name stands here as it does in a canonical
 * attribute. Names are compared again and again, so a long one is none: time stays linear.
 */
const scheme = /^[a-z][a-z0-9+.-]{0,63}:/i
const noUri = /[^!#-;=?-[\]_a-z~]|&(?!amp;)/i

/**
 * The namespaces in scope, in the text and in what was written of it. Declarations are undone where their
 * element ends, so that each costs the same however deep the elements are.
 */
export class Namespaces {
  readonly #inText: Map<string, string> = new Map([
    ['', ''],
    ['xml', xml],
  ])
  readonly #written: Map<string, string> = new Map(this.#inText)
  readonly #undo: (() => void)[] = []

  /** Where the current element's declarations begin. */
  get mark(): number {
    return this.#undo.length
  }

  /** Leaves the element whose declarations began there. */
  release(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()!()
  }

  /**
   * Takes a declaration of the text (Namespaces in XML 1.0 §3, §6).
   *
   * @param prefix - Empty for the default namespace.
   * @param name - The namespace name, in the form of a canonical attribute.
   */
  declare(prefix: string, name: string): void {
    if (prefix === 'xml' && name === xml) return
    const isReserved = name === xml || name === xmlns || prefix === 'xml' || prefix === 'xmlns'
    const isUri = name.length < 256 && scheme.test(name) && !noUri.test(name)
    const isWrong = name === '' ? prefix !== '' : !isUri
    if (isReserved || isWrong) throw notXhtml
    this.#set(this.#inText, prefix, name)
  }

  /** The namespace that a prefix stands for in the text; one that was not declared is an error. */
  find(prefix: string): string {
    const name = this.#inText.get(prefix)
    if (name === undefined) throw notXhtml
    return name
  }

  /** Whether the element being written must declare the prefix; from then on it is declared. */
  mustDeclare(prefix: string, name: string): boolean {
    if (this.#written.get(prefix) === name) return false
    this.#set(this.#written, prefix, name)
    return true
  }

  #set(map: Map<string, string>, prefix: string, name: string): void {
    const before = map.get(prefix)
    map.set(prefix, name)
    this.#undo.push(() => {
      if (before === undefined) map.delete(prefix)
      else map.set(prefix, before)
    })
  }
}
