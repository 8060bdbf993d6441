import type { SignerLike } from '../cose/signer.ts'
import { publicKeyArgument } from '../publicKey.ts'

/** Whoever signs: a signer, or an identity with one. */
export type AuthorLike = SignerLike | { readonly signer: SignerLike }

/** The signer of an author argument; a TypeError for what is none. */
export function signerOf(author: AuthorLike, name: string): SignerLike {
  const value = author as Partial<SignerLike & { signer: SignerLike }> | null
  const signer =
    typeof value === 'object' && value !== null && value.signer !== undefined ? value.signer : value
  if (typeof signer?.sign !== 'function' || signer.publicKey === undefined) {
    throw new TypeError(`${name} must be a signer or an identity`)
  }
  const publicKey = publicKeyArgument(signer.publicKey, 'signature', `${name}.publicKey`)
  return { publicKey, sign: (message, options) => signer.sign!(message, options) }
}

/** All signers of `author` and `authors`. */
export function signersOf(options: {
  readonly author?: AuthorLike | undefined
  readonly authors?: readonly AuthorLike[] | undefined
}): SignerLike[] {
  const { author, authors } = options
  if (author !== undefined && authors !== undefined) {
    throw new TypeError('give author or authors, not both')
  }
  if (author !== undefined) return [signerOf(author, 'author')]
  return (authors ?? []).map((one, i) => signerOf(one, `authors[${i}]`))
}
