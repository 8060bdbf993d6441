import { AlgorithmUnsupported, KeyMalformed } from '../../errors.ts'
import { internalsOf } from '../../internal/algorithm.ts'
import { wipe } from '../../internal/bytes.ts'
import { knownOptions } from '../../internal/options.ts'
import {
  type KemAlgorithm,
  keyFromSeed,
  type LocalDecapsulator,
  x25519,
  xWing,
} from '../../keys/index.ts'
import { decodeBech32 } from './bech32.ts'

/** Options of {@link fromAgeIdentity}. */
export interface FromAgeIdentityOptions {
  /** Accepted algorithms; `x25519` and `xWing` unless given. */
  readonly algorithms?: readonly KemAlgorithm[] | undefined
}

/** Prefixes of identities, and the constants of their algorithms. */
const kinds: readonly (readonly [prefix: string, constant: string])[] = [
  ['age-secret-key-', 'x25519'],
  ['age-secret-key-pq-', 'xWing'],
]

/** Comments around a key included. */
const maximumText = 65_536

/**
 * Takes the private key of an age file: `AGE-SECRET-KEY-1…` (X25519) or `AGE-SECRET-KEY-PQ-1…` (MLKEM768-X25519, which
 * is X-Wing).
 *
 * @param identity - The text, or a whole identity file with one key: blank lines and comments are passed over.
 * @param options - Accepted algorithms.
 * @returns The key; it opens age files and whatever is sealed to its public key.
 * @throws {@link KeyMalformed} if there is no such identity, or not exactly one.
 * @throws {@link AlgorithmUnsupported} if the algorithm is not accepted, or the identity is that of a plug-in.
 * @throws {@link TypeError} if `identity` is no string.
 * @example
 * The key that `age-keygen` wrote.
 * ```ts
 * import { fromAgeIdentity } from 'careseal/envelope'
 *
 * const file = `# created: 2021-01-02T15:30:45+01:00
 * AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX
 * `
 * const key = await fromAgeIdentity(file)
 * console.log(key.publicKey.algorithm.name) // X25519
 * ```
 * @see c2sp.org/age
 */
export async function fromAgeIdentity(
  identity: string,
  options: FromAgeIdentityOptions = {},
): Promise<LocalDecapsulator> {
  const { algorithms = [x25519, xWing] } = knownOptions(options, ['algorithms'])
  if (typeof identity !== 'string') throw new TypeError('identity must be a string')
  if (!Array.isArray(algorithms)) throw new TypeError('algorithms must be an array')
  if (identity.length > maximumText) throw new KeyMalformed('An age identity file has one key')
  const lines = identity.split(/\r?\n/)
  const [text, ...others] = lines.filter((line) => line.trim() !== '' && !line.startsWith('#'))
  if (text === undefined || others.length > 0) {
    throw new KeyMalformed('An age identity is one line: AGE-SECRET-KEY-1… Pass one at a time.')
  }
  const decoded = decodeBech32(text.trim())
  if (decoded === null) {
    throw new KeyMalformed('This text is no age identity: it has another form or a misprint.')
  }
  const { prefix, bytes } = decoded
  try {
    const kind = kinds.find(([name]) => name === prefix)
    if (kind === undefined) {
      throw prefix.startsWith('age-plugin-')
        ? new AlgorithmUnsupported('Identities of age plug-ins are not read. Decrypt with age.')
        : new KeyMalformed('This text is no private key of age. Did you pass a recipient?')
    }
    if (bytes.length !== 32) throw new KeyMalformed('An age identity has 32 bytes')
    const [, constant] = kind
    const algorithm = algorithms.find((one) => internalsOf(one).constant === constant)
    if (algorithm === undefined) {
      throw new AlgorithmUnsupported(
        `This age identity is not of an accepted algorithm. Import ${constant} from careseal/keys and pass it in { algorithms }.`,
      )
    }
    return await keyFromSeed(algorithm, bytes)
  } finally {
    wipe(bytes)
  }
}
