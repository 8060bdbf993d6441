import { throwIfAborted } from '../../internal/abort.ts'
import { wipe } from '../../internal/bytes.ts'
import { encodeCbor } from '../../internal/cbor/index.ts'
import { type Argon2Cost, argon2 } from '../../internal/engine/argon2.ts'
import { hkdf } from '../../internal/engine/hash.ts'
import { knownOptions, optionsOf } from '../../internal/options.ts'
import { randomBytes } from '../../internal/random.ts'
import { ascii } from '../../internal/utf8.ts'
import type { CallOptions, KeyWrapper } from '../types.ts'
import { passphraseDomain as domain } from './passphraseDomain.ts'
import { preparePassphrase } from './preparePassphrase.ts'
import { keyArgument, malformed, unwrapWith, wrappedItems, wrapWith } from './wrapped.ts'

/** Options of {@link passphraseWrapper}: what wrapping costs. What was wrapped says itself what unwrapping costs. */
export interface PassphraseOptions {
  /** Memory in KiB, 8192 to 262144; 65536 (64 MiB) unless given. */
  readonly memory?: number | undefined
  /** Passes over the memory, 1 to 32; 3 unless given. Memory times passes is from 36,864 to 1,048,576. */
  readonly passes?: number | undefined
  /** Lanes, 1 to 4; 1 unless given. They do not run side by side here. */
  readonly lanes?: number | undefined
}

/** Lower and upper bounds (docs/formats.md §1), frozen with the format. */
const bounds = {
  memory: [8192, 262_144],
  passes: [1, 32],
  lanes: [1, 4],
  'memory × passes': [36_864, 1_048_576],
} as const

/**
 * Wraps keys under a passphrase, stretched by Argon2id. With the default cost that is one to three seconds
 * each time on a server, in JavaScript, and more on a phone; others have their turn meanwhile.
 *
 * @param passphrase - 12 characters or more; six random words are good. Typed with other keyboards it stays the
 *   same: spaces are made alike and the text is normalised (NFC). Characters that are newer than the platform's Unicode version are refused.
 * @param options - What wrapping costs.
 * @returns The wrapper. Its id says that there is a passphrase, and nothing about it.
 * @throws {@link TypeError} if `passphrase` is no string, or an option has another name.
 * @throws {@link RangeError} if the passphrase is too short, holds control characters, lone surrogates or code points
 *   that Unicode does not assign as far as this platform knows, or the cost is out of bounds.
 * @example
 * An identity under a passphrase, and a second one in the vault.
 * ```ts
 * import { exportIdentity, generateIdentity, importIdentity } from 'careseal/keys'
 * import { passphraseWrapper, secretWrapper } from 'careseal/keys'
 *
 * const words = passphraseWrapper('gravel ocean ticket marble nobody spring')
 * const vault = secretWrapper(crypto.getRandomValues(new Uint8Array(32)))
 * const chen = await generateIdentity()
 * const stored = await exportIdentity(chen, { wrappers: [words, vault] })
 * const again = await importIdentity(stored, { wrapper: words })
 * console.log(again.public.did === chen.public.did) // true
 * ```
 * @see RFC 9106 (Argon2), RFC 8265 §4.2 (OpaqueString), RFC 3394 (AES key wrap)
 */
export function passphraseWrapper(passphrase: string, options: PassphraseOptions = {}): KeyWrapper {
  const { memory = 65_536, passes = 3, lanes = 1 } = knownOptions(options, optionNames)
  const cost = { memory, passes, lanes }
  const problem = outOfBounds(cost)
  if (problem !== null) throw new RangeError(problem)
  const password = preparePassphrase(passphrase)
  return Object.freeze({
    id: ascii(domain),
    async wrap(key: Uint8Array, call: CallOptions = {}) {
      const { signal } = optionsOf(call)
      throwIfAborted(signal)
      const bytes = keyArgument(key).slice()
      const salt = randomBytes(16)
      try {
        const sealed = wrapWith(await kekOf(password, salt, cost, signal), bytes)
        return encodeCbor([domain, salt, memory, passes, lanes, sealed])
      } finally {
        wipe(bytes)
      }
    },
    async unwrap(wrapped: Uint8Array, call: CallOptions = {}) {
      const { signal } = optionsOf(call)
      throwIfAborted(signal)
      const { salt, items, sealed } = wrappedItems(wrapped, domain, 6, 16)
      // The attacker's numbers: judged before anything is derived or allocated.
      const asked = { memory: items[2], passes: items[3], lanes: items[4] } as Argon2Cost
      const refused = outOfBounds(asked)
      if (refused !== null) throw malformed(refused, 0)
      return unwrapWith(await kekOf(password, salt, asked, signal), sealed)
    },
  })
}

const optionNames = ['memory', 'passes', 'lanes'] as const

/** What is wrong with a cost, or `null`. Its numbers may be anything that CBOR can say. */
function outOfBounds({ memory, passes, lanes }: Argon2Cost): string | null {
  const problem = bounded('memory', memory) ?? bounded('passes', passes) ?? bounded('lanes', lanes)
  return problem ?? bounded('memory × passes', memory * passes)
}

function bounded(name: keyof typeof bounds, value: number): string | null {
  const [least, most] = bounds[name]
  return Number.isSafeInteger(value) && value >= least && value <= most
    ? null
    : `${name} must be a whole number from ${least} to ${most}`
}

async function kekOf(
  password: Uint8Array,
  salt: Uint8Array,
  cost: Argon2Cost,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const stretched = await argon2(password, salt, cost, signal)
  const kek = hkdf(stretched, salt, 32, ascii(domain))
  wipe(stretched)
  return kek
}
