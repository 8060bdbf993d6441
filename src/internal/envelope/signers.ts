import type { SignerLike } from '../cose/signer.ts'
import { fieldOf, optionsOf } from '../options.ts'
import { publicKeyArgument } from '../publicKey.ts'

/** Whoever signs: a signer, or an identity with one. */
export type AuthorLike = SignerLike | { readonly signer: SignerLike }

/** The signer of an author argument; a TypeError for what is none. */
export function signerOf(author: AuthorLike, name: string): SignerLike {
  const signer = (fieldOf(author, 'signer') ?? author) as SignerLike
  if (typeof fieldOf(signer, 'sign') !== 'function') {
    if (fieldOf(author, 'signing') !== undefined) {
      throw new TypeError(
        `${name} is a public card and has no private key: pass the identity itself`,
      )
    }
    throw new TypeError(`${name} must be a signer or an identity`)
  }
  const publicKey = publicKeyArgument(signer.publicKey, 'signature', `${name}.publicKey`)
  const local = fieldOf(signer, 'local') === true
  return { publicKey, local, sign: (message, options) => signer.sign(message, options) }
}

/** All signers of `author` and `authors`. */
export function signersOf(options: {
  readonly author?: AuthorLike | undefined
  readonly authors?: readonly AuthorLike[] | undefined
}): SignerLike[] {
  const { author, authors } = optionsOf(options)
  if (author !== undefined && authors !== undefined) {
    throw new TypeError('give author or authors, not both')
  }
  if (author !== undefined) return [signerOf(author, 'author')]
  if (authors === undefined) return []
  if (!Array.isArray(authors)) throw new TypeError('authors must be an array of signers')
  // An empty list is rather a mistake than the wish that nobody signs.
  if (authors.length === 0) throw new RangeError('authors must hold at least one signer')
  return authors.map((one, i) => signerOf(one, `authors[${i}]`))
}
